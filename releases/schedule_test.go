package releases_test

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cairn/releases"

	"github.com/google/go-cmp/cmp"
)

var released = &releases.Release{Version: "1.0.0"}

func ramp(duration time.Duration, from, to float64) releases.Rollout {
	return releases.Rollout{Ramp: &releases.Ramp{Start: start, Duration: duration, From: from, To: to, Linear: true}}
}

func TestChanges(t *testing.T) {
	const hour = time.Hour
	type change struct {
		After   time.Duration // the start
		Percent float64
		Buckets int
	}
	late := ramp(4*time.Second, 0, 100)
	late.Ramp.Start = start.Add(1)
	for _, row := range []struct {
		name  string
		a     releases.Activation
		after time.Duration // the start
		of    int
		want  []change
	}{
		{"fixed", releases.Activation{Rollout: releases.Rollout{Fixed: 10}}, -hour, 256, nil},
		{"steps", releases.Activation{Rollout: steps}, -1, 256, []change{{0, 1, 3}, {24 * hour, 10, 26}, {72 * hour, 100, 256}}},
		{"strictly after", releases.Activation{Rollout: steps}, 0, 256, []change{{24 * hour, 10, 26}, {72 * hour, 100, 256}}},
		{"steps too small to count", releases.Activation{Rollout: releases.Rollout{Steps: []releases.Step{
			{At: start, Percent: 0}, {At: start.Add(1), Percent: 1}, {At: start.Add(2), Percent: 9}, {At: start.Add(3), Percent: 10},
		}}}, -1, 16, []change{{1, 1, 1}, {3, 10, 2}}},
		{"paused at a step", releases.Activation{Rollout: steps, Paused: start.Add(24 * hour)}, -1, 256, []change{{0, 1, 3}, {24 * hour, 10, 26}}},
		{"paused before a step", releases.Activation{Rollout: steps, Paused: start.Add(24*hour - 1)}, -1, 256, []change{{0, 1, 3}}},
		{"ramp", releases.Activation{Rollout: ramp(16*hour, 0, 100)}, 13 * hour, 16, []change{
			{13*hour + 30*time.Minute, 84.375, 14}, {14*hour + 30*time.Minute, 90.625, 15}, {16 * hour, 100, 16},
		}},
		{"ramp that jumps", releases.Activation{Rollout: ramp(hour, 50, 60)}, -hour, 16, []change{
			{0, 50, 8}, {18*time.Minute + 45*time.Second, 53.125, 9}, {56*time.Minute + 15*time.Second, 59.375, 10},
		}},
		{"exponential", releases.Activation{Rollout: exponential}, 47 * hour, 16, []change{{48 * hour, 100, 16}}},
		{"flat", releases.Activation{Rollout: flat}, -hour, 16, []change{{0, 30, 5}}},
		{"ramp within seconds", releases.Activation{Rollout: ramp(4*time.Second, 0, 100)}, -hour, 256, []change{
			{time.Second, 25, 64}, {2 * time.Second, 50, 128}, {3 * time.Second, 75, 192}, {4 * time.Second, 100, 256},
		}},
		{"ramp between seconds", releases.Activation{Rollout: late}, 3*time.Second + 1, 16, []change{
			{4 * time.Second, 100 * (4e9 - 1) / 4e9, 15}, {5 * time.Second, 100, 16},
		}},
		{"ramp within a second", releases.Activation{Rollout: releases.Rollout{Ramp: &releases.Ramp{Start: start.Add(1), Duration: 1, From: 1, To: 100}}}, -1, 256, []change{{time.Second, 100, 256}}},
		{"ramp paused", releases.Activation{Rollout: ramp(16*hour, 0, 100), Paused: start.Add(14*hour + 30*time.Minute)}, 13 * hour, 16, []change{
			{13*hour + 30*time.Minute, 84.375, 14}, {14*hour + 30*time.Minute, 90.625, 15},
		}},
		{"ramp paused before its start", releases.Activation{Rollout: flat, Paused: start.Add(-1)}, -hour, 256, nil},
		{"after the end", releases.Activation{Rollout: exponential}, 48 * hour, 256, nil},
		{"aborted", releases.Activation{Rollout: exponential, Aborted: "why"}, -hour, 256, nil},
		{"withdrawn", releases.Activation{Rollout: steps, Release: &releases.Release{Withdrawn: "why"}}, -hour, 256, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.a.Release == nil {
				row.a.Release = released
			}
			var got []change
			for c := range row.a.Changes(start.Add(row.after), row.of) {
				got = append(got, change{c.At.Sub(start), c.Percent, c.Buckets})
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestChangesWalk holds Changes against a walk through every second of a
// window, and every step.
func TestChangesWalk(t *testing.T) {
	const window = 2000 // seconds
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 0))
		a := randomActivation(r)
		of := []int{16, 256, 4096, 65536}[r.IntN(4)]
		after := start.Add(time.Duration(r.Int64N(int64(2*time.Hour))) - 10*time.Minute)
		if r.IntN(2) == 0 {
			after = after.Truncate(time.Second)
		}
		end := after.Add(window * time.Second)
		var want, got []releases.Change
		n := releases.Buckets(a.Percent(after), of)
		for at := range moments(a.Rollout, after, end) {
			percent := a.Percent(at)
			if b := releases.Buckets(percent, of); b != n {
				n, want = b, append(want, releases.Change{At: at, Percent: percent, Buckets: b})
			}
		}
		for c := range a.Changes(after, of) {
			if c.At.After(end) {
				break
			}
			got = append(got, c)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d, after %s, of %d, %s (-want +got):\n%s", seed, after, of, describe(a), diff)
		}
	}
}

// moments are the instants of a window at which a rollout may change.
func moments(r releases.Rollout, after, end time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		if r.Ramp == nil {
			for _, s := range r.Steps {
				if s.At.After(after) && !s.At.After(end) && !yield(s.At) {
					return
				}
			}
			return
		}
		for at := after.Truncate(time.Second).Add(time.Second); !at.After(end); at = at.Add(time.Second) {
			if !yield(at) {
				return
			}
		}
	}
}

// TestChangesEnd goes through whole schedules: they rise from change to
// change, and end where the rollout does.
func TestChangesEnd(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		a := randomActivation(r)
		if ramp := a.Rollout.Ramp; ramp != nil && r.IntN(4) == 0 {
			ramp.Duration = time.Duration(1 + r.Int64N(math.MaxInt64))
		}
		of := []int{16, 256, 4096, 65536}[seed%4]
		at, n := time.Time{}, releases.Buckets(a.Percent(time.Time{}), of)
		for c := range a.Changes(at, of) {
			if !c.At.After(at) || c.Buckets <= n || c.Percent != a.Percent(c.At) || c.At.Location() != time.UTC {
				t.Fatalf("seed %d, %s: %v after %s with %d", seed, describe(a), c, at, n)
			}
			at, n = c.At, c.Buckets
		}
		if want := releases.Buckets(a.Percent(instant("9999-01-01T00:00:00Z")), of); n != want {
			t.Errorf("seed %d, %s: ends with %d buckets, want %d", seed, describe(a), n, want)
		}
	}
}

func TestChangesAgain(t *testing.T) {
	changes := releases.Activation{Rollout: exponential, Release: released}.Changes(start, 256)
	if first, second := slices.Collect(changes), slices.Collect(changes); len(first) == 0 || !slices.Equal(first, second) {
		t.Errorf("%d changes, then %d", len(first), len(second))
	}
}

// randomActivation has a schedule that begins within the hour after start.
func randomActivation(r *rand.Rand) releases.Activation {
	a := releases.Activation{Release: released}
	moment := func() time.Time {
		at := start.Add(time.Duration(r.Int64N(int64(time.Hour))))
		if r.IntN(2) == 0 {
			at = at.Truncate(time.Second)
		}
		return at
	}
	share := func() float64 {
		switch r.IntN(4) {
		case 0:
			return []float64{0, 0.3125, 3.125, 31.25, 50, 100}[r.IntN(6)]
		case 1:
			return float64(r.IntN(101))
		case 2:
			return float64(r.IntN(2*65536)) * 100 / (2 * 65536)
		}
		return 100 * math.Pow(r.Float64(), 3)
	}
	if r.IntN(3) == 0 {
		a.Paused = moment()
	}
	switch r.IntN(6) {
	case 0:
		a.Rollout.Fixed = share()
	case 1:
		for range 1 + r.IntN(20) {
			a.Rollout.Steps = append(a.Rollout.Steps, releases.Step{At: moment(), Percent: share()})
		}
		slices.SortFunc(a.Rollout.Steps, func(x, y releases.Step) int { return x.At.Compare(y.At) })
		for i, s := range a.Rollout.Steps[1:] {
			a.Rollout.Steps[i+1].Percent = max(s.Percent, a.Rollout.Steps[i].Percent)
		}
	default:
		from, to := share(), share()
		unit := []time.Duration{1, time.Second, time.Minute, time.Hour}[r.IntN(4)]
		ramp := &releases.Ramp{Start: moment(), Duration: time.Duration(1+r.IntN(100)) * unit, From: min(from, to), To: max(from, to)}
		ramp.Linear = ramp.From == 0 || r.IntN(2) == 0
		a.Rollout.Ramp = ramp
	}
	return a
}

func describe(a releases.Activation) string {
	return fmt.Sprintf("%+v, ramp %+v, paused %s", a.Rollout, a.Rollout.Ramp, a.Paused)
}

func BenchmarkChanges(b *testing.B) {
	a := releases.Activation{Rollout: exponential, Release: released}
	for b.Loop() {
		n := 0
		for range a.Changes(start, 65536) {
			n++
		}
		b.ReportMetric(float64(n), "changes")
	}
}
