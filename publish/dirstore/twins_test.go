package dirstore_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"cairn/publish"
	"cairn/publish/dirstore"
)

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	x, err := os.Stat(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.Stat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(x, y)
}

func TestAlikeObjectsShareAFile(t *testing.T) {
	root := t.TempDir()
	store := dirstore.New(root)
	write := func(key, body string) {
		t.Helper()
		if err := store.Put(t.Context(), key, publish.BytesContent([]byte(body)), publish.Header{}); err != nil {
			t.Fatal(err)
		}
		o, err := store.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		if b, err := io.ReadAll(o); err != nil || string(b) != body {
			t.Fatalf("%s is %q, %v; want %q", key, b, err, body)
		}
	}
	path := func(key string) string { return filepath.Join(root, key) }
	write("a/1", "one")
	write("b/1", "one")
	if !sameFile(t, path("a/1"), path("b/1")) {
		t.Error("two files for one content")
	}
	write("b/1", "two")
	write("b/1", "one")
	write("b/1", "one")
	write("a/1", "one")

	// Somebody writes to the file that they share.
	if err := os.WriteFile(path("a/1"), []byte("edited"), 0o644); err != nil {
		t.Fatal(err)
	}
	write("c/1", "one")
	write("a/1", "one")
	// Somebody replaces the file that others would link to.
	for _, key := range []string{"a/1", "b/1", "c/1"} {
		if err := os.Remove(path(key)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path(key), []byte("other"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("d/1", "one")
	write("d/2", "one")
	if list := list(t, store, ""); len(list) != 5 {
		t.Errorf("left behind: %q", list)
	}
}

// TestManyLinks puts one content more often than a file of ext4 can have
// links: 65,000 times.
func TestManyLinks(t *testing.T) {
	store := dirstore.New(t.TempDir())
	content := publish.BytesContent([]byte("one"))
	for i := range 66_000 {
		if err := store.Put(t.Context(), fmt.Sprintf("%02x/%d", i%256, i), content, publish.Header{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(list(t, store, "")); n != 66_000 {
		t.Errorf("%d objects", n)
	}
}
