package simulate

import (
	"slices"
	"time"

	"cairn/releases"
)

// Gates says what all gates of a fleet answer. The zero value asks none: what
// waits goes on waiting.
type Gates string

// What gates answer. Fail and silent both keep a rollout where it is.
const (
	GatesPass   Gates = "pass" // as soon as their time has come
	GatesFail   Gates = "fail"
	GatesSilent Gates = "silent" // they have no evidence
)

// Through is the fleet as it goes on from an instant where all of its gates pass as
// soon as their time has come, and releases are promoted then.
func Through(f *releases.Fleet, from time.Time) *releases.Fleet {
	passed := *f
	passed.Cohorts = nil
	for _, c := range f.Cohorts {
		open := *c
		open.Activations = nil
		for _, a := range c.Activations {
			a.Rollout = pass(a.Rollout)
			open.Activations = append(open.Activations, a)
		}
		passed.Cohorts = append(passed.Cohorts, &open)
	}
	done := map[string]bool{}
	for _, c := range passed.Cohorts {
		promote(&passed, c, from, done)
	}
	return &passed
}

// promote adds to a cohort what it takes over from another one, which does so
// before.
func promote(f *releases.Fleet, c *releases.Cohort, from time.Time, done map[string]bool) {
	if c.Promote == nil || done[c.Slug] {
		return
	}
	done[c.Slug] = true
	source := f.Cohort(c.Promote.From)
	if source == nil {
		return
	}
	promote(f, source, from, done)
	looks := []time.Time{from.Add(time.Second)}
	all := func(a releases.Activation) {
		if at, ok := a.Rollout.Reach(func(percent float64) bool { return percent >= 100 }); ok && at.After(from) {
			looks = append(looks, at)
		}
	}
	for _, a := range slices.Concat(source.Activations, c.Activations) {
		all(a)
	}
	for len(looks) > 0 {
		slices.SortFunc(looks, time.Time.Compare)
		at := looks[0]
		looks = looks[1:]
		x := f.Candidate(c, at, false)
		if x.Release == nil {
			continue
		}
		noted := *c.Promote
		noted.Since = map[string]time.Time{x.Release.Version: x.Note}
		c.Promote = &noted
		switch {
		case x.Due.After(at):
			looks = append(looks, x.Due)
		case x.Ready(at):
			a := releases.Activation{Release: x.Release, Rollout: pass(noted.Rollout.BeginAt(at)), Seed: f.Project.Seed.Of(c.Slug, x.Release.Version)}
			if r := a.Rollout; r.Ramp == nil && len(r.Steps) == 0 {
				a.Rollout = releases.Rollout{Steps: []releases.Step{{At: at, Percent: r.Fixed}}}
			}
			c.Activations = append(slices.Clip(c.Activations), a)
			slices.SortFunc(c.Activations, func(a, b releases.Activation) int {
				return f.Project.Order.Compare(a.Release.Version, b.Release.Version)
			})
			all(a)
			looks = append(looks, at)
		}
	}
}

func pass(r releases.Rollout) releases.Rollout {
	if len(r.Held) == 0 {
		return r
	}
	steps := append([]releases.Step{}, r.Steps...)
	var last time.Time
	if n := len(steps); n > 0 {
		last = steps[n-1].At
	}
	for _, s := range r.Held {
		if s.At = s.Due; s.After > 0 {
			s.At = last.Add(s.After)
		}
		last = s.At
		steps = append(steps, s)
	}
	return releases.Rollout{Steps: steps}
}

// gated are the versions, by number, that reach devices by a rollout with gates.
func (s *simulation) gated() map[int32]bool {
	all := map[int32]bool{}
	for _, c := range s.fleet.Cohorts {
		for _, a := range c.Activations {
			for _, step := range append(a.Rollout.Steps[:len(a.Rollout.Steps):len(a.Rollout.Steps)], a.Rollout.Held...) {
				if step.Gate != "" {
					for _, p := range a.Release.Payloads {
						all[s.versions.of[a.Release.VersionOf(p.SoftwareType)]] = true
					}
				}
			}
		}
	}
	return all
}
