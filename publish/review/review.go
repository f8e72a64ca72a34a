// Package review tells what a publish would do as those want to read it who
// let it through: who gets what before and after, what it takes, and what the
// schedule brings next. It reads a plan, and imports no store.
package review

import (
	"fmt"
	"slices"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
)

// Review is what a publish would do.
type Review struct {
	To     string    `json:"to"`     // the store, or what stands for it
	At     time.Time `json:"at"`     // the instant that decides
	Groups []Group   `json:"groups"` // those that move down first, then those that lose a release
	// Relocations is which devices change cohort; Groups has what they get.
	Relocations []Relocation `json:"cohort_changes"`
	Shrunk      []Shrunk     `json:"shrunk_cohorts"`
	// Forgotten is versions that had an answer, and that the definitions name
	// no more.
	Forgotten []publish.Remembered `json:"forgotten_versions"`
	Objects   Objects              `json:"objects"` // what is written
	Head      string               `json:"head"`    // what happens to the signed head; "" where nothing is signed
	Guard     string               `json:"guard"`   // what stops it, a line for each trip; "" for nothing
	// Trips is the same one by one, and Allow the flag that lets it through.
	Trips    []publish.Trip `json:"trips"`
	Allow    string         `json:"allow"`
	Missing  []string       `json:"missing"`  // keys of stored payloads that are not there: it fails
	Upcoming []Upcoming     `json:"upcoming"` // ascending by time
	Waiting  []Waiting      `json:"waiting"`  // for a gate
	Promotes []Promotes     `json:"promotes"` // what cohorts take over from others
}

// Group is the devices of a cohort that are alike.
type Group struct {
	Cohort string `json:"cohort"`
	From   string `json:"from"`    // the cohort where they are now: the same for those that stay
	Size   int    `json:"devices"` // how many there are; -1 where nobody lists them
	manifest.Target
	Moves []Move `json:"moves"` // what goes down first, then withdrawals, what stays as it is last
}

// Move is what happens to devices that run the same and are in the same
// buckets.
type Move struct {
	// Current is the versions that they run. None are those that state no
	// version, Unknown those whose version nobody lists, and is below what
	// is offered, where version_check is on.
	Current []string `json:"current_versions"`
	None    bool     `json:"no_version"`
	Unknown bool     `json:"unknown_version"`
	// Eager are those that ask for what has begun to roll out, whichever bucket
	// they are in: nobody knows how many they are.
	Eager bool `json:"eager,omitempty"`
	Change
	Buckets int     `json:"buckets"`
	Percent float64 `json:"percent"` // of the group's devices, or of all buckets where nobody lists them
	// Devices is how many of them the cohort lists, -1 where it lists none.
	Devices int `json:"devices"`
	// In is the buckets themselves, ascending.
	In []uint16 `json:"-"`
}

// Change is what they are offered before and after.
type Change struct {
	Before Offer `json:"before"`
	After  Offer `json:"after"`
	// Payload says that it is the same release with another payload.
	Payload bool `json:"other_payload"`
	// Withdrawn says that the release before is out of their reach now.
	Withdrawn bool `json:"withdrawn"`
	// Down says that they are newly offered less than what they run.
	Down bool `json:"moves_down"`
	// Held is what keeps them from more, in words; "" for nothing.
	Held string `json:"held,omitempty"`
}

// Offer is what devices are offered.
type Offer struct {
	// Version is that of the release, "" where they are up to date. Where a
	// publish did not end it may be several, a line each.
	Version string `json:"version"`
	// Missing says that there is no answer at all.
	Missing bool `json:"missing"`
}

// Same says whether nothing changes.
func (c Change) Same() bool { return c.Before == c.After && !c.Payload }

// Changed says whether anything does.
func (g Group) Changed() bool {
	return slices.ContainsFunc(g.Moves, func(m Move) bool { return !m.Same() })
}

// Objects is what is written.
type Objects struct {
	Counts   map[string]int `json:"counts"` // by reason
	Puts     int            `json:"puts"`
	Deletes  int            `json:"deletes"`
	Bytes    int64          `json:"bytes"`    // of the puts
	Requests int            `json:"requests"` // with those for the state
	Cost     float64        `json:"cost"`
	Currency string         `json:"currency"`
}

// Upcoming is what the schedule brings next, once somebody publishes.
type Upcoming struct {
	At      time.Time `json:"at"`
	Cohort  string    `json:"cohort"`
	Version string    `json:"version"`
	Percent float64   `json:"percent"`
	Buckets int       `json:"buckets"`
	Last    bool      `json:"last"` // the rollout has arrived

	title string // of the release, with its components
}

// Empty says whether there is nothing to do.
func (r *Review) Empty() bool { return r.Objects.Puts+r.Objects.Deletes == 0 }

// New reviews a plan of the fleet's definitions at an instant.
func New(plan *publish.Plan, fleet *releases.Fleet, at time.Time) *Review {
	changes := relocations(plan, fleet)
	return &Review{
		At:          at,
		Groups:      groups(plan),
		Relocations: changes,
		Shrunk:      shrunk(changes, fleet),
		Objects:     objects(plan, fleet.Prices),
		Head:        head(plan.Head()),
		Forgotten:   []publish.Remembered{},
		Trips:       []publish.Trip{},
		Missing:     append([]string{}, plan.Missing...),
		Waiting:     waiting(fleet),
		Promotes:    promotes(fleet, at),
		Upcoming:    upcoming(fleet, at, plan.Site.Tree.Layout.Buckets()),
	}
}

// head says what happens to the signed head, and until when devices take it.
func head(h *publish.Head) string {
	if h == nil {
		return ""
	}
	what := "as it is"
	switch {
	case h.Signed && h.Reason == publish.Renewed:
		what = "signed again, since it is old"
	case h.Signed && h.Reason == publish.New:
		what = fmt.Sprintf("signed, %s", plural(h.Rows, "row"))
	case h.Signed:
		what = fmt.Sprintf("signed again, %s changed", plural(h.Rows, "row"))
	}
	if h.Signed {
		what += fmt.Sprintf(", there after %d requests", h.Requests)
	}
	return what + "; expires " + h.Expires.Format(time.DateOnly)
}

func objects(plan *publish.Plan, prices releases.Prices) Objects {
	o := Objects{Counts: map[string]int{}, Currency: prices.Currency}
	for r, n := range plan.Counts() {
		o.Counts[r.String()] = n
	}
	o.Puts, o.Deletes, o.Bytes = plan.Totals()
	gets, puts := 1, o.Puts
	if plan.Len() > 0 {
		puts += publish.StatePuts
	}
	o.Requests = gets + puts + o.Deletes
	o.Cost = (float64(puts)*prices.Put + float64(gets)*prices.Get + float64(o.Deletes)*prices.Delete) / 1000
	return o
}

// Waiting is a rollout that stands until a gate lets it go on.
type Waiting struct {
	Cohort  string  `json:"cohort"`
	Version string  `json:"version"`
	Gate    string  `json:"gate"`
	Percent float64 `json:"percent"` // of the step that waits
	What    string  `json:"-"`
}

func waiting(f *releases.Fleet) []Waiting {
	all := []Waiting{}
	for _, c := range f.Cohorts {
		for _, a := range c.Activations {
			if r := a.Rollout; a.Offers() && r.Gate() != "" {
				all = append(all, Waiting{c.Slug, a.Release.Version, r.Gate(), r.Held[0].Percent, r.Waits()})
			}
		}
	}
	return all
}

// Promotes is what a cohort takes over from another one, in words.
type Promotes struct {
	Cohort string `json:"cohort"`
	What   string `json:"what"`
}

func promotes(f *releases.Fleet, at time.Time) []Promotes {
	all := []Promotes{}
	for _, c := range f.Cohorts {
		if what := f.Promotes(c, at); what != "" {
			all = append(all, Promotes{c.Slug, what})
		}
	}
	return all
}

// soon is how many of a rollout's next changes are told beside its last.
const soon = 2

func upcoming(f *releases.Fleet, at time.Time, buckets int) []Upcoming {
	all := []Upcoming{}
	for _, c := range f.Cohorts {
		for _, a := range c.Activations {
			var last *Upcoming
			n := 0
			for change := range a.Changes(at, buckets) {
				last = &Upcoming{At: change.At, Cohort: c.Slug, Version: a.Release.Version, Percent: change.Percent, Buckets: change.Buckets, title: a.Release.Title()}
				if n++; n <= soon {
					all = append(all, *last)
				}
			}
			if n > soon {
				all = append(all, *last)
			}
			if n > 0 && len(a.Rollout.Held) == 0 {
				all[len(all)-1].Last = true
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Upcoming) int { return a.At.Compare(b.At) })
	return all
}
