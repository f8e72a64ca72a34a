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
	path     []move // of the device at hand, at least its version at the start
	needing  []needing
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
		d := w.device(i)
		w.walk(&d)
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

// walk takes a device from its first poll to the end.
func (w *walker) walk(d *device) {
	v := d.start
	row := int32(w.row(int(d.cohort), d.bucket, len(w.fleet.Cohorts)))
	w.tally.count(row, v, 0, 1)
	w.path = append(w.path[:0], move{0, v})
	w.needing = w.needing[:0]
	since := 0 // from here on the path was taken with the same reach
	var seen seen
	hops := 0
	for u := range w.updates(d, d.target, v, time.Duration(d.hash%uint64(w.Poll))) {
		if u.anew {
			since = len(w.path) - 1
		}
		if u.failed {
			w.totals.failed++
			continue
		}
		hops++
		w.tally.move(row, v, u.to, w.grid.index(u.at), 1)
		w.path = append(w.path, move{u.at, u.to})
		switch {
		case u.to == v:
			w.find(Same, &seen, d, u.in)
		case w.fleet.Cohorts[d.cohort].VersionCheck && w.versions.below(u.to, v):
			w.find(Down, &seen, d, u.in)
		}
		if u.to != v && w.had(u.to, since) {
			w.find(Loop, &seen, d, u.in)
			since = len(w.path) - 1
		}
		if hops > w.MaxHops && w.MaxHops > 0 {
			w.find(Hops, &seen, d, u.in)
		}
		if t := w.table(u.in, d.target); t.needs != nil && len(t.needs[v]) > 0 {
			w.needing = append(w.needing, needing{u.at, len(w.path), t.needs[v]})
		}
		v = u.to
		if w.Bricks > 0 && w.bricking[v] && uniform(&d.dice) < w.Bricks {
			w.totals.updates += int64(hops)
			w.totals.bricked++
			return
		}
		if seen[Loop] || seen[Same] {
			w.path = append(w.path[:0], move{u.at, v})
			since = 0
		}
	}
	if len(w.needing) > 0 && !seen[Loop] && !seen[Same] {
		w.arrivals(d)
	}
	stages := w.stages[d.cohort][d.bucket]
	w.totals.updates += int64(hops)
	last := stages[len(stages)-1]
	fate := w.table(last, d.target).fates[v]
	w.totals.fates[fate]++
	switch fate {
	case kept:
		w.totals.kept[w.why(w.table(last, d.target), d.target, v)]++
	case stuck:
		w.find(Stuck, &seen, d, last)
	case circling:
		for again := false; !again; again = w.had(v, 0) {
			v = w.table(last, d.target).next[v]
			w.path = append(w.path, move{w.For, v})
		}
		w.find(Loop, &seen, d, last)
	}
}

// update is one that a device takes, or tries to.
type update struct {
	at     time.Duration // when it is done
	to     int32
	in     stage
	anew   bool // something else came into reach since the last one
	failed bool
}

// updates is what a program of a device takes that polls from an instant on.
func (w *walker) updates(d *device, target, v int32, phase time.Duration) iter.Seq[update] {
	return func(yield func(update) bool) {
		stages := w.stages[d.cohort][d.bucket]
		first := func(t time.Duration) time.Duration { // poll at or after an instant
			return phase + max(0, (t-phase+w.Poll-1)/w.Poll)*w.Poll
		}
		i, anew := 0, false
		for t := phase; t <= w.For; {
			for i+1 < len(stages) && w.at(stages[i+1]) <= t {
				i, anew = i+1, true
			}
			to := w.table(stages[i], target).next[v]
			if to < 0 {
				for i++; i < len(stages) && w.table(stages[i], target).next[v] < 0; i++ {
				}
				if i == len(stages) {
					return
				}
				anew, t = true, first(w.at(stages[i]))
				continue
			}
			done := t + w.Install
			if done > w.For {
				return
			}
			t = max(t+w.Poll, first(done))
			failed := w.FailRate > 0 && uniform(&d.dice) < w.FailRate
			if !yield(update{done, to, stages[i], anew, failed}) {
				return
			}
			if anew = false; !failed {
				v = to
			}
		}
	}
}

// had says whether the path came through the last version before, from a
// place on.
func (w *walker) had(v int32, since int) bool {
	return slices.ContainsFunc(w.path[since:len(w.path)-1], func(m move) bool { return m.version == v })
}

// self is the device as it describes itself, with a version.
func (w *walker) self(d *device, v int32) manifest.Device {
	return manifest.Device{Serial: d.serial, Target: w.targets[d.target], CurrentVersion: w.versions.names[v]}
}
