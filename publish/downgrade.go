package publish

import (
	"fmt"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/releases"
)

// Downgrade is devices that a publish newly offers a version below the one
// that they run.
type Downgrade struct {
	Cohort string
	Target manifest.Target
	// Percent is the largest share of the cohort that one version's devices
	// can be: of the devices that it lists, or else of its buckets.
	Percent float64
	// Current is the versions of which devices go down, ascending; Offered is
	// what those on the first of them get.
	Current []string
	Offered string
	// To is where devices go that leave the cohort; "" for those in it.
	To string
}

// Downgrades are what a proposal newly moves down, by cohort and target. What
// an abort or a withdrawal takes away is not counted: it is meant to.
func (p *Proposal) Downgrades() (all []Downgrade) {
	tally, stopped := tally{}, p.stopped()
	for i := range p.Crowds() {
		c := &p.crowds[i]
		for t := range p.Site.Tree.Known {
			for _, version := range p.Versions(t) {
				if n, offered := p.movedDown(c, t, version, stopped); n > 0 {
					tally.add(c, n, 100, part{target: t, version: version}, offered)
				}
			}
		}
	}
	for _, of := range tally.parts(p.Site.Tree.Fleet.Project.Order) {
		share := tally[of]
		if n := len(all); n > 0 && all[n-1].Cohort == of.cohort && all[n-1].To == of.to && all[n-1].Target == of.target {
			all[n-1].Percent = max(all[n-1].Percent, share.percent)
			all[n-1].Current = append(all[n-1].Current, of.version)
			continue
		}
		all = append(all, Downgrade{of.cohort, of.target, share.percent, []string{of.version}, share.offered, of.to})
	}
	return all
}

// movedDown is how many devices of a crowd would newly be offered less than the
// version that they run, and what.
func (p *Proposal) movedDown(c *Crowd, t manifest.Target, version string, stopped map[string]map[string]bool) (n int, offered string) {
	before, after := p.Sights(c, t, releases.Escape(version))
	type pair struct{ was, will *Answer }
	down := map[pair]bool{}
	for i, bucket := range c.Buckets {
		was, will := before.At(bucket), after.At(bucket)
		key := pair{was.Answer, will.Answer}
		is, known := down[key]
		if !known {
			meant := func(v string) bool { return stopped[c.From][v] || stopped[c.To][v] }
			is = slices.ContainsFunc(will.Offers, func(offer string) bool { return p.lower(offer, version) }) &&
				!slices.ContainsFunc(was.Offers, func(offer string) bool { return p.lower(offer, version) || meant(offer) }) &&
				!meant(version)
			down[key] = is
		}
		if is {
			n += c.Weight(i)
			offered = will.Offers[0]
		}
	}
	return n, offered
}

// lower says whether a version is below another one, in the order of the
// definitions or in that of the last publish.
func (p *Proposal) lower(a, b string) bool {
	lower := func(o releases.Order) bool { return o.Check(a) == nil && o.Check(b) == nil && o.Compare(a, b) < 0 }
	return lower(p.Site.Tree.Fleet.Project.Order) || lower(p.burnedIn().Order)
}

// stopped is the versions that each cohort was offered, as far as is known, and
// that are aborted there or withdrawn now.
func (p *Proposal) stopped() map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, c := range p.Site.Tree.Fleet.Cohorts {
		all[c.Slug] = map[string]bool{}
		for _, a := range c.Activations {
			offered := func(r Rollout) bool { return r.Cohort == c.Slug && r.Version == a.Release.Version }
			if !a.Offers() && (p.Remote.State == nil || slices.ContainsFunc(p.Remote.Rollouts(), offered)) {
				all[c.Slug][a.Release.Version] = true
			}
		}
	}
	return all
}

func overMovedDown(p *Proposal) (trips []Trip) {
	limit := p.Edition.Limits.MaxMovedDown
	for _, d := range p.Downgrades() {
		if d.Percent <= limit+rounding {
			continue
		}
		trips = append(trips, Trip{
			Concerns: fmt.Sprintf("cohort %q", d.Cohort),
			What:     d.what(),
			Limit:    "max_moved_down is " + percent(limit),
		})
	}
	return trips
}

func (d *Downgrade) what() string {
	current, to := d.Current, " to "+d.Offered
	if n := len(current); n > 4 {
		current = append(slices.Clone(current[:3]), fmt.Sprintf("%d other versions", n-3))
	}
	if len(current) > 1 {
		to = ", such as to " + d.Offered
	}
	what := fmt.Sprintf("devices on %s would newly move down%s: up to %s %% of cohort %q (%s on %s)", strings.Join(current, ", "), to,
		percent(d.Percent), d.Cohort, d.Target.SoftwareType, d.Target.HardwareVersion)
	if d.To != "" {
		what += fmt.Sprintf(", which goes to %q", d.To)
	}
	return what
}
