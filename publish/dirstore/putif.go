package dirstore

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"cairn/publish"
)

// PutIf takes the MD5 of a file for its entity tag. Where nothing may be there
// the file is created exclusively, otherwise it is replaced under a lock on
// its folder, which all that call PutIf respect.
func (s *Store) PutIf(ctx context.Context, key string, content publish.Content, _ publish.Header, etag string) (string, error) {
	if err := s.putIf(ctx, key, content, etag); err != nil {
		return "", s.failed(key, err)
	}
	return hex.EncodeToString(content.MD5[:]), nil
}

func (s *Store) putIf(ctx context.Context, key string, content publish.Content, etag string) error {
	name, err := s.path(ctx, key)
	if err != nil {
		return err
	}
	temp, err := s.unused(filepath.Dir(name), func(temp string) error { return create(temp, content) })
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	s.twins.forget(name)
	if etag == "" {
		err = os.Link(temp, name)
	} else {
		err = replace(temp, name, etag)
	}
	if info, e := os.Lstat(name); errors.Is(err, fs.ErrExist) && e == nil && info.IsDir() {
		return errFolder(name)
	} else if errors.Is(err, fs.ErrExist) {
		return publish.ErrCondition
	}
	return err
}

// replace puts the file at temp in the place of the one at name, if that has
// the entity tag.
func replace(temp, name, etag string) error {
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer folder.Close() // and with that the lock
	if err := lock(folder); err != nil {
		return err
	}
	b, err := os.ReadFile(name)
	if sum := md5.Sum(b); isMissing(err) || err == nil && hex.EncodeToString(sum[:]) != etag {
		return publish.ErrCondition
	}
	if err != nil {
		return err
	}
	return os.Rename(temp, name)
}
