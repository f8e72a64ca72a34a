package storetest_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"cairn/publish"
)

var (
	header  = publish.Header{ContentType: "text/plain; charset=utf-8", CacheControl: "public, max-age=60"}
	payload = publish.Header{ContentType: "application/octet-stream", CacheControl: "public, max-age=31536000, immutable"}
)

func put(t *testing.T, store publish.Store, key, body string) {
	t.Helper()
	if err := store.Put(t.Context(), key, publish.BytesContent([]byte(body)), header); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, store publish.Store, key string) string {
	t.Helper()
	o, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	body, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	if o.Key != key || o.Size != int64(len(body)) {
		t.Errorf("got %d bytes at %q, entry says %d at %q", len(body), key, o.Size, o.Key)
	}
	return string(body)
}

func list(t *testing.T, store publish.Store, prefix string) []publish.Entry {
	t.Helper()
	var entries []publish.Entry
	for e, err := range store.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

func keys(entries []publish.Entry) []string {
	var keys []string
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	return keys
}

// fill puts objects for some pages and returns their keys, sorted.
func fill(t *testing.T, store publish.Store) []string {
	t.Helper()
	var g errgroup.Group
	g.SetLimit(16)
	var want []string
	for i := range pages {
		key := fmt.Sprintf("many/%d/%d.txt", i%7, i)
		want = append(want, key)
		g.Go(func() error { return store.Put(t.Context(), key, publish.BytesContent(nil), header) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	return want
}

var randomBytes = sync.OnceValue(func() []byte {
	b := make([]byte, 41<<20)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
})

func random(n int) []byte { return bytes.Clone(randomBytes()[:n]) }

// file is content in a file.
func file(t *testing.T, body []byte) publish.Content {
	t.Helper()
	name := filepath.Join(t.TempDir(), "payload.bin")
	if err := os.WriteFile(name, body, 0o644); err != nil {
		t.Fatal(err)
	}
	content := publish.BytesContent(body)
	content.Bytes = nil
	content.Open = func() (io.ReadSeekCloser, error) { return os.Open(name) }
	return content
}
