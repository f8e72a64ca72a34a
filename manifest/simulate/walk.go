package simulate

import (
	"context"
	"iter"
	"slices"
	"time"

	"cairn/manifest"
)

// walker takes devices through the simulation, one after the other.
type walker struct {
	*simulation
	tally    tally
	findings findings
	totals   totals
	journey
}

// totals are sums over all devices.
type totals struct {
	updates int64 // that devices took
	failed  int64 // that failed
	bricked int64 // devices
	fates   [circling + 1]int64
	kept    map[string]int64 // devices by why
}

// move is a version and since when a device runs it.
type move struct {
	at      time.Duration
	version int32
}

func newWalker(s *simulation) *walker {
	return &walker{simulation: s, totals: totals{kept: map[string]int64{}}, tally: newTally(2*len(s.fleet.Cohorts), len(s.versions.names), s.grid.len())}
}

// walkAll walks some of the devices.
func (w *walker) walkAll(ctx context.Context, from, to int) error {
	const often = 1024
	for i := from; i < to; i++ {
		if i%often == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		w.walk(w.population.device(i))
		if w.Done != nil {
			w.Done.Add(1)
		}
	}
	return nil
}

// add adds what another walker saw, whose devices come after.
func (w *walker) add(o *walker) {
	w.tally.add(&o.tally)
	w.findings.add(&o.findings)
	w.totals.updates += o.totals.updates
	w.totals.failed += o.totals.failed
	w.totals.bricked += o.totals.bricked
	for i, n := range o.totals.fates {
		w.totals.fates[i] += n
	}
	for why, n := range o.totals.kept {
		w.totals.kept[why] += n
	}
}

// journey is the device at hand on its way.
type journey struct {
	device  device
	version int32
	updates int
	path    []move // at least its version at the start
	since   int    // from this place of the path on, nothing else came into reach
	fails   [checks]bool
	needing []needing
}

// walk takes a device from its first poll to the end.
func (w *walker) walk(d device) {
	w.journey = journey{device: d, version: d.start, path: append(w.path[:0], move{0, d.start}), needing: w.needing[:0]}
	row := int32(w.row(int(d.cohort), d.bucket, len(w.fleet.Cohorts)))
	w.tally.count(row, d.start, 0, 1)
	for u := range w.polls(&w.device, d.target, d.start, time.Duration(d.hash%uint64(w.Poll))) {
		if u.anew {
			w.since = len(w.path) - 1
		}
		if u.failed {
			w.totals.failed++
			continue
		}
		w.totals.updates++
		w.tally.move(row, w.version, u.to, w.grid.index(u.at), 1)
		w.take(u)
		if w.Bricks > 0 && w.bricking[u.to] && uniform(&w.device.dice) < w.Bricks {
			w.totals.bricked++
			return
		}
	}
	if len(w.needing) > 0 && !w.lost() {
		w.arrivals()
	}
	w.end()
}

// take has the device at hand run another version, and looks at what that was.
func (w *walker) take(u update) {
	from := w.version
	w.version = u.to
	w.updates++
	w.path = append(w.path, move{u.at, u.to})
	switch {
	case u.to == from:
		w.find(Same, u.in)
	case w.fleet.Cohorts[w.device.cohort].VersionCheck && w.versions.below(u.to, from):
		w.find(Down, u.in)
	}
	if u.to != from && w.had(u.to, w.since) {
		w.find(Loop, u.in)
		w.since = len(w.path) - 1
	}
	if w.updates > w.MaxHops && w.MaxHops > 0 {
		w.find(Hops, u.in)
	}
	if t := w.table(u.in, w.device.target); t.needs != nil && len(t.needs[from]) > 0 {
		w.needing = append(w.needing, needing{u.at, len(w.path), t.needs[from]})
	}
	if w.lost() {
		w.path = append(w.path[:0], move{u.at, u.to})
		w.since = 0
	}
}

// lost says whether the device at hand gets the same versions again and again.
func (w *walker) lost() bool { return w.fails[Loop] || w.fails[Same] }

// end is what becomes of the device at hand if it polls on.
func (w *walker) end() {
	stages := w.stages[w.device.cohort][w.device.bucket]
	last := stages[len(stages)-1]
	t := w.table(last, w.device.target)
	fate := t.fates[w.version]
	w.totals.fates[fate]++
	switch fate {
	case kept:
		w.totals.kept[w.why(t, w.device.target, w.version)]++
	case stuck:
		w.find(Stuck, last)
	case circling:
		for v, again := w.version, false; !again; again = w.had(v, 0) {
			v = t.next[v]
			w.path = append(w.path, move{w.For, v})
		}
		w.find(Loop, last)
	}
}

// had says whether the path came through a version before its last one, from a
// place on.
func (w *walker) had(v int32, since int) bool {
	return slices.ContainsFunc(w.path[since:len(w.path)-1], func(m move) bool { return m.version == v })
}

// update is one that a device takes, or tries to.
type update struct {
	at     time.Duration // when it is done
	to     int32
	in     stage
	anew   bool // something else came into reach since the last one
	failed bool
}

// polls is what a program of a device takes that polls from an instant on.
func (w *walker) polls(d *device, target, v int32, phase time.Duration) iter.Seq[update] {
	return func(yield func(update) bool) {
		stages := w.stages[d.cohort][d.bucket]
		first := func(t time.Duration) time.Duration { // poll at or after an instant
			return phase + max(0, (t-phase+w.Poll-1)/w.Poll)*w.Poll
		}
		i, before := 0, 0
		for t := phase; t <= w.For; {
			for i+1 < len(stages) && w.at(stages[i+1]) <= t {
				i++
			}
			offers := i
			for offers < len(stages) && w.table(stages[offers], target).next[v] < 0 {
				offers++
			}
			if offers == len(stages) {
				return
			}
			if offers > i {
				i, t = offers, first(w.at(stages[offers]))
				continue
			}
			u := update{at: t + w.Install, to: w.table(stages[i], target).next[v], in: stages[i], anew: i > before}
			if u.at > w.For {
				return
			}
			u.failed = w.FailRate > 0 && uniform(&d.dice) < w.FailRate
			if !yield(u) {
				return
			}
			if !u.failed {
				v = u.to
			}
			before, t = i, max(t+w.Poll, first(u.at))
		}
	}
}

// self is the device at hand as it describes itself, with a version.
func (w *walker) self(v int32) manifest.Device {
	return manifest.Device{Serial: w.device.serial, Target: w.targets[w.device.target], CurrentVersion: w.versions.names[v]}
}
