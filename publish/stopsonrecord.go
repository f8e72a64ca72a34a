package publish

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"cairn/releases"
)

// StopKind is the key of the definitions that stops a release.
type StopKind string

// What may stop a release.
const (
	Aborted   StopKind = "aborted"
	Paused    StopKind = "paused"
	Withdrawn StopKind = "withdrawn"
)

// Stop is that a release was taken back, or held at a percentage. It stands
// until the definitions say that it has resumed, later than At.
type Stop struct {
	Cohort  string    `json:"cohort,omitempty"` // "" is all of them
	Version string    `json:"version"`
	Kind    StopKind  `json:"kind"`
	Reason  string    `json:"reason,omitempty"`
	Percent float64   `json:"percent,omitempty"` // that a pause holds
	At      time.Time `json:"at"`                // UTC: of the pause, or of the publish that brought it
	Source  string    `json:"source,omitempty"`  // of the definitions that brought it
}

func (s Stop) compare(o Stop) int {
	return cmp.Or(cmp.Compare(s.Cohort, o.Cohort), cmp.Compare(s.Version, o.Version), cmp.Compare(s.Kind, o.Kind))
}

func (s Stop) equal(o Stop) bool {
	at := s.At.Equal(o.At)
	s.At = o.At
	return at && s == o
}

// stopsOf is what the definitions stop at an instant, in order. Only a pause
// says since when.
func stopsOf(f *releases.Fleet, at time.Time) (all []Stop) {
	for _, r := range f.Releases {
		if r.Withdrawn != "" {
			all = append(all, Stop{Version: r.Version, Kind: Withdrawn, Reason: r.Withdrawn})
		}
	}
	for _, c := range f.Cohorts {
		for _, a := range c.Activations {
			s := Stop{Cohort: c.Slug, Version: a.Release.Version}
			if a.Aborted != "" {
				s.Kind, s.Reason = Aborted, a.Aborted
				all = append(all, s)
				s.Reason = ""
			}
			if !a.Paused.IsZero() && !a.Paused.After(at) {
				s.Kind, s.Percent, s.At = Paused, a.Percent(at), a.Paused.UTC()
				all = append(all, s)
			}
		}
	}
	slices.SortFunc(all, Stop.compare)
	return all
}

// resumed is when the definitions say that a stop of its kind is over.
func (s Stop) resumed(f *releases.Fleet) (at time.Time) {
	if s.Kind == Withdrawn {
		for _, r := range f.Releases {
			if r.Version == s.Version {
				return r.Resumed
			}
		}
		return at
	}
	if c := f.Cohort(s.Cohort); c != nil {
		for _, a := range c.Activations {
			if a.Release.Version == s.Version {
				return a.Resumed
			}
		}
	}
	return at
}

// Stops is what was stopped, by the publish that ended last or by one that did
// not end, in order.
func (r *Remote) Stops() (all []Stop) {
	if r.State == nil {
		return nil
	}
	all = slices.Clone(r.State.Done.Stops)
	if r.State.Doing != nil {
		all = append(all, r.State.Doing.Stops...)
	}
	slices.SortFunc(all, func(a, b Stop) int { return cmp.Or(a.compare(b), b.At.Compare(a.At)) })
	return slices.CompactFunc(all, func(a, b Stop) bool { return a.compare(b) == 0 })
}

// StopsAfter is what stands stopped after a publish at an instant, in order: what
// the definitions stop, and what was stopped and has not resumed.
func (p *Proposal) StopsAfter(now time.Time) []Stop {
	fleet := cmp.Or(p.whole, p.Site.Tree.Fleet)
	var all []Stop
	before := p.Remote.Stops()
	for _, s := range stopsOf(fleet, p.Edition.At) {
		s.Source = p.Edition.Source
		i, known := slices.BinarySearchFunc(before, s, Stop.compare)
		switch {
		case known && !s.resumed(fleet).After(before[i].At) && !s.At.After(before[i].At):
			s.At, s.Source = before[i].At, before[i].Source
		case s.Kind != Paused:
			s.At = now.UTC().Truncate(time.Millisecond)
		}
		all = append(all, s)
	}
	for _, s := range p.holds() {
		if _, said := slices.BinarySearchFunc(all, s, Stop.compare); !said {
			all = append(all, s)
			slices.SortFunc(all, Stop.compare)
		}
	}
	return all
}

// holds is what was stopped, has not resumed, is not retired, and is not stopped
// by the definitions any more.
func (p *Proposal) holds() []Stop {
	fleet := cmp.Or(p.whole, p.Site.Tree.Fleet)
	said := stopsOf(fleet, p.Edition.At)
	return slices.DeleteFunc(p.Remote.Stops(), func(s Stop) bool {
		_, still := slices.BinarySearchFunc(said, s, Stop.compare)
		return still || s.resumed(fleet).After(s.At) || retired(fleet, s.Version)
	})
}

// retired says whether the definitions say of a version that it is in the
// field, and no release any more. One that is only gone may come back.
func retired(f *releases.Fleet, version string) bool {
	listed := func(s releases.Software) bool { return slices.Contains(s.KnownVersions, version) }
	return slices.ContainsFunc(slices.Collect(maps.Values(f.Software)), listed) &&
		!slices.ContainsFunc(f.Releases, func(r *releases.Release) bool { return r.Version == version })
}

// reoffered is the rollouts of what was stopped and has not resumed.
func reoffered(p *Proposal) (trips []Trip) {
	for _, s := range p.holds() {
		for _, r := range p.Edition.Rollouts {
			if r.Version != s.Version || s.Cohort != "" && r.Cohort != s.Cohort || r.Percent <= s.Percent+rounding {
				continue
			}
			trips = append(trips, Trip{
				Concerns: fmt.Sprintf("cohort %q", r.Cohort),
				What:     fmt.Sprintf("release %s would be offered again to %s %% of cohort %q; it was %s", r.Version, percent(r.Percent), r.Cohort, s),
				Limit:    s.wayOut(r.Cohort),
			})
		}
	}
	return trips
}

// String is what was done and when: "aborted at 2026-12-01T09:00:00Z (stalls)".
func (s Stop) String() string {
	what := string(s.Kind)
	if s.Kind == Paused {
		what += " at " + percent(s.Percent) + " %"
	}
	what += " at " + s.At.Format(time.RFC3339)
	if s.Source != "" {
		what += " from " + s.Source
	}
	if s.Reason != "" {
		what += " (" + s.Reason + ")"
	}
	return what
}

func (s Stop) wayOut(cohort string) string {
	if s.Kind == Withdrawn {
		return "bring in the definitions that say so; to offer it once more, run 'cairn deploy-release --again' there, or write resumed = (a later instant) into the release"
	}
	return fmt.Sprintf("bring in the definitions that say so; to offer it once more, run 'cairn deploy-release --again --release-version %s --cohort %s'", s.Version, cohort)
}
