package edit

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"cairn/releases"
	"cairn/releases/syntax"
)

// Takeover is what becomes of a cohort that takes releases over from another
// one, and of its [promote] table.
type Takeover struct {
	Cohort  string
	At      time.Time // when the rollout of Promote begins
	Promote string    // the version to activate; "" for none
	Not     []string  // versions to promote never, besides those that it says already
	Again   bool      // what was taken out of the cohort may be promoted again
}

// Promote carries a takeover out. What the table says of releases that wait is
// brought up to date with it.
func (p Project) Promote(t Takeover) ([]Change, error) {
	c := p.Fleet.Cohort(t.Cohort)
	if c == nil || c.Promote == nil {
		return nil, p.noCohort(t.Cohort)
	}
	x := p.Fleet.Candidate(c, t.At, t.Again)
	return p.change(c.File, func(d *Document) error {
		var err error
		if t.Promote != "" {
			err = d.Table("activate", t.Promote)
			if r := c.Promote.Rollout.BeginAt(t.At); Rollout(r) != "100" {
				err = cmp.Or(err, d.Set(Rollout(r), "activate", t.Promote, "rollout"))
			}
			err = cmp.Or(err, d.Set(syntax.String(t.Promote), "promote", "promoted"))
		} else if t.Again && c.Promote.Promoted != "" {
			err = d.Remove("promote", "promoted")
		}
		var not []string
		for _, v := range t.Not {
			if literal := syntax.String(v); !slices.Contains(c.Promote.Not, v) && !slices.Contains(not, literal) {
				not = append(not, literal)
			}
		}
		switch {
		case len(not) == 0:
		case d.Has("promote", "not"):
			err = cmp.Or(err, d.Append(not, "promote", "not"))
		default:
			err = cmp.Or(err, d.Set("["+strings.Join(not, ", ")+"]", "promote", "not"))
		}
		var since map[string]time.Time
		if !x.Note.IsZero() && x.Release.Version != t.Promote && !slices.Contains(t.Not, x.Release.Version) {
			since = map[string]time.Time{x.Release.Version: x.Note}
		}
		if maps.EqualFunc(since, c.Promote.Since, time.Time.Equal) {
			return err
		}
		if since == nil {
			return cmp.Or(err, d.Remove("promote", "since"))
		}
		return cmp.Or(err, d.Set("{ "+syntax.String(x.Release.Version)+" = "+Time(x.Note)+" }", "promote", "since"))
	})
}

// forget takes a version out of what a cohort's [promote] says of it.
func forget(d *Document, p *releases.Promotion, version string) (err error) {
	if p == nil {
		return nil
	}
	if slices.Contains(p.Not, version) {
		err = d.Drop(func(i int) bool { return p.Not[i] == version }, "promote", "not")
	}
	if p.Promoted == version {
		err = cmp.Or(err, d.Remove("promote", "promoted"))
	}
	if _, noted := p.Since[version]; noted {
		err = cmp.Or(err, d.Remove("promote", "since", version))
	}
	return err
}
