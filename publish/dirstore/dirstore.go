// Package dirstore keeps objects as files in a directory: to look at, to
// serve, or to copy somewhere else. It imports no other store.
package dirstore

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"cairn/publish"
)

// Store is a directory whose files are the objects, without headers and
// entity tags. Keys are paths below the root; a key that [fs.ValidPath]
// refuses is an error.
//
// Objects in memory that are alike share one file, by hard links, where the
// file system can: a million answers are of few kinds. A file is never written
// to once it has its name.
type Store struct {
	name     string // of the root, as the user wrote it
	root     string
	confined bool
	temp     atomic.Uint64 // numbers the temporary files
	made     sync.Map      // folders that exist, as far as is known

	twins twins

	// folders is held to remove folders, and to make one with its first file.
	folders sync.Mutex
}

// New is the store in the directory root, which the first Put makes.
func New(root string) *Store { return &Store{name: root, root: filepath.Clean(root)} }

// Confined is a store of the same root whose Get refuses a symbolic link that
// leads out of it, or that is absolute: for what anybody may ask for.
func (s *Store) Confined() *Store {
	return &Store{name: s.name, root: s.root, confined: true}
}

// String is "dir:" and the root as New got it.
func (s *Store) String() string { return "dir:" + s.name }

// Traits are that no headers are kept, temporary files may be left, and [publish.DefaultConcurrency].
func (s *Store) Traits() publish.Traits {
	return publish.Traits{TempFiles: true, Parallel: publish.DefaultConcurrency}
}

// Get opens the file at key. What is not a regular file is not there.
func (s *Store) Get(ctx context.Context, key string) (*publish.Stored, error) {
	stored, err := s.get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("%v: get %q: %w", s, key, err)
	}
	return stored, nil
}

func (s *Store) get(ctx context.Context, key string) (*publish.Stored, error) {
	name, err := s.path(ctx, key)
	if err != nil {
		return nil, err
	}
	f, err := s.open(name, key)
	if isMissing(err) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &publish.Stored{
		ReadSeekCloser: f,
		Entry:          publish.Entry{Key: key, Size: info.Size(), Modified: info.ModTime()},
	}, nil
}

// open opens a file to read. A pipe without a writer would block otherwise.
func (s *Store) open(name, key string) (*os.File, error) {
	const flags = os.O_RDONLY | syscall.O_NONBLOCK
	if !s.confined {
		return os.OpenFile(name, flags, 0)
	}
	root, err := os.OpenRoot(s.root) // anew, since the folder may be replaced
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(filepath.FromSlash(key), flags, 0)
}

// Stat tells of the file at key. What is not a regular file is not there.
func (s *Store) Stat(ctx context.Context, key string) (publish.Entry, publish.Header, error) {
	entry, err := s.stat(ctx, key)
	if err != nil {
		return publish.Entry{}, publish.Header{}, fmt.Errorf("%v: stat %q: %w", s, key, err)
	}
	return entry, publish.Header{}, nil
}

func (s *Store) stat(ctx context.Context, key string) (publish.Entry, error) {
	name, err := s.path(ctx, key)
	if err != nil {
		return publish.Entry{}, err
	}
	info, err := os.Stat(name)
	if isMissing(err) || err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return publish.Entry{}, err
	}
	return publish.Entry{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil
}

// Put writes the file at key, and the folders above it. It fails, and changes
// nothing, if a file's content is not of the size and MD5 that it states.
func (s *Store) Put(ctx context.Context, key string, content publish.Content, _ publish.Header) error {
	if err := s.put(ctx, key, content); err != nil {
		return s.failed(key, err)
	}
	return nil
}

// failed is what went wrong with a put.
func (s *Store) failed(key string, err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			err = fmt.Errorf("%w: %w", err, publish.ErrFull)
		}
	}
	return fmt.Errorf("%v: put %q: %w", s, key, err)
}

func (s *Store) put(ctx context.Context, key string, content publish.Content) error {
	name, err := s.path(ctx, key)
	if err != nil {
		return err
	}
	// Where the folder is missing, the file to link to would seem so.
	if _, ok := s.made.Load(filepath.Dir(name)); ok {
		if linked, _ := s.twins.link(content, name); linked {
			return nil
		}
	}
	temp, err := s.unused(filepath.Dir(name), func(temp string) error {
		linked, err := s.twins.link(content, temp)
		if !linked && err == nil {
			err = create(temp, content)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := s.twins.rename(content, temp, name); err != nil {
		os.Remove(temp)
		return err
	}
	return nil
}

// unused calls make with the name of a temporary file in dir that is not in
// use, and makes dir where somebody has removed it.
func (s *Store) unused(dir string, make func(temp string) error) (temp string, err error) {
	try := func() error {
		for {
			temp = filepath.Join(dir, publish.TempPrefix+strconv.FormatUint(s.temp.Add(1), 10))
			if err := make(temp); !errors.Is(err, fs.ErrExist) {
				return err
			}
		}
	}
	if _, ok := s.made.Load(dir); ok {
		if err := try(); !errors.Is(err, fs.ErrNotExist) {
			return temp, err
		}
	}
	s.folders.Lock()
	defer s.folders.Unlock()
	if err := os.MkdirAll(dir, 0o755); errors.Is(err, fs.ErrExist) {
		return "", &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR} // a dangling link
	} else if err != nil {
		return "", err
	}
	s.made.Store(dir, nil)
	err = try()
	return temp, err
}

// create writes the content to a new file, or leaves none.
func create(name string, content publish.Content) error {
	src, err := content.Reader()
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	sum := md5.New()
	n, err := io.Copy(io.MultiWriter(dst, sum), src)
	if err == nil {
		// After a power cut an empty file would be a marker. Files are few:
		// objects that are alike share one.
		err = dst.Sync()
	}
	if e := dst.Close(); err == nil {
		err = e
	}
	if err == nil && (n != content.Size || [md5.Size]byte(sum.Sum(nil)) != content.MD5) {
		err = fmt.Errorf("content is not the %d bytes with MD5 %x that were announced", content.Size, content.MD5)
	}
	if err != nil {
		os.Remove(name)
	}
	return err
}

// Delete removes the file at key, and the folders that this leaves empty.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := s.delete(ctx, key); err != nil {
		return fmt.Errorf("%v: delete %q: %w", s, key, err)
	}
	return nil
}

func (s *Store) delete(ctx context.Context, key string) error {
	name, err := s.path(ctx, key)
	if err != nil {
		return err
	}
	if info, err := os.Lstat(name); isMissing(err) || err == nil && info.IsDir() {
		return nil
	}
	s.twins.forget(name)
	if err := os.Remove(name); err != nil && !isMissing(err) {
		return err
	}
	s.folders.Lock()
	defer s.folders.Unlock()
	for dir := filepath.Dir(name); dir != s.root; dir = filepath.Dir(dir) {
		// Not os.Remove, which would remove a symbolic link, too.
		if syscall.Rmdir(dir) != nil {
			break
		}
		s.made.Delete(dir)
	}
	return nil
}

// path is the file name for key.
func (s *Store) path(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	name, err := filepath.Localize(key)
	if err != nil || key == "." {
		return "", fmt.Errorf("key is not a clean relative path: %w", fs.ErrInvalid)
	}
	return filepath.Join(s.root, name), nil
}

// isMissing reports whether err says that there can't be a file of this name.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) || errors.Is(err, syscall.ELOOP)
}
