package audit

import (
	"context"
	"errors"
	"io"
	"time"

	"cairn/publish"
)

// Source is where objects are looked at.
type Source interface {
	// Look shows the object at a key, or without content only what is said of
	// it. It shows it again where reading it has failed and may succeed a
	// little later. A missing key is an error that matches
	// [io/fs.ErrNotExist]; a [StatusError] is about the key, any other about
	// the source.
	Look(ctx context.Context, key string, content bool, show func(*Answer) error) error
	Traits() publish.Traits
}

// Answer is what a source says of an object.
type Answer struct {
	Content io.Reader // nil where it was not asked for
	Size    int64     // in bytes; below 0 where nothing is said
	Header  publish.Header
	Age     time.Duration // since a cache got it; below 0 where nothing is said
}

// unstated is the age of an answer that states none.
const unstated time.Duration = -1

// StatusError is an answer over HTTP that holds no object.
type StatusError struct {
	Code   int
	Status string        // "404 Not Found"
	Age    time.Duration // likewise
}

func (e *StatusError) Error() string { return "the answer is " + e.Status }

// Store is a store as a source.
func Store(s publish.Store) Source { return store{s} }

type store struct{ publish.Store }

func (s store) Look(ctx context.Context, key string, content bool, show func(*Answer) error) error {
	if !content {
		e, header, err := s.Stat(ctx, key)
		if err != nil {
			return err
		}
		return show(&Answer{Size: e.Size, Header: header, Age: unstated})
	}
	o, err := s.Get(ctx, key)
	if err != nil {
		return err
	}
	return errors.Join(show(&Answer{o, o.Size, o.Header, unstated}), o.Close())
}
