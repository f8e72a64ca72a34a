package dirstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"cairn/publish"
)

// twins knows a file for each content that was put, for the next one like it
// to be a link to. The zero value knows none.
type twins struct {
	mu    sync.RWMutex // held to read by those that link
	files map[identity]twin
	names map[string]identity // of the files
}

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
	t.mu.RLock()
	file, ok := t.files[identity{content.MD5, content.Size}]
	if content.Open != nil || !ok {
		t.mu.RUnlock()
		return false, nil
	}
	err := os.Link(file.name, name)
	t.mu.RUnlock()
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
	t.forget(file.name)
	return false, nil
}

// rename gives a new file its name, and remembers it. Payloads are not worth
// that.
func (t *twins) rename(content publish.Content, temp, name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(name)
	err := os.Rename(temp, name)
	if existing, e := os.Lstat(name); err != nil && e == nil && existing.IsDir() {
		if syscall.Rmdir(name) != nil {
			return errFolder(name)
		}
		err = os.Rename(temp, name)
	}
	if err != nil {
		return err
	}
	info, err := os.Lstat(name)
	if err != nil || content.Open != nil {
		return nil
	}
	if t.files == nil {
		t.files, t.names = map[identity]twin{}, map[string]identity{}
	}
	id := identity{content.MD5, content.Size}
	delete(t.names, t.files[id].name)
	t.files[id] = twin{name, info}
	t.names[name] = id
	return nil
}

// forget makes sure that nothing is linked to a file any more, which is about
// to go.
func (t *twins) forget(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(name)
}

func (t *twins) drop(name string) {
	if id, ok := t.names[name]; ok {
		delete(t.files, id)
		delete(t.names, name)
	}
}

func errFolder(name string) error {
	return fmt.Errorf("%s is a folder, where a file of cairn's belongs: move it away", name)
}
