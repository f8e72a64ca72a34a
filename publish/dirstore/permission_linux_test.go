package dirstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn/publish"
	"cairn/publish/dirstore"
)

// asNobody takes root's power over files from the rest of a test: from the
// thread that it runs on.
func asNobody(t *testing.T, root string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Chmod(filepath.Dir(root), 0o755); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setfsuid(0); err != nil {
			t.Fatal(err)
		}
		runtime.UnlockOSThread()
	})
}

func TestNoPermission(t *testing.T) {
	root := t.TempDir()
	store := dirstore.New(root)
	put(t, store, "open/a")
	for _, name := range []string{"closed", "other"} {
		if err := os.Mkdir(filepath.Join(root, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t, root)
	for _, body := range []string{"", "x"} {
		err := store.Put(t.Context(), "closed/a", publish.BytesContent([]byte(body)), publish.Header{})
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "closed/") {
			t.Errorf("put: %v", err)
		}
	}
	if _, err := store.Get(t.Context(), "closed/a"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("get: %v", err)
	}
	// What can't match isn't read.
	if diff := cmp.Diff([]string{"open/a"}, list(t, store, "op")); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	var err error
	for _, err = range store.List(t.Context(), "") {
	}
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("list: %v", err)
	}
}
