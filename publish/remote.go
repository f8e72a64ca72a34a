package publish

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// Remote is the state as it is in a store.
type Remote struct {
	State *State // nil where there is none that can be used
	// Problem says why there is none, nil where nothing has been published
	// yet. With [ErrOlderState] there is one that knows of no object.
	Problem error

	// Date is what the store's clock said, zero where nothing did.
	Date time.Time

	// Distrusted says that the state does not tell of the objects, or that this
	// is found wrong: they are listed.
	Distrusted bool

	read     time.Time // the publisher's clock, before it was read; zero where it is only looked at
	modified time.Time // the store's clock, zero where it isn't known
	raw      []byte
	etag     string // "" where nothing is there
}

// ReadState reads the state of a prefix, in one request. An error is about the
// store, or matches [ErrNewerState].
func ReadState(ctx context.Context, store Store, prefix string) (*Remote, error) {
	object, err := store.Get(ctx, StateKey(prefix))
	if errors.Is(err, fs.ErrNotExist) {
		return &Remote{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer object.Close()
	r := &Remote{etag: object.ETag, Date: object.Date, modified: object.Modified}
	if r.raw, err = io.ReadAll(io.LimitReader(object, maxState)); err != nil {
		return nil, err
	}
	if r.etag == "" {
		sum := md5.Sum(r.raw) // as PutIf takes it
		r.etag = hex.EncodeToString(sum[:])
	}
	r.State, r.Problem = DecodeState(r.raw, prefix)
	r.Distrusted = errors.Is(r.Problem, ErrOlderState)
	if errors.Is(r.Problem, ErrNewerState) {
		return nil, fmt.Errorf("%s: %s: %w", store, StateKey(prefix), r.Problem)
	}
	return r, nil
}

// Held is the lease that keeps others from writing at an instant; nil for
// none. One that ends later than any may is of a wrong clock, and counts for
// as long as the longest from when it was written.
func (r *Remote) Held(now time.Time) *Lease {
	if r.State == nil || r.State.Lease == nil || !now.Before(r.State.Lease.Expires) {
		return nil
	}
	if r.State.Lease.Odd(now) && !r.modified.IsZero() {
		if !r.Date.IsZero() {
			now = r.Date
		}
		if now.Sub(r.modified) >= LongestLease {
			return nil
		}
	}
	return r.State.Lease
}

// Rollouts is what devices may have been offered already: by the publish that
// ended last, and by one that did not end.
func (r *Remote) Rollouts() []Rollout {
	if r.State == nil {
		return nil
	}
	all := r.State.Done.Rollouts
	if r.State.Doing != nil {
		all = append(all[:len(all):len(all)], r.State.Doing.Rollouts...)
	}
	return all
}

// ErrMoved is the error of a run whose state is not what it was read as:
// another publisher has been there. To read it again and to plan again helps.
var ErrMoved = errors.New("somebody else has published meanwhile")

// ErrUnconditional is the error of a store that does not keep two publishers
// apart.
var ErrUnconditional = errors.New("the store ignores conditions on writes (If-None-Match, If-Match), so it cannot keep two publishers apart\npublish from one place at a time, with --no-lock")

// HeldError is a lease that is somebody else's.
type HeldError struct {
	Lease
	Store Store
	Now   time.Time
}

func (e *HeldError) Error() string {
	if e.Odd(e.Now) {
		return fmt.Sprintf("%s holds the lease of %s until %s, which is more than an hour after now, %s: its clock is wrong, or this one\nset the clock; the lease is taken over an hour after it was written, or run 'cairn unlock' if its holder is dead",
			e.Lease, e.Store, e.Expires.Format(time.RFC3339), e.Now.Format(time.RFC3339))
	}
	return fmt.Sprintf("%s has been publishing to %s since %s\nwait until it is done; if it is dead, its lease runs out at %s, or run 'cairn unlock'",
		e.Lease, e.Store, e.Began.Format(time.TimeOnly+"Z"), e.Expires.Format(time.TimeOnly+"Z"))
}

// Unlock takes the lease out of a state at an instant. What its holder may have
// touched stays in doubt, and what it may still write is kept. A store that takes no conditions gets the state without one.
func Unlock(ctx context.Context, store Store, remote *Remote, now time.Time) error {
	s := *remote.State
	remote.read = now
	s.Late, s.Lease = remote.late(), nil
	err := newRecord(store, remote, false).write(ctx, &s)
	if errors.Is(err, ErrRefused) {
		err = newRecord(store, remote, true).write(ctx, &s)
	}
	return err
}

// record is the state in a store, as one writer goes on writing it.
type record struct {
	store       Store
	conditional bool
	before      *Remote
	etag        string // of what was read or written last
	nonce       string // of the lease that the writer has had
}

func newRecord(store Store, remote *Remote, noLock bool) *record {
	return &record{store: store, conditional: !noLock, before: remote, etag: remote.etag}
}

// No cache may keep the state: what it says of the lease is true only now.
var stateHeader = Header{ContentType: "application/zstd", CacheControl: "no-store"}

// write puts the state in the place of the one that was read or written last.
// Where the store says that it isn't that any more, the answer to this very
// write may have been lost, and the write sent again, or that to the one
// before.
func (r *record) write(ctx context.Context, s *State) error {
	content, key := BytesContent(s.Encode()), StateKey(s.Prefix)
	if !r.conditional {
		return r.store.Put(ctx, key, content, stateHeader)
	}
	if s.Lease != nil {
		r.nonce = s.Lease.Nonce
	}
	etag, err := r.store.PutIf(ctx, key, content, stateHeader, r.etag)
	if errors.Is(err, ErrCondition) {
		now, e := ReadState(ctx, r.store, s.Prefix)
		if e != nil {
			return e
		}
		switch {
		case bytes.Equal(now.raw, content.Bytes):
			etag, err = now.etag, nil
		case r.nonce != "" && now.State != nil && now.State.Lease != nil && now.State.Lease.Nonce == r.nonce:
			etag, err = r.store.PutIf(ctx, key, content, stateHeader, now.etag)
		}
	}
	if errors.Is(err, ErrCondition) {
		return ErrMoved
	}
	if err == nil {
		r.etag = etag
	}
	return err
}

// probe sends the first write again, under the condition that no longer holds.
// Where that goes through, conditions count for nothing. Where it is not
// refused, what was there is put back.
func (r *record) probe(ctx context.Context, s *State) error {
	if !r.conditional {
		return nil
	}
	key := StateKey(s.Prefix)
	_, err := r.store.PutIf(ctx, key, BytesContent(s.Encode()), stateHeader, r.before.etag)
	if errors.Is(err, ErrCondition) {
		return nil
	}
	if err == nil {
		err = ErrUnconditional
	}
	if r.before.etag == "" {
		return errors.Join(err, r.store.Delete(ctx, key))
	}
	_, e := r.store.PutIf(ctx, key, BytesContent(r.before.raw), stateHeader, r.etag)
	return errors.Join(err, e)
}
