package releases

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Promotion is the [promote] table of a cohort: it takes releases over from
// another cohort, once they have proved themselves there.
type Promotion struct {
	From     string               // the other cohort's slug
	After    time.Duration        // for so long a release has been offered to all of it, 0 or more
	Gate     string               // that must pass for it there; "" for none
	Rollout  Rollout              // of a release that is promoted, as if it began at Beginning
	Not      []string             // versions that are never promoted
	Promoted string               // the version that was promoted last, or ""
	Since    map[string]time.Time // since when a version is offered to all of From, where its rollout does not say so
}

// Beginning stands for the instant of a promotion in [Promotion.Rollout].
var Beginning = time.Unix(0, 0).UTC()

// BeginAt is a rollout that began at [Beginning], begun at another instant.
func (r Rollout) BeginAt(at time.Time) Rollout {
	by := at.Sub(Beginning)
	later := func(steps []Step) []Step {
		steps = slices.Clone(steps)
		for i := range steps {
			for _, t := range []*time.Time{&steps[i].At, &steps[i].Due} {
				if !t.IsZero() {
					*t = t.Add(by)
				}
			}
		}
		return steps
	}
	r.Steps, r.Held = later(r.Steps), later(r.Held)
	if r.Ramp != nil {
		ramp := *r.Ramp
		ramp.Start = ramp.Start.Add(by)
		r.Ramp = &ramp
	}
	return r
}

func (l *loader) promote(c *Cohort, t *table) {
	p := &Promotion{}
	t.present("from", `write from = "beta", the cohort that releases come from`)
	textInto(t, "from", &p.From, slugHint, unless(ValidSlug, "is not valid"))
	var n *node
	if p.After, n = t.duration("after", 0); n != nil && p.After < 0 {
		t.fault(n.offset, `write a time such as "48h"`, "after %q is under 0", n.text)
	}
	if p.Gate, n = t.text("gate"); n != nil {
		l.defines(t, t.node)
		if g := l.fleet.Gates[p.Gate]; g.Source == FromAdoption && g.MaxSilent != nil {
			t.fault(n.offset, "name a gate with max_downloads_per_arrival alone, or with another source",
				"gate %q has max_silent, which cannot be told of a release that all devices are offered: there are none to compare with", p.Gate)
		}
	}
	p.Rollout = t.rollout(Beginning)
	l.gated(t)
	if n := t.get("not", `write not = ["1.1.0"]`, arrayKind); n != nil {
		for _, v := range n.items {
			if t.is(v, "a version", `write not = ["1.1.0"]`, stringKind) {
				l.named(t, v.offset, v.text)
				p.Not = append(p.Not, v.text)
			}
		}
	}
	if p.Promoted, n = t.text("promoted"); n != nil {
		l.named(t, n.offset, p.Promoted)
	}
	if since := t.sub("since", `write since = { "1.1.0" = 2026-12-01T09:00:00Z }`); since != nil {
		p.Since = map[string]time.Time{}
		for _, m := range since.node.members {
			l.named(since, m.offset, m.name)
			if at, n := since.instant(m.name); n != nil {
				p.Since[m.name] = at
			}
		}
	}
	t.rest()
	c.Promote = p
}

// promotions reports cohorts that take releases over from one that there is not,
// or from themselves.
func (l *loader) promotions() {
	for _, c := range l.fleet.Cohorts {
		if c.Promote == nil || c.Promote.From == "" {
			continue
		}
		m, _ := l.fleet.documents[c.File].node.member("promote")
		from, _ := m.value.member("from")
		fault := func(hint, format string, args ...any) {
			l.texts[c.File].fault(from.value.offset, hint, format, args...)
		}
		if l.fleet.Cohort(c.Promote.From) == nil {
			var slugs []string
			for _, other := range l.fleet.Cohorts {
				slugs = append(slugs, other.Slug)
			}
			hint := "there is " + strings.Join(slugs, ", ")
			if near := Nearest(c.Promote.From, slugs); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			fault(hint, "there is no cohort %q", c.Promote.From)
			continue
		}
		way := []string{c.Slug}
		for x := c; x != nil && x.Promote != nil && len(way) <= len(l.fleet.Cohorts); x = l.fleet.Cohort(x.Promote.From) {
			if way = append(way, x.Promote.From); x.Promote.From != c.Slug {
				continue
			}
			fault("promote from a cohort that gets releases first", "releases would go round: %s", strings.Join(way, " from "))
			break
		}
	}
}

// Candidate is the release that a cohort takes over next from another one, as
// the definitions say it.
type Candidate struct {
	Release *Release  // nil for none
	Since   time.Time // from when it is offered to all of the other cohort; zero for always
	Due     time.Time // it is promoted no earlier; zero for at once
	// Note is what [Promotion.Since] has to say of it; zero where its rollout does.
	Note    time.Time
	Waits   string       // what has to happen in the two cohorts before, in words; "" for nothing
	Held    string       // what a person took back, so that nothing is promoted, likewise
	Stopped []Activation // in the other cohort, of what is not to be promoted from now on
	Back    []string     // likewise, versions that were taken back in the cohort itself
}

// Ready says whether the candidate may be promoted at an instant, if its gate
// lets it.
func (x Candidate) Ready(at time.Time) bool {
	return x.Release != nil && x.Held == "" && x.Waits == "" && !at.Before(x.Due)
}

// Candidate is what a cohort with a [Promotion] takes over next, at an instant.
// Again goes on although a person took something back.
func (f *Fleet) Candidate(c *Cohort, at time.Time, again bool) (x Candidate) {
	p := c.Promote
	var stands Activation // the highest that offers anything
	for _, a := range c.Activations {
		if a.stands() {
			stands = a
		}
	}
	above := func(version string) bool {
		return stands.Release == nil || f.Project.Order.Compare(version, stands.Release.Version) > 0
	}
	in := func(version string) bool {
		return slices.ContainsFunc(c.Activations, func(a Activation) bool { return a.Release.Version == version })
	}
	for _, a := range c.Activations {
		if v := a.Release.Version; !a.stands() && above(v) && !slices.Contains(p.Not, v) {
			x.Back, x.Held = append(x.Back, v), fmt.Sprintf("%s was taken back in %s", v, c.Slug)
		}
	}
	if v := p.Promoted; v != "" && above(v) && !in(v) {
		x.Held = fmt.Sprintf("%s was taken out of %s", v, c.Slug)
	}
	if again {
		x.Held = ""
	}
	if stands.Release != nil && stands.PausedAt(at) {
		x.Waits = fmt.Sprintf("%s is paused in %s", stands.Release.Version, c.Slug)
	}
	var next *Activation
	first := false // a must-pass-through release goes before what is above it
	for _, a := range f.Cohort(p.From).Activations {
		switch v := a.Release.Version; {
		case !above(v) || in(v) || slices.Contains(p.Not, v):
		case !a.Offers():
			x.Stopped = append(x.Stopped, a)
		case !first:
			if first = a.Release.MustPassThrough; a.Percent(at) >= 100 {
				next = &a
			}
		}
	}
	if next != nil {
		x.comes(c, *next, at)
	}
	return x
}

// stands says whether the activation offers its release to somebody, now or
// later.
func (a Activation) stands() bool { return a.Offers() && a.Rollout.Final() > 0 }

// comes fills in what is next, which is offered to all of the other cohort.
func (x *Candidate) comes(c *Cohort, next Activation, at time.Time) {
	x.Release = next.Release
	x.Since, _ = next.Rollout.Reach(func(percent float64) bool { return percent >= 100 })
	if x.Since.IsZero() && c.Promote.After > 0 {
		if x.Note = c.Promote.Since[next.Release.Version]; x.Note.IsZero() {
			x.Note = at
		}
		x.Since = x.Note
	}
	if x.Since = latest(x.Since, next.Resumed); !x.Since.IsZero() {
		x.Due = x.Since.Add(c.Promote.After)
	}
	if next.PausedAt(at) {
		x.Waits = fmt.Sprintf("%s is paused in %s", x.Release.Version, c.Promote.From)
	}
	for _, a := range c.Activations {
		if a.Offers() && a.Release.MustPassThrough && a.Percent(at) < 100 {
			x.Waits = fmt.Sprintf("%s, which is must_pass_through, has to come to all of %s first", a.Release.Version, c.Slug)
		}
	}
}

// Promotes says in words what becomes of a cohort's promotion: "1.1.0 from beta,
// from 2026-12-03T09:00:00Z on, if gate healthy passes". It is "" for a cohort
// that takes nothing over.
func (f *Fleet) Promotes(c *Cohort, at time.Time) string {
	if c.Promote == nil {
		return ""
	}
	x := f.Candidate(c, at, false)
	switch {
	case x.Held != "":
		return fmt.Sprintf("nothing from %s, since %s: 'cairn promote --again' goes on", c.Promote.From, x.Held)
	case x.Release == nil:
		return "nothing from " + c.Promote.From + " for now"
	}
	s := fmt.Sprintf("%s from %s", x.Release.Version, c.Promote.From)
	if x.Waits != "" {
		return s + "; but " + x.Waits
	}
	if x.Due.After(at) {
		s += ", from " + x.Due.UTC().Format(time.RFC3339) + " on"
	}
	if c.Promote.Gate != "" {
		s += ", if gate " + c.Promote.Gate + " passes"
	}
	return s
}
