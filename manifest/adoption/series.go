package adoption

import (
	"slices"
	"time"

	"cairn/manifest/simulate"
)

// Series is the devices on each version over time, by estimate, as a chart and
// a table show them; nil where no poll of each device is complete.
func (t *Tally) Series(poll time.Duration) *simulate.Result {
	v := t.view(poll)
	r := &simulate.Result{Project: t.fleet.Project.Slug}
	all := t.ordered()
	column := map[string]int{}
	for _, s := range all {
		if _, seen := column[s.place.version]; !seen {
			column[s.place.version] = 0
			r.Versions = append(r.Versions, s.place.version)
		}
	}
	slices.SortFunc(r.Versions, t.fleet.Project.Order.Compare)
	for i, version := range r.Versions {
		column[version] = i
	}
	cohort := simulate.Cohort{}
	const points = 240
	first := v.start + v.window
	step := max(1, (v.end-first+points-1)/points)
	for slot := first; slot <= v.end; slot += step {
		counts := make([]int, len(r.Versions))
		total := 0
		for _, s := range all {
			n := int(v.devices(slot, nil, s) + 0.5)
			counts[column[s.place.version]] += n
			total += n
		}
		r.Devices = max(r.Devices, total)
		r.Points = append(r.Points, simulate.Point{At: time.Unix(slot*v.slot, 0).UTC(), Row: len(r.Points)%12 == 0})
		cohort.Devices = append(cohort.Devices, counts)
	}
	if len(r.Points) < 2 || r.Devices == 0 {
		return nil
	}
	r.Cohorts = []simulate.Cohort{cohort}
	return r
}
