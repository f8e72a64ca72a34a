package publish

import (
	"cmp"
	"slices"
	"time"
)

// News is what a publish has changed, for those who want to hear of it.
type News struct {
	Project    string          `json:"project"` // slug
	At         time.Time       `json:"at"`      // UTC: the instant that the answers are for
	Source     string          `json:"source"`  // of the definitions, such as a commit
	Operations int             `json:"operations"`
	Changes    []RolloutChange `json:"changes"` // ascending by cohort and version
	Stops      []Stop          `json:"stops"`   // that were not on record before
}

// RolloutChange is that a release reaches more or fewer of a cohort's devices.
type RolloutChange struct {
	Cohort  string  `json:"cohort"`
	Version string  `json:"version"`
	Before  float64 `json:"before"` // percent
	After   float64 `json:"after"`  // percent
}

// News is what there is to tell once the proposal is published at an instant; nil
// where it changes nothing.
func (p *Proposal) News(now time.Time) *News {
	n := &News{Project: p.Site.Tree.Fleet.Project.Slug, At: p.Edition.At.UTC(), Source: p.Edition.Source, Operations: p.Len(), Changes: []RolloutChange{}, Stops: []Stop{}}
	before, after := p.Remote.offers(), map[[2]string]float64{}
	add := func(id [2]string) {
		if before[id] != after[id] {
			n.Changes = append(n.Changes, RolloutChange{id[0], id[1], before[id], after[id]})
		}
	}
	for _, r := range p.Edition.Rollouts {
		after[[2]string{r.Cohort, r.Version}] = r.Percent
	}
	for id := range after {
		add(id)
	}
	for id := range before {
		if _, there := after[id]; !there {
			add(id)
		}
	}
	slices.SortFunc(n.Changes, func(a, b RolloutChange) int {
		return cmp.Or(cmp.Compare(a.Cohort, b.Cohort), cmp.Compare(a.Version, b.Version))
	})
	for _, s := range p.StopsAfter(now) {
		if !slices.ContainsFunc(p.Remote.Stops(), func(was Stop) bool { return was.compare(s) == 0 }) {
			n.Stops = append(n.Stops, s)
		}
	}
	if n.Operations == 0 && (p.recorded() || len(n.Changes)+len(n.Stops) == 0) {
		return nil
	}
	return n
}
