// Package lint warns of definitions that are sound, but hardly meant: what no
// device can ever get, what leads devices astray, what looks mistyped.
package lint

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"cairn/releases"
)

// Rule is what is warned of.
type Rule struct {
	Name    string // one of [releases.LintNames]
	Summary string // what it finds: a sentence
}

// Rules are all there are, ascending by name.
var Rules = []Rule{
	{"dead-delta", "A delta that no device can ever apply."},
	{"delta-over-must-pass-through", "A delta that leads past a must-pass-through release."},
	{"empty-release", "A release without a payload."},
	{"many-hops", "More updates in a row than --max-hops."},
	{"off-hours-step", "A step of a rollout at night or on a weekend."},
	{"plain-http", "Firmware or answers over plain http."},
	{"rounded-percentage", "A percentage that whole buckets make much larger, or its rest much larger."},
	{"shadowed-release", "A rollout that no device sees, since a higher release covers it."},
	{"similar-names", "Two software types or hardware versions that differ in case or separators only."},
	{"similar-versions", "Two versions that look like the same one."},
	{"skipped-must-pass-through", "Devices that get past a must-pass-through release."},
	{"starts-before-created", "A rollout that starts before its release was created."},
	{"stuck-devices", "Devices that the newest release in their reach cannot reach."},
	{"unused-software", "A [software] table that no payload has the type of."},
	{"update-loop", "Devices that go round and round."},
}

// Warning is something in the definitions that is hardly meant.
type Warning struct {
	Name  string // of its rule
	Fault releases.Fault
}

// String is the form of a fault, marked: "cairn.toml:4:12: warning[plain-http]: …".
func (w *Warning) String() string {
	f := w.Fault
	f.Message = fmt.Sprintf("warning[%s]: %s", w.Name, f.Message)
	return f.Error()
}

// Options say what is looked at.
type Options struct {
	At      time.Time // what was over by then is not looked at
	MaxHops int       // so many updates in a row are fine; 0 for any number
}

// Check gives the warnings about a fleet but those that its [lint] table
// allows, by file, line and column. The file system is the folder that the
// fleet was loaded from; it serves for their places.
func Check(f *releases.Fleet, fsys fs.FS, o Options) []*Warning {
	l := &linter{Fleet: f, Options: o, places: releases.NewPlaces(fsys), seen: map[string]bool{}}
	if zone, err := time.LoadLocation(f.Project.Timezone); err == nil && f.Project.Timezone != "" {
		l.zone = zone
	}
	l.project()
	l.names()
	l.versions()
	l.payloads()
	for _, c := range f.Cohorts {
		for _, a := range c.Activations {
			if a.Offers() {
				l.schedule(c, a)
			}
		}
	}
	l.ways()
	slices.SortStableFunc(l.warnings, func(a, b *Warning) int {
		return cmp.Or(
			cmp.Compare(a.Fault.Place.File, b.Fault.Place.File),
			cmp.Compare(a.Fault.Place.Line, b.Fault.Place.Line),
			cmp.Compare(a.Fault.Place.Column, b.Fault.Place.Column),
			cmp.Compare(a.Name, b.Name))
	})
	return l.warnings
}

type linter struct {
	*releases.Fleet
	Options
	places   *releases.Places
	zone     *time.Location // nil where nobody knows
	warnings []*Warning
	seen     map[string]bool
}

// spot is a definition: a file, and the keys that lead to it.
type spot struct {
	file string
	path []string
}

func in(file string, path ...string) spot { return spot{file, path} }

func activation(c *releases.Cohort, r *releases.Release, path ...string) spot {
	return in(c.File, append([]string{"activate", r.Version}, path...)...)
}

func payload(r *releases.Release, p *releases.Payload, path ...string) spot {
	keys := []string{"payload", p.SoftwareType, p.HardwareVersion}
	if p.Delta() {
		keys = []string{"delta", p.SoftwareType, p.HardwareVersion, p.From}
	}
	return in(r.File, append(keys, path...)...)
}

func (l *linter) find(s spot) releases.Place {
	place, _ := l.places.Find(s.file, s.path...)
	return place
}

func (l *linter) warn(rule string, s spot, hint, format string, args ...any) {
	if slices.Contains(l.Lint.Allow, rule) {
		return
	}
	place, source := l.places.Find(s.file, s.path...)
	l.warnings = append(l.warnings, &Warning{rule, releases.Fault{
		Place: place, Message: fmt.Sprintf(format, args...), Source: source, Hint: hint,
	}})
}

// first says whether it is asked for the first time about some things.
func (l *linter) first(of ...string) bool {
	key := strings.Join(of, "\x00")
	again := l.seen[key]
	l.seen[key] = true
	return !again
}
