package simulate

import (
	"context"
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
}

// totals are sums over all devices.
type totals struct {
	updates int64 // that devices took
	failed  int64 // that failed
	fates   [circling + 1]int64
	kept    map[string]int64 // devices by why
}

// move is a version and since when a device runs it.
type move struct {
	at      time.Duration
	version int32
}

func newWalker(s *simulation) *walker {
	return &walker{simulation: s, totals: totals{kept: map[string]int64{}}, tally: newTally(len(s.fleet.Cohorts), len(s.versions.names), s.grid.len())}
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
	for i, n := range o.totals.fates {
		w.totals.fates[i] += n
	}
	for why, n := range o.totals.kept {
		w.totals.kept[why] += n
	}
}

// walk takes a device from its first poll to the end.
func (w *walker) walk(d *device) {
	stages := w.stages[d.cohort][w.bucket(d.hash)]
	phase := time.Duration(d.hash % uint64(w.Poll))
	first := func(t time.Duration) time.Duration { // poll at or after an instant
		return phase + max(0, (t-phase+w.Poll-1)/w.Poll)*w.Poll
	}
	v, i := d.start, 0
	w.tally.count(d.cohort, v, 0, 1)
	w.path = append(w.path[:0], move{0, v})
	since := 0 // from here on the path was taken with the same reach
	var seen seen
	hops := 0
	for t := phase; t <= w.For; {
		for i+1 < len(stages) && w.at(stages[i+1]) <= t {
			i++
			since = len(w.path) - 1
		}
		to := w.table(stages[i], d.target).next[v]
		if to < 0 {
			for i++; i < len(stages) && w.table(stages[i], d.target).next[v] < 0; i++ {
			}
			if i == len(stages) {
				break
			}
			since = len(w.path) - 1
			t = first(w.at(stages[i]))
			continue
		}
		done := t + w.Install
		if done > w.For {
			break
		}
		t = max(t+w.Poll, first(done))
		if w.FailRate > 0 && uniform(&d.dice) < w.FailRate {
			w.totals.failed++
			continue
		}
		hops++
		w.tally.move(d.cohort, v, to, w.grid.index(done), 1)
		w.path = append(w.path, move{done, to})
		switch {
		case to == v:
			w.find(Same, &seen, d, stages[i])
		case w.fleet.Cohorts[d.cohort].VersionCheck && w.versions.below(to, v):
			w.find(Down, &seen, d, stages[i])
		}
		if to != v && w.had(to, since) {
			w.find(Loop, &seen, d, stages[i])
			since = len(w.path) - 1
		}
		if hops > w.MaxHops && w.MaxHops > 0 {
			w.find(Hops, &seen, d, stages[i])
		}
		v = to
		if seen[Loop] || seen[Same] {
			w.path = append(w.path[:0], move{done, v})
			since = 0
		}
	}
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

// had says whether the path came through the last version before, from a
// place on.
func (w *walker) had(v int32, since int) bool {
	return slices.ContainsFunc(w.path[since:len(w.path)-1], func(m move) bool { return m.version == v })
}

// self is the device as it describes itself, with a version.
func (w *walker) self(d *device, v int32) manifest.Device {
	return manifest.Device{Serial: d.serial, Target: w.targets[d.target], CurrentVersion: w.versions.names[v]}
}
