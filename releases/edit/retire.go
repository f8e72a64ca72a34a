package edit

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"cairn/releases"
	"cairn/releases/syntax"
)

// Retire takes a release out of the definitions that is over: its file and its
// activations go, and its version stays known, so that the devices that still
// run it get what they got. Whether that is so, the caller compares.
func (p Project) Retire(version string) ([]Change, error) {
	r, err := p.release(version)
	if err != nil {
		return nil, err
	}
	if r.DeadEnd != "" || len(r.Blocked) > 0 {
		return nil, fmt.Errorf("%s: release %s %s\nwithout it devices would be offered what they must not take; take that out of its file first if it is over",
			r.File, r.Version, strings.Join(r.Edges(), ", and "))
	}
	text, err := fs.ReadFile(p.Files, r.File)
	if err != nil {
		return nil, err
	}
	changes := []Change{{File: r.File, Before: text}}
	for _, c := range p.Fleet.Cohorts {
		_, active := p.activation(c.Slug, r.Version)
		if !active && c.Promote == nil {
			continue
		}
		some, err := p.change(c.File, func(d *Document) error {
			err := forget(d, c.Promote, r.Version)
			if active {
				err = cmp.Or(err, d.Remove("activate", r.Version))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		changes = append(changes, some...)
	}
	some, err := p.change(releases.ProjectFile, func(d *Document) error {
		for _, software := range softwareTypes(r) {
			known := []any{"software", software, "known_versions"}
			switch {
			case slices.Contains(p.Fleet.Software[software].KnownVersions, r.VersionOf(software)):
			case d.Has(known...):
				err = cmp.Or(err, d.Append([]string{syntax.String(r.VersionOf(software))}, known...))
			default:
				err = cmp.Or(err, d.Set("["+syntax.String(r.VersionOf(software))+"]", known...))
			}
		}
		return err
	})
	return append(changes, some...), err
}

// softwareTypes are those that a release has a payload for, ascending.
func softwareTypes(r *releases.Release) (all []string) {
	for _, p := range r.Payloads {
		all = append(all, p.SoftwareType)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
