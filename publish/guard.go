package publish

import (
	"fmt"
	"slices"
	"strings"

	"cairn/releases"
)

// Guard keeps a publish from doing one thing that is seldom meant.
type Guard struct {
	Name     string // as --allow has it: "exposure"
	Measures string // what it looks at, in a few words
	// measure gives what is over the limit. Something is published already.
	measure func(*Proposal) []Trip
}

// Guards are all that there are, in the order in which they are told.
var Guards = []Guard{
	{"exposure", "more than max_exposure_increase of a cohort would newly be offered a release", overExposed},
	{"downgrade", "more than max_moved_down of a cohort would newly be offered a version below its own", overMovedDown},
	{"promise", "what [promise] says would not hold, for a device at an instant of the schedule or by this publish", unkept},
	{"skip", "devices would newly go past a version that had must_pass_through when it was published", overlooking},
	{"edge", "devices would newly be offered what a block, a min_version, a dead_end or needs kept them from when it was published", reopened},
	{"image", "a release that was on offer would have another image under the same version", otherImages},
	{"reoffer", "what was aborted, withdrawn or paused would be offered again, and the definitions don't say resumed", reoffered},
	{"deletes", "more than max_deletes of the keys would be deleted, with no answer in their place", overDeleted},
	{"layout", "what firmware has burned in would change, or one prefix would lie inside another", otherLayout},
	{"older", "the checkout lacks what was published last", lacking},
	{"time", "the instant is a day before the last one, or an hour from the store's clock", oddInstant},
}

// GuardNames are the names of [Guards].
func GuardNames() []string {
	var names []string
	for _, g := range Guards {
		names = append(names, g.Name)
	}
	return names
}

// Limits are what a publish may do, and what gets past them this once.
type Limits struct {
	releases.Guard
	Allow []string // names of guards
}

// Trip is what a guard has found over its limit.
type Trip struct {
	Guard    string `json:"guard"`    // its name
	Concerns string `json:"concerns"` // whom: `cohort "beta"`
	What     string `json:"what"`     // what would happen, a sentence without its stop
	Limit    string `json:"limit"`    // "max_deletes is 20"
}

// String is what would happen, beside the limit.
func (t Trip) String() string { return fmt.Sprintf("%s: %s; %s", t.Guard, t.What, t.Limit) }

// Trips is all that is over a limit, allowed or not. Where nothing is to be
// written no device can be moved by accident, nor where nothing is published
// yet, unless the fleet is below another prefix.
func (p *Proposal) Trips() []Trip {
	if p.trips == nil {
		p.trips = p.findTrips()
	}
	return p.trips
}

func (p *Proposal) findTrips() []Trip {
	all, guards := []Trip{}, Guards
	switch {
	case len(p.elsewhere) == 0 && len(p.Live.Folders) == 0 || p.Len() == 0 && p.recorded():
		return all
	case len(p.Live.Folders) == 0:
		guards = []Guard{{Name: "layout", measure: otherPrefix}}
	}
	for _, g := range guards {
		for _, t := range g.measure(p) {
			t.Guard = g.Name
			all = append(all, t)
		}
	}
	return all
}

// Tripped is an error where a guard that is not allowed to trip does. It is a
// [TrippedError].
func (p *Proposal) Tripped() error {
	all := p.Trips()
	stopped := slices.DeleteFunc(slices.Clone(all), func(t Trip) bool { return slices.Contains(p.Edition.Limits.Allow, t.Guard) })
	if len(stopped) == 0 {
		return nil
	}
	return &TrippedError{Trips: stopped, Allow: guardsOf(all)}
}

// guardsOf names the guards of some trips, each once.
func guardsOf(trips []Trip) (names []string) {
	for _, t := range trips {
		if !slices.Contains(names, t.Guard) {
			names = append(names, t.Guard)
		}
	}
	return names
}

// TrippedError is a publish that is stopped by guards.
type TrippedError struct {
	Trips []Trip
	// Allow names the guards that must let it through, those included that do
	// already.
	Allow []string
}

// Error has a line for each trip.
func (e *TrippedError) Error() string {
	var lines []string
	for _, t := range e.Trips {
		lines = append(lines, t.String())
	}
	return strings.Join(lines, "\n")
}

// Flag is the flag that lets exactly this through.
func (e *TrippedError) Flag() string { return "--allow " + strings.Join(e.Allow, ",") }

// percent writes a share with one decimal at most.
func percent(p float64) string {
	if p > 0 && p < 0.05 {
		return "less than 0.1"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", p), ".0")
}

// lacking is that the definitions may be older than what was published.
func lacking(p *Proposal) (trips []Trip) {
	for _, l := range p.Edition.Lacks {
		trips = append(trips, Trip{Concerns: "all that was released or stopped since", What: l.What, Limit: l.Hint})
	}
	return trips
}

// rounding is how far a computed share may be off.
const rounding = 1e-9
