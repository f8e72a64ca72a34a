package s3store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/publish/storetest"
	"cairn/publish/storetest/proxy"
)

// once gives a fault to the first request of each kind.
func once(fault proxy.Fault) func(*http.Request) proxy.Fault {
	var seen sync.Map
	return func(r *http.Request) proxy.Fault {
		if r.Method == http.MethodHead && fault.Status == http.StatusBadRequest {
			return proxy.Fault{} // what is wrong would be in the body
		}
		if _, again := seen.LoadOrStore(r.Method+" "+r.URL.Path+"?"+r.URL.RawQuery+r.Header.Get("Range"), true); again {
			return proxy.Fault{}
		}
		return fault
	}
}

func TestPassingFaultsAreOutlived(t *testing.T) {
	server := storetest.S3(t)
	for name, fault := range map[string]proxy.Fault{
		"429":             {Status: 429},
		"500":             {Status: 500},
		"502":             {Status: 502},
		"503":             {Status: 503},
		"504":             {Status: 504},
		"request timeout": {Status: 400, Code: "RequestTimeout"},
		"reset":           {Reset: true},
		"lost":            {Lost: true},
		"truncated":       {Truncated: true},
	} {
		bucket := server.NewBucket(t)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, c := through(t, server)
			c.Bucket = bucket
			store := open(t, c)
			p.Inject(once(fault))
			body := strings.Repeat("0123456789", 1000)
			if err := store.Put(t.Context(), "p/a", publish.BytesContent([]byte(body)), publish.Header{}); err != nil {
				t.Error(err)
			}
			etag, err := store.PutIf(t.Context(), "p/if", publish.BytesContent([]byte("if")), publish.Header{}, "")
			if refused := errors.Is(err, publish.ErrCondition); err != nil && !(refused && fault.Lost) {
				t.Error(err)
			}
			if e, _, err := store.Stat(t.Context(), "p/if"); err != nil || etag != "" && e.ETag != etag {
				t.Errorf("stat %+v, want ETag %q: %v", e, etag, err)
			}
			if got := read(t, store, "p/a"); string(got) != body {
				t.Errorf("got %d bytes, want %d", len(got), len(body))
			}
			if _, err := store.Get(t.Context(), "p/none"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("get: %v", err)
			}
			if err := store.Delete(t.Context(), "p/if"); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff([]string{"p/a"}, list(t, store)); diff != "" {
				t.Errorf("list (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPayloadOutlivesPassingFaults(t *testing.T) {
	t.Parallel()
	p, c := through(t, storetest.S3(t))
	store := open(t, c)
	large := file(t, s3store.PartSize+1)
	for key, fault := range map[string]proxy.Fault{
		"reset":     {Reset: true},
		"lost":      {Lost: true},
		"truncated": {Truncated: true},
	} {
		p.Inject(once(fault))
		if err := store.Put(t.Context(), key, large, publish.Header{}); err != nil {
			t.Error(err)
		}
		if got := read(t, store, key); !bytes.Equal(got, make([]byte, large.Size)) {
			t.Errorf("%s: got %d bytes, want %d of zero", key, len(got), large.Size)
		}
	}
}

func TestFinalFailuresAreNotRetried(t *testing.T) {
	server := storetest.S3(t)
	for _, fault := range []proxy.Fault{{Status: 403}, {Status: 400, Code: "InvalidArgument"}, {Status: 501, Code: "NotImplemented"}} {
		t.Run(fmt.Sprint(fault.Status), func(t *testing.T) {
			p, c := through(t, server)
			store := open(t, c)
			p.Inject(func(*http.Request) proxy.Fault { return fault })
			_, getErr := store.Get(t.Context(), "a")
			_, _, statErr := store.Stat(t.Context(), "a")
			_, putIfErr := store.PutIf(t.Context(), "a", publish.BytesContent(nil), publish.Header{}, "")
			var listErr error
			for _, listErr = range store.List(t.Context(), "a") {
			}
			for op, err := range map[string]error{
				"get": getErr, "stat": statErr, "putif": putIfErr, "list": listErr,
				"put":    store.Put(t.Context(), "a", publish.BytesContent(nil), publish.Header{}),
				"delete": store.Delete(t.Context(), "a"),
			} {
				if err == nil || strings.Contains(err.Error(), "attempts") {
					t.Errorf("%s: %v", op, err)
				}
			}
			if n := len(p.Take()); n != 6 {
				t.Errorf("%d requests for 6 operations", n)
			}
		})
	}
}

func TestSlowDownLowersTheLimit(t *testing.T) {
	t.Parallel()
	p, c := through(t, storetest.S3(t))
	store := open(t, c)
	if got := store.Traits().Parallel; got != 32 {
		t.Errorf("the limit begins at %d", got)
	}
	var requests atomic.Int32
	p.Inject(func(*http.Request) proxy.Fault {
		if requests.Add(1) <= 16 {
			return proxy.Fault{Status: http.StatusServiceUnavailable}
		}
		return proxy.Fault{}
	})
	var g errgroup.Group
	for i := range 64 {
		g.Go(func() error {
			return store.Put(t.Context(), fmt.Sprint(i), publish.BytesContent(nil), publish.Header{})
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if got := store.Traits().Parallel; got >= 32 || got < 2 {
		t.Errorf("the limit is %d", got)
	}
}

// An answer may end early again and again, as long as it brings something.
func TestManyTruncatedAnswersMakeAWhole(t *testing.T) {
	t.Parallel()
	p, c := through(t, storetest.S3(t))
	store := open(t, c)
	const size = 3 << 20
	if err := store.Put(t.Context(), "one", file(t, size), publish.Header{}); err != nil {
		t.Fatal(err)
	}
	var want []string
	var g errgroup.Group
	g.SetLimit(32)
	for i := range 1001 {
		key := fmt.Sprintf("p/%04d", i)
		want = append(want, key)
		g.Go(func() error { return store.Put(t.Context(), key, publish.BytesContent(nil), publish.Header{}) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	p.Take()
	const cuts = 12 // more than the attempts at a time
	var requests atomic.Int32
	p.Inject(func(r *http.Request) proxy.Fault { return proxy.Fault{Truncated: requests.Add(1) <= cuts} })
	if got := read(t, store, "one"); !bytes.Equal(got, make([]byte, size)) {
		t.Errorf("got %d bytes, want %d of zero", len(got), size)
	}
	if n := len(p.Take()); n != cuts+1 {
		t.Errorf("%d requests, want %d", n, cuts+1)
	}
	p.Inject(once(proxy.Fault{Truncated: true}))
	if diff := cmp.Diff(append([]string{"one"}, want...), list(t, store)); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if n := len(p.Take()); n < 4 {
		t.Errorf("%d requests for two pages, each of which failed once", n)
	}
}

func TestAnUploadThatIsGoneBeginsAgain(t *testing.T) {
	t.Parallel()
	p, c := through(t, storetest.S3(t))
	store := open(t, c)
	var completions atomic.Int32
	p.Inject(func(r *http.Request) proxy.Fault {
		if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") && completions.Add(1) == 1 {
			return proxy.Fault{Status: http.StatusNotFound, Code: "NoSuchUpload"}
		}
		return proxy.Fault{}
	})
	large := file(t, s3store.PartSize+1)
	if err := store.Put(t.Context(), "large", large, publish.Header{}); err != nil {
		t.Error(err)
	}
	if e, _, err := store.Stat(t.Context(), "large"); err != nil || e.Size != large.Size {
		t.Errorf("it is %+v, %v", e, err)
	}
	if n := completions.Load(); n != 2 {
		t.Errorf("%d completions", n)
	}
}

// This is how a store looks that cannot lock.
func TestAServerThatIgnoresConditionsLetsAllWrite(t *testing.T) {
	t.Parallel()
	p, c := through(t, storetest.S3(t))
	store := open(t, c)
	p.Inject(func(*http.Request) proxy.Fault { return proxy.Fault{Unconditional: true} })
	for _, etag := range []string{"", "", "0123456789abcdef0123456789abcdef"} {
		if _, err := store.PutIf(t.Context(), "a", publish.BytesContent([]byte("a")), publish.Header{}, etag); err != nil {
			t.Errorf("if it is %q: %v", etag, err)
		}
	}
}

// TestAServerThatRefusesConditions: the state cannot be kept there, but payloads
// can, with no part sent twice.
func TestAServerThatRefusesConditions(t *testing.T) {
	t.Parallel()
	server := storetest.S3(t)
	content, body := large(t, 9)
	for i, fault := range []proxy.Fault{
		{Status: http.StatusNotImplemented, Code: "NotImplemented"},
		{Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed"},
		{Status: http.StatusBadRequest, Code: "InvalidArgument"},
		{Status: http.StatusBadRequest, Code: "InvalidRequest"},
	} {
		p, c := through(t, server)
		store := open(t, c)
		p.Inject(func(r *http.Request) proxy.Fault {
			if r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != "" {
				return fault
			}
			return proxy.Fault{}
		})
		for _, etag := range []string{"", "0123456789abcdef0123456789abcdef"} {
			if _, err := store.PutIf(t.Context(), "state", publish.BytesContent([]byte("a")), publish.Header{}, etag); !errors.Is(err, publish.ErrRefused) || !strings.Contains(err.Error(), "--no-lock") {
				t.Errorf("%+v: if it is %q: %v", fault, etag, err)
			}
		}
		key := strconv.Itoa(i)
		if err := publish.PutNew(t.Context(), store, key, content, publish.Header{}); err != nil {
			t.Fatalf("%+v: %v", fault, err)
		}
		if sent, begun := sentParts(p.Take()); sent != parts || begun != 1 {
			t.Errorf("%+v: sent %d parts, began %d uploads", fault, sent, begun)
		}
		if got := read(t, store, key); !bytes.Equal(got, body) {
			t.Errorf("%+v: the content is another", fault)
		}
		if err := publish.PutNew(t.Context(), store, key, content, publish.Header{}); !errors.Is(err, publish.ErrCondition) {
			t.Errorf("%+v: put again: %v", fault, err)
		}
	}
}

// through is a proxy in front of the server, and how to reach it.
func through(t *testing.T, server *storetest.S3Server) (*proxy.Proxy, s3store.Config) {
	t.Helper()
	p, err := proxy.New(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	p.Signer = proxy.Signer{AccessKey: server.AccessKey, SecretKey: server.SecretKey, Region: server.Region}
	c := config(server)
	c.Endpoint = p.Endpoint
	return p, c
}

func read(t *testing.T, store publish.Store, key string) []byte {
	t.Helper()
	o, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	b, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func list(t *testing.T, store publish.Store) []string {
	t.Helper()
	var keys []string
	for e, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, e.Key)
	}
	return keys
}

// TestAWrongClockIsNamed also where the answer gives no reason, such as that to
// a HEAD.
func TestAWrongClockIsNamed(t *testing.T) {
	server := storetest.S3(t)
	for _, test := range []struct {
		code  string
		ahead time.Duration // this machine's clock
		want  string
	}{
		{"RequestTimeTooSkewed", 20 * time.Minute, "ahead of that of the store"},
		{"AccessDenied", -20 * time.Minute, "behind that of the store"},
		{"SignatureDoesNotMatch", 6 * time.Hour, "ahead of that of the store"},
		{"AccessDenied", 0, "the credentials "},
	} {
		p, c := through(t, server)
		c.Now = func() time.Time { return time.Now().Add(test.ahead) }
		p.Inject(func(*http.Request) proxy.Fault { return proxy.Fault{Status: http.StatusForbidden, Code: test.code} })
		_, _, statErr := open(t, c).Stat(t.Context(), "a")
		_, getErr := open(t, c).Get(t.Context(), "a")
		for _, err := range []error{statErr, getErr} {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s, %s ahead: %v", test.code, test.ahead, err)
			}
		}
	}
}

// TestAFullStoreIsToldApart from other faults: a stop makes do without room.
func TestAFullStoreIsToldApart(t *testing.T) {
	p, c := through(t, storetest.S3(t))
	p.Inject(func(*http.Request) proxy.Fault {
		return proxy.Fault{Status: http.StatusInsufficientStorage, Code: "XMinioStorageFull"}
	})
	content := publish.BytesContent([]byte("x"))
	if err := open(t, c).Put(t.Context(), "a", content, publish.Header{}); !errors.Is(err, publish.ErrFull) {
		t.Error(err)
	}
	if _, err := open(t, c).PutIf(t.Context(), "a", content, publish.Header{}, ""); !errors.Is(err, publish.ErrFull) {
		t.Error(err)
	}
}
