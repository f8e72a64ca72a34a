// Package s3store keeps objects in a bucket that speaks S3.
package s3store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"cairn/publish"
)

// Config says where the bucket is and who asks.
type Config struct {
	// Endpoint is a URL without a path, such as "https://s3.example.com".
	// Empty is AWS.
	Endpoint string
	// Region is the bucket's. Empty asks the endpoint for it, with the first
	// request.
	Region string
	Bucket string
	// Credentials sign the requests; the zero value leaves them unsigned.
	Credentials Credentials
	// Transport carries the requests, and doesn't decompress the answers.
	// Nil is one that keeps 128 connections for later requests.
	Transport http.RoundTripper
}

// Store is a bucket. It fails with the next move in the error where the
// bucket, the region or the credentials are wrong, which the first request
// tells.
type Store struct {
	client *minio.Core
	config Config
}

// New is the store in a bucket. It sends no request; an error is about the
// endpoint's or the bucket's form.
func New(config Config) (*Store, error) {
	if err := s3utils.CheckValidBucketName(config.Bucket); err != nil {
		return nil, fmt.Errorf("bucket %q: %w", config.Bucket, err)
	}
	if config.Endpoint == "" {
		config.Endpoint = "https://s3.amazonaws.com" // minio-go adds the region
	}
	endpoint, err := url.Parse(config.Endpoint)
	if err != nil || !isEndpoint(endpoint) {
		return nil, fmt.Errorf(`endpoint %q is not a URL such as "https://s3.example.com"`, config.Endpoint)
	}
	secure := endpoint.Scheme == "https"
	if config.Transport == nil {
		transport, err := minio.DefaultTransport(secure)
		if err != nil {
			return nil, err
		}
		transport.MaxIdleConnsPerHost = 128
		config.Transport = transport
	}
	client, err := minio.NewCore(endpoint.Host, &minio.Options{
		Creds:     config.Credentials.provider,
		Secure:    secure,
		Region:    config.Region,
		Transport: config.Transport,
	})
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", config.Endpoint, err)
	}
	return &Store{client, config}, nil
}

func isEndpoint(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		(u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == ""
}

// String is "s3://" and the bucket.
func (s *Store) String() string { return "s3://" + s.config.Bucket }

// List yields the objects, with a request for each thousand.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[publish.Entry, error] {
	return func(yield func(publish.Entry, error) bool) {
		options := minio.ListObjectsOptions{Prefix: prefix, Recursive: true, FetchOwner: new(bool)}
		for o := range s.client.ListObjectsIter(ctx, s.config.Bucket, options) {
			err := o.Err
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(publish.Entry{}, s.failed(list, prefix, err))
				return
			}
			if !yield(publish.Entry{Key: o.Key, Size: o.Size, ETag: o.ETag, Modified: o.LastModified}, nil) {
				return
			}
		}
		// A cancelled listing ends without an error.
		if err := ctx.Err(); err != nil {
			yield(publish.Entry{}, s.failed(list, prefix, err))
		}
	}
}

// Get opens the object at key with one request. Reading elsewhere than on from
// the start costs a request for each such place.
func (s *Store) Get(ctx context.Context, key string) (*publish.Stored, error) {
	body, info, header, err := s.client.GetObject(ctx, s.config.Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, s.failed(get, key, err)
	}
	entry := publish.Entry{Key: key, Size: info.Size, ETag: info.ETag, Modified: info.LastModified}
	return &publish.Stored{
		ReadSeekCloser: &reader{ctx: ctx, store: s, entry: entry, body: body},
		Entry:          entry,
		Header: publish.Header{
			ContentType:     header.Get("Content-Type"),
			ContentEncoding: header.Get("Content-Encoding"),
			CacheControl:    header.Get("Cache-Control"),
		},
	}, nil
}

// Put writes the object at key: with one request, or in parts where the
// content is a file of more than 16 MiB. The server checks the MD5 of what it
// gets. An object without a Content-Type is stored as
// application/octet-stream.
func (s *Store) Put(ctx context.Context, key string, content publish.Content, header publish.Header) error {
	_, err := s.put(ctx, key, content, header, func(*minio.PutObjectOptions) {})
	return s.failed(put, key, err)
}

// PutIf is a conditional write (If-Match, If-None-Match): the server must know
// these. It is for small objects in memory.
func (s *Store) PutIf(ctx context.Context, key string, content publish.Content, header publish.Header, etag string) (string, error) {
	etag, err := s.put(ctx, key, content, header, func(options *minio.PutObjectOptions) {
		if etag == "" {
			options.SetMatchETagExcept("*")
		} else {
			options.SetMatchETag(etag)
		}
	})
	return etag, s.failed(putIf, key, err)
}

func (s *Store) put(ctx context.Context, key string, content publish.Content, header publish.Header, condition func(*minio.PutObjectOptions)) (etag string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	body, err := content.Reader()
	if err != nil {
		return "", err
	}
	defer body.Close()
	// A body of another length would break the connection, and be retried.
	if size, err := body.Seek(0, io.SeekEnd); err != nil {
		return "", err
	} else if size != content.Size {
		return "", fmt.Errorf("content has %d bytes, not the %d that were announced", size, content.Size)
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	options := minio.PutObjectOptions{
		ContentType:     header.ContentType,
		ContentEncoding: header.ContentEncoding,
		CacheControl:    header.CacheControl,
		// Otherwise minio-go signs a body sent over plain HTTP in chunks:
		// servers store that as Content-Encoding "aws-chunked", or fail
		// on a body of zero bytes.
		DisableContentSha256: true,
	}
	condition(&options)
	if file, ok := body.(io.ReaderAt); ok && content.Open != nil && content.Size > maxPut {
		return "", s.putParts(ctx, key, file, content, options)
	}
	info, err := s.client.PutObject(ctx, s.config.Bucket, key, body, content.Size, base64.StdEncoding.EncodeToString(content.MD5[:]), "", options)
	return info.ETag, err
}

// Delete removes the object at key, if there is one.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := s.client.RemoveObject(ctx, s.config.Bucket, key, minio.RemoveObjectOptions{})
	if err = s.failed(remove, key, err); errors.Is(err, errMissing) {
		return nil
	}
	return err
}
