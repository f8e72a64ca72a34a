package dirstore

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"cairn/publish"
)

// twins knows a file for each content that was put, for the next one like it
// to be a link to.
type twins struct{ files sync.Map }

type identity struct {
	md5  [16]byte
	size int64
}

type twin struct {
	name string
	info fs.FileInfo
}

// is says whether a name is one of the file as it was put: somebody may have
// put something else in its place, or written to it.
func (t twin) is(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && os.SameFile(info, t.info) && info.Size() == t.info.Size() && info.ModTime().Equal(t.info.ModTime())
}

// link makes name a link to a file of the same content. It is false where it
// knows none that can be linked to. The error says that name exists already,
// as something else.
func (t *twins) link(content publish.Content, name string) (bool, error) {
	if content.Open != nil {
		return false, nil
	}
	id := identity{content.MD5, content.Size}
	known, ok := t.files.Load(id)
	if !ok {
		return false, nil
	}
	file := known.(twin)
	err := os.Link(file.name, name)
	exists := errors.Is(err, fs.ErrExist)
	switch {
	case (err == nil || exists) && file.is(name):
		return true, nil
	case exists:
		return false, err
	case err == nil:
		os.Remove(name)
	}
	// The file is gone, or has as many links as it may have.
	t.files.CompareAndDelete(id, known)
	return false, nil
}

// add remembers a file that was just put.
func (t *twins) add(content publish.Content, name string) {
	if content.Open != nil {
		return
	}
	if info, err := os.Lstat(name); err == nil {
		t.files.Store(identity{content.MD5, content.Size}, twin{name, info})
	}
}
