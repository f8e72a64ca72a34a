package simulate

import (
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

// Through is the fleet as it goes on where all of its gates pass as soon as their
// time has come.
func Through(f *releases.Fleet) *releases.Fleet {
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
	return &passed
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
