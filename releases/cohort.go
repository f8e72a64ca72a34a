package releases

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"cairn/releases/syntax"
)

// cohorts reads every cohort, and adds the default one where it has no file.
func (l *loader) cohorts() {
	for _, name := range l.tomlFiles("cohorts", false) {
		if doc := l.document(name, "make it readable"); doc != nil {
			l.cohort(doc)
		} else if ValidSlug(slug(name)) {
			l.fleet.Cohorts = append(l.fleet.Cohorts, &Cohort{Slug: slug(name), File: name, VersionCheck: true})
		}
	}
	if l.fleet.Cohort(DefaultCohort) == nil {
		l.fleet.Cohorts = append(l.fleet.Cohorts, &Cohort{Slug: DefaultCohort, VersionCheck: true})
	}
	slices.SortFunc(l.fleet.Cohorts, func(a, b *Cohort) int { return strings.Compare(a.Slug, b.Slug) })
	l.doubled()
	l.promotions()
	l.excepted()
}

func slug(file string) string { return strings.TrimSuffix(path.Base(file), ".toml") }

func (l *loader) cohort(t *table) {
	c := &Cohort{Slug: slug(t.path), File: t.path}
	if !ValidSlug(c.Slug) {
		l.fault(t.path, slugHint+"; rename the file", "cohort slug %q is not valid", c.Slug)
	}
	if other, ok := l.slugs[strings.ToLower(c.Slug)]; ok {
		l.fault(t.path, "rename one of the files", "cohort slugs %q and %q differ in case only, so they collide on some file systems", other, c.Slug)
	}
	l.slugs[strings.ToLower(c.Slug)] = c.Slug
	l.texts[t.path] = t.file
	l.devices(t, c)
	c.VersionCheck = t.boolean("version_check", true)
	for m, a := range t.tables("activate") {
		if !a.unquoted(m, activationKeys) {
			l.activation(c, m, a)
		}
	}
	if p := t.sub("promote", "write a table: [promote]"); p != nil {
		l.promote(c, p)
	}
	t.rest()
	slices.SortFunc(c.Activations, func(a, b Activation) int {
		return l.fleet.Project.Order.Compare(a.Release.Version, b.Release.Version)
	})
	l.fleet.Cohorts = append(l.fleet.Cohorts, c)
}

var activationKeys = []string{"rollout", "seed", "paused", "aborted", "resumed", "eager"}

func (l *loader) activation(c *Cohort, m member, t *table) {
	a := Activation{Rollout: t.rollout(time.Time{})}
	l.gated(t)
	var n *node
	a.Paused, _ = t.instant("paused")
	if a.Aborted, n = t.text("aborted"); n != nil {
		a.Aborted = strings.TrimSpace(a.Aborted)
	}
	a.Resumed, _ = t.instant("resumed")
	if a.Seed, n = t.text("seed"); n != nil && a.Seed == "" {
		t.fault(n.offset, "leave seed out, or write any text", "seed is empty")
	} else if n == nil {
		a.Seed = l.fleet.Project.Seed.Of(c.Slug, m.name)
	}
	a.NotEager = !t.boolean("eager", true)
	t.rest()
	if a.Release = l.named(t, m.offset, m.name); a.Release != nil {
		c.Activations = append(c.Activations, a)
	} else {
		c.Partial = true
	}
}

// named is the release with a version; nil, and reported, where there is none.
func (l *loader) named(t *table, offset int, version string) *Release {
	if v := l.versions[version]; v != nil {
		return v.release
	}
	if l.refused[version] {
		return nil
	}
	hint := "define it: a file in releases/ with version = " + syntax.String(version)
	if len(l.unread) > 0 {
		hint = "mend " + l.unread[0] + " first, which may define it"
	}
	if near := Nearest(version, slices.Sorted(maps.Keys(l.versions))); near != "" {
		hint = fmt.Sprintf("did you mean %q? Otherwise %s", near, hint)
	}
	t.fault(offset, hint, "no release has version %q", version)
	l.follows[l.faults[len(l.faults)-1]] = len(l.unread) > 0
	return nil
}

const shareHint = "rollout is the share of the cohort's devices, 0 to 100"

// rollout reads a percentage, steps or a ramp; 100 percent where there is
// nothing. It begins at an instant unless that is zero.
func (t *table) rollout(begin time.Time) Rollout {
	const hint = "write a percentage, steps [{ at = …, percent = … }, …] or a ramp { start = …, duration = \"48h\" }"
	n := t.get("rollout", hint, floatKind, integerKind, arrayKind, tableKind)
	switch {
	case n == nil:
		return Rollout{Fixed: 100}
	case n.kind == arrayKind:
		return t.steps(n, hint, begin)
	case n.kind == tableKind:
		return Rollout{Ramp: t.file.table(n, "rollout").ramp(begin)}
	}
	return Rollout{Fixed: t.percent(n, "rollout", shareHint)}
}

func (t *table) ramp(begin time.Time) *Ramp {
	r := &Ramp{From: 1, To: 100}
	at := t.node.offset
	var n *node
	needs := []string{"start", "duration"}
	if r.Start, _ = t.instant("start"); !begin.IsZero() {
		t.unbegun("start")
		r.Start, needs = begin, needs[1:]
	}
	if r.Duration, n = t.duration("duration", 0); n != nil && r.Duration <= 0 {
		t.fault(n.offset, `write a time such as "48h"`, "duration %q is not over 0", n.text)
	}
	for _, key := range needs {
		if _, ok := t.node.member(key); !ok {
			t.fault(at, `write { start = 2026-12-01T09:00:00Z, duration = "48h" }`, "a ramp has no %s", key)
		}
	}
	from := t.number("from", "write from = 1")
	if from != nil {
		r.From, at = t.percent(from, "from", shareHint), from.offset
	}
	if to := t.number("to", "write to = 100"); to != nil {
		r.To = t.percent(to, "to", shareHint)
		if r.From > r.To {
			t.fault(to.offset, "a rollout only grows; from is 1 unless stated", "to %s is under from %v", to.text, r.From)
		}
	}
	if shape, n := t.text("shape"); n != nil {
		r.Linear = shape == "linear"
		if !r.Linear && shape != "exponential" {
			t.fault(n.offset, `shape is "exponential" or "linear"`, "shape %q is not known", shape)
			r.Linear = true
		}
	}
	if r.From == 0 && !r.Linear {
		t.fault(at, `write from = 1, or shape = "linear"`, "an exponential ramp cannot grow from 0")
	}
	t.rest()
	return r
}
