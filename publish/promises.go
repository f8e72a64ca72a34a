package publish

import (
	"cmp"
	"fmt"
	"slices"

	"cairn/manifest/promise"
)

// unkept is what the definitions promise and do not keep: by themselves, or for
// devices as what is published leaves them.
func unkept(p *Proposal) (trips []Trip) {
	f := p.Site.Tree.Fleet
	promised, broken := f.Promise, promise.Check(f, p.Edition.At)
	for _, b := range broken {
		trips = append(trips, Trip{Concerns: fmt.Sprintf("cohort %q", b.Cohort), What: b.What, Limit: "[promise] has " + b.Key + ": " + b.Hint})
	}
	told := func(key, cohort string) bool {
		return slices.ContainsFunc(broken, func(b promise.Broken) bool { return b.Key == key && b.Cohort == cohort })
	}
	if promised.NeverDown {
		for _, d := range p.Downgrades() {
			if to := cmp.Or(d.To, d.Cohort); promised.To(to) && !told("never_down", to) {
				trips = append(trips, d.trip("move down to "+d.Offered, "[promise] has never_down"))
			}
		}
	}
	if promised.NewPerDay == 0 {
		return trips
	}
	for _, x := range p.Exposures() {
		if to := cmp.Or(x.To, x.Cohort); promised.To(to) && !told("max_new_per_day", to) && x.Points > promised.NewPerDay+rounding {
			trips = append(trips, x.trip("[promise] has max_new_per_day, "+percent(promised.NewPerDay)+" %"))
		}
	}
	return trips
}
