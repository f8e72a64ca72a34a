package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes a file anew: whoever reads it finds the old content or
// the new one, never a part.
func replaceFile(name string, content []byte) error {
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

// createFile writes a file where nothing is: whole, or not at all. Where
// something is, it is [fs.ErrExist].
func createFile(name string, content []byte) error {
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
