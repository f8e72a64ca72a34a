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
	// Points is percentage points, above 0: of the devices that the cohort
	// lists, or else of its buckets.
	Points float64
	// To is where devices go that leave the cohort; "" for those in it.
	To string
}

// Exposures is what the rollouts in force newly expose: for each cohort and
// release the target that is exposed the most. A cohort's first release exposes
// nobody but those that come from a cohort that is listed, too.
func (p *Proposal) Exposures() (all []Exposure) {
	layout, tally := p.Site.Tree.Layout, tally{}
	reach := p.reachBefore()
	for _, r := range p.Edition.Rollouts {
		now := make([]bool, layout.Buckets())
		r.cover(now, layout)
		for i := range p.Crowds() {
			c := &p.crowds[i]
			if c.To != r.Cohort {
				continue
			}
			of := *c
			if reach.first(c.To) {
				of.OfTo = 0
			}
			for _, t := range r.Targets {
				if n := newlyExposed(c, now, reach.of(c.From, r.Version, t)); n > 0 {
					tally.add(&of, n, reach.points(c, r, t), part{target: t, version: r.Version}, r.Version)
				}
			}
		}
	}
	for _, of := range tally.parts(p.Site.Tree.Fleet.Project.Order) {
		x := Exposure{of.cohort, of.version, of.target, tally[of].percent, of.to}
		i := slices.IndexFunc(all, func(y Exposure) bool { return y.Cohort == x.Cohort && y.Version == x.Version && y.To == x.To })
		switch {
		case i < 0:
			all = append(all, x)
		case all[i].Points < x.Points:
			all[i] = x
		}
	}
	return all
}

// newlyExposed is how many of a crowd's devices are in buckets that are in
// reach now, and were not.
func newlyExposed(c *Crowd, now, was []bool) (n int) {
	for i, bucket := range c.Buckets {
		if now[bucket] && !was[bucket] {
			n += c.Weight(i)
		}
	}
	return n
}

// reach is which releases were in reach of which buckets: as rollouts say that
// are on record, or else as the answers do that are there.
type reach struct {
	*Proposal
	before   []Rollout
	recorded bool
}

func (p *Proposal) reachBefore() reach {
	return reach{p, p.Remote.Rollouts(), p.Remote.State != nil}
}

// first says whether a cohort was offered nothing at all.
func (r reach) first(cohort string) bool {
	if r.recorded {
		return !slices.ContainsFunc(r.before, func(b Rollout) bool { return b.Cohort == cohort })
	}
	for t := range r.Site.Tree.Known {
		f := r.newest(cohort, t)
		if f != nil && slices.ContainsFunc(f.Answers, func(a uint32) bool { return len(r.Live.Answers[a].Offers) > 0 }) {
			return false
		}
	}
	return true
}

// newest is the folder that offers all devices the newest that is in reach.
func (r reach) newest(cohort string, t manifest.Target) *Folder {
	l := r.Site.Tree.Layout
	return r.Live.Folder(l.AnswerFolder(t, cohort, manifest.NoneSegment), l.BucketDigits)
}

// of marks the buckets of a cohort in which a release was in reach. Where no
// rollouts are on record, all that is not newer than what was offered was: so
// what an abort falls back to is.
func (r reach) of(cohort, version string, t manifest.Target) []bool {
	l := r.Site.Tree.Layout
	was := make([]bool, l.Buckets())
	if r.recorded {
		for _, b := range r.before {
			if b.Cohort == cohort && b.Version == version && slices.Contains(b.Targets, t) {
				b.cover(was, l)
			}
		}
		return was
	}
	order, newest := r.Site.Tree.Fleet.Project.Order, r.newest(cohort, t)
	brings := version
	if of := r.Site.Tree.Fleet.Release(version); of != nil {
		brings = of.VersionOf(t.SoftwareType)
	}
	for bucket := range was {
		was[bucket] = slices.ContainsFunc(r.Live.Answers[newest.Answer(uint16(bucket))].Offers, func(offer string) bool {
			return order.Compare(brings, offer) <= 0
		})
	}
	return was
}

// points is the most that a rollout newly exposes of the crowd's cohort, as its
// schedule says. The share of the buckets is rounded, that of the schedule is
// not.
func (r reach) points(c *Crowd, now Rollout, t manifest.Target) float64 {
	most := now.Percent
	if !c.Stays() {
		return 100
	}
	for _, b := range r.before {
		if b.Cohort == c.From && b.Version == now.Version && b.Seed == now.Seed && slices.Contains(b.Targets, t) {
			most = min(most, now.Percent-b.Percent)
		}
	}
	return most
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
	for _, x := range p.Exposures() {
		if x.Points <= limit+rounding {
			continue
		}
		trips = append(trips, x.trip("max_exposure_increase is "+percent(limit)))
	}
	return trips
}

func (x Exposure) trip(limit string) Trip {
	going := ""
	if x.To != "" {
		going = fmt.Sprintf(", which goes to %q", x.To)
	}
	return Trip{
		Concerns: fmt.Sprintf("cohort %q", x.Cohort),
		What: fmt.Sprintf("release %s would newly reach %s %% of cohort %q (%s on %s)%s",
			x.Version, percent(x.Points), x.Cohort, x.Target.SoftwareType, x.Target.HardwareVersion, going),
		Limit: limit,
	}
}
