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
	"sync"
	"time"
)

// Remote is the state as it is in a store.
type Remote struct {
	State *State // nil where there is none that can be used
	// Problem says why there is none, nil where nothing has been published
	// yet.
	Problem error

	raw  []byte
	etag string // "" where nothing is there
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
	r := &Remote{etag: object.ETag}
	if r.raw, err = io.ReadAll(io.LimitReader(object, maxState)); err != nil {
		return nil, err
	}
	if r.etag == "" {
		sum := md5.Sum(r.raw) // as PutIf takes it
		r.etag = hex.EncodeToString(sum[:])
	}
	r.State, r.Problem = DecodeState(r.raw, prefix)
	if errors.Is(r.Problem, ErrNewerState) {
		return nil, fmt.Errorf("%s: %s: %w", store, StateKey(prefix), r.Problem)
	}
	return r, nil
}

// Held is the lease that keeps others from writing at an instant; nil for
// none.
func (r *Remote) Held(now time.Time) *Lease {
	if r.State == nil || r.State.Lease == nil || !now.Before(r.State.Lease.Expires) {
		return nil
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

// ErrMoved is the error of a session whose state is not what it was read as:
// another publisher has been there. To read it again and to plan again helps.
var ErrMoved = errors.New("somebody else has published meanwhile")

// ErrUnconditional is the error of a store that does not keep two publishers
// apart.
var ErrUnconditional = errors.New("the store ignores conditions on writes (If-None-Match, If-Match), so it cannot keep two publishers apart")

// Session is a publish under way: the right to write, and the record of what
// is about to be written.
type Session struct {
	store       Store
	plan        *Plan
	stamp       Stamp
	conditional bool
	remote      *Remote

	mu    sync.Mutex
	state State
	etag  string
	nonce string // of the lease that it holds or held
}

// SessionOptions say how a session begins.
type SessionOptions struct {
	Stamp Stamp // of what will be there; its Published is the time of the beginning
	Lease Lease
	// NoLock writes without conditions: then nothing keeps two publishers
	// apart.
	NoLock bool
}

// SessionPuts is how many puts a session takes beside those of its plan, as
// long as its lease need not be renewed: to begin, to probe and to end.
const SessionPuts = 3

// Begin takes the lease, and records what the plan is about to touch. The
// error matches [ErrMoved] or [ErrUnconditional] where that is why it failed.
func Begin(ctx context.Context, store Store, remote *Remote, plan *Plan, opts SessionOptions) (*Session, error) {
	s := &Session{store: store, plan: plan, stamp: opts.Stamp, conditional: !opts.NoLock, remote: remote, etag: remote.etag}
	s.state = State{Prefix: plan.Site.Tree.Layout.Prefix, Doing: &s.stamp, Lease: &opts.Lease}
	if remote.State != nil {
		s.state.Done = remote.State.Done
	}
	s.state.Live = plan.After(0, opts.Stamp.Published)
	if err := s.write(ctx); err != nil {
		return nil, err
	}
	if err := s.probe(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// write puts the state in the place of the one that was read or written last.
// Where the store says that it isn't that any more, the answer to this very
// write may have been lost, and the write sent again, or that to the one
// before.
func (s *Session) write(ctx context.Context) error {
	content := BytesContent(s.state.Encode())
	key := StateKey(s.state.Prefix)
	if !s.conditional {
		return s.store.Put(ctx, key, content, stateHeader)
	}
	if s.state.Lease != nil {
		s.nonce = s.state.Lease.Nonce
	}
	etag, err := s.store.PutIf(ctx, key, content, stateHeader, s.etag)
	if errors.Is(err, ErrCondition) {
		now, e := ReadState(ctx, s.store, s.state.Prefix)
		if e != nil {
			return e
		}
		switch {
		case bytes.Equal(now.raw, content.Bytes):
			etag, err = now.etag, nil
		case s.nonce != "" && now.State != nil && now.State.Lease != nil && now.State.Lease.Nonce == s.nonce:
			etag, err = s.store.PutIf(ctx, key, content, stateHeader, now.etag)
		}
	}
	if errors.Is(err, ErrCondition) {
		return ErrMoved
	}
	if err == nil {
		s.etag = etag
	}
	return err
}

// No cache may keep the state: what it says of the lease is true only now.
var stateHeader = Header{ContentType: "application/zstd", CacheControl: "no-store"}

// probe sends the first write again, under the condition that no longer holds.
// Where that goes through, conditions count for nothing. Where it is not
// refused, what was there is put back.
func (s *Session) probe(ctx context.Context) error {
	if !s.conditional {
		return nil
	}
	key := StateKey(s.state.Prefix)
	_, err := s.store.PutIf(ctx, key, BytesContent(s.state.Encode()), stateHeader, s.remote.etag)
	if errors.Is(err, ErrCondition) {
		return nil
	}
	if err == nil {
		err = ErrUnconditional
	}
	if s.remote.etag == "" {
		return errors.Join(err, s.store.Delete(ctx, key))
	}
	_, e := s.store.PutIf(ctx, key, BytesContent(s.remote.raw), stateHeader, s.etag)
	return errors.Join(err, e)
}

// Renew extends the lease, and records how many operations are done: after a
// crash only the others are in doubt. The error matches [ErrMoved] where the
// lease is somebody else's now.
func (s *Session) Renew(ctx context.Context, done int, now, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	lease := *s.state.Lease
	lease.Expires = expires
	s.state.Lease = &lease
	s.state.Live = s.plan.After(done, now)
	return s.write(ctx)
}

// End records how many operations are done, and gives the lease back. Where
// all are, what the session was for is done.
func (s *Session) End(ctx context.Context, done int, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Live = s.plan.After(done, now)
	s.state.Lease = nil
	if done == s.plan.Len() {
		s.state.Done, s.state.Doing = s.stamp, nil
	}
	return s.write(ctx)
}

// Record replaces the state where nothing else has to be written, in one
// request.
func Record(ctx context.Context, store Store, remote *Remote, plan *Plan, opts SessionOptions) error {
	s := &Session{store: store, plan: plan, conditional: !opts.NoLock, etag: remote.etag}
	s.state = State{Prefix: plan.Site.Tree.Layout.Prefix, Done: opts.Stamp, Live: plan.After(0, opts.Stamp.Published)}
	return s.write(ctx)
}

// Unlock takes the lease out of a state. What its holder may have touched
// stays in doubt.
func Unlock(ctx context.Context, store Store, remote *Remote) error {
	s := &Session{store: store, conditional: true, etag: remote.etag, state: *remote.State}
	s.state.Lease = nil
	return s.write(ctx)
}
