package lint

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

const timeFormat = time.RFC3339

// schedule looks at the rollout of an activation.
func (l *linter) schedule(c *releases.Cohort, a releases.Activation) {
	l.rounded(c, a)
	r := a.Release
	start, key := time.Time{}, []string{"rollout"}
	switch {
	case a.Rollout.Ramp != nil:
		start, key = a.Rollout.Ramp.Start, append(key, "start")
	case len(a.Rollout.Steps) > 0:
		start, key = a.Rollout.Steps[0].At, append(key, "0", "at")
	}
	if !start.IsZero() && start.Before(r.Created) {
		l.warn("starts-before-created", activation(c, r, key...), "one of the two is mistyped; created is in "+l.find(in(r.File, "created")).String(),
			"the rollout of %s starts at %s, but it was created at %s", r.Version, start.Format(timeFormat), r.Created.Format(timeFormat))
	}
	if l.zone == nil {
		return
	}
	before := 0.0
	for i, s := range a.Rollout.Steps {
		due := s.At.After(l.At) && (a.Paused.IsZero() || !s.At.After(a.Paused))
		if when := offHours(s.At.In(l.zone)); when != "" && due && s.Percent > before {
			key := "at"
			if s.After > 0 {
				key = "after"
			}
			l.warn("off-hours-step", activation(c, r, "rollout", strconv.Itoa(i), key), "move it to when somebody can watch it, and abort",
				"%s goes to %v percent %s: %s in %s", r.Version, s.Percent, when, s.At.In(l.zone).Format("Monday 2006-01-02 15:04"), l.Project.Timezone)
		}
		before = s.Percent
	}
}

// offHours says when an instant is, "" for a time when people work.
func offHours(at time.Time) string {
	const morning, evening = 6, 22 // hours
	switch {
	case at.Weekday() == time.Saturday || at.Weekday() == time.Sunday:
		return "on a weekend"
	case at.Hour() < morning || at.Hour() >= evening:
		return "at night"
	}
	return ""
}

// rounded looks at each percentage of a rollout that is not over yet.
func (l *linter) rounded(c *releases.Cohort, a releases.Activation) {
	look := func(percent float64, path ...string) {
		buckets := manifest.LayoutOf(l.Fleet).Buckets()
		n := releases.Buckets(percent, buckets)
		actual := 100 * float64(n) / float64(buckets)
		const much = 1.5
		if n == 0 || n == buckets || actual < much*percent && 100-actual < much*(100-percent) {
			return
		}
		hint := "a rollout takes whole buckets, " + share(100/float64(buckets)) + " percent each: state a multiple of that, or list the first devices in a cohort of their own"
		if actual < percent {
			hint = "below 100 percent at least one bucket stays out: write 100 to have them all"
		}
		l.warn("rounded-percentage", activation(c, a.Release, append([]string{"rollout"}, path...)...), hint,
			"%v percent is %s percent in fact: %d of %d buckets", percent, share(actual), n, buckets)
	}
	switch r := a.Rollout; {
	case r.Ramp != nil:
		if r.Ramp.Start.After(l.At) {
			look(r.Ramp.From, "from")
		}
		look(r.Ramp.To, "to")
	case len(r.Steps)+len(r.Held) > 0:
		for i, s := range slices.Concat(r.Steps, r.Held) {
			if i+1 >= len(r.Steps) || r.Steps[i+1].At.After(l.At) {
				look(s.Percent, strconv.Itoa(i), "percent")
			}
		}
	default:
		look(r.Fixed)
	}
}

// share is a percentage from 0 to 100, both excluded, to three digits of what
// it is away from them.
func share(percent float64) string {
	decimals := 2 - int(math.Floor(math.Log10(min(percent, 100-percent))))
	s := strconv.FormatFloat(percent, 'f', max(decimals, 1), 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
