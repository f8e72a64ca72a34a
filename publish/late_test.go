package publish_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
)

// dying is the store of a publisher that is stopped: its last writes are held
// back, to land whenever somebody lets them, and nothing else gets through.
type dying struct {
	*memstore.Store
	after int // so many operations go through
	holds int // so many more are held back
	held  []func()
}

func (d *dying) operation(key string, do func() error) error {
	switch {
	case d.after > 0 || !ours(key) && len(d.held) == 0:
		if ours(key) {
			d.after--
		}
		return do()
	case ours(key) && d.holds > 0:
		d.holds--
		d.held = append(d.held, func() { _ = do() })
		return nil
	}
	return errCrash
}

func (d *dying) Put(ctx context.Context, key string, c publish.Content, h publish.Header) error {
	ctx = context.WithoutCancel(ctx)
	return d.operation(key, func() error { return d.Store.Put(ctx, key, c, h) })
}

func (d *dying) PutIf(ctx context.Context, key string, c publish.Content, h publish.Header, etag string) (tag string, err error) {
	ctx = context.WithoutCancel(ctx)
	err = d.operation(key, func() error {
		tag, err = d.Store.PutIf(ctx, key, c, h, etag)
		return err
	})
	return tag, err
}

func (d *dying) Delete(ctx context.Context, key string) error {
	ctx = context.WithoutCancel(ctx)
	return d.operation(key, func() error { return d.Store.Delete(ctx, key) })
}

// TestWritesThatLandLateAreMendedByTheNext stops a publisher with writes under
// way, which land after another one has published.
func TestWritesThatLandLateAreMendedByTheNext(t *testing.T) {
	const tries = 20
	wrong := 0
	for try := range tries {
		store, w := first(t)
		i := 1 + try%(len(changes)-1)
		doomed := newWorld(t, changes[i].name, small(changes[i].make), fleettest.Start)
		stock(t, store, doomed)
		a := bob
		d := &dying{Store: store, holds: 32}
		a.planned = func(p *publish.Plan) { d.after = max(0, (p.Len()-32)*try/tries) }
		if _, err := a.run(d, doomed); err == nil || len(d.held) == 0 {
			t.Fatalf("try %d: %v, %d writes held back", try, err, len(d.held))
		}
		winner := eve
		if try%2 == 0 {
			if err := publish.Unlock(ctx, store, read(t, store, w), bob.now.Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			winner.now = bob.now.Add(2 * time.Second)
		}
		if _, err := winner.run(store, w); err != nil {
			t.Fatal(err)
		}
		holds(t, store, w)
		for _, land := range d.held {
			land()
		}
		if !same(t, store, w) {
			wrong++
		}
		next := winner
		next.now = winner.now.Add(time.Minute)
		if _, err := next.run(store, w); err != nil {
			t.Fatal(err)
		}
		holds(t, store, w)
		s := read(t, store, w).State
		if s.Late == nil {
			t.Fatalf("try %d: nothing is late, %s after the lease was taken over", try, next.now.Sub(winner.now))
		}
		d.held[0]()
		quiet := next
		quiet.now = s.Late.Until
		if _, err := quiet.run(store, w); err != nil {
			t.Fatal(err)
		}
		holds(t, store, w)
		if s := read(t, store, w).State; s.Late != nil {
			t.Errorf("try %d: %d keys are still late", try, s.Late.Keys.Len())
		}
	}
	if wrong < tries/2 {
		t.Errorf("late writes undid a publish in %d of %d tries only", wrong, tries)
	}
}

// same says whether a store has all of a world's keys, and no other.
func same(t *testing.T, store publish.Store, w *world) bool {
	got, n := snapshot(t, store), 0
	for key, o := range got {
		if ours(key) && !strings.Contains(key, "/payloads/") {
			n++
			if w.tree[key] != o {
				return false
			}
		}
	}
	for key := range w.tree {
		if !strings.Contains(key, "/payloads/") {
			n--
		}
	}
	return n == 0
}

// TestLateWritesLandAtAnyMoment lets publishes die one after the other, and
// their last writes land between and during the next ones.
func TestLateWritesLandAtAnyMoment(t *testing.T) {
	for seed := range uint64(fleettest.Rounds(6, 30)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			var worlds []*world
			for i := range 4 {
				worlds = append(worlds, newWorld(t, fmt.Sprint("fleet ", i), small(shuffled(r)), fleettest.Start))
			}
			store := &memstore.Store{}
			stock(t, store, worlds...)
			now := fleettest.Start
			if _, err := (attempt{now: now}).run(store, worlds[0]); err != nil {
				t.Fatal(err)
			}
			var pending []func()
			land := func() {
				if n := r.IntN(len(pending) + 1); n > 0 {
					r.Shuffle(len(pending), func(i, j int) { pending[i], pending[j] = pending[j], pending[i] })
					for _, write := range pending[:n] {
						write()
					}
					pending = pending[n:]
				}
			}
			for i := range 10 {
				w := pick(r, worlds...)
				now = now.Add(2 * leaseTime)
				a := attempt{now: now, name: fmt.Sprint("publisher ", i), renew: pick(r, 0, 20)}
				if i%3 < 2 {
					d := &dying{Store: store, holds: pick(r, 0, 4, 32)}
					a.planned = func(p *publish.Plan) { d.after = r.IntN(p.Len() + 1) }
					if _, err := a.run(d, w); err != nil && !errors.Is(err, errCrash) {
						t.Fatal(err)
					}
					pending = append(pending, d.held...)
					land()
					continue
				}
				during := &interrupted{Store: store, at: 1 + r.IntN(50), by: land}
				if _, err := a.run(during, w); err != nil {
					t.Fatal(err)
				}
				land()
				for _, write := range pending {
					write() // before the quiet period is over
				}
				pending = nil
				now = now.Add(leaseTime)
				a.now, a.name = now, a.name+" again"
				if _, err := a.run(store, w); err != nil {
					t.Fatal(err)
				}
				holds(t, store, w)
			}
			s := read(t, store, worlds[0]).State
			last := attempt{now: now.Add(time.Hour), name: "last"}
			if _, err := last.run(store, worlds[1]); err != nil {
				t.Fatal(err)
			}
			holds(t, store, worlds[1])
			if s.Late == nil && s.Doing == nil {
				t.Error("nobody died")
			}
			if s := read(t, store, worlds[1]).State; s.Doing != nil {
				t.Error("it is not over")
			}
		})
	}
}

func TestALoserOfferingWhatTheWinnerTookBackStops(t *testing.T) {
	store, _ := first(t)
	withdrawn := newWorld(t, "withdrawn", small(func(f *releases.Fleet) {
		for _, c := range f.Cohorts {
			for i := range c.Activations {
				c.Activations[i].Aborted = "hot"
			}
		}
	}), fleettest.Start)
	loser, once := eve, true
	loser.planned = func(*publish.Plan) {
		if once {
			once = false
			winner := attempt{now: eve.now, name: "winner"}
			if _, err := winner.run(store, withdrawn); err != nil {
				t.Fatal(err)
			}
		}
	}
	again := newWorld(t, "again", small(changes[5].make), fleettest.Start)
	stock(t, store, again)
	_, err := loser.run(store, again)
	if undoes := (*publish.UndoesError)(nil); !errors.As(err, &undoes) || len(undoes.Rollouts) == 0 {
		t.Errorf("got %v", err)
	}
	holds(t, store, withdrawn)
}

func TestALeaseOfAWrongClockIsTakenOverAfterTheLongest(t *testing.T) {
	store, w := first(t)
	stopped := fleettest.Start.Add(48 * time.Hour)
	store.Now = func() time.Time { return bob.now }
	ahead := bob
	ahead.now = stopped
	ahead.dies(t, store, w)
	early, late := eve, eve
	early.now, late.now = bob.now.Add(publish.LongestLease-time.Second), bob.now.Add(publish.LongestLease)
	if _, err := early.run(store, w); err != errHeld {
		t.Errorf("got %v", err)
	}
	lease := read(t, store, w).Held(early.now)
	if lease == nil {
		t.Fatal("nobody holds the lease")
	}
	said := (&publish.HeldError{Lease: *lease, Store: store, Now: early.now}).Error()
	if want := lease.Expires.Format(time.RFC3339); !strings.Contains(said, want) || !strings.Contains(said, "clock is wrong") {
		t.Errorf("it says %q, without %s", said, want)
	}
	if _, err := late.run(store, w); err != nil {
		t.Error(err)
	}
	holds(t, store, w)
}

// TestADeletionOfGarbageThatLandsLateIsMended kills gc, and lets a deletion of
// it land when a release names the payload again.
func TestADeletionOfGarbageThatLandsLateIsMended(t *testing.T) {
	store, fleet := withGarbage(t)
	d := &dying{Store: store, holds: 1}
	if err := collect(collection(d, day(100)), fleet, day(99)); err == nil || len(d.held) != 1 {
		t.Fatalf("%v, %d deletions held back", err, len(d.held))
	}
	_, all := threeReleases(t, "1", "2", "3")
	now := day(101)
	publishTo(t, store, all, now)
	d.held[0]()
	if there := payloadsThere(t, store); len(there) != 2 {
		t.Fatalf("%v are there after the deletion", there)
	}
	publishTo(t, store, all, now.Add(time.Minute))
	if there := payloadsThere(t, store); len(there) != 3 {
		t.Errorf("only %v are there", there)
	}
}

// TestAHeadThatLandsLateIsMendedByTheNext stops a publisher whose head and first
// parts are on their way, and lets them land after another one has published.
func TestAHeadThatLandsLateIsMendedByTheNext(t *testing.T) {
	keys, store := keyring(1), &memstore.Store{}
	before := newWorld(t, "before", small(), fleettest.Start)
	doomed := newWorld(t, "doomed", small(changed("roll out")), fleettest.Start)
	w := newWorld(t, "after", small(changed("abort in default")), fleettest.Start)
	s := newSnapshots(t, keys, before, doomed, w)
	if _, err := (attempt{now: fleettest.Start, name: "ada", signing: keys}).run(store, before); err != nil {
		t.Fatal(err)
	}
	d, a := &dying{Store: store}, attempt{now: bob.now, name: "bob", signing: keys}
	a.planned = func(p *publish.Plan) {
		d.after = phaseLen(p, publish.Payloads) + phaseLen(p, publish.SignedParts)
		d.holds = 1
	}
	if _, err := a.run(d, doomed); err == nil || len(d.held) != 1 {
		t.Fatalf("%v, %d writes held back", err, len(d.held))
	}
	winner := attempt{now: eve.now, name: "eve", signing: keys}
	publishAgain := func(when string) {
		t.Helper()
		winner.now = winner.now.Add(time.Second)
		if _, err := winner.run(store, w); err != nil {
			t.Fatal(err)
		}
		if s.whole(snapshot(t, store), when) != 2 {
			t.Errorf("%s devices see another world", when)
		}
	}
	publishAgain("at first")
	right, err := s.head(snapshot(t, store))
	if err != nil {
		t.Fatal(err)
	}
	d.held[0]()
	if s.whole(snapshot(t, store), "late") != 1 {
		t.Fatal("the late head did not land")
	}
	publishAgain("after it has landed")
	mended, err := s.head(snapshot(t, store))
	if err != nil || mended.Epoch <= right.Epoch {
		t.Errorf("epoch %d comes after %d, %v", mended.Epoch, right.Epoch, err)
	}
	winner.now = read(t, store, w).State.Late.Until
	publishAgain("when nothing is late")
	s.signedHolds(snapshot(t, store), w, "at the end")
}
