package s3store_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/publish/storetest"
)

// Each operation costs what the design counts on.
func TestRequests(t *testing.T) {
	c := config(storetest.S3(t))
	var requests recorder
	c.Transport = &requests
	store := open(t, c)
	put := func(key string, content publish.Content) func() error {
		return func() error { return store.Put(t.Context(), key, content, publish.Header{}) }
	}
	for _, test := range []struct {
		name string
		run  func() error
		want []string
	}{
		{"an empty object", put("empty", publish.BytesContent(nil)), []string{"PUT /bucket-1/empty"}},
		{"a small object", put("small", publish.BytesContent([]byte("0123456789"))), []string{"PUT /bucket-1/small"}},
		{"a file in one part", put("one", file(t, s3store.PartSize)), []string{"PUT /bucket-1/one"}},
		{"a file in two parts", put("two", file(t, s3store.PartSize+1)), []string{
			"GET /bucket-1/?uploads=?prefix=two", "POST /bucket-1/two", "POST /bucket-1/two?uploads=", "PUT /bucket-1/two?partNumber=1", "PUT /bucket-1/two?partNumber=2",
		}},
		{"reading", func() error {
			o, err := store.Get(t.Context(), "small")
			if err != nil {
				return err
			}
			defer o.Close()
			_, err = io.ReadAll(o)
			return err
		}, []string{"GET /bucket-1/small"}},
		{"reading for the size and a range", func() error {
			o, err := store.Get(t.Context(), "small")
			if err != nil {
				return err
			}
			defer o.Close()
			size, err := o.Seek(0, io.SeekEnd)
			if err != nil || size != 10 {
				return fmt.Errorf("size %d, %w", size, err)
			}
			if _, err = o.Seek(5, io.SeekStart); err != nil {
				return err
			}
			_, err = io.ReadFull(o, make([]byte, 5))
			return err
		}, []string{"GET /bucket-1/small", "GET /bucket-1/small bytes=5-"}},
		{"an object that isn't there", func() error {
			if _, err := store.Get(t.Context(), "none"); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		}, []string{"GET /bucket-1/none"}},
		{"stating", func() error {
			e, _, err := store.Stat(t.Context(), "small")
			if err == nil && e.Size != 10 {
				err = fmt.Errorf("size %d", e.Size)
			}
			return err
		}, []string{"HEAD /bucket-1/small"}},
		{"a listing", func() error {
			for _, err := range store.List(t.Context(), "s") {
				if err != nil {
					return err
				}
			}
			return nil
		}, []string{"GET /bucket-1/?prefix=s"}},
		{"a deletion", func() error { return store.Delete(t.Context(), "small") }, []string{"DELETE /bucket-1/small"}},
	} {
		requests.seen = nil
		if err := test.run(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		slices.Sort(requests.seen) // parts are parallel
		if diff := cmp.Diff(test.want, requests.seen); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", test.name, diff)
		}
	}
}

// Streamed signatures made one in a hundred of these break its connection.
func TestManyEmptyObjects(t *testing.T) {
	c := config(storetest.S3(t))
	var requests recorder
	c.Transport = &requests
	store := open(t, c)
	want := publish.Header{ContentType: "text/plain; charset=utf-8", CacheControl: "public, max-age=60"}
	const n = 4000
	var g errgroup.Group
	g.SetLimit(64)
	for i := range n {
		g.Go(func() error {
			return store.Put(t.Context(), fmt.Sprintf("e/%d", i), publish.BytesContent(nil), want)
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(requests.seen) != n {
		t.Errorf("%d requests for %d objects: some failed and were repeated", len(requests.seen), n)
	}
	o, err := store.Get(t.Context(), "e/0")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if diff := cmp.Diff(want, o.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

// What a reader gets is one object, or an error.
func TestReplacedWhileRead(t *testing.T) {
	store := open(t, config(storetest.S3(t)))
	put := func(body string) {
		if err := store.Put(t.Context(), "a", publish.BytesContent([]byte(body)), publish.Header{}); err != nil {
			t.Fatal(err)
		}
	}
	put("first")
	o, err := store.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	put("other")
	if _, err := o.Seek(2, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(o); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestErrors(t *testing.T) {
	server := storetest.S3(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_PROFILE", "nobody")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
	// An instance role would be asked for at an address that is not ours.
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", filepath.Join(t.TempDir(), "token"))
	for _, test := range []struct {
		name   string
		change func(*s3store.Config)
		want   string
	}{
		{"bucket", func(c *s3store.Config) { c.Bucket = "none-such" }, "there is no such bucket at " + server.Endpoint},
		{"region", func(c *s3store.Config) { c.Region = "us-west-2" }, `the region "us-west-2" is wrong, the bucket is in "eu-test-1"`},
		{"access key", func(c *s3store.Config) { c.Credentials = s3store.StaticCredentials("other", server.SecretKey, "") }, "the server refuses the credentials"},
		{"secret key", func(c *s3store.Config) { c.Credentials = s3store.StaticCredentials(server.AccessKey, "other", "") }, "the server refuses the credentials"},
		{"session token", func(c *s3store.Config) {
			c.Credentials = s3store.StaticCredentials(server.AccessKey, server.SecretKey, "other")
		}, "the server refuses the credentials"},
		{"unsigned", func(c *s3store.Config) { c.Credentials = s3store.Credentials{} }, "the credentials lack s3:"},
		{"environment", func(c *s3store.Config) { c.Credentials = s3store.EnvironmentCredentials() }, "no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and "},
		{"scheme", func(c *s3store.Config) { c.Endpoint = strings.Replace(c.Endpoint, "http", "https", 1) }, "server gave HTTP response to HTTPS client"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(server)
			test.change(&c)
			store := open(t, c)
			_, getErr := store.Get(t.Context(), "a/b")
			var listErr error
			for _, listErr = range store.List(t.Context(), "a/b") {
			}
			for op, err := range map[string]error{
				"get":    getErr,
				"list":   listErr,
				"put":    store.Put(t.Context(), "a/b", publish.BytesContent(nil), publish.Header{}),
				"delete": store.Delete(t.Context(), "a/b"),
			} {
				if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), test.want) ||
					!strings.HasPrefix(err.Error(), fmt.Sprintf("%v: %s %q: ", store, op, "a/b")) {
					t.Errorf("%s: %v", op, err)
				}
			}
		})
	}
}

// TestRefusedStat: what answers a HEAD does not say why it refuses.
func TestRefusedStat(t *testing.T) {
	server := storetest.S3(t)
	c := config(server)
	c.Credentials = s3store.StaticCredentials(server.AccessKey, "other", "")
	_, _, err := open(t, c).Stat(t.Context(), "a")
	if err == nil || !strings.Contains(err.Error(), "the credentials are wrong, or lack s3:GetObject, ") {
		t.Error(err)
	}
}

func TestEnvironmentCredentials(t *testing.T) {
	server := storetest.S3(t)
	c := config(server)
	c.Credentials = s3store.EnvironmentCredentials()
	c.Region = "" // is asked for
	t.Run("variables", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", server.AccessKey)
		t.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretKey)
		if err := open(t, c).Put(t.Context(), "a", publish.BytesContent(nil), publish.Header{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("profile", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "credentials")
		profile := fmt.Sprintf("[fleet]\naws_access_key_id = %s\naws_secret_access_key = %s\n", server.AccessKey, server.SecretKey)
		if err := os.WriteFile(name, []byte(profile), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_ACCESS_KEY_ID", "")
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", name)
		t.Setenv("AWS_PROFILE", "fleet")
		c := c
		c.Credentials = s3store.EnvironmentCredentials()
		if err := open(t, c).Put(t.Context(), "a", publish.BytesContent(nil), publish.Header{}); err != nil {
			t.Error(err)
		}
	})
}

func TestNew(t *testing.T) {
	for _, endpoint := range []string{
		"s3.example.com", "localhost:7070", "ftp://s3.example.com", "https://", "https://:7070", "https://s3.example.com/path",
		"https://s3.example.com?a=b", "https://a b", "https://user:password@s3.example.com", "://",
	} {
		if _, err := s3store.New(s3store.Config{Endpoint: endpoint, Bucket: "fleet"}); err == nil || !strings.Contains(err.Error(), "https://s3.example.com") {
			t.Errorf("endpoint %q: %v", endpoint, err)
		}
	}
	for _, endpoint := range []string{"", "https://s3.example.com", "https://s3.example.com/", "http://127.0.0.1:7070", "http://[::1]:7070"} {
		store, err := s3store.New(s3store.Config{Endpoint: endpoint, Bucket: "fleet"})
		if err != nil {
			t.Errorf("endpoint %q: %v", endpoint, err)
		} else if store.String() != "s3://fleet" {
			t.Errorf("it is %v", store)
		}
	}
	for _, bucket := range []string{"", "a", "with/slash", "with space"} {
		if _, err := s3store.New(s3store.Config{Bucket: bucket}); err == nil || !strings.Contains(err.Error(), "bucket") {
			t.Errorf("bucket %q: %v", bucket, err)
		}
	}
}

// Where AWS is asked for which bucket.
func TestAddresses(t *testing.T) {
	for _, test := range []struct {
		endpoint, region, want string
	}{
		{"", "eu-central-1", "https://fleet.s3.dualstack.eu-central-1.amazonaws.com/a/b"},
		{"", "cn-north-1", "https://fleet.s3.dualstack.cn-north-1.amazonaws.com.cn/a/b"},
		{"https://s3.eu-central-1.amazonaws.com", "", "https://fleet.s3.dualstack.eu-central-1.amazonaws.com/a/b"},
		{"https://s3.example.com", "auto", "https://s3.example.com/fleet/a/b"},
		{"http://127.0.0.1:7070", "eu-central-1", "http://127.0.0.1:7070/fleet/a/b"},
	} {
		var got string
		store := open(t, s3store.Config{
			Endpoint: test.endpoint,
			Region:   test.region,
			Bucket:   "fleet",
			Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				got = r.URL.String()
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{"Last-Modified": {time.Time{}.Format(http.TimeFormat)}}}, nil
			}),
		})
		if err := store.Put(t.Context(), "a/b", publish.BytesContent(nil), publish.Header{}); err != nil {
			t.Error(err)
		}
		if got != test.want {
			t.Errorf("endpoint %q, region %q: asked %s, want %s", test.endpoint, test.region, got, test.want)
		}
	}
}

// As where the credentials may not ask for the bucket's location.
func TestTheRegionIsLearntFromARefusal(t *testing.T) {
	var put int
	store := open(t, s3store.Config{
		Endpoint:    "https://s3.example.com",
		Bucket:      "fleet",
		Credentials: s3store.StaticCredentials("access", "secret", ""),
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			status, body := http.StatusOK, ""
			switch {
			case r.URL.Query().Has("location"):
				status, body = http.StatusForbidden, "<Error><Code>AccessDenied</Code></Error>"
			case !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/"):
				status, body = http.StatusBadRequest, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></Error>"
			default:
				put++
			}
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}}, nil
		}),
	})
	if err := store.Put(t.Context(), "a", publish.BytesContent(nil), publish.Header{}); err != nil || put != 1 {
		t.Errorf("put %d times, %v", put, err)
	}
}

func config(server *storetest.S3Server) s3store.Config {
	return s3store.Config{
		Endpoint:    server.Endpoint,
		Region:      server.Region,
		Bucket:      server.Bucket,
		Credentials: s3store.StaticCredentials(server.AccessKey, server.SecretKey, ""),
	}
}

func open(t *testing.T, c s3store.Config) *s3store.Store {
	t.Helper()
	store, err := s3store.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// file is content of zeros in a file.
func file(t *testing.T, size int64) publish.Content {
	t.Helper()
	content := publish.BytesContent(make([]byte, size))
	content.Bytes = nil
	name := filepath.Join(t.TempDir(), "payload.bin")
	if err := os.WriteFile(name, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	content.Open = func() (io.ReadSeekCloser, error) { return os.Open(name) }
	return content
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var transport = &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}

// recorder notes the requests, without what differs from run to run.
type recorder struct {
	before func(*http.Request)

	mu   sync.Mutex
	seen []string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	line := request.Method + " " + request.URL.Path
	for _, name := range []string{"uploads", "partNumber", "prefix"} {
		if q := request.URL.Query(); q.Has(name) {
			line += "?" + name + "=" + q.Get(name)
		}
	}
	if within := request.Header.Get("Range"); within != "" {
		line += " " + within
	}
	r.mu.Lock()
	r.seen = append(r.seen, line)
	r.mu.Unlock()
	if r.before != nil {
		r.before(request)
	}
	return transport.RoundTrip(request)
}
