package publish_test

import (
	"crypto/md5"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

// holds says whether a store holds exactly a world, apart from its state and
// from payloads that are kept.
func holds(t testing.TB, store publish.Store, w *world) {
	t.Helper()
	holdsAll(t, snapshot(t, store), w)
}

func holdsAll(t testing.TB, got map[string]object, w *world) {
	t.Helper()
	for key, o := range got {
		want, ok := w.tree[key]
		switch {
		case o == want, !ours(key), !ok && strings.Contains(key, "/payloads/"):
		case !ok:
			t.Fatalf("%s: %s is still there", w.name, key)
		default:
			t.Fatalf("%s: %s is %+v, want %+v", w.name, key, o, want)
		}
	}
	for key := range w.tree {
		if _, ok := got[key]; !ok {
			t.Fatalf("%s: %s is not there", w.name, key)
		}
	}
}

// crash is a publish that fails at one of its writes, counted from 0.
type crash struct {
	at        int
	persisted bool // and yet that write went through
	dead      bool // nothing goes through any more
}

var errCrash = errors.New("the network is gone")

func (c crash) fault() func(memstore.Op, string) (bool, error) {
	n := -1
	return func(op memstore.Op, _ string) (bool, error) {
		if op == memstore.Put || op == memstore.Delete {
			n++
		}
		switch {
		case n == c.at && (op == memstore.Put || op == memstore.Delete):
			return c.persisted, errCrash
		case n >= c.at && c.dead:
			return false, errCrash
		}
		return true, nil
	}
}

// keysOf is the keys of a plan's operations, in order.
func keysOf(p *publish.Plan) (keys []string) {
	for o := range p.Ops() {
		keys = append(keys, o.Object.Key)
	}
	return keys
}

// stateIn is the state among the contents of a store.
func stateIn(t testing.TB, all map[string]object, w *world) *publish.State {
	t.Helper()
	o, ok := all[publish.StateKey(w.fleet.Project.Prefix)]
	if !ok {
		return nil
	}
	s, err := publish.DecodeState([]byte(o.Body), w.fleet.Project.Prefix)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// doubts checks that what a state is certain of is so, and gives the keys that
// it is not certain of.
func doubts(t testing.TB, live *publish.Inventory, all map[string]object) []string {
	t.Helper()
	var doubtful []string
	variants := variantsOf(live)
	for key, c := range variants {
		o, there := all[key]
		switch {
		case c.Presence == publish.Present && (!there || c.MD5 != md5.Sum([]byte(o.Body)) || c.Size != int64(len(o.Body)) || c.Header != o.Header):
			t.Fatalf("%s is %+v after the state, and %+v in the store", key, c, o)
		case c.Presence == publish.MaybeChanged && !there:
			t.Fatalf("%s is there after the state, and isn't in the store", key)
		case c.Presence != publish.Present:
			doubtful = append(doubtful, key)
		}
	}
	for _, p := range live.Payloads {
		if o, there := all[p.Key]; !p.Doubtful && (!there || p.Size != int64(len(o.Body))) {
			t.Fatalf("%s is there after the state, and isn't in the store", p.Key)
		}
		if p.Doubtful {
			doubtful = append(doubtful, p.Key)
		}
	}
	for key := range all {
		if _, known := variants[key]; !known && ours(key) && live.Payload(key) == nil {
			t.Fatalf("%s is in the store, and the state does not know it", key)
		}
	}
	return doubtful
}

// needed is the keys that a publish has to write: those in doubt, and those
// that are not as a world wants them. A payload that is there is as it shall
// be.
func needed(t testing.TB, all map[string]object, before, w *world) []string {
	t.Helper()
	needed := map[string]bool{}
	if s := stateIn(t, all, before); s != nil {
		for _, key := range doubts(t, s.Live, all) {
			needed[key] = true
		}
	}
	for key, want := range w.tree {
		if all[key] != want {
			needed[key] = true
		}
	}
	for key := range all {
		if _, ok := w.tree[key]; !ok && ours(key) {
			needed[key] = true
		}
	}
	maps.DeleteFunc(needed, func(key string, _ bool) bool {
		_, there := all[key]
		_, want := w.tree[key]
		return strings.Contains(key, "/payloads/") && (there || !want)
	})
	return slices.Sorted(maps.Keys(needed))
}

func TestAPublishThatFailsAtAnyWriteIsMendedByTheNext(t *testing.T) {
	for i, change := range changes[1:] {
		t.Run(change.name, func(t *testing.T) {
			t.Parallel()
			world := func(i int) *world {
				c := changes[i%len(changes)]
				return newWorld(t, c.name, small(c.make), fleettest.Start)
			}
			failEverywhere(t, world(0), world(i+1), world(5*i+16), i)
		})
	}
	for seed := range uint64(fleettest.Rounds(1, 2)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			chain := randomChain(t, seed)
			failEverywhere(t, chain[1], chain[2], chain[3], int(seed))
		})
	}
}

// failEverywhere lets the publish of a second world over a first one fail early
// in each of its phases, and elsewhere, and then publishes the second again, or
// a third one.
func failEverywhere(t *testing.T, first, second, third *world, salt int) {
	m, store := newModel(t, first, second, third), &memstore.Store{}
	stock(t, store, first, second, third)
	if _, err := (attempt{now: fleettest.Start}).run(store, first); err != nil {
		t.Fatal(err)
	}
	before, writes := snapshot(t, store), 0
	count := func(string, string) { writes++ }
	later := attempt{now: fleettest.Start.Add(time.Hour), renew: 150}
	p, err := later.run(watched{store, count}, second)
	if err != nil {
		t.Fatal(err)
	}
	if p.Len() == 0 {
		return
	}
	const begin = 2 // writes before the first operation: the state, and the probe
	points := []int{0, begin, salt * 37 % writes, writes - 1}
	ops := slices.Collect(p.Ops())
	for i := 1; i < len(ops); i++ {
		if ops[i].Phase != ops[i-1].Phase {
			points = append(points, i+i/later.renew+begin+1+salt%3)
		}
	}
	for i, at := range points {
		next := second
		if (i+salt)%2 == 0 {
			next = third
		}
		failOnce(t, m, before, later, crash{at, (i+salt/2)%2 == 0, (i+salt/4)%2 == 0}, second, next)
	}
}

func failOnce(t *testing.T, m *model, before map[string]object, a attempt, c crash, w, next *world) {
	t.Helper()
	store, what := restore(t, before), fmt.Sprintf("%+v in %s", c, w.name)
	m.load(store, w)
	store.Fault = c.fault()
	var planned []string
	a.planned = func(p *publish.Plan) { planned = keysOf(p) }
	_, err := a.run(watched{store, func(key, _ string) {}}, w)
	store.Fault = nil
	after := snapshot(t, store)
	m.see(after)
	m.checkAll(what)
	if s := stateIn(t, after, w); s != nil {
		doubtful := doubts(t, s.Live, after)
		slices.Sort(doubtful)
		if s.Doing != nil && !slices.Equal(doubtful, slices.Sorted(slices.Values(planned))) {
			t.Fatalf("%s: %d keys are in doubt, which are not those of the plan", what, len(doubtful))
		}
		if s.Doing == nil && len(doubtful) > 0 || s.Doing != nil && err == nil {
			t.Fatalf("%s: %d keys are in doubt after a publish that has ended", what, len(doubtful))
		}
	}
	mend(t, m, after, a, next, fmt.Sprintf("%s, then %s", what, next.name))
}

// mend publishes a world over what a crash has left.
func mend(t *testing.T, m *model, left map[string]object, a attempt, w *world, what string) {
	t.Helper()
	store := restore(t, left)
	m.load(store, w)
	m.excuse()
	var wrote []string
	states := 0
	a.now, a.renew = a.now.Add(2*leaseTime), 0
	_, err := a.run(watched{store, func(key, how string) {
		if ours(key) {
			wrote = append(wrote, key)
			m.wrote(store, key, what+": after "+how)
		} else {
			states++
		}
	}}, w)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	slices.Sort(wrote)
	if want := needed(t, left, w, w); !slices.Equal(wrote, want) {
		t.Fatalf("%s: wrote %d keys, not the %d that need it", what, len(wrote), len(want))
	}
	if states > 3 {
		t.Fatalf("%s: wrote the state %d times", what, states)
	}
	holds(t, store, w)
	now := snapshot(t, store)
	s := stateIn(t, now, w)
	unnamed := func(key string) bool { return strings.Contains(key, "/payloads/") && w.tree[key] == object{} }
	if left := slices.DeleteFunc(doubts(t, s.Live, now), unnamed); len(left) > 0 || s.Doing != nil || s.Lease != nil {
		t.Fatalf("%s: %d keys are in doubt at the end, %v, %v", what, len(left), s.Doing, s.Lease)
	}
}

// TestWhatIsDoneInNoOrderIsMendedByTheNext ends publishes where some operations are done, and
// others not, in no order.
func TestWhatIsDoneInNoOrderIsMendedByTheNext(t *testing.T) {
	for i, change := range changes[1:] {
		before, w := newWorld(t, "before", small(), fleettest.Start), newWorld(t, change.name, small(change.make), fleettest.Start)
		store := &memstore.Store{}
		stock(t, store, before, w)
		if _, err := (attempt{now: fleettest.Start}).run(store, before); err != nil {
			t.Fatal(err)
		}
		var n atomic.Int64
		store.Fault = func(op memstore.Op, _ string) (bool, error) {
			if op != memstore.Get && n.Add(1)%int64(5+7*i) == 0 {
				return i%2 == 0, errCrash
			}
			return true, nil
		}
		a := attempt{now: bob.now, concurrency: 8}
		_, _ = a.run(store, w)
		store.Fault = nil
		left := snapshot(t, store)
		doubts(t, stateIn(t, left, w).Live, left)
		a.now = a.now.Add(leaseTime)
		if _, err := a.run(store, w); err != nil {
			t.Fatal(err)
		}
		holds(t, store, w)
	}
}

func TestAPhaseIsOverBeforeTheNextOneBegins(t *testing.T) {
	store := &memstore.Store{}
	before, w := newWorld(t, "before", small(), fleettest.Start), newWorld(t, "after", small(changed("devices change places")), fleettest.Start)
	apply(t, before.site, store)
	p := compare(t, w.site, store)
	phase, left := map[string]publish.Phase{}, map[publish.Phase]*atomic.Int64{}
	for o := range p.Ops() {
		phase[o.Object.Key] = o.Phase
		if left[o.Phase] == nil {
			left[o.Phase] = &atomic.Int64{}
		}
		left[o.Phase].Add(1)
	}
	store.Fault = func(_ memstore.Op, key string) (bool, error) {
		for earlier, n := range left {
			if n := n.Load(); earlier < phase[key] && n > 0 {
				t.Errorf("%s begins while %d of the %s are left", key, n, earlier)
			}
		}
		time.Sleep(50 * time.Microsecond)
		return true, nil
	}
	done := watched{store, func(key, _ string) { left[phase[key]].Add(-1) }}
	if err := p.Apply(ctx, done, publish.ApplyOptions{Concurrency: 8}); err != nil {
		t.Fatal(err)
	}
	holds(t, store, w)
}

func TestTheResultIsWhatAListingShows(t *testing.T) {
	for i, change := range changes {
		worlds := []*world{
			newWorld(t, "before", small(), fleettest.Start),
			newWorld(t, change.name, small(change.make), fleettest.Start),
			newWorld(t, "then", small(changes[(i+7)%len(changes)].make), fleettest.Start),
		}
		store := &memstore.Store{}
		stock(t, store, worlds...)
		for _, w := range worlds {
			p := apply(t, w.site, store)
			got, want := p.Result(w.at), compare(t, w.site, store).Live
			if a, b := variantsOf(want), variantsOf(got); !maps.Equal(a, b) {
				t.Fatalf("%s, %s: the store differs (-listed +known):\n%s", change.name, w.name, cmp.Diff(a, b))
			}
			for i := range got.Payloads {
				named := w.tree[got.Payloads[i].Key] != object{} || w.stored[got.Payloads[i].Key] != ""
				if named != got.Payloads[i].UnreferencedSince.IsZero() {
					t.Errorf("%s, %s: %+v, and named is %v", change.name, w.name, got.Payloads[i], named)
				}
				got.Payloads[i].UnreferencedSince = time.Time{}
			}
			if diff := cmp.Diff(want.Payloads, got.Payloads); diff != "" {
				t.Fatalf("%s, %s: the payloads differ (-listed +known):\n%s", change.name, w.name, diff)
			}
		}
	}
}

func TestDoubtIsRightWhicheverOperationsAreDone(t *testing.T) {
	t.Parallel()
	for _, change := range changes {
		before, w := newWorld(t, "before", small(), fleettest.Start), newWorld(t, change.name, small(change.make), fleettest.Start)
		for _, way := range [][2]*world{{before, w}, {w, before}} {
			store := &memstore.Store{}
			stock(t, store, before, w)
			apply(t, way[0].site, store)
			now, p := snapshot(t, store), compare(t, way[1].site, store)
			live, ops := p.InDoubt(fleettest.Start), slices.Collect(p.Ops())
			interned(t, live)
			variants := variantsOf(live)
			for _, o := range ops {
				key, there := o.Object.Key, now[o.Object.Key] != object{}
				if o.Phase != publish.Payloads && (variants[key].Presence == publish.MaybeChanged) != (there && !o.Delete()) {
					t.Fatalf("%s is %d, though it is there %v and goes %v", key, variants[key].Presence, there, o.Delete())
				}
			}
			for k := 0; ; k++ {
				if k%23 == 0 || k >= len(ops)-1 {
					doubtful := doubts(t, live, now)
					slices.Sort(doubtful)
					if want := slices.Sorted(slices.Values(keysOf(p))); !slices.Equal(doubtful, want) {
						t.Fatalf("after %d of %d operations %d keys are in doubt", k, len(ops), len(doubtful))
					}
				}
				if k == len(ops) {
					break
				}
				if o := ops[k].Object; ops[k].Delete() {
					delete(now, o.Key)
				} else {
					now[o.Key] = way[1].tree[o.Key]
				}
			}
		}
	}
}

// interned checks that what is known is as compact as it says, and in order.
func interned(t *testing.T, live *publish.Inventory) {
	t.Helper()
	seen := map[string]bool{}
	for _, a := range live.Answers {
		if seen[fmt.Sprint(a)] {
			t.Fatalf("the answer %+v is there twice", a)
		}
		seen[fmt.Sprint(a)] = true
	}
	if !reflect.DeepEqual(live.Answers[0], publish.Answer{}) {
		t.Fatal("the first answer is not that of nothing")
	}
	for i, f := range live.Folders {
		if i > 0 && f.Key <= live.Folders[i-1].Key && f.Digits <= live.Folders[i-1].Digits {
			t.Fatalf("%s comes after %s", f.Key, live.Folders[i-1].Key)
		}
		if len(f.Buckets) == 0 || len(f.Buckets) != len(f.Answers) || !slices.IsSorted(f.Buckets) || slices.Contains(f.Answers, 0) {
			t.Fatalf("%s has slots %v and kinds %v", f.Key, f.Buckets, f.Answers)
		}
	}
}
