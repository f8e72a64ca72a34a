package releases_test

import (
	"testing"
	"time"

	"cairn/releases"
)

func instant(s string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return at
}

var (
	start = instant("2026-12-01T09:00:00Z")
	steps = releases.Rollout{Steps: []releases.Step{
		{At: start, Percent: 1},
		{At: start.Add(24 * time.Hour), Percent: 10},
		{At: start.Add(48 * time.Hour), Percent: 10},
		{At: start.Add(72 * time.Hour), Percent: 100},
	}}
	exponential = releases.Rollout{Ramp: &releases.Ramp{Start: start, Duration: 48 * time.Hour, From: 1, To: 100}}
	linear      = releases.Rollout{Ramp: &releases.Ramp{Start: start, Duration: 48 * time.Hour, From: 0, To: 50, Linear: true}}
	flat        = releases.Rollout{Ramp: &releases.Ramp{Start: start, Duration: time.Nanosecond, From: 30, To: 30}}
)

func TestPercent(t *testing.T) {
	for _, row := range []struct {
		name    string
		rollout releases.Rollout
		after   time.Duration // of the start
		want    float64
	}{
		{"zero value", releases.Rollout{}, 0, 0},
		{"fixed", releases.Rollout{Fixed: 12.5}, -1e6 * time.Hour, 12.5},
		{"before the first step", steps, -1, 0},
		{"first step", steps, 0, 1},
		{"up to the next step", steps, 24*time.Hour - 1, 1},
		{"next step", steps, 24 * time.Hour, 10},
		{"after the last step", steps, 1e6 * time.Hour, 100},
		{"before a ramp", exponential, -1, 0},
		{"ramp begins", exponential, 0, 1},
		{"ramp at half", exponential, 24 * time.Hour, 10},
		{"ramp ends", exponential, 48 * time.Hour, 100},
		{"after a ramp", exponential, 49 * time.Hour, 100},
		{"line begins", linear, 0, 0},
		{"line at a quarter", linear, 12 * time.Hour, 12.5},
		{"line ends", linear, 48 * time.Hour, 50},
		{"flat", flat, 0, 30},
		{"before flat", flat, -1, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.rollout.Percent(start.Add(row.after)); got != row.want {
				t.Errorf("%v percent, want %v", got, row.want)
			}
		})
	}
}

func TestPaused(t *testing.T) {
	a := releases.Activation{Rollout: steps, Paused: start.Add(24 * time.Hour)}
	for after, want := range map[time.Duration]float64{
		-1:                  0,
		0:                   1,
		24*time.Hour - 1:    1,
		24 * time.Hour:      10, // the last instant of the schedule
		24*time.Hour + 1:    10,
		1000000 * time.Hour: 10,
	} {
		if got := a.Percent(start.Add(after)); got != want {
			t.Errorf("%v after the start: %v percent, want %v", after, got, want)
		}
	}
	a = releases.Activation{Rollout: exponential, Paused: start.Add(-1)}
	if got := a.Percent(start.Add(time.Hour)); got != 0 {
		t.Errorf("paused before the start: %v percent", got)
	}
	a = releases.Activation{Rollout: releases.Rollout{Fixed: 7}, Paused: start}
	if got := a.Percent(start.Add(time.Hour)); got != 7 {
		t.Errorf("paused, but without a schedule: %v percent", got)
	}
}

// TestReach holds Reach against Percent: no instant before it is enough.
func TestReach(t *testing.T) {
	for name, rollout := range map[string]releases.Rollout{"steps": steps, "exponential": exponential, "linear": linear, "flat": flat} {
		for _, of := range []int{16, 256, 4096} {
			for rank := 0; rank < of; rank += 1 + of/64 {
				covers := func(percent float64) bool { return rank < releases.Buckets(percent, of) }
				at, ever := rollout.Reach(covers)
				if end := covers(rollout.Percent(start.Add(1e6 * time.Hour))); ever != end {
					t.Errorf("%s, rank %d of %d: reached is %v, want %v", name, rank, of, ever, end)
				}
				if ever && (!covers(rollout.Percent(at)) || covers(rollout.Percent(at.Add(-1)))) {
					t.Errorf("%s, rank %d of %d: %s is not the first instant", name, rank, of, at)
				}
			}
		}
	}
}

func TestReachWithoutSchedule(t *testing.T) {
	for percent, want := range map[float64]bool{0: false, 49: false, 50: true, 100: true} {
		at, ever := releases.Rollout{Fixed: percent}.Reach(func(p float64) bool { return p >= 50 })
		if ever != want || !at.IsZero() {
			t.Errorf("%v percent: %v, %s", percent, ever, at)
		}
	}
}

func TestBuckets(t *testing.T) {
	for _, of := range []int{16, 256, 4096, 65536} {
		last := 0
		for percent := -1.0; percent <= 101; percent += 0.01 {
			n := releases.Buckets(percent, of)
			switch {
			case n < last:
				t.Errorf("%v percent of %d: %d, less than before", percent, of, n)
			case (n == 0) != (percent <= 0), (n == of) != (percent >= 100):
				t.Errorf("%v percent of %d: %d", percent, of, n)
			}
			last = n
		}
	}
	if n := releases.Buckets(1e-300, 16); n != 1 {
		t.Errorf("next to nothing is %d buckets, want 1", n)
	}
}
