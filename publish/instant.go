package publish

import (
	"fmt"
	"time"
)

// How far the instant that decides may be off.
const (
	maxBack = 24 * time.Hour // before the one that was published last
	maxSkew = time.Hour      // from the store's clock, either way
)

func oddInstant(p *Proposal) (trips []Trip) {
	at := p.Edition.At
	trip := func(limit, format string, args ...any) {
		trips = append(trips, Trip{Concerns: "all rollouts that have a schedule", What: fmt.Sprintf(format, args...), Limit: limit})
	}
	if last := p.Remote.lastAt(); last.Sub(at) > maxBack {
		trip("it may be a day at most", "the instant %s is %s before %s, which was published last: an --at left over, or a clock that is off",
			at.Format(time.RFC3339), apart(last.Sub(at)), last.Format(time.RFC3339))
	}
	if date := p.Remote.Date; !date.IsZero() && at.Sub(date).Abs() > maxSkew {
		trip("it may be an hour at most", "the instant %s is %s from %s, which the clock of %s says: an --at left over, or a clock that is off",
			at.Format(time.RFC3339), apart(at.Sub(date).Abs()), date.UTC().Format(time.RFC3339), p.Store)
	}
	return trips
}

// lastAt is the instant that was published last, zero where none is known.
func (r *Remote) lastAt() time.Time {
	if r.State == nil {
		return time.Time{}
	}
	last := r.State.Done.At
	if doing := r.State.Doing; doing != nil && doing.At.After(last) {
		last = doing.At
	}
	return last
}

// apart is a duration in days, or else in hours.
func apart(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return fmt.Sprintf("%d hours", d/time.Hour)
}
