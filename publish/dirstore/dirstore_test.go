package dirstore_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn/publish"
	"cairn/publish/dirstore"
)

func TestRelativeRoot(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, root := range []string{"public", "./public/", ".", ""} {
		store := dirstore.New(root)
		if got := store.String(); got != "dir:"+root {
			t.Errorf("root %q: it is %s", root, got)
		}
		put(t, store, "a/b/c")
		if _, err := os.Stat(filepath.Join(root, "a/b/c")); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"a/b/c"}, list(t, store, "a")); diff != "" {
			t.Errorf("root %q: list (-want +got):\n%s", root, diff)
		}
		if err := store.Delete(t.Context(), "a/b/c"); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(root, "a")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("root %q: an empty folder stays: %v", root, err)
		}
		if _, err := os.Stat(filepath.Join(".", root)); err != nil {
			t.Errorf("the root is gone: %v", err)
		}
	}
}

func TestModes(t *testing.T) {
	root := t.TempDir()
	store := dirstore.New(root)
	put(t, store, "a/full")
	if err := store.Put(t.Context(), "a/empty", publish.BytesContent(nil), publish.Header{}); err != nil {
		t.Fatal(err)
	}
	mask := umask(t, root)
	for name, want := range map[string]fs.FileMode{"a": 0o755, "a/full": 0o644, "a/empty": 0o644} {
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil || info.Mode().Perm() != want&^mask {
			t.Errorf("%s has mode %v, %v; want %v", name, info.Mode().Perm(), err, want&^mask)
		}
	}
}

// umask is what is left out of the mode of a new file.
func umask(t *testing.T, dir string) fs.FileMode {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "umask"), os.O_CREATE, 0o777)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return 0o777 &^ info.Mode().Perm()
}

func TestFolderRemovedMeanwhile(t *testing.T) {
	root := t.TempDir()
	store := dirstore.New(root)
	for _, key := range []string{"a/b/1", "a/b/2", "a/c/1"} {
		put(t, store, key)
		if err := os.RemoveAll(filepath.Join(root, "a")); err != nil {
			t.Fatal(err)
		}
	}
	put(t, store, "a/b/1")
	if diff := cmp.Diff([]string{"a/b/1"}, list(t, store, "")); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	root := t.TempDir()
	store := dirstore.New(root)
	if err := os.MkdirAll(filepath.Join(root, "a/folder/with"), 0o755); err != nil {
		t.Fatal(err)
	}
	broken := publish.Content{Size: 2, Open: func() (io.ReadSeekCloser, error) { return os.Open(root) }}
	for _, content := range []publish.Content{broken, publish.BytesContent([]byte("x")), publish.BytesContent(nil)} {
		err := store.Put(t.Context(), "a/folder", content, publish.Header{})
		if err == nil || !strings.Contains(err.Error(), "a/folder") {
			t.Errorf("put over a folder: %v", err)
		}
	}
	if err := store.Put(t.Context(), "a/new", broken, publish.Header{}); err == nil {
		t.Error("put of a directory as a file")
	}
	if got := list(t, store, ""); got != nil {
		t.Errorf("left %q", got)
	}
	if _, err := os.Stat(filepath.Join(root, "a/folder/with")); err != nil {
		t.Error(err)
	}
}

func TestCrashedTemporaryFiles(t *testing.T) {
	root := t.TempDir()
	for _, n := range []string{"1", "2", "4"} {
		if err := os.WriteFile(filepath.Join(root, publish.TempPrefix+n), []byte("torn"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	store := dirstore.New(root)
	put(t, store, "a")
	put(t, store, "b")
	want := []string{publish.TempPrefix + "1", publish.TempPrefix + "2", publish.TempPrefix + "4", "a", "b"}
	if diff := cmp.Diff(want, list(t, store, "")); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

func TestWrongPlaces(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, store := range []*dirstore.Store{dirstore.New(file), dirstore.New(filepath.Join(file, "below"))} {
		for _, body := range []string{"", "x"} {
			err := store.Put(t.Context(), "a/b", publish.BytesContent([]byte(body)), publish.Header{})
			if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "not a directory") {
				t.Errorf("%v: put: %v", store, err)
			}
		}
		var err error
		for _, err = range store.List(t.Context(), "") {
		}
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%v: list: %v", store, err)
		}
	}
	store := dirstore.New(dir)
	err := store.Put(t.Context(), "file/a", publish.BytesContent(nil), publish.Header{})
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("put below a file: %v", err)
	}
	var missing error
	for _, missing = range dirstore.New(filepath.Join(dir, "missing")).List(t.Context(), "a") {
	}
	if missing != nil {
		t.Errorf("list of a missing root: %v", missing)
	}
}

func TestKeys(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	store := dirstore.New(root)
	put(t, store, "a/b")
	for _, key := range []string{"", ".", "..", "/a", "a/", "a//b", "a/../b", "../a", "a/./b", "a\x00b", "a\xffb"} {
		_, getErr := store.Get(t.Context(), key)
		for op, err := range map[string]error{
			"get":    getErr,
			"put":    store.Put(t.Context(), key, publish.BytesContent(nil), publish.Header{}),
			"delete": store.Delete(t.Context(), key),
		} {
			if !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%s %q: %v", op, key, err)
			}
		}
	}
	for _, prefix := range []string{"/", "..", "../", "./", "a//"} {
		if got := list(t, store, prefix); got != nil {
			t.Errorf("list %q: %q", prefix, got)
		}
	}
	if _, err := store.Get(t.Context(), strings.Repeat("a", 300)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("get of a long name: %v", err)
	}
}

func TestSymlinks(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	for _, key := range []string{"real/a", "real/b"} {
		put(t, dirstore.New(target), key)
	}
	root := filepath.Join(dir, "root")
	for name, to := range map[string]string{root: target, target + "/file": "real/a", target + "/folder": "real", target + "/dangling": "none", target + "/real/circle": "..", target + "/loop": "loop"} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	store := dirstore.New(root)
	if diff := cmp.Diff([]string{"file", "folder/a", "folder/b", "real/a", "real/b"}, list(t, store, "")); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if err := os.Symlink(filepath.Join(dir, "secret"), target+"/absolute"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../secret", target+"/out"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for key, inside := range map[string]bool{"file": true, "folder/a": true, "out": false, "absolute": false} {
		for s, may := range map[publish.Store]bool{store: true, store.Confined(): inside} {
			got, err := s.Get(t.Context(), key)
			if (err == nil) != may {
				t.Errorf("get %s: %v, want allowed: %v", key, err, may)
			}
			if err == nil {
				got.Close()
			}
		}
	}
	if _, err := store.Confined().Get(t.Context(), "dangling"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("get of a dangling link: %v", err)
	}
	for _, name := range []string{"out", "absolute"} {
		if err := os.Remove(filepath.Join(target, name)); err != nil {
			t.Fatal(err)
		}
	}
	err := store.Put(t.Context(), "dangling/a", publish.BytesContent([]byte("x")), publish.Header{})
	if err == nil || !strings.Contains(err.Error(), "dangling: not a directory") {
		t.Errorf("put below a dangling link: %v", err)
	}
	for _, key := range []string{"folder/a", "folder/b", "file"} {
		if err := store.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
	}
	left, err := filepath.Glob(target + "/*")
	if err != nil {
		t.Fatal(err)
	}
	// The link to a folder isn't a folder.
	if want := []string{target + "/dangling", target + "/folder", target + "/loop", target + "/real"}; !slices.Equal(left, want) {
		t.Errorf("left %q, want %q", left, want)
	}
}

func put(t *testing.T, store publish.Store, key string) {
	t.Helper()
	if err := store.Put(t.Context(), key, publish.BytesContent([]byte(key)), publish.Header{}); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, store publish.Store, prefix string) []string {
	t.Helper()
	var keys []string
	for e, err := range store.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, e.Key)
	}
	return keys
}
