//go:build unix

package dirstore

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"cairn/publish"
)

// Mark tells of the file at key whether it is what it was: at the cost of a
// look at it, without opening it. What is not a regular file is not there.
func (s *Store) Mark(key string) (publish.Mark, error) {
	if !fs.ValidPath(key) {
		return publish.Mark{}, fmt.Errorf("%v: mark %q: %w", s, key, fs.ErrInvalid)
	}
	info, err := os.Stat(s.root + "/" + key)
	if isMissing(err) || err == nil && !info.Mode().IsRegular() {
		return publish.Mark{}, fs.ErrNotExist
	}
	if err != nil {
		return publish.Mark{}, fmt.Errorf("%v: mark: %w", s, err)
	}
	file := info.Sys().(*syscall.Stat_t)
	return publish.Mark{Device: uint64(file.Dev), File: file.Ino, Size: info.Size(), Modified: info.ModTime().UnixNano()}, nil
}
