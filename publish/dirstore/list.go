package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cairn/publish"
)

// List yields the regular files, and the symbolic links to such. It follows
// symbolic links to folders, as Put does, but not round in a circle. A missing
// root is empty.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[publish.Entry, error] {
	return func(yield func(publish.Entry, error) bool) {
		w := walk{ctx: ctx, root: s.root, prefix: prefix, yield: yield}
		if _, err := w.folder(""); err != nil {
			yield(publish.Entry{}, fmt.Errorf("%v: list %q: %w", s, prefix, err))
		}
	}
}

type walk struct {
	ctx    context.Context
	root   string
	prefix string
	yield  func(publish.Entry, error) bool
	above  []fs.FileInfo // the folders that lead to where it is
}

// folder yields what is below the folder at key, which is empty for the root
// and ends with a slash otherwise. It reports whether to go on.
func (w *walk) folder(key string) (bool, error) {
	dir := filepath.Join(w.root, filepath.FromSlash(key))
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	self, err := os.Stat(dir)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(w.above, func(above fs.FileInfo) bool { return os.SameFile(above, self) }) {
		return true, nil
	}
	w.above = append(w.above, self)
	defer func() { w.above = w.above[:len(w.above)-1] }()
	// The names of folders end with a slash, and so order among the others as
	// S3 orders keys: "a-b" comes before the keys in "a/".
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
		if e.IsDir() || e.Type() == fs.ModeSymlink && isFolder(filepath.Join(dir, e.Name())) {
			names[i] += "/"
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if err := w.ctx.Err(); err != nil {
			return false, err
		}
		key, more := key+name, true
		switch folder := strings.HasSuffix(name, "/"); {
		case folder && (strings.HasPrefix(key, w.prefix) || strings.HasPrefix(w.prefix, key)):
			more, err = w.folder(key)
		case !folder && strings.HasPrefix(key, w.prefix):
			more, err = w.file(key)
		}
		if !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func (w *walk) file(key string) (bool, error) {
	info, err := os.Stat(filepath.Join(w.root, filepath.FromSlash(key)))
	if isMissing(err) {
		return true, nil // it is gone since, or is a dangling link
	}
	if err != nil || !info.Mode().IsRegular() {
		return err == nil, err
	}
	return w.yield(publish.Entry{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil), nil
}
