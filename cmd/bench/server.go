package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"cairn/publish/storetest"
)

const region = "eu-test-1"

// s3 is a bucket and how to reach it.
type s3 struct {
	Endpoint, Region, Bucket, AccessKey, SecretKey string
}

// at is the same bucket by another way.
func (s s3) at(endpoint string) s3 {
	s.Endpoint = endpoint
	return s
}

// server is versitygw on a memory file system. It is the [storetest.T] of the
// server that the tests use.
type server struct {
	*storetest.S3Server
	dir     string
	fatal   chan<- error
	cleanup []func()
}

func startServer(dir string, fatal chan<- error) *server {
	s := &server{dir: filepath.Join(dir, "data"), fatal: fatal}
	s.S3Server = storetest.S3(s)
	return s
}

func (s *server) Helper() {}

func (s *server) Fatalf(format string, args ...any) {
	s.stop()
	s.fatal <- fmt.Errorf(format, args...)
	runtime.Goexit()
}

func (s *server) TempDir() string {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		s.Fatalf("%v", err)
	}
	return s.dir
}

func (s *server) Cleanup(f func()) { s.cleanup = append(s.cleanup, f) }

func (s *server) stop() {
	for _, f := range s.cleanup {
		f()
	}
	s.cleanup = nil
}

// fresh is an empty bucket, which the caller removes.
func (s *server) fresh() s3 {
	return s3{s.Endpoint, s.Region, s.NewBucket(s), s.AccessKey, s.SecretKey}
}

func (s *server) remove(bucket s3) error {
	return os.RemoveAll(filepath.Join(s.dir, bucket.Bucket))
}

// inFresh is a contender that has a bucket of its own in each round, and must
// put so many objects there.
func (s *server) inFresh(name string, objects int, start func(s3) (*child, error)) contender {
	var bucket s3
	return contender{name,
		func() (*child, error) {
			bucket = s.fresh()
			return start(bucket)
		},
		func() error {
			put, err := readTree(filepath.Join(s.dir, bucket.Bucket))
			if err == nil && len(put) != objects {
				err = fmt.Errorf("%s has put %d objects, not %d", name, len(put), objects)
			}
			return errors.Join(err, s.remove(bucket))
		},
	}
}
