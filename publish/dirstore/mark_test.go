//go:build unix

package dirstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

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
	first := put("a/b", "same size 1")
	if put("a/c", "same size 1") != first {
		t.Error("a link to the same file has another mark")
	}
	if put("a/b", "same size 2") == first {
		t.Error("another file has the same mark")
	}
	if err := os.WriteFile(filepath.Join(root, "a/b"), []byte("longer than before"), 0o644); err != nil {
		t.Fatal(err)
	}
	if written, err := s.Mark("a/b"); written.Size != 18 || err != nil {
		t.Errorf("it was written to: %v, %v", written, err)
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
