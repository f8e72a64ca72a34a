package publish_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
)

// shuffled draws which devices the cohorts of the small fleet list, what they
// roll out and which hardware there is. A hundred devices stay in gamma: so the
// shards have siblings.
func shuffled(r *rand.Rand) func(*releases.Fleet) {
	return func(f *releases.Fleet) {
		beta, gamma := f.Cohort("beta"), f.Cohort("gamma")
		listed := map[*releases.Cohort][]string{beta: nil, gamma: serialsNamed("gamma", 100)}
		places := rand.New(rand.NewPCG(r.Uint64N(3), 0))
		for _, serial := range serialsNamed("device", 30) {
			if c := pick(places, beta, gamma, nil); c != nil {
				listed[c] = append(listed[c], serial)
			}
		}
		for c, serials := range listed {
			c.Devices = releases.DevicesOf(serials...)
		}
		for _, c := range f.Cohorts {
			for i := range c.Activations {
				c.Activations[i].Rollout.Fixed = pick[float64](r, 0, 50, 100)
			}
		}
		gone := pick(r, "mp", "evt", "", "")
		for _, release := range f.Releases {
			release.Payloads = slices.DeleteFunc(release.Payloads, func(p *releases.Payload) bool { return p.HardwareVersion == gone })
		}
	}
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// TestPublishesThatFailOneAfterTheOther lets publishes of some fleets fail at
// any write, or lose the state, each over what the last one has left.
func TestPublishesThatFailOneAfterTheOther(t *testing.T) {
	for seed := range uint64(fleettest.Rounds(4, 25)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 0))
			var worlds []*world
			for i := range 4 {
				worlds = append(worlds, newWorld(t, fmt.Sprint("fleet ", i), small(shuffled(r)), fleettest.Start))
			}
			storm(t, r, worlds)
		})
	}
}

func storm(t *testing.T, r *rand.Rand, worlds []*world) {
	m, store := newModel(t, worlds...), &memstore.Store{}
	stock(t, store, worlds...)
	if _, err := (attempt{now: fleettest.Start}).run(store, worlds[0]); err != nil {
		t.Fatal(err)
	}
	before, what := snapshot(t, store), ""
	for i := range 12 {
		w := pick(r, worlds...)
		if r.IntN(8) == 0 {
			delete(before, publish.StateKey(w.fleet.Project.Prefix))
			what += "without a state, "
		}
		store = restore(t, before)
		m.load(store, w)
		m.excuse()
		var questions atomic.Int64
		late := 0 // shards that are read again
		if s := stateIn(t, before, w); s != nil && s.Late != nil {
			for key := range variantsOf(s.Late.Keys) {
				if strings.Contains(key, "/cohorts/") {
					late++
				}
			}
		}
		store.Fault = func(op memstore.Op, key string) (bool, error) {
			if op == memstore.Get && strings.Contains(key, "/cohorts/") {
				questions.Add(1)
			}
			return true, nil
		}
		a := attempt{now: fleettest.Start.Add(time.Duration(i+1) * time.Hour), renew: pick(r, 0, 20, 150)}
		a.planned = func(p *publish.Plan) {
			fewQuestions(t, int(questions.Load())-late, p)
			c := crash{somewhere(r, p), pick(r, true, false), true}
			what += fmt.Sprintf("%s %+v, ", w.name, c)
			fault := c.fault()
			store.Fault = func(op memstore.Op, key string) (bool, error) {
				if op == memstore.Get {
					return true, nil // the model reads on
				}
				return fault(op, key)
			}
		}
		_, err := a.run(watched{store, func(key, how string) {
			if ours(key) {
				m.wrote(store, key, what+"after "+how)
			}
		}}, w)
		store.Fault = nil
		before = snapshot(t, store)
		if s := stateIn(t, before, w); s != nil {
			doubts(t, s.Live, before)
		}
		if err == nil {
			holds(t, store, w)
		}
	}
}

// somewhere is a write in any of a plan's phases or beside them, or none.
func somewhere(r *rand.Rand, p *publish.Plan) int {
	const begin = 2 // writes before the first operation: the state, and the probe
	ops := map[publish.Phase][]int{}
	for i, o := range slices.Collect(p.Ops()) {
		ops[o.Phase] = append(ops[o.Phase], begin+i)
	}
	phases := append(slices.Sorted(maps.Keys(ops)), 0)
	ops[0] = append(ops[0], 0, begin+p.Len(), math.MaxInt)
	return pick(r, ops[pick(r, phases...)]...)
}

// fewQuestions says whether a plan has asked for those cohort shards only that
// it changes.
func fewQuestions(t *testing.T, questions int, p *publish.Plan) {
	t.Helper()
	most := 2 // for a listing, to see whether its tags are MD5s
	for o := range p.Ops() {
		if o.Phase == publish.Cohorts {
			most++
		}
	}
	if questions > most {
		t.Errorf("%d questions, want %d at most", questions, most)
	}
}

// excuse allows for what no order of writes avoids. Where a publish that did not
// end has given or taken a target's answers in some places only, and devices
// change places between them, who comes may find none for a while: put before
// the index, they would be there for who leaves.
func (m *model) excuse() {
	leaves := map[string]bool{}
	for _, q := range m.questions {
		for _, v := range m.edges {
			if now := q.cohort(m.objects, v); now != q.home {
				leaves[now+m.layout.Bucket(q.hash)] = true
			}
		}
	}
	for _, q := range m.questions {
		if leaves[q.home+m.layout.Bucket(q.hash)] && q.cohort(m.objects, view{}) != q.home && q.askIn(m.objects, q.home, view{}) == absent {
			q.allowed = append(q.allowed, absent)
		}
	}
}
