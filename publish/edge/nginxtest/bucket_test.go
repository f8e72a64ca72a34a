//go:build unix

package nginxtest

import (
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/publish/storetest"
)

// buckets are those of a real S3 server.
type buckets struct{ server *storetest.S3Server }

func newBuckets(t *testing.T) *buckets { return &buckets{storetest.S3(t)} }

// bucket is an empty one that anybody may read: as a store, and as a URL.
func (b *buckets) bucket(t *testing.T) (publish.Store, string) {
	t.Helper()
	name := b.server.NewBucket(t)
	b.server.AllowReading(t, name)
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
