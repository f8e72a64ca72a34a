package publish

import (
	"fmt"
	"slices"

	"cairn/manifest"
	"cairn/releases"
)

// Exposure is how much of a cohort a publish newly exposes to a release.
type Exposure struct {
	Cohort  string
	Version string
	Target  manifest.Target // one of those that are exposed
	Points  float64         // percentage points, above 0
}

// Exposures is what the rollouts in force after a plan newly expose, where
// other ones were before: for each cohort and release the target that is
// exposed the most. A cohort that had no answers takes its devices from the
// default one.
func (p *Plan) Exposures(before, after []Rollout) []Exposure {
	layout := p.Site.Tree.Layout
	cohorts := map[string]bool{}
	for i := range p.Live.Folders {
		if at := p.Live.Folders[i].location(layout); at.Class == manifest.Answer {
			cohorts[at.Cohort] = true
		}
	}
	var all []Exposure
	for _, r := range after {
		from := r.Cohort
		if !cohorts[from] {
			from = releases.DefaultCohort
		}
		var worst Exposure
		for _, t := range r.Targets {
			if points := newlyExposed(before, from, r, t, layout); points > worst.Points {
				worst = Exposure{r.Cohort, r.Version, t, points}
			}
		}
		if worst.Points > 0 {
			all = append(all, worst)
		}
	}
	return all
}

// newlyExposed is how many percentage points of a target's devices a rollout
// reaches that were not in reach.
func newlyExposed(before []Rollout, cohort string, r Rollout, t manifest.Target, layout manifest.Layout) float64 {
	points := r.Percent
	was := make([]bool, layout.Buckets())
	for _, b := range before {
		if b.Cohort != cohort || b.Version != r.Version || !slices.Contains(b.Targets, t) {
			continue
		}
		if b.Seed == r.Seed {
			points = min(points, r.Percent-b.Percent)
		}
		b.cover(was, layout)
	}
	now := make([]bool, layout.Buckets())
	r.cover(now, layout)
	buckets := 0
	for i := range now {
		if now[i] && !was[i] {
			buckets++
		}
	}
	// The share of the buckets is rounded, that of the schedule is not.
	return min(points, 100*float64(buckets)/float64(layout.Buckets()))
}

// cover marks the buckets that are in.
func (r Rollout) cover(in []bool, layout manifest.Layout) {
	n := releases.Buckets(r.Percent, layout.Buckets())
	for bucket, rank := range layout.Ranks(r.Seed) {
		if int(rank) < n {
			in[bucket] = true
		}
	}
}

func overExposed(p *Proposal) (trips []Trip) {
	limit := p.Edition.Limits.MaxExposureIncrease
	if limit >= 100 {
		return nil
	}
	for _, x := range p.Exposures(p.Remote.Rollouts(), p.Edition.Rollouts) {
		if x.Points > limit+rounding {
			trips = append(trips, Trip{
				Concerns: fmt.Sprintf("cohort %q", x.Cohort),
				What: fmt.Sprintf("release %s would newly reach %s %% of cohort %q (%s on %s)",
					x.Version, percent(x.Points), x.Cohort, x.Target.SoftwareType, x.Target.HardwareVersion),
				Limit: "max_exposure_increase is " + percent(limit),
			})
		}
	}
	return trips
}
