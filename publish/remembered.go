package publish

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Remembered is a version that had an answer once: devices may run it still.
type Remembered struct {
	manifest.Target
	Version string    `json:"version"`
	At      time.Time `json:"at"`               // UTC, whole seconds: of the publish that brought it
	Source  string    `json:"source,omitempty"` // of the definitions that brought it
}

// String is "1.0.0 (stm32-fw on mp, published at 2026-12-01T09:00:00Z from a1b2c3)".
func (r Remembered) String() string {
	from := ""
	if r.Source != "" {
		from = " from " + r.Source
	}
	return fmt.Sprintf("%s (%s on %s, published at %s%s)", r.Version, r.SoftwareType, r.HardwareVersion, r.At.Format(time.RFC3339), from)
}

func (r Remembered) compare(o Remembered) int {
	return cmp.Or(cmp.Compare(r.SoftwareType, o.SoftwareType), cmp.Compare(r.HardwareVersion, o.HardwareVersion), cmp.Compare(r.Version, o.Version))
}

// Remembered is every version that had an answer, by the record of the publish
// that ended last or of one that did not end. It ascends by target and by the
// bytes of the version.
func (r *Remote) Remembered() []Remembered {
	if r.State == nil {
		return nil
	}
	all := slices.Clone(r.State.Done.Versions)
	if r.State.Doing != nil {
		all = append(all, r.State.Doing.Versions...)
	}
	return distinct(all)
}

// distinct puts what is remembered in order, of each version what was first.
func distinct(all []Remembered) []Remembered {
	slices.SortFunc(all, func(a, b Remembered) int { return cmp.Or(a.compare(b), a.At.Compare(b.At)) })
	return slices.CompactFunc(all, func(a, b Remembered) bool { return a.compare(b) == 0 })
}

// Forgotten is what is remembered and not known to the definitions any more, as
// far as their [lint] does not allow it: they say nothing of what its devices get.
func (r *Remote) Forgotten(f *releases.Fleet) []Remembered {
	if slices.Contains(f.Lint.Allow, ForgottenVersion) {
		return nil
	}
	resolver := manifest.NewResolver(f)
	return slices.DeleteFunc(r.Remembered(), func(v Remembered) bool { return slices.Contains(resolver.Known(v.Target), v.Version) })
}

// ForgottenText warns of what is forgotten, for people; "" where nothing is.
func ForgottenText(all []Remembered) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	for _, v := range all {
		fmt.Fprintf(&b, "warning[%s]: the definitions do not name %s\n", ForgottenVersion, v)
	}
	return b.String() + "hint: " + ForgottenHint + "\n"
}

// ForgottenVersion is the name of the warning, and ForgottenHint the way out.
const (
	ForgottenVersion = "forgotten-version"
	ForgottenHint    = `bring its release back, or list it in known_versions of [software."TYPE"]; 'cairn retire' does so before a release goes`
)

// remembers is what there is to remember after a publish at an instant: also what
// the store has a folder of, though no record tells of it.
func (p *Proposal) remembers(now time.Time) []Remembered {
	all := p.Remote.Remembered()
	add := func(versions map[manifest.Target][]string, source string) {
		for t, known := range versions {
			for _, version := range known {
				all = append(all, Remembered{t, version, now.UTC().Truncate(time.Second), source})
			}
		}
	}
	add(p.folderVersions(), "")
	if !p.Stops() {
		add(p.Site.Tree.Known, p.Edition.Source)
	}
	return distinct(all)
}
