// Package memstore keeps objects in memory, for tests, which may make it fail.
// No program imports it, and it imports no other store.
package memstore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"cairn/publish"
)

// Op is an operation on a store.
type Op string

// The operations of [publish.Store].
const (
	List   Op = "list"
	Get    Op = "get"
	Stat   Op = "stat"
	Put    Op = "put"
	Delete Op = "delete"
)

// Store is a bucket in memory. The zero value is empty and ready to use. The
// hooks are set before the first operation and may be called from several
// goroutines at once; they must not call the store.
type Store struct {
	// Fault decides the fate of each operation before it begins; nil lets
	// all succeed. The operation gives the error. A Put or Delete takes
	// effect exactly if apply is true: (false, err) has failed, (true, err)
	// has failed but is persisted. For List, key is the prefix.
	Fault func(op Op, key string) (apply bool, err error)
	// Changed is told of each Put that replaces an object by one with other
	// content, and of each Delete that removes one, so that a test can fail
	// when an immutable object changes.
	Changed func(op Op, key string)
	// Encrypted gives entity tags that look like an MD5 and are none, as a
	// bucket with SSE-KMS does.
	Encrypted bool
	// Now stamps the objects; nil leaves Entry.Modified zero.
	Now func() time.Time

	mu      sync.RWMutex
	objects map[string]object
}

type object struct {
	body     []byte
	etag     string
	header   publish.Header
	modified time.Time
}

func (o object) entry(key string) publish.Entry {
	return publish.Entry{Key: key, Size: int64(len(o.body)), ETag: o.etag, Modified: o.modified}
}

// Traits are that headers are kept, and [publish.DefaultConcurrency].
func (s *Store) Traits() publish.Traits {
	return publish.Traits{Headers: true, Parallel: publish.DefaultConcurrency}
}

// String is "mem:".
func (s *Store) String() string { return "mem:" }

// List yields the objects that are there when the iteration begins.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[publish.Entry, error] {
	return func(yield func(publish.Entry, error) bool) {
		if _, err := s.fault(ctx, List, prefix); err != nil {
			yield(publish.Entry{}, err)
			return
		}
		for _, e := range s.entries(prefix) {
			if err := ctx.Err(); err != nil {
				yield(publish.Entry{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (s *Store) entries(prefix string) []publish.Entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var entries []publish.Entry
	for key, o := range s.objects {
		if strings.HasPrefix(key, prefix) {
			entries = append(entries, o.entry(key))
		}
	}
	slices.SortFunc(entries, func(a, b publish.Entry) int { return cmp.Compare(a.Key, b.Key) })
	return entries
}

// Get opens the object at key, as it is now.
func (s *Store) Get(ctx context.Context, key string) (*publish.Stored, error) {
	o, err := s.object(ctx, Get, key)
	if err != nil {
		return nil, err
	}
	return &publish.Stored{ReadSeekCloser: reader{bytes.NewReader(o.body)}, Entry: o.entry(key), Header: o.header}, nil
}

// Stat tells of the object at key what it is now.
func (s *Store) Stat(ctx context.Context, key string) (publish.Entry, publish.Header, error) {
	o, err := s.object(ctx, Stat, key)
	return o.entry(key), o.header, err
}

// object is the one at key, which op wants to read.
func (s *Store) object(ctx context.Context, op Op, key string) (object, error) {
	if _, err := s.fault(ctx, op, key); err != nil {
		return object{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.objects[key]
	if !ok {
		return object{}, fmt.Errorf("%s %q: %w", op, key, fs.ErrNotExist)
	}
	return o, nil
}

type reader struct{ *bytes.Reader }

func (reader) Close() error { return nil }

// Put fails, and changes nothing, if the content is not of the size and MD5
// that it states.
func (s *Store) Put(ctx context.Context, key string, content publish.Content, header publish.Header) error {
	_, err := s.put(ctx, key, content, header, func(string) bool { return true })
	return err
}

// PutIf takes the MD5 of an object for its entity tag, unless Encrypted. To a fault it is a put.
func (s *Store) PutIf(ctx context.Context, key string, content publish.Content, header publish.Header, etag string) (string, error) {
	return s.put(ctx, key, content, header, func(live string) bool { return live == etag })
}

// put writes an object where the condition on the tag of what is there, or
// "", holds.
func (s *Store) put(ctx context.Context, key string, content publish.Content, header publish.Header, holds func(etag string) bool) (string, error) {
	apply, fault := s.fault(ctx, Put, key)
	if !apply {
		return "", fault
	}
	body, err := read(content)
	if err != nil {
		return "", fmt.Errorf("put %q: %w", key, err)
	}
	o := object{body: body, etag: hex.EncodeToString(content.MD5[:]), header: header}
	if s.Encrypted {
		o.etag = fmt.Sprintf("%x", md5.Sum([]byte(key+o.etag)))
	}
	if s.Now != nil {
		o.modified = s.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.objects[key]
	if !holds(old.etag) {
		return "", fmt.Errorf("put %q: %w", key, publish.ErrCondition)
	}
	if s.objects == nil {
		s.objects = map[string]object{}
	}
	if ok && s.Changed != nil && !bytes.Equal(old.body, body) {
		s.Changed(Put, key)
	}
	s.objects[key] = o
	return o.etag, fault
}

// Delete removes the object at key, if there is one.
func (s *Store) Delete(ctx context.Context, key string) error {
	apply, fault := s.fault(ctx, Delete, key)
	if !apply {
		return fault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.objects[key]; ok && s.Changed != nil {
		s.Changed(Delete, key)
	}
	delete(s.objects, key)
	return fault
}

func (s *Store) fault(ctx context.Context, op Op, key string) (apply bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if s.Fault == nil {
		return true, nil
	}
	return s.Fault(op, key)
}

func read(c publish.Content) ([]byte, error) {
	body := c.Bytes
	if c.Open != nil {
		r, err := c.Open()
		if err != nil {
			return nil, err
		}
		defer r.Close()
		if body, err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	if int64(len(body)) != c.Size || md5.Sum(body) != c.MD5 {
		return nil, fmt.Errorf("content is not the %d bytes with MD5 %x that were announced", c.Size, c.MD5)
	}
	return body, nil
}
