package publish

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
)

// ErrFull is the error of a store that has no room for what is put.
var ErrFull = errors.New("there is no room")

// full is a store without room, for a plan that takes releases back. Where an
// object has no room its key is emptied, or else deleted; a state goes before
// the next one is written.
type full struct {
	Store
	cut atomic.Bool // some keys do not hold what was put
}

func (s *full) Put(ctx context.Context, key string, content Content, header Header) error {
	err := s.Store.Put(ctx, key, content, header)
	if !errors.Is(err, ErrFull) {
		return err
	}
	isState := strings.HasSuffix(key, StateKey(""))
	if isState {
		if err = s.Store.Delete(ctx, key); err == nil {
			err = s.Store.Put(ctx, key, content, header)
		}
	} else if header.ContentEncoding == "" {
		s.cut.Store(true)
		err = s.Store.Put(ctx, key, BytesContent(nil), header)
	}
	if !errors.Is(err, ErrFull) {
		return err
	}
	s.cut.Store(true)
	if isState {
		return nil // what is there is listed without one
	}
	return s.Store.Delete(ctx, key)
}
