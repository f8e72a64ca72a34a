// Package outfile writes files of the user's: whole or not at all, and never over
// what somebody else wrote. It knows nothing of what is in them.
package outfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cairn/releases/edit"
)

// Replace writes a file anew: whoever reads it finds the old content or
// the new one, never a part.
func Replace(name string, content []byte) error {
	temp, err := stage(name, content, 0o644)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, name); err != nil {
		os.Remove(temp)
		return err
	}
	return nil
}

// Create writes a file where nothing is: whole, or not at all. Where
// something is, it is [fs.ErrExist].
func Create(name string, content []byte) error {
	temp, err := stage(name, content, 0o644)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	if err = os.Link(temp, name); err != nil && !errors.Is(err, fs.ErrExist) {
		return os.Rename(temp, name) // a file system without links
	}
	return err
}

// stage writes what is to become a file beside it, down to the disk, and gives
// the name that it has there.
func stage(name string, content []byte, mode fs.FileMode) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// WriteChanges puts changed files in place: all of them or, where one of them
// can't be written, none.
func WriteChanges(dir string, changes []edit.Change) (err error) {
	var files []staged
	defer func() {
		for _, f := range files {
			if f.temp != "" {
				os.Remove(f.temp)
			}
		}
	}()
	for _, c := range changes {
		f, err := stageChange(filepath.Join(dir, filepath.FromSlash(c.File)), c)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	for i, f := range files {
		if err := f.put(); err != nil {
			for j := range i {
				err = errors.Join(err, restore(files[j].name, changes[j]))
			}
			return err
		}
	}
	return nil
}

// staged is a file that is to be replaced, or to be removed.
type staged struct {
	name string
	temp string // what takes its place; "" for nothing
}

// stageChange leaves the file as it is, and makes no more than its folder.
func stageChange(name string, c edit.Change) (f staged, err error) {
	mode := fs.FileMode(0o644)
	if c.Before == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o755)
	} else if name, err = filepath.EvalSymlinks(name); err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(name); err == nil {
			mode = info.Mode().Perm()
		}
	}
	if err == nil {
		err = unchanged(name, c)
	}
	f.name = name
	if err == nil && (c.After != nil || c.Before == nil) {
		f.temp, err = stage(name, c.After, mode)
	}
	return f, err
}

func (f staged) put() error {
	if f.temp == "" {
		return os.Remove(f.name)
	}
	return os.Rename(f.temp, f.name)
}

// unchanged is an error where a file is not what was edited any more.
func unchanged(name string, c edit.Change) error {
	now, err := os.ReadFile(name)
	switch {
	case c.Before == nil && errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case c.Before == nil || !bytes.Equal(now, c.Before):
		return fmt.Errorf("%s was changed in the meantime; run the command again", c.File)
	}
	return nil
}

func restore(name string, c edit.Change) error {
	if c.Before == nil {
		return os.Remove(name)
	}
	return Replace(name, c.Before)
}
