package publish_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

// attempt is a publish as cmd/cairn drives one, an operation at a time.
type attempt struct {
	now         time.Time
	name        string // tells it from others
	renew       int    // a renewal after so many operations; 0 for none
	concurrency int    // 1 where it is 0
	planned     func(*publish.Plan)
}

var errHeld = errors.New("somebody else holds the lease")

const leaseTime = time.Minute

func (a attempt) options(w *world) publish.SessionOptions {
	return publish.SessionOptions{
		Stamp: publish.Stamp{Published: a.now, At: w.at, Encoder: publish.Encoder, Source: a.name, Rollouts: publish.RolloutsOf(w.fleet, w.at)},
		Lease: publish.Lease{Holder: a.name, Nonce: a.name + a.now.String(), Began: a.now, Expires: a.now.Add(leaseTime)},
	}
}

// plan reads the state and plans.
func (a attempt) plan(store publish.Store, w *world) (*publish.Remote, *publish.Plan, error) {
	remote, err := publish.ReadState(ctx, store, w.fleet.Project.Prefix)
	if err != nil {
		return nil, nil, err
	}
	if remote.Held(a.now) != nil {
		return nil, nil, errHeld
	}
	var live *publish.Live
	if remote.State != nil {
		live, err = remote.State.Live.Confirm(ctx, w.site, store)
	} else {
		live, err = publish.Scan(ctx, w.site, store, 1)
	}
	if err != nil {
		return nil, nil, err
	}
	return remote, publish.NewPlan(w.site, live, store.Traits().Headers), nil
}

func (a attempt) run(store publish.Store, w *world) (*publish.Plan, error) {
	remote, plan, err := a.plan(store, w)
	if err != nil {
		return nil, err
	}
	if a.planned != nil {
		a.planned(plan)
	}
	if plan.Len() == 0 {
		if s := remote.State; s != nil && s.Doing == nil && s.Lease == nil {
			return plan, nil
		}
		return plan, publish.Record(ctx, store, remote, plan, a.options(w))
	}
	session, err := publish.Begin(ctx, store, remote, plan, a.options(w))
	if err != nil {
		return plan, err
	}
	var progress publish.Progress
	err = plan.Apply(ctx, store, publish.ApplyOptions{
		Concurrency: max(1, a.concurrency), Progress: &progress,
		Hold: func() error {
			if done := progress.Low(); a.renew > 0 && done > 0 && done%a.renew == 0 {
				if err := session.Renew(ctx, done, a.now, a.now.Add(leaseTime)); errors.Is(err, publish.ErrMoved) {
					return err
				}
			}
			return nil
		},
	})
	return plan, errors.Join(err, session.End(ctx, progress.Low(), a.now))
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

// begun is a publish of one small fleet over another, up to its first
// operation.
func begun(t testing.TB) (*memstore.Store, *publish.Session, *publish.Plan, *world) {
	t.Helper()
	store := &memstore.Store{}
	before, w := newWorld(t, "before", small(), fleettest.Start), newWorld(t, "after", small(changes[1].make), fleettest.Start)
	if _, err := (attempt{now: fleettest.Start, name: "ada"}).run(store, before); err != nil {
		t.Fatal(err)
	}
	session, plan, err := bob.begin(store, w)
	if err != nil {
		t.Fatal(err)
	}
	return store, session, plan, w
}

var (
	bob = attempt{now: fleettest.Start.Add(time.Hour), name: "bob"}
	eve = attempt{now: bob.now.Add(leaseTime), name: "eve"} // when bob's lease is over
)

func (a attempt) begin(store publish.Store, w *world) (*publish.Session, *publish.Plan, error) {
	remote, plan, err := a.plan(store, w)
	if err != nil {
		return nil, nil, err
	}
	session, err := publish.Begin(ctx, store, remote, plan, a.options(w))
	return session, plan, err
}

func read(t testing.TB, store publish.Store, w *world) *publish.Remote {
	t.Helper()
	remote, err := publish.ReadState(ctx, store, w.fleet.Project.Prefix)
	if err != nil {
		t.Fatal(err)
	}
	return remote
}

func TestASecondPublisherIsRefusedWhileTheLeaseIsHeld(t *testing.T) {
	store, _, _, w := begun(t)
	early := eve
	early.now = eve.now.Add(-time.Nanosecond)
	before := contents(t, store)
	if _, err := early.run(store, w); err != errHeld {
		t.Errorf("got %v", err)
	}
	if held := read(t, store, w).Held(early.now); held == nil || held.Holder != "bob" {
		t.Errorf("the lease is held by %v", held)
	}
	if diff := cmp.Diff(before, contents(t, store)); diff != "" {
		t.Errorf("the store differs (-before +after):\n%s", diff)
	}
}

func TestALeaseThatIsOverIsTaken(t *testing.T) {
	store, session, plan, w := begun(t)
	if _, err := eve.run(store, w); err != nil {
		t.Fatal(err)
	}
	holds(t, store, w)
	after := contents(t, store)
	if err := session.Renew(ctx, 0, eve.now, eve.now.Add(leaseTime)); !errors.Is(err, publish.ErrMoved) {
		t.Errorf("the first holder renews: %v", err)
	}
	if err := session.End(ctx, plan.Len(), eve.now); !errors.Is(err, publish.ErrMoved) {
		t.Errorf("the first holder ends: %v", err)
	}
	if diff := cmp.Diff(after, contents(t, store)); diff != "" {
		t.Errorf("the store differs (-before +after):\n%s", diff)
	}
}

func TestTheLoserOfARaceWritesNothing(t *testing.T) {
	published, _, _, w := begun(t)
	if _, err := eve.run(published, w); err != nil {
		t.Fatal(err)
	}
	next := newWorld(t, "next", small(changes[5].make), fleettest.Start)
	for _, store := range []*memstore.Store{published, {}} {
		remote, plan, err := eve.plan(store, next)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := bob.begin(store, next); err != nil {
			t.Fatal(err)
		}
		before := contents(t, store)
		if _, err := publish.Begin(ctx, store, remote, plan, eve.options(next)); !errors.Is(err, publish.ErrMoved) {
			t.Errorf("begins: %v", err)
		}
		if err := publish.Record(ctx, store, remote, plan, eve.options(next)); !errors.Is(err, publish.ErrMoved) {
			t.Errorf("records: %v", err)
		}
		if remote.State != nil {
			if err := publish.Unlock(ctx, store, remote); !errors.Is(err, publish.ErrMoved) {
				t.Errorf("unlocks: %v", err)
			}
		}
		if diff := cmp.Diff(before, contents(t, store)); diff != "" {
			t.Errorf("the store differs (-before +after):\n%s", diff)
		}
	}
}

// careless is a store that ignores conditions.
type careless struct{ *memstore.Store }

func (s careless) PutIf(ctx context.Context, key string, c publish.Content, h publish.Header, _ string) (string, error) {
	return hex.EncodeToString(c.MD5[:]), s.Put(ctx, key, c, h)
}

func TestAStoreThatIgnoresConditionsIsLeftAsItWas(t *testing.T) {
	published, _, _, w := begun(t)
	for _, store := range []*memstore.Store{published, {}} {
		before := contents(t, store)
		if _, _, err := eve.begin(careless{store}, w); !errors.Is(err, publish.ErrUnconditional) {
			t.Errorf("begins: %v", err)
		}
		if diff := cmp.Diff(before, contents(t, store)); diff != "" {
			t.Errorf("the store differs (-before +after):\n%s", diff)
		}
		remote, plan, err := eve.plan(store, w)
		if err != nil {
			t.Fatal(err)
		}
		opts := eve.options(w)
		opts.NoLock = true
		session, err := publish.Begin(ctx, careless{store}, remote, plan, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(plan.Apply(ctx, store, publish.ApplyOptions{}), session.End(ctx, plan.Len(), eve.now)); err != nil {
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
	for _, next := range []string{"renew", "end"} {
		store, session, plan, w := begun(t)
		store.Fault = func(memstore.Op, string) (bool, error) { return true, errCrash }
		if err := session.Renew(ctx, 1, bob.now, bob.now.Add(leaseTime)); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		store.Fault = nil
		if err := plan.Apply(ctx, store, publish.ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
		if next == "renew" {
			if err := session.Renew(ctx, 2, bob.now, bob.now.Add(leaseTime)); err != nil {
				t.Errorf("a second renewal: %v", err)
			}
		}
		if err := session.End(ctx, plan.Len(), bob.now); err != nil {
			t.Errorf("%s: the end: %v", next, err)
		}
		if s := read(t, store, w).State; s.Lease != nil || s.Doing != nil {
			t.Errorf("%s: lease %v, doing %v", next, s.Lease, s.Doing)
		}
	}
}

func TestARenewalRecordsHowFarItIs(t *testing.T) {
	store, session, plan, w := begun(t)
	inDoubt := func() []string {
		return slices.Sorted(slices.Values(doubts(t, read(t, store, w).State.Live, snapshot(t, store))))
	}
	last := func(n int) []string { return slices.Sorted(slices.Values(keysOf(plan)[plan.Len()-n:])) }
	if got := inDoubt(); !slices.Equal(got, last(plan.Len())) {
		t.Errorf("%d of %d keys are in doubt at the beginning", len(got), plan.Len())
	}
	half := plan.Len() / 2
	began, err := 0, errors.New("enough")
	hold := func() error {
		if began++; began > half {
			return err
		}
		return nil
	}
	if got := plan.Apply(ctx, store, publish.ApplyOptions{Concurrency: 1, Hold: hold}); !errors.Is(got, err) {
		t.Fatal(got)
	}
	now := bob.now.Add(leaseTime / 2)
	if err := session.Renew(ctx, half, now, now.Add(leaseTime)); err != nil {
		t.Fatal(err)
	}
	if got := inDoubt(); !slices.Equal(got, last(plan.Len()-half)) {
		t.Errorf("%d of %d keys are in doubt after %d operations", len(got), plan.Len(), half)
	}
	if remote := read(t, store, w); remote.Held(now.Add(leaseTime-1)) == nil || remote.Held(now.Add(leaseTime)) != nil {
		t.Errorf("renewed at %v, the lease is %+v", now, remote.State.Lease)
	}
	// And the end after an interrupt, two operations later.
	began, half = 0, 2
	rest := publish.NewPlan(w.site, read(t, store, w).State.Live, true)
	if got := rest.Apply(ctx, store, publish.ApplyOptions{Concurrency: 1, Hold: hold}); !errors.Is(got, err) {
		t.Fatal(got)
	}
	if err := session.End(ctx, plan.Len()/2+2, now); err != nil {
		t.Fatal(err)
	}
	if got := inDoubt(); !slices.Equal(got, last(plan.Len()-plan.Len()/2-2)) {
		t.Errorf("%d of %d keys are in doubt at the end", len(got), plan.Len())
	}
	remote := read(t, store, w)
	if s := remote.State; s.Lease != nil || s.Doing == nil || s.Doing.Source != "bob" || s.Done.Source != "ada" {
		t.Errorf("at the end: lease %v, doing %+v, done %+v", s.Lease, s.Doing, s.Done)
	}
	if got, want := len(remote.Rollouts()), len(remote.State.Done.Rollouts)+len(remote.State.Doing.Rollouts); got != want || got == 0 {
		t.Errorf("%d rollouts, want those of both publishes, %d", got, want)
	}
}

func TestAProbeThatFailsLeavesTheStoreAsItWas(t *testing.T) {
	published, _, _, w := begun(t)
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
		if diff := cmp.Diff(before, contents(t, store)); diff != "" {
			t.Errorf("the store differs (-before +after):\n%s", diff)
		}
	}
}

func TestUnlockLeavesTheDoubt(t *testing.T) {
	store, _, plan, w := begun(t)
	if err := publish.Unlock(ctx, store, read(t, store, w)); err != nil {
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
