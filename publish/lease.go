package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Clock is the time that a lease goes by.
type Clock struct {
	// Now is the wall clock. It goes on while the machine sleeps, as a
	// monotonic one may not.
	Now func() time.Time
	// Timeout gives a context that ends after a time, or when it is
	// cancelled: [context.WithTimeout].
	Timeout func(ctx context.Context, after time.Duration) (context.Context, context.CancelFunc)
}

// heldLease is a lease while its holder works.
type heldLease struct {
	record   *record
	clock    Clock
	duration time.Duration
	quit     context.CancelFunc
	done     chan struct{}

	mu    sync.Mutex
	state State // with the lease
	lost  error
}

// hold takes the lease that a state holds, and renews it at each third of its
// duration. Where that fails for so long that the lease runs out, or somebody
// else has taken it, it abandons the requests under way.
func hold(ctx context.Context, r *record, s State, clock Clock, abandon func(error)) (*heldLease, error) {
	if err := r.write(ctx, &s); err != nil {
		return nil, err
	}
	if err := r.probe(ctx, &s); err != nil {
		return nil, err
	}
	l := &heldLease{record: r, clock: clock, duration: s.Lease.Expires.Sub(s.Lease.Began), done: make(chan struct{}), state: s}
	ctx, l.quit = context.WithCancel(ctx)
	go func() {
		defer close(l.done)
		for {
			wait, cancel := clock.Timeout(ctx, l.duration/3)
			<-wait.Done()
			cancel()
			if ctx.Err() != nil {
				return
			}
			if err := l.renew(context.WithoutCancel(ctx)); err != nil {
				abandon(err)
				return
			}
		}
	}()
	return l, nil
}

// renew gives an error where the lease is lost.
func (l *heldLease) renew(ctx context.Context) error {
	now, renewed := l.clock.Now(), *l.state.Lease
	ctx, cancel := l.clock.Timeout(ctx, renewed.Expires.Sub(now))
	defer cancel()
	renewed.Expires = now.Add(l.duration)
	next := l.state
	next.Lease = &renewed
	err := l.record.write(ctx, &next)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.state = next
	case errors.Is(err, ErrMoved):
		l.lost = fmt.Errorf("lost the lease: %w", err)
	case !l.clock.Now().Before(l.state.Lease.Expires):
		l.lost = fmt.Errorf("the lease ran out, and could not be renewed: %w", err)
	}
	return l.lost
}

// check is an error once the lease is lost or has run out: also after the
// process has been stopped for a while.
func (l *heldLease) check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost == nil && !l.clock.Now().Before(l.state.Lease.Expires) {
		l.lost = errors.New("the lease ran out")
	}
	return l.lost
}

// stop ends the renewals.
func (l *heldLease) stop() {
	l.quit()
	<-l.done
}

// Checked is a store that asks before it sends anything whether it still may.
// A store in which requests wait has a method of this name, and asks again
// right before it sends each.
func Checked(store Store, check func() error) Store {
	if s, ok := store.(interface{ Checked(func() error) Store }); ok {
		return s.Checked(check)
	}
	return checkedStore{store, check}
}

type checkedStore struct {
	Store
	check func() error
}

func (s checkedStore) Put(ctx context.Context, key string, content Content, header Header) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.Store.Put(ctx, key, content, header)
}

func (s checkedStore) PutIf(ctx context.Context, key string, content Content, header Header, etag string) (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	return s.Store.PutIf(ctx, key, content, header, etag)
}

func (s checkedStore) Delete(ctx context.Context, key string) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

// LostError is that another one has published since the lease was lost. What
// it wrote stands: to publish the same again may undo it.
type LostError struct {
	Cause error
	Late  []string // the keys that were under way, ascending; they may have been written later than it wrote
}

func (e *LostError) Error() string {
	text := fmt.Sprintf("the lease was lost: %v", e.Cause)
	if len(e.Late) > 0 {
		const most = 20
		keys, more := e.Late, ""
		if len(keys) > most {
			keys, more = keys[:most], fmt.Sprintf("\n  and %d more", len(keys)-most)
		}
		text += fmt.Sprintf("\nunder way when it was lost, and maybe written over what the other one wrote:\n  %s%s", strings.Join(keys, "\n  "), more)
	}
	return text
}

// sentStore notes the keys whose requests were under way when the lease was
// lost.
type sentStore struct {
	Store
	lost func() error

	mu   sync.Mutex
	late []string
}

func (s *sentStore) ended(key string, err error) error {
	if lost := s.lost(); lost != nil && !errors.Is(err, lost) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.late = append(s.late, key)
		slices.Sort(s.late)
	}
	return err
}

func (s *sentStore) Put(ctx context.Context, key string, content Content, header Header) error {
	return s.ended(key, s.Store.Put(ctx, key, content, header))
}

func (s *sentStore) PutIf(ctx context.Context, key string, content Content, header Header, etag string) (string, error) {
	tag, err := s.Store.PutIf(ctx, key, content, header, etag)
	return tag, s.ended(key, err)
}

func (s *sentStore) Delete(ctx context.Context, key string) error {
	return s.ended(key, s.Store.Delete(ctx, key))
}
