package publish

import (
	"context"
	"errors"
	"io/fs"
)

// ErrRefused is the error of a store that does not take conditional writes.
var ErrRefused = errors.New("the store refuses conditions on writes (If-None-Match, If-Match), so it cannot keep two publishers apart\npublish from one place at a time, with --no-lock")

// Unconditional is a store whose PutIf sends no condition: it looks first and
// writes then, and gives no tag. Between the two, another may write.
func Unconditional(store Store) Store { return unconditional{store} }

type unconditional struct{ Store }

// Checked asks as the store below does.
func (s unconditional) Checked(check func() error) Store {
	return unconditional{Checked(s.Store, check)}
}

func (s unconditional) PutIf(ctx context.Context, key string, content Content, header Header, etag string) (string, error) {
	there, _, err := s.Stat(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist) && etag == "":
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", err
	case err != nil || etag == "" || there.ETag != etag:
		return "", ErrCondition
	}
	return "", s.Put(ctx, key, content, header)
}

// PutNew is a PutIf where nothing is so far, by a condition where the store
// takes one. It is for a key that only one content can have, so it does no harm
// where another puts it at the same time.
func PutNew(ctx context.Context, store Store, key string, content Content, header Header) error {
	_, err := store.PutIf(ctx, key, content, header, "")
	if errors.Is(err, ErrRefused) {
		_, err = Unconditional(store).PutIf(ctx, key, content, header, "")
	}
	return err
}
