package storetest_test

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"cairn/publish"
)

func (s suite) putGet(t *testing.T) {
	store := s.newStore(t)
	for _, body := range []string{"one", "", "three", "four, which is longer", "", ""} {
		put(t, store, "p/v1/latest/fw/mp/default/_other/00.txt", body)
		if got := get(t, store, "p/v1/latest/fw/mp/default/_other/00.txt"); got != body {
			t.Errorf("got %q, want %q", got, body)
		}
	}
	if got := list(t, store, ""); len(got) != 1 {
		t.Errorf("one object, put again and again, is %v", got)
	}
	for n := range 40 {
		put(t, store, fmt.Sprintf("p/sizes/%d", n), strings.Repeat("x", n))
	}
	for n := range 40 {
		if got := get(t, store, fmt.Sprintf("p/sizes/%d", n)); got != strings.Repeat("x", n) {
			t.Errorf("got %q, want %d bytes", got, n)
		}
	}
}

func (s suite) headers(t *testing.T) {
	store := s.newStore(t)
	if traits := store.Traits(); traits.Headers == s.noHeaders || traits.Parallel < 1 {
		t.Errorf("traits %+v", traits)
	}
	for i, h := range []publish.Header{
		{ContentType: "text/plain; charset=utf-8", CacheControl: "public, max-age=60"},
		{ContentType: "application/json", ContentEncoding: "br", CacheControl: "no-cache"},
		{ContentType: "application/json", ContentEncoding: "gzip"},
		{ContentType: "application/octet-stream", CacheControl: "public, max-age=31536000, immutable"},
	} {
		for _, body := range []string{"body", "", "\x1f\x8b\x08, but not gzip", strings.Repeat("x", 1<<20)} {
			key := fmt.Sprintf("h/%d/%d", i, len(body))
			if err := store.Put(t.Context(), key, publish.BytesContent([]byte(body)), h); err != nil {
				t.Fatal(err)
			}
			o, err := store.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			want := h
			if s.noHeaders {
				want = publish.Header{}
			}
			if diff := cmp.Diff(want, o.Header); diff != "" {
				t.Errorf("%s (-want +got):\n%s", key, diff)
			}
			if got, err := io.ReadAll(o); err != nil || string(got) != body {
				t.Errorf("%s: got %d bytes, %v; want %d", key, len(got), err, len(body))
			}
			o.Close()
			entry, header, err := store.Stat(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(o.Entry, entry); diff != "" {
				t.Errorf("%s: stat (-get +stat):\n%s", key, diff)
			}
			if diff := cmp.Diff(want, header); diff != "" {
				t.Errorf("%s: stat (-want +got):\n%s", key, diff)
			}
		}
	}
}

func (s suite) etags(t *testing.T) {
	store := s.newStore(t)
	for _, body := range []string{"", "body", "other"} {
		put(t, store, "e", body)
		sum := md5.Sum([]byte(body))
		want := publish.Entry{Key: "e", Size: int64(len(body)), ETag: hex.EncodeToString(sum[:])}
		if s.noHeaders {
			want.ETag = ""
		}
		o, err := store.Get(t.Context(), "e")
		if err != nil {
			t.Fatal(err)
		}
		o.Close()
		listed := list(t, store, "e")
		if len(listed) != 1 {
			t.Fatalf("listed %v", listed)
		}
		for _, got := range []publish.Entry{o.Entry, listed[0]} {
			got.Modified = want.Modified
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("entry (-want +got):\n%s", diff)
			}
		}
	}
}

func (s suite) missing(t *testing.T) {
	store := s.newStore(t)
	put(t, store, "a/b/file", "x")
	for _, key := range []string{"none", "a", "a/b", "a/b/fil", "a/b/file2", "a/b/file/below", "a/b/file/far/below", "a/c/file"} {
		o, err := store.Get(t.Context(), key)
		if err == nil {
			o.Close()
			t.Errorf("got %q", key)
		} else if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), key) {
			t.Errorf("get %q: %v", key, err)
		}
		if e, _, err := store.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), key) {
			t.Errorf("stat %q: %v, %v", key, e, err)
		}
		if err := store.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	if got := get(t, store, "a/b/file"); got != "x" {
		t.Errorf("got %q", got)
	}
}

func (s suite) delete(t *testing.T) {
	store := s.newStore(t)
	for _, key := range []string{"d/a/1", "d/a/2", "d/b/c/1", "e"} {
		put(t, store, key, key)
	}
	for _, step := range []struct {
		key  string
		want []string
	}{
		{"d/b/c/1", []string{"d/a/1", "d/a/2", "e"}},
		{"d/b/c/1", []string{"d/a/1", "d/a/2", "e"}},
		{"e", []string{"d/a/1", "d/a/2"}},
		{"d/a/1", []string{"d/a/2"}},
		{"d/a/2", nil},
		{"d/a/2", nil},
	} {
		if err := store.Delete(t.Context(), step.key); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, keys(list(t, store, ""))); diff != "" {
			t.Errorf("after delete %s (-want +got):\n%s", step.key, diff)
		}
	}
	put(t, store, "d/a/1", "again")
	if got := get(t, store, "d/a/1"); got != "again" {
		t.Errorf("got %q", got)
	}
	var g errgroup.Group
	for i := range 64 {
		g.Go(func() error {
			key := fmt.Sprintf("f/g/%d", i)
			return errors.Join(
				store.Put(t.Context(), key, publish.BytesContent([]byte(key)), header),
				store.Delete(t.Context(), key),
			)
		})
	}
	if err := g.Wait(); err != nil {
		t.Errorf("puts and deletes in one folder: %v", err)
	}
}
