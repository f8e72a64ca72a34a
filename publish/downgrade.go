package publish

import (
	"fmt"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/releases"
)

// Misled is devices that a publish newly sends down, or past a version.
type Misled struct {
	Cohort string
	Target manifest.Target
	// Percent is the largest share of the cohort that one version's devices
	// can be: of the devices that it lists, or else of its buckets.
	Percent float64
	// Current is the versions that the devices run, ascending; Offered is what
	// those on the first of them get, or go past.
	Current []string
	Offered string
	// To is where devices go that leave the cohort; "" for those in it.
	To string
}

// Downgrades are what a proposal newly moves down, by cohort and target. What
// an abort or a withdrawal takes away is not counted: it is meant to.
func (p *Proposal) Downgrades() []Misled {
	return p.misled(func(_ manifest.Target, version string, was, will *Found, meant func(string) bool) string {
		if len(will.Offers) == 0 || meant(version) || slices.ContainsFunc(was.Offers, func(offer string) bool { return p.lower(offer, version) || meant(offer) }) ||
			!slices.ContainsFunc(will.Offers, func(offer string) bool { return p.lower(offer, version) }) {
			return ""
		}
		return will.Offers[0]
	})
}

// mislead says what devices on a version are offered, or go past, that they should
// not; "" for nothing. Of what is aborted or withdrawn, a change is meant.
type mislead func(t manifest.Target, version string, was, will *Found, meant func(string) bool) string

// misled finds devices by what they run, found before and will find.
func (p *Proposal) misled(find mislead) (all []Misled) {
	tally, stopped := tally{}, p.stopped()
	for i := range p.Crowds() {
		c := &p.crowds[i]
		for t := range p.Site.Tree.Known {
			meant := func(v string) bool {
				return stopped[stoppedVersion{c.From, t.SoftwareType, v}] || stopped[stoppedVersion{c.To, t.SoftwareType, v}]
			}
			for _, version := range p.Versions(t) {
				if n, what := p.misledOf(c, t, version, meant, find); n > 0 {
					tally.add(c, n, 100, part{target: t, version: version}, what)
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
		all = append(all, Misled{of.cohort, of.target, share.percent, []string{of.version}, share.offered, of.to})
	}
	return all
}

// misledOf is how many of a crowd are misled that run a version, and by what the
// last of them.
func (p *Proposal) misledOf(c *Crowd, t manifest.Target, version string, meant func(string) bool, find mislead) (n int, last string) {
	before, after := p.Sights(c, t, releases.Escape(version))
	found := map[[2]*Found]string{} // most buckets have the same answers
	for i, bucket := range c.Buckets {
		was, will := before.At(bucket), after.At(bucket)
		pair := [2]*Found{was, will}
		what, known := found[pair]
		if !known {
			what = find(t, version, was, will, meant)
			found[pair] = what
		}
		if what != "" {
			n += c.Weight(i)
			last = what
		}
	}
	return n, last
}

// lower says whether a version is below another one, in the order of the
// definitions or in that of the last publish.
func (p *Proposal) lower(a, b string) bool {
	lower := func(o releases.Order) bool { return o.Check(a) == nil && o.Check(b) == nil && o.Compare(a, b) < 0 }
	return lower(p.Site.Tree.Fleet.Project.Order) || lower(p.burnedIn().Order)
}

// stoppedVersion is what a cohort was offered, as far as is known, and that is
// aborted there or withdrawn now.
type stoppedVersion struct{ cohort, softwareType, version string }

func (p *Proposal) stopped() map[stoppedVersion]bool {
	all := map[stoppedVersion]bool{}
	for _, c := range p.Site.Tree.Fleet.Cohorts {
		for _, a := range c.Activations {
			offered := func(r Rollout) bool { return r.Cohort == c.Slug && r.Version == a.Release.Version }
			if !a.Offers() && (p.Remote.State == nil || slices.ContainsFunc(p.Remote.Rollouts(), offered)) {
				for _, of := range a.Release.Payloads {
					all[stoppedVersion{c.Slug, of.SoftwareType, a.Release.VersionOf(of.SoftwareType)}] = true
				}
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
		to := " to " + d.Offered
		if len(d.Current) > 1 {
			to = ", such as to " + d.Offered
		}
		trips = append(trips, d.trip("move down"+to, "max_moved_down is "+percent(limit)))
	}
	return trips
}

// overlooking is devices that would go past what they had to pass through when
// it was published, since its release or activation doesn't say so any more.
func overlooking(p *Proposal) (trips []Trip) {
	must := map[manifest.Target][]string{}
	for _, r := range p.remembered {
		if r.MustPass {
			must[r.Target] = append(must[r.Target], r.Version)
		}
	}
	if len(must) == 0 {
		return nil
	}
	for _, d := range p.misled(func(t manifest.Target, version string, was, will *Found, meant func(string) bool) string {
		for _, m := range must[t] {
			if p.lower(version, m) && !meant(m) && slices.Contains(was.Offers, m) && slices.ContainsFunc(will.Offers, func(offer string) bool { return p.lower(m, offer) }) {
				return m
			}
		}
		return ""
	}) {
		trips = append(trips, d.trip("go past "+d.Offered, fmt.Sprintf("%s had must_pass_through when it was published: give it back", d.Offered)))
	}
	return trips
}

func (d *Misled) trip(how, limit string) Trip {
	current := d.Current
	if n := len(current); n > 4 {
		current = append(slices.Clone(current[:3]), fmt.Sprintf("%d other versions", n-3))
	}
	what := fmt.Sprintf("devices on %s would newly %s: up to %s %% of cohort %q (%s on %s)", strings.Join(current, ", "), how,
		percent(d.Percent), d.Cohort, d.Target.SoftwareType, d.Target.HardwareVersion)
	if d.To != "" {
		what += fmt.Sprintf(", which goes to %q", d.To)
	}
	return Trip{Concerns: fmt.Sprintf("cohort %q", d.Cohort), What: what, Limit: limit}
}
