package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// parallel is how many requests the loops and the peers have under way at once.
const parallel = 32

// putting puts a tree into a bucket by a bare loop: kind "minio" with minio-go
// as publish/s3store asks it to, "floor" over net/http.
func putting(kind, tree, target string) (func() error, error) {
	objects, err := readTree(tree)
	if err != nil {
		return nil, err
	}
	var to s3
	if err := json.Unmarshal([]byte(target), &to); err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, o := range objects {
		sum := md5.Sum(o.body)
		sums[o.key] = base64.StdEncoding.EncodeToString(sum[:])
	}
	put := floorPut(to)
	if kind == "minio" {
		if put, err = minioPut(to); err != nil {
			return nil, err
		}
	}
	return func() error {
		return each(parallel, objects, func(o object) error { return put(o, sums[o.key]) })
	}, nil
}

func transport() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: parallel, DisableCompression: true}
}

// floorPut gives the least that puts an object over net/http: a signed request
// whose body is unsigned. The server checks the body by its MD5, as it does for
// cairn.
func floorPut(s s3) func(o object, md5 string) error {
	client := &http.Client{Transport: transport()}
	return func(o object, md5 string) error {
		req, err := http.NewRequest(http.MethodPut, s.Endpoint+"/"+s.Bucket+"/"+o.key, bytes.NewReader(o.body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Md5", md5)
		req.Header.Set("Content-Type", o.header.ContentType)
		req.Header.Set("Cache-Control", o.header.CacheControl)
		if o.header.ContentEncoding != "" {
			req.Header.Set("Content-Encoding", o.header.ContentEncoding)
		}
		req.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		answer, err := client.Do(signer.SignV4(*req, s.AccessKey, s.SecretKey, "", s.Region))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("put %s: %s", o.key, answer.Status)
		}
		return nil
	}
}

func minioPut(s s3) (func(o object, md5 string) error, error) {
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		return nil, err
	}
	core, err := minio.NewCore(endpoint.Host, &minio.Options{
		Creds:     credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""),
		Region:    s.Region,
		Transport: transport(),
	})
	if err != nil {
		return nil, err
	}
	return func(o object, md5 string) error {
		_, err := core.PutObject(context.Background(), s.Bucket, o.key, bytes.NewReader(o.body), int64(len(o.body)), md5, "",
			minio.PutObjectOptions{
				ContentType: o.header.ContentType, ContentEncoding: o.header.ContentEncoding, CacheControl: o.header.CacheControl,
				DisableContentSha256: true,
			})
		return err
	}, nil
}
