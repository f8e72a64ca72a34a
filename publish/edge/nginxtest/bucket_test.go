//go:build unix

package nginxtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/publish/storetest"
	"cairn/publish/storetest/proxy"
)

// buckets are those of a real S3 server.
type buckets struct{ server *storetest.S3Server }

func newBuckets(t *testing.T) *buckets { return &buckets{storetest.S3(t)} }

// bucket is an empty one that anybody may read: as a store, and as a URL.
func (b *buckets) bucket(t *testing.T) (publish.Store, string) {
	t.Helper()
	name := b.server.NewBucket(t)
	b.allowReading(t, name)
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
	return store, b.server.Endpoint + "/" + name
}

// allowReading lets anybody read the objects of a bucket, by a policy. It does
// not let them list it.
func (b *buckets) allowReading(t *testing.T, bucket string) {
	t.Helper()
	policy := strings.NewReader(fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::%s/*"]}
	]}`, bucket))
	r, err := http.NewRequest(http.MethodPut, b.server.Endpoint+"/"+bucket+"?policy=", policy)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Signer{AccessKey: b.server.AccessKey, SecretKey: b.server.SecretKey, Region: b.server.Region}.Sign(r)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		t.Fatalf("making %s readable: %s", bucket, answer.Status)
	}
}
