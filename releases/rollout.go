package releases

import (
	"fmt"
	"math"
	"time"
)

// Rollout is the share of a cohort's devices that a release reaches, over
// time. The zero value reaches nobody.
type Rollout struct {
	Fixed float64 // percent, where there are neither steps nor a ramp
	Steps []Step  // ascending in time, never falling
	Held  []Step  // those that come after, from the one on that waits for its gate
	Ramp  *Ramp
}

// Step is a percentage from an instant on.
type Step struct {
	At      time.Time // zero where it is held
	Percent float64

	After  time.Duration // since the step before it, where it states no instant itself
	Gate   string        // that lets it begin; "" for none
	Due    time.Time     // of a step that has a gate or is held: it begins no earlier; zero where that is not known yet
	Passed time.Time     // when the gate did; zero for not yet
}

// Gate is the name of the gate that a rollout waits for, "" for none.
func (r Rollout) Gate() string {
	if len(r.Held) == 0 {
		return ""
	}
	return r.Held[0].Gate
}

// Ramp is a percentage that grows from an instant on.
type Ramp struct {
	Start    time.Time
	Duration time.Duration // over 0
	From, To float64       // percent; From ≤ To
	Linear   bool          // otherwise exponential
}

// Waits says in words which gate the rollout waits for, and for what; "" for none.
func (r Rollout) Waits() string {
	if len(r.Held) == 0 {
		return ""
	}
	s := fmt.Sprintf("%v %% waits for gate %s", r.Held[0].Percent, r.Held[0].Gate)
	if due := r.Held[0].Due; !due.IsZero() {
		s += ", not before " + due.UTC().Format(time.RFC3339)
	}
	return s
}

// Percent is the share at an instant, in percent, as docs/contract.md section 3
// defines it.
func (r Rollout) Percent(at time.Time) float64 {
	switch {
	case r.Ramp != nil:
		return r.Ramp.percent(at)
	case len(r.Steps) > 0:
		percent := 0.0
		for _, s := range r.Steps {
			if at.Before(s.At) {
				break
			}
			percent = s.Percent
		}
		return percent
	}
	return r.Fixed
}

func (r Ramp) percent(at time.Time) float64 {
	elapsed := at.Sub(r.Start)
	switch {
	case elapsed < 0:
		return 0
	case elapsed >= r.Duration:
		return r.To
	}
	x := float64(elapsed) / float64(r.Duration)
	if r.Linear {
		// The conversion keeps the compiler from fusing the two operations,
		// which would round otherwise on other machines.
		return r.From + float64((r.To-r.From)*x)
	}
	return r.From * math.Pow(r.To/r.From, x)
}

// Reach is the first instant at which the share is such that enough says yes,
// which must hold for every higher share too. It is false where the schedule
// never comes to that. Where the schedule has no beginning (a fixed
// percentage) the instant is zero.
func (r Rollout) Reach(enough func(percent float64) bool) (time.Time, bool) {
	switch {
	case r.Ramp != nil:
		return r.Ramp.reach(enough)
	case len(r.Steps) > 0:
		for _, s := range r.Steps {
			if enough(s.Percent) {
				return s.At, true
			}
		}
		return time.Time{}, false
	}
	return time.Time{}, enough(r.Fixed)
}

func (r Ramp) reach(enough func(float64) bool) (time.Time, bool) {
	if !enough(r.To) {
		return time.Time{}, false
	}
	low, high := time.Duration(-1), r.Duration
	for high-low > 1 {
		if mid := low + (high-low)/2; enough(r.percent(r.Start.Add(mid))) {
			high = mid
		} else {
			low = mid
		}
	}
	return r.Start.Add(high), true
}

// Buckets is how many of so many buckets a percentage covers: all or none
// only at 100 and 0 percent, otherwise rounded half up.
func Buckets(percent float64, of int) int {
	switch {
	case percent <= 0:
		return 0
	case percent >= 100:
		return of
	}
	n := int(math.Floor(percent*float64(of)/100 + 0.5))
	return min(max(n, 1), of-1)
}

// Final is the share that the schedule comes to in the end, in percent, if all
// gates let it.
func (r Rollout) Final() float64 {
	switch {
	case r.Ramp != nil:
		return r.Ramp.To
	case len(r.Held) > 0:
		return r.Held[len(r.Held)-1].Percent
	case len(r.Steps) > 0:
		return r.Steps[len(r.Steps)-1].Percent
	}
	return r.Fixed
}
