package publish_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

// attempt is a publish, an operation at a time.
type attempt struct {
	now         time.Time
	name        string // tells it from others
	renew       int    // a renewal after so many operations; 0 for none
	concurrency int    // 1 where it is 0
	noLock      bool
	signing     *publish.Signing
	rescan      bool
	planned     func(*publish.Plan)
	moved       func(error)
}

var errHeld = errors.New("somebody else holds the lease")

const leaseTime = time.Minute

// handClock is a clock that is set by hand. It stands still while nobody does.
type handClock struct {
	mu      sync.Mutex
	now     time.Time
	waiting chan waiting // for the next renewal
}

type waiting struct {
	cancel context.CancelFunc
	done   <-chan struct{} // the work was abandoned, or has ended
}

func newClock(now time.Time) *handClock { return &handClock{now: now, waiting: make(chan waiting, 1)} }

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (c *handClock) timeout(parent context.Context, after time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	if after == leaseTime/3 {
		c.waiting <- waiting{cancel, parent.Done()}
	}
	return ctx, cancel
}

// renew has the lease renewed, and waits until it is or is lost.
func (c *handClock) renew() {
	w := <-c.waiting
	w.cancel()
	select {
	case next := <-c.waiting:
		c.waiting <- next
	case <-w.done:
	}
}

func (c *handClock) clock() publish.Clock { return publish.Clock{Now: c.Now, Timeout: c.timeout} }

func edition(w *world) publish.Edition {
	return publish.Edition{Site: w.site, At: w.at, Rollouts: publish.RolloutsOf(w.fleet, w.at), Limits: publish.Limits{Guard: w.fleet.Guard, Allow: publish.GuardNames()}}
}

func (a attempt) run(store publish.Store, w *world) (*publish.Plan, error) {
	return a.runBy(newClock(a.now), store, w)
}

func (a attempt) runBy(clock *handClock, store publish.Store, w *world) (*publish.Plan, error) {
	opts := publish.RunOptions{
		Store: &renewing{Store: store, clock: clock, every: a.renew}, Prefix: w.fleet.Project.Prefix,
		Holder: publish.Lease{Holder: a.name, Nonce: a.name + a.now.String()}, Duration: leaseTime, Clock: clock.clock(),
		NoLock: a.noLock, Moved: a.moved, ApplyOptions: publish.ApplyOptions{Concurrency: max(1, a.concurrency)},
	}
	p, err := publish.Run(ctx, opts, func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		e := edition(w)
		e.Source, e.Signing = a.name, a.signing
		p, err := e.Propose(ctx, opts.Store, remote, publish.ProposeOptions{Rescan: a.rescan, Concurrency: 1})
		if err == nil && a.planned != nil {
			a.planned(p.Plan)
		}
		return p, err
	})
	var held *publish.HeldError
	if errors.As(err, &held) {
		err = errHeld
	}
	if p == nil {
		return nil, err
	}
	return p.Plan, err
}

// renewing is a store during whose use a lease is renewed.
type renewing struct {
	publish.Store
	clock *handClock
	every int // so many operations

	mu sync.Mutex
	n  int
}

func (r *renewing) operation(key string) {
	if !ours(key) || r.every == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n > 0 && r.n%r.every == 0 {
		r.clock.renew()
	}
	r.n++
}

func (r *renewing) Put(ctx context.Context, key string, c publish.Content, h publish.Header) error {
	r.operation(key)
	return r.Store.Put(ctx, key, c, h)
}

func (r *renewing) PutIf(ctx context.Context, key string, c publish.Content, h publish.Header, etag string) (string, error) {
	r.operation(key)
	return r.Store.PutIf(ctx, key, c, h, etag)
}

func (r *renewing) Delete(ctx context.Context, key string) error {
	r.operation(key)
	return r.Store.Delete(ctx, key)
}

// watched is a store that tells of each write, whether it went through or not.
type watched struct {
	publish.Store
	wrote func(key, what string)
}

func (w watched) Put(ctx context.Context, key string, c publish.Content, h publish.Header) error {
	defer w.wrote(key, "put")
	return w.Store.Put(ctx, key, c, h)
}

func (w watched) PutIf(ctx context.Context, key string, c publish.Content, h publish.Header, etag string) (string, error) {
	defer w.wrote(key, "put if")
	return w.Store.PutIf(ctx, key, c, h, etag)
}

func (w watched) Delete(ctx context.Context, key string) error {
	defer w.wrote(key, "delete")
	return w.Store.Delete(ctx, key)
}

var (
	bob = attempt{now: fleettest.Start.Add(time.Hour), name: "bob"}
	eve = attempt{now: bob.now.Add(leaseTime), name: "eve"} // when bob's lease is over
)

// first is a store that holds a small fleet, and another fleet to publish.
func first(t testing.TB) (*memstore.Store, *world) {
	t.Helper()
	store := &memstore.Store{}
	before, w := newWorld(t, "before", small(), fleettest.Start), newWorld(t, "after", small(changes[1].make), fleettest.Start)
	if _, err := (attempt{now: fleettest.Start, name: "ada"}).run(store, before); err != nil {
		t.Fatal(err)
	}
	return store, w
}

// begun is a publish that was killed before its first operation.
func begun(t testing.TB) (*memstore.Store, *publish.Plan, *world) {
	t.Helper()
	store, w := first(t)
	return store, bob.dies(t, store, w), w
}

func (a attempt) dies(t testing.TB, store *memstore.Store, w *world) *publish.Plan {
	t.Helper()
	store.Fault = crash{at: 2, dead: true}.fault()
	defer func() { store.Fault = nil }()
	plan, err := a.run(store, w)
	if !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	return plan
}

func read(t testing.TB, store publish.Store, w *world) *publish.Remote {
	t.Helper()
	remote, err := publish.ReadState(ctx, store, w.fleet.Project.Prefix)
	if err != nil {
		t.Fatal(err)
	}
	return remote
}

func unchanged(t testing.TB, before map[string]object, store publish.Store) {
	t.Helper()
	if diff := cmp.Diff(before, contents(t, store)); diff != "" {
		t.Errorf("the store differs (-before +after):\n%s", diff)
	}
}

func TestASecondPublisherIsRefusedWhileTheLeaseIsHeld(t *testing.T) {
	store, _, w := begun(t)
	early := eve
	early.now = eve.now.Add(-time.Nanosecond)
	before := contents(t, store)
	if _, err := early.run(store, w); err != errHeld {
		t.Errorf("got %v", err)
	}
	if held := read(t, store, w).Held(early.now); held == nil || held.Holder != "bob" {
		t.Errorf("the lease is held by %v", held)
	}
	unchanged(t, before, store)
}

// TestWhoeverWasAsleepStops lets another one publish while the first stands
// still for longer than its lease.
func TestWhoeverWasAsleepStops(t *testing.T) {
	for _, wakesBy := range []string{"the clock", "a renewal"} {
		store, w := first(t)
		clock, after := newClock(bob.now), map[string]object{}
		woken := &interrupted{Store: store, at: 20, by: func() {
			if _, err := eve.run(store, w); err != nil {
				t.Fatal(err)
			}
			after = contents(t, store)
			if wakesBy == "the clock" {
				clock.set(eve.now)
			} else {
				clock.renew()
			}
		}}
		_, err := bob.runBy(clock, woken, w)
		if err == nil || errors.Is(err, publish.ErrMoved) || !strings.Contains(err.Error(), "the lease was lost") {
			t.Errorf("woken by %s: %v", wakesBy, err)
		}
		if lost := (*publish.LostError)(nil); !errors.As(err, &lost) || !slices.Equal(lost.Late, []string{woken.key}) {
			t.Errorf("woken by %s, %s was under way: %v", wakesBy, woken.key, err)
		}
		holds(t, store, w)
		delete(after, woken.key) // the request that was under way
		now := contents(t, store)
		delete(now, woken.key)
		if diff := cmp.Diff(after, now); diff != "" {
			t.Errorf("woken by %s, the store differs (-before +after):\n%s", wakesBy, diff)
		}
	}
}

// interrupted is a store in which something happens before an operation.
type interrupted struct {
	*memstore.Store
	at  int // its number, from 1
	by  func()
	key string // of the operation

	n int
}

func (s *interrupted) operation(key string) {
	if !ours(key) {
		return
	}
	if s.n++; s.n == s.at {
		s.key = key
		s.by()
	}
}

func (s *interrupted) Put(ctx context.Context, key string, c publish.Content, h publish.Header) error {
	s.operation(key)
	return s.Store.Put(ctx, key, c, h)
}

func (s *interrupted) Delete(ctx context.Context, key string) error {
	s.operation(key)
	return s.Store.Delete(ctx, key)
}

func TestTheLoserOfARaceWritesNothing(t *testing.T) {
	published, w := first(t)
	if _, err := bob.run(published, w); err != nil {
		t.Fatal(err)
	}
	next, same := newWorld(t, "next", small(changes[5].make), fleettest.Start), *w
	for _, test := range []struct {
		store *memstore.Store
		w     *world
	}{{published, next}, {&memstore.Store{}, next}, {published, &same}} {
		var before map[string]object
		loser, moved, winner := eve, 0, attempt{now: eve.now, name: "bob again"}
		loser.planned = func(*publish.Plan) {
			if before == nil {
				winner.dies(t, test.store, newWorld(t, "other", small(changes[7].make), fleettest.Start))
				before = contents(t, test.store)
			}
		}
		loser.moved = func(error) { moved++ }
		stale := read(t, test.store, w)
		if test.w == &same {
			same.fleet = small(changes[1].make, changes[20].make) // only the record differs
			same.site = w.site
		}
		if _, err := loser.run(test.store, test.w); err != errHeld || moved != 1 {
			t.Errorf("%v, moved %d times", err, moved)
		}
		if stale.State != nil {
			if err := publish.Unlock(ctx, test.store, stale, eve.now); !errors.Is(err, publish.ErrMoved) {
				t.Errorf("unlocks: %v", err)
			}
		}
		unchanged(t, before, test.store)
		if err := publish.Unlock(ctx, test.store, read(t, test.store, w), eve.now); err != nil {
			t.Fatal(err)
		}
	}
}

// careless is a store that ignores conditions.
type careless struct{ *memstore.Store }

func (s careless) PutIf(ctx context.Context, key string, c publish.Content, h publish.Header, _ string) (string, error) {
	return hex.EncodeToString(c.MD5[:]), s.Put(ctx, key, c, h)
}

func TestAStoreThatIgnoresConditionsIsLeftAsItWas(t *testing.T) {
	published, _, w := begun(t)
	for _, store := range []*memstore.Store{published, {}} {
		before := contents(t, store)
		if _, err := eve.run(careless{store}, w); !errors.Is(err, publish.ErrUnconditional) {
			t.Errorf("begins: %v", err)
		}
		unchanged(t, before, store)
		unlocked := eve
		unlocked.noLock = true
		if _, err := unlocked.run(careless{store}, w); err != nil {
			t.Fatal(err)
		}
		holds(t, store, w)
	}
}

// forgetful is a store that loses the answer to each conditional write, and
// sends it again.
type forgetful struct{ *memstore.Store }

func (s forgetful) PutIf(ctx context.Context, key string, c publish.Content, h publish.Header, etag string) (string, error) {
	_, _ = s.Store.PutIf(ctx, key, c, h, etag)
	return s.Store.PutIf(ctx, key, c, h, etag)
}

func TestAWriteWhoseAnswerIsLostCountsAsWritten(t *testing.T) {
	store := &memstore.Store{}
	for i, change := range changes[:3] {
		w := newWorld(t, change.name, small(change.make), fleettest.Start)
		a := attempt{now: bob.now.Add(time.Duration(i) * time.Hour), renew: 100}
		if _, err := a.run(forgetful{store}, w); err != nil {
			t.Fatal(err)
		}
		holds(t, store, w)
		if s := read(t, store, w).State; s.Lease != nil || s.Doing != nil || !s.Done.Published.Equal(a.now) {
			t.Errorf("%s: lease %v, doing %v, done %v", w.name, s.Lease, s.Doing, s.Done)
		}
	}
}

// TestARenewalThatFailsButIsWrittenIsNoOtherPublisher lets the connection break
// when the store has taken the write, and not come back for that one.
func TestARenewalThatFailsButIsWrittenIsNoOtherPublisher(t *testing.T) {
	for _, again := range []bool{false, true} {
		store, w := first(t)
		clock := newClock(bob.now)
		_, err := bob.runBy(clock, &interrupted{Store: store, at: 5, by: func() {
			store.Fault = func(memstore.Op, string) (bool, error) { return true, errCrash }
			clock.renew()
			store.Fault = nil
			if again {
				clock.renew()
			}
		}}, w)
		if err != nil {
			t.Errorf("renewed again %v: %v", again, err)
		}
		holds(t, store, w)
		if s := read(t, store, w).State; s.Lease != nil || s.Doing != nil {
			t.Errorf("lease %v, doing %v", s.Lease, s.Doing)
		}
	}
}

// TestAllIsInDoubtUntilTheEnd looks at the state at the beginning, after a
// renewal, and after an interrupt.
func TestAllIsInDoubtUntilTheEnd(t *testing.T) {
	store, w := first(t)
	var planned []string
	inDoubt := func(when string) {
		t.Helper()
		got := slices.Sorted(slices.Values(doubts(t, read(t, store, w).State.Live, snapshot(t, store))))
		if !slices.Equal(got, slices.Sorted(slices.Values(planned))) {
			t.Errorf("%s %d of %d keys are in doubt", when, len(got), len(planned))
		}
	}
	a, clock, enough := bob, newClock(bob.now), errors.New("enough")
	a.planned = func(p *publish.Plan) { planned = keysOf(p) }
	_, err := a.runBy(clock, &interrupted{Store: store, at: 20, by: func() {
		inDoubt("before a renewal")
		now := bob.now.Add(leaseTime / 2)
		clock.set(now)
		clock.renew()
		inDoubt("after a renewal")
		if remote := read(t, store, w); remote.Held(now.Add(leaseTime-1)) == nil || remote.Held(now.Add(leaseTime)) != nil {
			t.Errorf("renewed at %v, the lease is %+v", now, remote.State.Lease)
		}
		store.Fault = func(op memstore.Op, key string) (bool, error) {
			if op != memstore.Get && ours(key) {
				return false, enough
			}
			return true, nil
		}
	}}, w)
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	store.Fault = nil
	inDoubt("after an interrupt")
	remote := read(t, store, w)
	if s := remote.State; s.Lease != nil || s.Doing == nil || s.Doing.Source != "bob" || s.Done.Source != "ada" {
		t.Errorf("at the end: lease %v, doing %+v, done %+v", s.Lease, s.Doing, s.Done)
	}
	if got, want := len(remote.Rollouts()), len(remote.State.Done.Rollouts)+len(remote.State.Doing.Rollouts); got != want || got == 0 {
		t.Errorf("%d rollouts, want those of both publishes, %d", got, want)
	}
}

func TestAProbeThatFailsLeavesTheStoreAsItWas(t *testing.T) {
	published, _, w := begun(t)
	for _, store := range []*memstore.Store{published, {}} {
		before, puts := contents(t, store), 0
		store.Fault = func(op memstore.Op, key string) (bool, error) {
			if op == memstore.Put {
				puts++
			}
			if op == memstore.Put && puts == 2 {
				return false, errCrash
			}
			return true, nil
		}
		if _, err := eve.run(store, w); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		unchanged(t, before, store)
	}
}

func TestUnlockLeavesTheDoubt(t *testing.T) {
	store, plan, w := begun(t)
	if err := publish.Unlock(ctx, store, read(t, store, w), bob.now); err != nil {
		t.Fatal(err)
	}
	remote := read(t, store, w)
	if remote.Held(bob.now) != nil || remote.State.Doing == nil {
		t.Errorf("the lease is %v, doing %v", remote.State.Lease, remote.State.Doing)
	}
	if n := len(doubts(t, remote.State.Live, snapshot(t, store))); n != plan.Len() {
		t.Errorf("%d of %d keys are in doubt", n, plan.Len())
	}
}

func TestTwoPublishersAtOnceTakeTurns(t *testing.T) {
	store, worlds := &memstore.Store{}, []*world{}
	for _, i := range []int{0, 1, 5, 12} {
		worlds = append(worlds, newWorld(t, changes[i].name, small(changes[i].make), fleettest.Start))
	}
	var mu sync.Mutex
	var log []string // the session of each write
	var last *world
	refused := map[error]int{}
	publisher := func(name string, turns int) {
		for turn := 0; turn < turns; {
			session, w := fmt.Sprint(name, turn), worlds[turn%len(worlds)]
			wrote := func(key, _ string) {
				if ours(key) {
					mu.Lock()
					defer mu.Unlock()
					log, last = append(log, session), w
				}
			}
			_, err := attempt{now: time.Now(), name: session, concurrency: 4, renew: 40}.run(watched{store, wrote}, w)
			switch {
			case err == nil:
				turn++
			case errors.As(err, new(*publish.UndoesError)): // planned again, it would offer what the other has taken back
			case errors.Is(err, publish.ErrMoved), err == errHeld:
				mu.Lock()
				refused[err]++
				mu.Unlock()
			default:
				t.Errorf("%s: %v", session, err)
				return
			}
		}
	}
	var group sync.WaitGroup
	for _, name := range []string{"ada ", "bob "} {
		group.Go(func() { publisher(name, 8) })
	}
	group.Wait()
	if turns := slices.Compact(slices.Clone(log)); len(turns) != len(slices.Compact(slices.Sorted(slices.Values(log)))) {
		t.Errorf("the writes are interleaved: %q", turns)
	}
	if len(refused) == 0 {
		t.Error("nobody was ever refused")
	}
	holds(t, store, last)
}
