package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Garbage is the payloads of a store that may go: no release names them, and
// none has for long.
type Garbage struct {
	Payloads []Unnamed // ascending by key
	Young    int       // so many more are unnamed, but not for long

	remote *Remote
	gone   []string // unnamed, but not in the store any more; ascending
}

// Unnamed is a payload that no release names.
type Unnamed struct {
	Entry
	// Since is when it was put, or a publish found that no release names it,
	// whichever came last.
	Since time.Time
}

// FindGarbage finds the payloads that the fleet doesn't name, and that have
// been in the store without a name since before an instant. It goes by the
// state, and asks the store for these only: what the state doesn't know may be
// about to be named.
func FindGarbage(ctx context.Context, fleet *releases.Fleet, store Store, remote *Remote, before time.Time) (*Garbage, error) {
	const wayOut = "run 'cairn publish' first"
	switch {
	case remote.Problem != nil:
		return nil, fmt.Errorf("the state in %s can't be used: %w\n%s", store, remote.Problem, wayOut)
	case remote.State == nil:
		return nil, fmt.Errorf("nothing is published in %s below %q\n%s", store, fleet.Project.Prefix, wayOut)
	case remote.State.Doing != nil:
		return nil, fmt.Errorf("the last publish to %s did not end: what its answers name is not known\n%s", store, wayOut)
	}
	g := &Garbage{remote: remote}
	named := named(fleet)
	var old []LivePayload
	for _, p := range remote.State.Live.Payloads {
		switch {
		case p.Unnamed.IsZero() || named[p.Key]:
		case p.Unnamed.After(before):
			g.Young++
		default:
			old = append(old, p)
		}
	}
	there := make([]*Entry, len(old))
	err := each(ctx, store.Traits().Parallel, len(old), func(ctx context.Context, i int) error {
		e, _, err := store.Stat(ctx, old[i].Key)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		there[i] = &e
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, e := range there {
		switch {
		case e == nil:
			g.gone = append(g.gone, old[i].Key)
		case e.Modified.IsZero() || e.Modified.After(before):
			g.Young++
		case e.Modified.After(old[i].Unnamed):
			g.Payloads = append(g.Payloads, Unnamed{*e, e.Modified})
		default:
			g.Payloads = append(g.Payloads, Unnamed{*e, old[i].Unnamed})
		}
	}
	return g, nil
}

// named is the keys of the payloads that releases name.
func named(fleet *releases.Fleet) map[string]bool {
	layout, all := manifest.LayoutOf(fleet), map[string]bool{}
	for _, p := range fleet.Payloads() {
		if p.URL == "" {
			all[layout.PayloadKey(p.SHA256, p.Name)] = true
		}
	}
	return all
}

// CollectOptions say how garbage is collected.
type CollectOptions struct {
	// Lease is renewed while work goes on, each time for as long as it was
	// taken for.
	Lease Lease
	Now   func() time.Time // the clock that the lease goes by
	// NoLock writes without conditions: then nothing keeps a publisher away.
	NoLock      bool
	Concurrency int       // requests at once; 0 is what the store takes
	Progress    *Progress // told how far it is; may be nil
}

// Collect deletes the garbage, under a lease. The state says before that these
// payloads may be gone, so a publish or another collection goes on from
// wherever this one stops. An interrupt lets the requests under way end. The
// error matches [ErrMoved] or [ErrUnconditional] where that is why it failed.
func (g *Garbage) Collect(ctx context.Context, store Store, opts CollectOptions) error {
	if opts.Progress == nil {
		opts.Progress = &Progress{}
	}
	if opts.Concurrency == 0 {
		opts.Concurrency = store.Traits().Parallel
	}
	c := newCollection(g, store, opts)
	if len(g.Payloads) == 0 {
		if len(g.gone) == 0 {
			return nil
		}
		return c.end(ctx)
	}
	if err := c.begin(ctx); err != nil {
		return err
	}
	opts.Progress.Phase.Store(int32(Deletions))
	opts.Progress.Total.Store(int64(len(g.Payloads)))
	inFlight := context.WithoutCancel(ctx)
	err := each(ctx, opts.Concurrency, len(g.Payloads), func(_ context.Context, i int) error {
		key := g.Payloads[i].Key
		if err := c.hold(inFlight, key); err != nil {
			return err
		}
		if err := store.Delete(inFlight, key); err != nil {
			return err
		}
		c.deleted(key)
		opts.Progress.did(i)
		return nil
	})
	if e := c.end(inFlight); e != nil && err == nil {
		err = fmt.Errorf("recording what was deleted: %w", e)
	}
	return err
}

// collection is a collection under way.
type collection struct {
	opts    CollectOptions
	session *Session

	mu   sync.Mutex
	fate map[string]fate // of the payloads that are garbage
}

type fate uint8

const (
	stays fate = iota
	mayGo
	isGone
)

func newCollection(g *Garbage, store Store, opts CollectOptions) *collection {
	c := &collection{opts: opts, fate: map[string]fate{}}
	for _, p := range g.Payloads {
		c.fate[p.Key] = stays
	}
	for _, key := range g.gone {
		c.fate[key] = isGone
	}
	c.session = &Session{store: store, conditional: !opts.NoLock, remote: g.remote, etag: g.remote.etag, state: *g.remote.State}
	return c
}

// begin takes the lease, as a publish does.
func (c *collection) begin(ctx context.Context) error {
	s := c.session
	s.state.Lease, s.state.Live = &c.opts.Lease, c.live(true)
	if err := s.write(ctx); err != nil {
		return err
	}
	return s.probe(ctx)
}

// hold lets a deletion begin, or gives an error once the lease is lost. It
// renews the lease when a third of it is over.
func (c *collection) hold(ctx context.Context, key string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, now := c.session, c.opts.Now()
	duration := c.opts.Lease.Expires.Sub(c.opts.Lease.Began)
	left := s.state.Lease.Expires.Sub(now)
	if left <= 0 {
		return errors.New("the lease ran out")
	}
	if left < duration-duration/3 {
		lease := *s.state.Lease
		lease.Expires = now.Add(duration)
		s.state.Lease, s.state.Live = &lease, c.live(true)
		if err := s.write(ctx); err != nil {
			return fmt.Errorf("renewing the lease: %w", err)
		}
	}
	c.fate[key] = mayGo
	return nil
}

func (c *collection) deleted(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fate[key] = isGone
}

// end records what is gone, and gives the lease back.
func (c *collection) end(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.state.Lease, c.session.state.Live = nil, c.live(false)
	return c.session.write(ctx)
}

// live is what is known to be there. While deletions may begin, all the
// garbage may be gone by the time that somebody reads this.
func (c *collection) live(going bool) *Live {
	live := *c.session.remote.State.Live
	live.Payloads = nil
	for _, p := range c.session.remote.State.Live.Payloads {
		fate, garbage := c.fate[p.Key]
		if fate == isGone {
			continue
		}
		p.Perhaps = p.Perhaps || fate == mayGo || garbage && going
		live.Payloads = append(live.Payloads, p)
	}
	return &live
}
