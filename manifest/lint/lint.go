// Package lint warns of definitions that are sound, but hardly meant: what no
// device can ever get, what leads devices astray, what looks mistyped.
package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"cairn/releases"
)

// Rule is what is warned of.
type Rule struct {
	Name    string // what [lint] allows it by, unless it finds faults
	Summary string // what it finds: a sentence
	Fault   bool   // what it finds is wrong in any case: [releases.Load] refuses it
}

// Rules are all there are, ascending by name.
var Rules = []Rule{
	{"absent-fix", "A fixed_in that no release has, so that a higher one opens what is blocked.", false},
	{"blank-payload", "A payload of nothing but zeros or 0xFF.", false},
	{"blocked-version", "A version whose devices get nothing more, since all above it is not for them.", false},
	{"cut-off-image", "An image that its own header says is longer than the file.", true},
	{"dead-delta", "A delta that no device can ever apply.", false},
	{"delta-over-must-pass-through", "A delta that leads past a must-pass-through release.", false},
	{"described-version", "A version of git describe below the tag that it came after.", false},
	{"eager-goes-back", "A cohort with version_check = false whose devices may ask eagerly: they are moved back.", false},
	{"empty-payload", "A payload file of no bytes.", true},
	{"empty-release", "A release without a payload.", false},
	{"endless-block", "A block without fixed_in that keeps devices from a later release, too.", false},
	{"error-page", "An error message or a web page in the place of a payload.", true},
	{"expiring-url", "A url that is signed for a time.", false},
	{"forgotten-version", "A version that had an answer once, and that the definitions name no more: told by plan, publish and check --against-state.", false},
	{"held-unlisted", "Versions that are not listed get nothing, since what they would get is not for all versions.", false},
	{"idle-block", "A block of no version that is known.", false},
	{"keys-expire", "A statement of the keys that sign answers that is over within 60 days.", false},
	{"mangled-payload", "What git or a shell made of a payload: a link as text, UTF-16.", true},
	{"many-hops", "More updates in a row than --max-hops.", false},
	{"off-hours-step", "A step of a rollout at night or on a weekend.", false},
	{"other-bytes", "One version of a component with other bytes in another release.", false},
	{"other-chip", "An image for another chip than the release before.", false},
	{"other-url-scheme", "A url of another scheme than http and https.", false},
	{"other-version-inside", "An image that states another version than its release.", false},
	{"plain-http", "Firmware or answers over plain http.", false},
	{"pointer-payload", "A pointer of Git LFS or git-annex in the place of a payload.", true},
	{"rounded-percentage", "A percentage that whole buckets make much larger, or its rest much larger.", false},
	{"same-image", "The same image under two versions.", false},
	{"secret-in-url", "Credentials in a url.", false},
	{"shadowed-release", "A rollout that no device sees, since a higher release covers it.", false},
	{"shared-image", "The same image for two hardware versions, as it is not in all releases.", false},
	{"similar-names", "Two software types or hardware versions that differ in case or separators only.", false},
	{"similar-serials", "Two device serials that differ in case, separators or leading zeros only.", false},
	{"similar-versions", "Two versions that look like the same one.", false},
	{"skipped-must-pass-through", "Devices that get past a must-pass-through release.", false},
	{"starts-before-created", "A rollout that starts before its release was created.", false},
	{"stuck-devices", "Devices that the newest release in their reach cannot reach.", false},
	{"text-payload", "Text in the place of a payload.", false},
	{"unmet-need", "A component that no device is ever known to have the needs of.", true},
	{"unseen-characters", "Characters in names that nobody sees, or that turn directions.", false},
	{"unsignable", "What publish refuses, since signed answers have no room for it: a payload of 4 GiB, 128 answers of a version.", false},
	{"unused-gate", "A [gate] table that no step of a rollout and no promotion names.", false},
	{"unused-software", "A [software] table that no payload has the type of.", false},
	{"update-loop", "Devices that go round and round.", false},
	{"web-page-url", "A url of a web page about a file.", false},
	{"wrong-artifact", "Another file of the build than devices take.", false},
}

// Names are those of the rules that [lint] may allow, ascending.
func Names() []string {
	var names []string
	for _, r := range Rules {
		if !r.Fault {
			names = append(names, r.Name)
		}
	}
	return names
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
// allows, by file, line and column.
func Check(f *releases.Fleet, o Options) []*Warning {
	l := &linter{Fleet: f, Options: o, seen: map[string]bool{}}
	if zone, err := time.LoadLocation(f.Project.Timezone); err == nil && f.Project.Timezone != "" {
		l.zone = zone
	}
	l.project()
	l.names()
	l.versions()
	l.described()
	l.serials()
	l.payloads()
	l.blocks()
	l.contents()
	l.images()
	l.unseen()
	l.urls()
	l.keys()
	l.room()
	for _, c := range f.Cohorts {
		l.eager(c)
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

// stated is where a release states the version of a software type.
func stated(r *releases.Release, software string) spot {
	if _, ok := r.Components[software]; ok {
		return in(r.File, "component", software, "version")
	}
	return in(r.File, "version")
}

func (l *linter) find(s spot) releases.Place {
	place, _ := l.Place(s.file, s.path...)
	return place
}

func (l *linter) warn(rule string, s spot, hint, format string, args ...any) {
	if slices.Contains(l.Lint.Allow, rule) {
		return
	}
	place, source := l.Place(s.file, s.path...)
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
