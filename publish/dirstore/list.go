package dirstore

import (
	"cmp"
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
	for i, e := range entries {
		if e.Type() == fs.ModeSymlink {
			if target, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && target.IsDir() {
				entries[i] = linkedFolder{e}
			}
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(sortName(a), sortName(b)) })
	for _, e := range entries {
		if err := w.ctx.Err(); err != nil {
			return false, err
		}
		key := key + sortName(e)
		more := true
		if e.IsDir() {
			if strings.HasPrefix(key, w.prefix) || strings.HasPrefix(w.prefix, key) {
				more, err = w.folder(key)
			}
		} else if strings.HasPrefix(key, w.prefix) {
			more, err = w.file(key, e)
		}
		if !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (w *walk) file(key string, e fs.DirEntry) (bool, error) {
	info, err := e.Info()
	if err == nil && info.Mode().Type() == fs.ModeSymlink {
		info, err = os.Stat(filepath.Join(w.root, filepath.FromSlash(key)))
	}
	if isMissing(err) {
		return true, nil // it is gone since, or is a dangling link
	}
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return true, nil
	}
	return w.yield(publish.Entry{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil), nil
}

// linkedFolder is a symbolic link to a folder.
type linkedFolder struct{ fs.DirEntry }

func (linkedFolder) IsDir() bool { return true }

// sortName is what orders e among its siblings as S3 orders their keys: the
// key "a-b" comes before the keys in "a/".
func sortName(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}
