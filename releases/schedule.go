package releases

import (
	"iter"
	"time"
)

// Change is an instant from which a rollout covers another number of buckets.
type Change struct {
	At      time.Time // UTC
	Percent float64   // from that instant, 0 to 100
	Buckets int       // likewise
}

// Changes goes through the changes that are due strictly after an instant, of
// so many buckets in all, in the order of time. Those of steps are exact; those
// of a ramp are at the first whole second at which the new number holds, so
// that two within one second are one. What never offers anything has none.
func (a Activation) Changes(after time.Time, buckets int) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		if !a.Offers() {
			return
		}
		n := Buckets(a.Percent(after), buckets)
		more := func(at time.Time) bool { return Buckets(a.Percent(at), buckets) > n }
		for at, ok := a.Rollout.next(after, more); ok; at, ok = a.Rollout.next(at, more) {
			percent := a.Percent(at)
			n = Buckets(percent, buckets)
			if !yield(Change{at, percent, n}) {
				return
			}
		}
	}
}

// next is the first step, or whole second of a ramp, after an instant at which
// there is more. It is false where there is none.
func (r Rollout) next(after time.Time, more func(time.Time) bool) (time.Time, bool) {
	if r.Ramp != nil {
		return r.Ramp.next(after, more)
	}
	for _, s := range r.Steps {
		if s.At.After(after) && more(s.At) {
			return s.At, true
		}
	}
	return time.Time{}, false
}

func (r Ramp) next(after time.Time, more func(time.Time) bool) (time.Time, bool) {
	second := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	low, high := after.Unix(), r.Start.Add(r.Duration).Add(time.Second-1).Unix()
	if !more(second(high)) {
		return time.Time{}, false
	}
	for high-low > 1 {
		if mid := low + (high-low)/2; more(second(mid)) {
			high = mid
		} else {
			low = mid
		}
	}
	return second(high), true
}
