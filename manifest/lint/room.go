package lint

import (
	"slices"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// room looks for what publish refuses to sign: the format has no room for it.
func (l *linter) room() {
	if l.Signing == nil {
		return
	}
	offered := map[*releases.Release]bool{}
	for _, c := range l.Cohorts {
		partial := 0
		for _, a := range c.Activations {
			if offered[a.Release] = offered[a.Release] || a.Offers(); a.Offers() && a.Rollout.Fixed < 100 {
				partial++
			}
		}
		// Of those that all devices have, the highest hides the others.
		if partial >= manifest.MostLines-1 {
			l.crowded(c)
		}
	}
	for r, p := range l.Payloads() {
		if offered[r] && p.Size > manifest.MostBytes {
			l.warn("unsignable", payload(r, p), "publish refuses it: make it smaller, or offer it in a project without [signing]",
				"%s has %d bytes, and signed answers state at most %d", p.Name, p.Size, int64(manifest.MostBytes))
		}
	}
}

// crowded looks at a cohort that rolls out very many releases at a time, now and
// after changes of its rollouts.
func (l *linter) crowded(c *releases.Cohort) {
	fleet := *l.Fleet
	fleet.Cohorts = []*releases.Cohort{c}
	if c.Slug != releases.DefaultCohort {
		fleet.Cohorts = append(fleet.Cohorts, &releases.Cohort{Slug: releases.DefaultCohort})
	}
	buckets := manifest.LayoutOf(&fleet).Buckets()
	instants := []time.Time{l.At}
	for _, a := range c.Activations {
		for change := range a.Changes(l.At, buckets) {
			instants = append(instants, change.At)
		}
	}
	slices.SortFunc(instants, time.Time.Compare)
	instants = slices.CompactFunc(instants, time.Time.Equal)
	const most = 100 // are looked at: ramps change at many
	for i := 0; i < len(instants); i += 1 + len(instants)/most {
		at := instants[i]
		if form, err := manifest.New(&fleet, at).SignedStop(); err == nil && form.NoRoom != nil {
			l.warn("unsignable", in(c.File, "activate"), "publish refuses it then: bring rollouts to 100 percent, or abort some, so that fewer run at a time",
				"from %s on: %v", at.Format(timeFormat), form.NoRoom)
			return
		}
	}
}
