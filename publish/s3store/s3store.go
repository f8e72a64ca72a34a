// Package s3store keeps objects in a bucket that speaks S3. No other package
// of the program imports minio-go or the AWS SDK.
package s3store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"time"

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
	// Nil is one that keeps as many connections as there may be requests.
	Transport http.RoundTripper
	// Concurrency is how many requests are under way at once, but for a while
	// after the server has refused some with 429 or 503. 0 begins with 32 and
	// goes to 256 where that pays.
	Concurrency int
	// Now is the clock for that, and to tell a wrong clock by; nil stays at 32.
	Now func() time.Time
}

// dialTimeout bounds the attempt to connect to a server.
const dialTimeout = 10 * time.Second

// Store is a bucket. It fails with the next move in the error where the
// bucket, the region or the credentials are wrong, which the first request
// tells. What may pass, such as a broken connection, a server that is too busy,
// or an answer that ends early, is tried again, up to ten times in half a
// minute.
type Store struct {
	client *minio.Core
	gate   *gate
	config Config
	check  func() error // before each request, or nil
	open   func(check func() error) (*minio.Core, error)
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
	if config.Transport == nil {
		transport, err := minio.DefaultTransport(endpoint.Scheme == "https")
		if err != nil {
			return nil, err
		}
		transport.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
		transport.MaxIdleConns = 0 // any number
		transport.MaxIdleConnsPerHost = max(config.Concurrency, maxLimit)
		config.Transport = transport
	}
	g := &gate{next: config.Transport, now: config.Now, tuner: newTuner(config.Concurrency, config.Now)}
	s := &Store{gate: g, config: config, open: func(check func() error) (*minio.Core, error) {
		return minio.NewCore(endpoint.Host, &minio.Options{
			Creds:      config.Credentials.provider,
			Secure:     endpoint.Scheme == "https",
			Region:     config.Region,
			Transport:  checkedGate{g, check},
			MaxRetries: 1, // that is, none
		})
	}}
	if s.client, err = s.open(nil); err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", config.Endpoint, err)
	}
	return s, nil
}

// Checked is the store for who must ask before each request is sent: right
// before, since a request may wait for its turn. An error of check is that of
// the request.
func (s *Store) Checked(check func() error) publish.Store {
	checked := *s
	checked.check = check
	var err error
	if checked.client, err = s.open(check); err != nil {
		panic(err) // it was opened in the same way before
	}
	return &checked
}

func isEndpoint(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		(u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == ""
}

// Traits are that headers are kept, and how many requests may be under way at
// once now.
func (s *Store) Traits() publish.Traits {
	return publish.Traits{Headers: true, Parallel: s.gate.limit()}
}

// String is "s3://" and the bucket.
func (s *Store) String() string { return "s3://" + s.config.Bucket }

// List yields the objects, with a request for each thousand.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[publish.Entry, error] {
	return func(yield func(publish.Entry, error) bool) {
		options := minio.ListObjectsOptions{Prefix: prefix, Recursive: true, FetchOwner: new(bool)}
		for done := false; !done; {
			err := s.retry(ctx, prefix, func() error {
				from := options.StartAfter
				for o := range s.client.ListObjectsIter(ctx, s.config.Bucket, options) {
					switch {
					case ctx.Err() != nil:
						return ctx.Err()
					case o.Err != nil && options.StartAfter != from:
						return nil // it goes on from there
					case o.Err != nil:
						return o.Err
					}
					options.StartAfter = o.Key
					if done = !yield(entryOf(o.Key, o), nil); done {
						return nil
					}
				}
				done = true
				return ctx.Err() // a cancelled listing ends without an error
			})
			if err != nil {
				yield(publish.Entry{}, s.failed(list, prefix, err))
				return
			}
		}
	}
}

// Get opens the object at key with one request. Reading elsewhere than on from
// the start costs a request for each such place.
func (s *Store) Get(ctx context.Context, key string) (*publish.Stored, error) {
	var (
		body   io.ReadCloser
		info   minio.ObjectInfo
		header http.Header
	)
	err := s.retry(ctx, key, func() (err error) {
		body, info, header, err = s.client.GetObject(ctx, s.config.Bucket, key, minio.GetObjectOptions{})
		return err
	})
	if err != nil {
		return nil, s.failed(get, key, err)
	}
	entry := entryOf(key, info)
	date, _ := http.ParseTime(header.Get("Date")) // zero where there is none
	return &publish.Stored{
		ReadSeekCloser: &reader{ctx: ctx, store: s, entry: entry, body: body},
		Entry:          entry,
		Header:         headerOf(header),
		Date:           date,
	}, nil
}

// Stat tells of the object at key with one request.
func (s *Store) Stat(ctx context.Context, key string) (publish.Entry, publish.Header, error) {
	var info minio.ObjectInfo
	err := s.retry(ctx, key, func() (err error) {
		info, err = s.client.StatObject(ctx, s.config.Bucket, key, minio.StatObjectOptions{})
		return err
	})
	if err != nil {
		return publish.Entry{}, publish.Header{}, s.failed(stat, key, err)
	}
	return entryOf(key, info), headerOf(info.Metadata), nil
}

func entryOf(key string, info minio.ObjectInfo) publish.Entry {
	return publish.Entry{Key: key, Size: info.Size, ETag: info.ETag, Modified: info.LastModified}
}

func headerOf(h http.Header) publish.Header {
	return publish.Header{
		ContentType:     h.Get("Content-Type"),
		ContentEncoding: h.Get("Content-Encoding"),
		CacheControl:    h.Get("Cache-Control"),
	}
}

// Put writes the object at key: with one request, or in parts where the
// content is a file of more than 16 MiB. The server checks the MD5 of what it
// gets. An object without a Content-Type is stored as
// application/octet-stream.
//
// Where putting the same file in parts was cut off before, it goes on with the
// parts that are there, and under the header of that time.
func (s *Store) Put(ctx context.Context, key string, content publish.Content, header publish.Header) error {
	_, err := s.put(ctx, key, content, header, nil)
	return s.failed(put, key, err)
}

// PutIf is a conditional write (If-Match, If-None-Match): the server must know
// these.
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
	if file, ok := body.(io.ReaderAt); ok && content.Open != nil && content.Size > maxPut {
		u := upload{store: s, key: key, file: file, content: content, begin: options, conditional: condition != nil}
		if condition != nil {
			condition(&u.complete)
		}
		return u.put(ctx)
	}
	if condition != nil {
		condition(&options)
	}
	sum := base64.StdEncoding.EncodeToString(content.MD5[:])
	err = s.retry(ctx, key, func() error {
		info, err := s.client.PutObject(ctx, s.config.Bucket, key, body, content.Size, sum, "", options)
		etag = info.ETag
		return err
	})
	return etag, err
}

// Delete removes the object at key, if there is one.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := s.retry(ctx, key, func() error {
		return s.client.RemoveObject(ctx, s.config.Bucket, key, minio.RemoveObjectOptions{})
	})
	if err = s.failed(remove, key, err); errors.Is(err, errMissing) {
		return nil
	}
	return err
}
