//go:build linux || darwin || freebsd || netbsd || openbsd

package dirstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/dirstore"
)

// TestMark has a file that is replaced, written to, and linked to.
func TestMark(t *testing.T) {
	root := t.TempDir()
	s := dirstore.New(root)
	put := func(key, body string) publish.Mark {
		t.Helper()
		if err := s.Put(t.Context(), key, publish.BytesContent([]byte(body)), publish.Header{}); err != nil {
			t.Fatal(err)
		}
		mark, err := s.Mark(key)
		if err != nil {
			t.Fatal(err)
		}
		return mark
	}
	put("a/b", "same size 1")
	linked := put("a/c", "same size 1")
	if first, err := s.Mark("a/b"); first != linked || err != nil {
		t.Errorf("a link to the same file has another mark: %v, %v", first, err)
	}
	if put("a/b", "same size 2") == linked {
		t.Error("another file has the same mark")
	}
	old := put("a/d", "same size 3")
	name := filepath.Join(root, "a/d")
	if err := os.WriteFile(name, []byte("same size 4"), 0o644); err != nil {
		t.Fatal(err)
	}
	then := time.Unix(0, old.Modified)
	if err := os.Chtimes(name, then, then); err != nil {
		t.Fatal(err)
	}
	if written, err := s.Mark("a/d"); written == old || err != nil {
		t.Errorf("a file that was written to and is of the same time has the same mark: %v, %v", written, err)
	}
	for _, missing := range []string{"a", "a/x", "a/b/c", "x/y"} {
		if _, err := s.Mark(missing); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", missing, err)
		}
	}
	for _, invalid := range []string{"", "/a", "a/../b", "a//b", "../x"} {
		if _, err := s.Mark(invalid); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: %v", invalid, err)
		}
	}
}
