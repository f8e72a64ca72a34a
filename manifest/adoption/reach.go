package adoption

import (
	"maps"
	"math"
	"slices"
	"time"

	"cairn/releases"
)

// reach is when a rollout came to each bucket: a slot, or never.
type reach struct{ entered []int64 }

const never = math.MaxInt64

// reachOf works out when a bucket was first offered a release. A percentage
// without an instant began, as far as anybody can tell, a poll before somebody
// asked on the release.
func (v view) reachOf(a releases.Activation, on *series) reach {
	n := v.layout.Buckets()
	r := reach{make([]int64, n)}
	for bucket, rank := range v.layout.Ranks(a.Seed) {
		r.entered[bucket] = never
		from, ever := a.Rollout.Reach(func(percent float64) bool { return int(rank) < releases.Buckets(percent, n) })
		switch {
		case !ever || !a.Paused.IsZero() && from.After(a.Paused):
		case from.IsZero():
			r.entered[bucket] = v.firstAsked(on)
		default:
			r.entered[bucket] = floor(from, v.slot)
		}
	}
	return r
}

func floor(at time.Time, slot int64) int64 { return at.Unix() / slot }

func (v view) firstAsked(on *series) int64 {
	if on == nil {
		return never
	}
	return slices.Min(slices.Collect(maps.Keys(on.slots))) - v.window
}

// settle is how long after an offer nothing is compared yet: two polls, as a
// device polls once more when it restarts with the release, and some miss their
// first one; and an hour for publish, caches, download and restart.
func (v view) settle() int64 { return (2*v.poll + 3600 + v.slot - 1) / v.slot }

// waves pairs what each bucket asked after the rollout reached its wave with what
// it asked before, at the same time of day, on up to seven days.
func (v view) waves(r reach, all []*series, on *series) (waves []wave) {
	const longest = 7 * day
	perDay := day / v.slot
	reached := map[int64]bool{}
	for _, slot := range r.entered {
		reached[slot] = true
	}
	for _, entered := range slices.Sorted(maps.Keys(reached)) {
		if entered >= v.end {
			break
		}
		back := (v.end - entered + perDay - 1) / perDay * perDay // whole days
		from := max(entered+1+v.settle(), v.end-longest/v.slot, v.start+back)
		if from >= v.end {
			continue
		}
		w := wave{perDevice: max(1, v.perDevice(v.end-from))}
		before, after := make([]float64, v.layout.Buckets()), make([]float64, v.layout.Buckets())
		addTo(after, all, from, v.end)
		for days := 0; days < 7 && from-back >= v.start; days++ {
			addTo(before, all, from-back, v.end-back)
			back += perDay
		}
		for bucket, since := range r.entered {
			p := pair{before[bucket], after[bucket]}
			switch {
			case p == pair{}:
			case since == entered:
				w.inside = append(w.inside, p)
			case since >= v.end:
				w.outside = append(w.outside, p)
			}
		}
		if on != nil {
			w.arrived = on.polls(from, v.end, func(b int) bool { return r.entered[b] == entered })
		}
		waves = append(waves, w)
	}
	return waves
}

// addTo adds the polls of some series in some slots, by bucket.
func addTo(n []float64, all []*series, from, to int64) {
	for _, s := range all {
		for slot := from; slot < to; slot++ {
			for bucket, polls := range s.slots[slot] {
				n[bucket] += float64(polls)
			}
		}
	}
}

// delays are how long half and 95 % of the devices of the first wave took from
// the offer to the release, in hours: of those that have arrived in the end.
func (v view) delays(r reach, on *series) (median, late *float64) {
	first := slices.Min(r.entered)
	if first < v.start || first >= v.end {
		return nil, nil
	}
	in := func(b int) bool { return r.entered[b] == first }
	whole := v.devices(v.end, in, on)
	if whole < 1 {
		return nil, nil
	}
	for slot := first + 1; slot <= v.end; slot++ {
		n := v.devices(slot, in, on)
		hours := float64((slot-first)*v.slot) / 3600
		if median == nil && n >= 0.5*whole {
			median = &hours
		}
		if n >= 0.95*whole {
			return median, &hours
		}
	}
	return median, nil
}

// downloads shares out the bytes of payloads, as whole payloads.
func (v view) downloads(rows []Row) {
	arrivals := func(row Row) (n float64) {
		for _, s := range v.folders {
			if s != nil && s.place.target == row.Target && s.place.version == row.version {
				n += v.devices(v.end, nil, s) - v.devices(v.start+v.window, nil, s)
			}
		}
		return n
	}
	for i := range rows {
		row := &rows[i]
		seen := map[string]bool{}
		for release, p := range v.fleet.Payloads() {
			counted := v.payload[p.SHA256[:32]]
			if release.Version != row.Release || p.SoftwareType != row.SoftwareType || p.HardwareVersion != row.HardwareVersion || p.URL != "" || seen[p.SHA256] {
				continue
			}
			seen[p.SHA256] = true
			for _, sent := range counted.bytes {
				row.Downloads += float64(sent) / float64(max(1, counted.size))
			}
		}
		row.arrivals = max(0, arrivals(*row))
		if row.arrivals >= 1 && row.Downloads > 0 {
			per := row.Downloads / row.arrivals
			row.PerArrival = &per
		}
	}
}
