package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sync/errgroup"
)

// parallel is how many requests the loops and the peers have under way at once.
const parallel = 32

// object is a file of a tree as a bare loop puts it, with all that can be
// known before the clock starts.
type object struct {
	key  string
	body []byte
	md5  string // in base64

	contentType, contentEncoding, cacheControl string
}

// readTree reads what "cairn build" wrote.
func readTree(dir string) ([]object, error) {
	var objects []object
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		key, err := filepath.Rel(dir, name)
		if err != nil || !inTree(key) {
			return err
		}
		body, err := os.ReadFile(name)
		sum := md5.Sum(body)
		o := object{key: key, body: body, md5: base64.StdEncoding.EncodeToString(sum[:])}
		o.contentType, o.contentEncoding, o.cacheControl = header(key)
		objects = append(objects, o)
		return err
	})
	return objects, err
}

// inTree tells a key of the tree from what cairn keeps for itself.
func inTree(key string) bool { return !strings.Contains("/"+key, "/.") }

// header is what cairn stores beside an object.
func header(key string) (contentType, contentEncoding, cacheControl string) {
	stem, encoded := strings.CutSuffix(key, ".br")
	if encoded {
		contentEncoding = "br"
	} else if stem, encoded = strings.CutSuffix(key, ".gz"); encoded {
		contentEncoding = "gzip"
	}
	switch {
	case strings.Contains(key, "/v1/payloads/"):
		return "application/octet-stream", "", "public, max-age=31536000, immutable"
	case strings.Contains(key, "/v1/cohorts/"):
		return "text/plain; charset=utf-8", contentEncoding, "public, max-age=300"
	case path.Ext(stem) == ".json":
		return "application/json", contentEncoding, "public, max-age=60"
	}
	return "text/plain; charset=utf-8", contentEncoding, "public, max-age=60"
}

// minioPut puts objects with minio-go as publish/s3store asks it to, and
// nothing around it.
func minioPut(s s3) (func(object) error, error) {
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		return nil, err
	}
	core, err := minio.NewCore(endpoint.Host, &minio.Options{
		Creds:     credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""),
		Region:    s.Region,
		Transport: &http.Transport{MaxIdleConnsPerHost: parallel, DisableCompression: true},
	})
	if err != nil {
		return nil, err
	}
	return func(o object) error {
		_, err := core.PutObject(context.Background(), s.Bucket, o.key, bytes.NewReader(o.body), int64(len(o.body)), o.md5, "",
			minio.PutObjectOptions{
				ContentType: o.contentType, ContentEncoding: o.contentEncoding, CacheControl: o.cacheControl,
				DisableContentSha256: true,
			})
		return err
	}, nil
}

// runLoop runs one of the bare loops in this process, a child.
func runLoop(kind string, args []string) error {
	switch kind {
	case "plan", "hash":
		answers, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		if kind == "plan" {
			return planOnce(answers)
		}
		return hashOnce(answers)
	}
	objects, err := readTree(args[0])
	if err != nil {
		return err
	}
	if kind == "write" {
		return measureWork(func() error { return writeFiles(args[1], objects) })
	}
	var to s3
	if err := json.Unmarshal([]byte(args[1]), &to); err != nil {
		return err
	}
	put := floorPut(to)
	if kind == "minio" {
		if put, err = minioPut(to); err != nil {
			return err
		}
	}
	return measureWork(func() error { return each(parallel, objects, put) })
}

// each does something with all of some objects, so many at once.
func each(concurrency int, objects []object, do func(object) error) error {
	var group errgroup.Group
	var next atomic.Int64
	for range concurrency {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(len(objects)); i = next.Add(1) - 1 {
				if err := do(objects[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
