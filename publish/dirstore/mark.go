//go:build linux || darwin || freebsd || netbsd || openbsd

package dirstore

import (
	"fmt"
	"io/fs"

	"cairn/publish"

	"golang.org/x/sys/unix"
)

// Mark tells whether the file at key is what it was, by a look at it. What is
// not a regular file is not there.
func (s *Store) Mark(key string) (publish.Mark, error) {
	if !fs.ValidPath(key) {
		return publish.Mark{}, fmt.Errorf("%v: mark %q: %w", s, key, fs.ErrInvalid)
	}
	var file unix.Stat_t
	err := unix.Stat(s.root+"/"+key, &file)
	if isMissing(err) || err == nil && file.Mode&unix.S_IFMT != unix.S_IFREG {
		return publish.Mark{}, fs.ErrNotExist
	}
	if err != nil {
		return publish.Mark{}, fmt.Errorf("%v: mark %q: %w", s, key, err)
	}
	return publish.Mark{
		Device: uint64(file.Dev), File: uint64(file.Ino), Size: file.Size,
		Modified: file.Mtim.Nano(), Changed: file.Ctim.Nano(),
	}, nil
}
