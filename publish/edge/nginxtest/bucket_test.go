package nginxtest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/publish/storetest"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// buckets are those of a real S3 server.
type buckets struct{ server *storetest.S3Server }

func newBuckets(t *testing.T) *buckets { return &buckets{storetest.S3(t)} }

// bucket is an empty one that anybody may read: as a store, and as a URL.
func (b *buckets) bucket(t *testing.T) (publish.Store, string) {
	t.Helper()
	name := b.server.NewBucket(t)
	store, err := s3store.New(s3store.Config{
		Endpoint:    b.server.Endpoint,
		Region:      b.server.Region,
		Bucket:      name,
		Credentials: s3store.StaticCredentials(b.server.AccessKey, b.server.SecretKey, ""),
		Now:         time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(b.server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(b.server.AccessKey, b.server.SecretKey, ""),
		Region: b.server.Region,
	})
	if err != nil {
		t.Fatal(err)
	}
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::BUCKET/*"]}]}`
	if err := client.SetBucketPolicy(t.Context(), name, strings.ReplaceAll(policy, "BUCKET", name)); err != nil {
		t.Fatal(fmt.Errorf("make %s readable: %w", name, err))
	}
	return store, b.server.Endpoint + "/" + name
}
