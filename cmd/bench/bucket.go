package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cairn/publish/storetest"
)

// s3 is a bucket and how to reach it.
type s3 struct {
	Endpoint, Region, Bucket, AccessKey, SecretKey string
}

// at is the same bucket by another way.
func (s s3) at(endpoint string) s3 {
	s.Endpoint = endpoint
	return s
}

// env are the credentials, for cairn.
func (s s3) env() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey}
}

// freshBucket is an empty bucket of a versitygw on a memory file system, which
// is started for the first.
func (b *bench) freshBucket() s3 {
	if b.server == nil {
		b.server = storetest.S3(b)
	}
	return s3{b.server.Endpoint, b.server.Region, b.server.NewBucket(b), b.server.AccessKey, b.server.SecretKey}
}

// objects is how many a bucket has.
func (b *bench) objects(bucket s3) (n int) {
	b.check(filepath.WalkDir(filepath.Join(b.buckets, bucket.Bucket), func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			n++
		}
		return err
	}))
	return n
}

// remove removes a bucket, to make room.
func (b *bench) remove(bucket s3) { b.check(os.RemoveAll(filepath.Join(b.buckets, bucket.Bucket))) }

// inFresh is a contender that has a bucket of its own in each round, and must
// put so many objects there.
func (b *bench) inFresh(name string, objects int, run func(s3) usage) contender {
	return contender{name, func() usage {
		bucket := b.freshBucket()
		defer b.remove(bucket)
		before, err := cpuSince(b.server.Process)
		b.check(err)
		took := run(bucket)
		after, err := cpuSince(b.server.Process)
		b.check(err)
		took.Server = after - before
		put, err := readTree(filepath.Join(b.buckets, bucket.Bucket))
		b.check(err)
		if len(put) != objects {
			b.Fatalf("%s has put %d objects, not %d", name, len(put), objects)
		}
		return took
	}}
}

// put puts a tree with a bare loop.
func (b *bench) put(kind, tree string, to s3) usage {
	target, err := json.Marshal(to)
	b.check(err)
	return b.child(kind, tree, string(target))
}

// rclone makes a bucket hold a folder, with the flags that are best for many
// small objects.
func (b *bench) rclone(dir string, to s3) usage {
	return b.command([]string{
		"AWS_CA_BUNDLE=", // rclone fails where it is set
		"RCLONE_CONFIG=", // a configuration in memory
		"RCLONE_CONFIG_BENCH_TYPE=s3",
		"RCLONE_CONFIG_BENCH_PROVIDER=Other",
		"RCLONE_CONFIG_BENCH_ENDPOINT=" + to.Endpoint,
		"RCLONE_CONFIG_BENCH_REGION=" + to.Region,
		"RCLONE_CONFIG_BENCH_ACCESS_KEY_ID=" + to.AccessKey,
		"RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY=" + to.SecretKey,
	}, "rclone", "sync", dir, "bench:"+to.Bucket, "--checksum", "--fast-list",
		"--transfers", fmt.Sprint(parallel), "--checkers", fmt.Sprint(parallel), "--s3-no-check-bucket", "--s3-no-head")
}
