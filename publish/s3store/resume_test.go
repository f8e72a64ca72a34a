package s3store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/publish/storetest"
	"cairn/publish/storetest/proxy"
)

const parts = 5

// large is content of five parts in a file, the last of one byte.
func large(t *testing.T, seed byte) (publish.Content, []byte) {
	t.Helper()
	b := make([]byte, (parts-1)*s3store.PartSize+1)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	name := filepath.Join(t.TempDir(), "payload.bin")
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
	content := publish.BytesContent(b)
	content.Bytes = nil
	content.Open = func() (io.ReadSeekCloser, error) { return os.Open(name) }
	content.Sent = &atomic.Int64{}
	return content, b
}

// cut puts content until so many parts are there, and breaks all connections
// then, so that nothing of it is under way any more.
func cut(t *testing.T, server *storetest.S3Server, key string, content publish.Content, after int64) {
	t.Helper()
	p, c := through(t, server)
	defer p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.Inject(func(r *http.Request) proxy.Fault {
		if number, _ := strconv.ParseInt(r.URL.Query().Get("partNumber"), 10, 64); number <= after {
			return proxy.Fault{}
		}
		for content.Sent.Load() < after*s3store.PartSize {
			time.Sleep(time.Millisecond)
		}
		cancel()
		return proxy.Fault{Reset: true}
	})
	if err := open(t, c).Put(ctx, key, content, publish.Header{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("put, cut off: %v", err)
	}
	content.Sent.Store(0)
}

// sentParts are the parts among requests, and how many uploads they begin.
func sentParts(requests []proxy.Request) (parts, begun int) {
	for _, r := range requests {
		switch {
		case r.Method == http.MethodPut && strings.Contains(r.Query, "partNumber"):
			parts++
		case r.Method == http.MethodPost && strings.HasPrefix(r.Query, "uploads"):
			begun++
		}
	}
	return parts, begun
}

func TestAnUploadThatWasCutOffGoesOn(t *testing.T) {
	t.Parallel()
	server := storetest.S3(t)
	p, c := through(t, server)
	store := open(t, c)
	content, body := large(t, 1)
	for _, there := range []int64{1, 3, 4} {
		cut(t, server, "a", content, there)
		etag, err := store.PutIf(t.Context(), "a", content, publish.Header{}, "")
		if err != nil {
			t.Fatal(err)
		}
		if sent, begun := sentParts(p.Take()); sent != parts-int(there) || begun != 0 {
			t.Errorf("with %d parts there: sent %d, began %d uploads", there, sent, begun)
		}
		if sent := content.Sent.Swap(0); sent != content.Size {
			t.Errorf("%d of %d bytes are said to be sent", sent, content.Size)
		}
		if got := read(t, store, "a"); !bytes.Equal(got, body) {
			t.Errorf("with %d parts there: the content is another", there)
		}
		if e, _, err := store.Stat(t.Context(), "a"); err != nil || e.ETag != etag {
			t.Errorf("stat %+v, want ETag %q: %v", e, etag, err)
		}
		if err := store.Delete(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		p.Take()
	}
}

// The parts of another file, or of one whose key begins alike, are left alone.
func TestTheUploadOfAnotherFileIsLeftAlone(t *testing.T) {
	t.Parallel()
	server := storetest.S3(t)
	p, c := through(t, server)
	store := open(t, c)
	one, oneBody := large(t, 1)
	two, twoBody := large(t, 2)
	cut(t, server, "a", one, 3)
	cut(t, server, "a.sig", two, 2)
	if err := store.Put(t.Context(), "a", two, publish.Header{}); err != nil {
		t.Fatal(err)
	}
	if sent, begun := sentParts(p.Take()); sent != parts || begun != 1 {
		t.Errorf("sent %d parts, began %d uploads", sent, begun)
	}
	if got := read(t, store, "a"); !bytes.Equal(got, twoBody) {
		t.Error("the content is another")
	}
	p.Take()
	if err := store.Put(t.Context(), "a", one, publish.Header{}); err != nil {
		t.Fatal(err)
	}
	if sent, _ := sentParts(p.Take()); sent != parts-3 {
		t.Errorf("sent %d parts of the first file, where 3 were there", sent)
	}
	if got := read(t, store, "a"); !bytes.Equal(got, oneBody) {
		t.Error("the content is another")
	}
}

// Credentials that may only write, and servers that list no uploads, send all.
func TestWhoMayNotLookForUploadsSendsAll(t *testing.T) {
	t.Parallel()
	server := storetest.S3(t)
	p, c := through(t, server)
	store := open(t, c)
	content, body := large(t, 1)
	for _, fault := range []proxy.Fault{{Status: http.StatusForbidden}, {Status: http.StatusNotImplemented, Code: "NotImplemented"}} {
		for _, parameter := range []string{"uploads", "uploadId"} {
			cut(t, server, "a", content, 3)
			p.Inject(func(r *http.Request) proxy.Fault {
				if r.Method == http.MethodGet && r.URL.Query().Has(parameter) {
					return fault
				}
				return proxy.Fault{}
			})
			if err := store.Put(t.Context(), "a", content, publish.Header{}); err != nil {
				t.Error(err)
			}
			if sent, begun := sentParts(p.Take()); sent != parts || begun != 1 {
				t.Errorf("%d for %s: sent %d parts, began %d uploads", fault.Status, parameter, sent, begun)
			}
			if got := read(t, store, "a"); !bytes.Equal(got, body) {
				t.Error("the content is another")
			}
		}
	}
}

// A completed upload is none any more, and its file is not sent again.
func TestACompletionWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	server := storetest.S3(t)
	p, c := through(t, server)
	store := open(t, c)
	content, body := large(t, 1)
	var completions atomic.Int32
	p.Inject(func(r *http.Request) proxy.Fault {
		if r.Method != http.MethodPost || !r.URL.Query().Has("uploadId") {
			return proxy.Fault{}
		}
		if completions.Add(1)%2 == 1 {
			return proxy.Fault{Lost: true}
		}
		return proxy.Fault{Status: http.StatusNotFound, Code: "NoSuchUpload"}
	})
	if err := store.Put(t.Context(), "a", content, publish.Header{}); err != nil {
		t.Error(err)
	}
	if _, err := store.PutIf(t.Context(), "b", content, publish.Header{}, ""); !errors.Is(err, publish.ErrCondition) {
		t.Errorf("put where nothing is: %v", err)
	}
	if sent, begun := sentParts(p.Take()); sent != 2*parts || begun != 2 {
		t.Errorf("sent %d parts, began %d uploads for two files", sent, begun)
	}
	for _, key := range []string{"a", "b"} {
		if got := read(t, store, key); !bytes.Equal(got, body) {
			t.Errorf("the content of %s is another", key)
		}
	}
}

func TestManySendTheSameFile(t *testing.T) {
	t.Parallel()
	server := storetest.S3(t)
	_, c := through(t, server)
	content, body := large(t, 1)
	cut(t, server, "a", content, 2)
	var g errgroup.Group
	var written atomic.Int32
	for range 4 {
		g.Go(func() error {
			_, err := open(t, c).PutIf(t.Context(), "a", content, publish.Header{}, "")
			if errors.Is(err, publish.ErrCondition) {
				return nil
			}
			written.Add(1)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if written.Load() == 0 {
		t.Error("nobody has written it")
	}
	if got := read(t, open(t, c), "a"); !bytes.Equal(got, body) {
		t.Error("the content is another")
	}
}

// What the server refuses for good leaves no parts behind.
func TestNoPartsAreLeftOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	server := storetest.S3(t)
	p, c := through(t, server)
	store := open(t, c)
	content, _ := large(t, 1)
	if err := store.Put(t.Context(), "a", publish.BytesContent(nil), publish.Header{}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.PutIf(t.Context(), "a", content, publish.Header{}, ""); !errors.Is(err, publish.ErrCondition) {
		t.Errorf("put where something is: %v", err)
	}
	requests := p.Take()
	if last := requests[len(requests)-1]; last.Method != http.MethodDelete || last.Status != http.StatusNoContent {
		t.Errorf("the last request was %+v", last)
	}
	if err := store.Put(t.Context(), "a", content, publish.Header{}); err != nil {
		t.Fatal(err)
	}
	if sent, begun := sentParts(p.Take()); sent != parts || begun != 1 {
		t.Errorf("sent %d parts, began %d uploads after that", sent, begun)
	}
}
