package publish

import (
	"fmt"
	"slices"
	"strings"

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

// Loss is how many keys a plan deletes for whose devices no other key
// answers. A version folder that is dropped because _other says the same is
// not among them.
func (p *Plan) Loss() int {
	n := 0
	for _, o := range p.operations() {
		if o.gone && o.folder >= 0 && !p.answered(&p.Live.Folders[o.folder], p.Live.Folders[o.folder].Buckets[o.index]) {
			n++
		}
	}
	return n
}

// answered says whether the site answers those who look for an answer in a
// bucket of a folder as it was decided for them: in the folder, or in _other
// where the version is known.
func (p *Plan) answered(f *Folder, bucket uint16) bool {
	s := p.Site
	if s.want.Folder(f.Key, f.Digits).Answer(bucket) != 0 {
		return true
	}
	fallback := s.fallback(f)
	if fallback == nil || s.want.Folder(fallback.Key, f.Digits).Answer(bucket) == 0 {
		return false
	}
	segment := f.location(s.Tree.Layout).VersionSegment
	return slices.ContainsFunc(s.Tree.Known[fallback.Target], func(version string) bool { return releases.Escape(version) == segment })
}

// TrippedError is a plan that does more than its guard lets it.
type TrippedError struct {
	Exposures []Exposure // over the limit
	Deletes   int        // over the limit, or 0
	Of        int        // so many keys are published
	Guard     releases.Guard
}

func (e *TrippedError) Error() string {
	var lines []string
	for _, x := range e.Exposures {
		lines = append(lines, fmt.Sprintf("release %s would newly reach %s %% of cohort %q (%s on %s); max_exposure_increase is %s",
			x.Version, percent(x.Points), x.Cohort, x.Target.SoftwareType, x.Target.HardwareVersion, percent(e.Guard.MaxExposureIncrease)))
	}
	if e.Deletes > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d published keys (%s %%) would be deleted, and nothing answers in their place; max_deletes is %s",
			e.Deletes, e.Of, percent(100*float64(e.Deletes)/float64(e.Of)), percent(e.Guard.MaxDeletes)))
	}
	return strings.Join(lines, "\n")
}

// percent writes a share with one decimal at most.
func percent(p float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", p), ".0") }

// Check compares a plan with a guard: what it newly exposes, and what it
// deletes. The error is a [TrippedError]. Where nothing is published yet, no
// device has been without.
func (g Limits) Check(p *Plan, before, after []Rollout) error {
	of := p.Live.Len()
	if of == 0 {
		return nil
	}
	tripped := &TrippedError{Of: of, Guard: g.Guard}
	const rounding = 1e-9
	if !g.AllowExposure && g.MaxExposureIncrease < 100 {
		for _, x := range p.Exposures(before, after) {
			if x.Points > g.MaxExposureIncrease+rounding {
				tripped.Exposures = append(tripped.Exposures, x)
			}
		}
	}
	if n := p.Loss(); !g.AllowDeletes && 100*float64(n)/float64(of) > g.MaxDeletes+rounding {
		tripped.Deletes = n
	}
	if len(tripped.Exposures) > 0 || tripped.Deletes > 0 {
		return tripped
	}
	return nil
}

// Limits are a guard, and what gets past it this once.
type Limits struct {
	releases.Guard
	AllowExposure bool
	AllowDeletes  bool
}
