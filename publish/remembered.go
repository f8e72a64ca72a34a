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

// Remembered is a version that had an answer once: devices may run it still. It
// takes some 13 bytes of the state, packed, for each hardware version.
type Remembered struct {
	manifest.Target
	Version string    `json:"version"`
	At      time.Time `json:"at"`               // UTC, whole seconds: of the publish that brought it
	Source  string    `json:"source,omitempty"` // of the definitions that brought it
	// Image begins the SHA-256 of the payload that was on offer last, 16 hex
	// digits; "" where none was. MustPass says whether it had to be passed
	// through then.
	Image    string `json:"image,omitempty"`
	MustPass bool   `json:"must_pass_through,omitempty"`
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

// equal says whether both remember the same, whenever it came.
func (r Remembered) equal(o Remembered) bool {
	return r.compare(o) == 0 && r.Image == o.Image && r.MustPass == o.MustPass
}

// Remembered is every version that had an answer, by the record of the publish
// that ended last or of one that did not end. It ascends by target and by the
// bytes of the version.
func (r *Remote) Remembered() []Remembered {
	if r.State == nil {
		return nil
	}
	if doing := r.State.Doing; doing != nil && doing.Versions != nil {
		return doing.Versions // it began with the others
	}
	return r.State.Done.Versions
}

// distinct puts what is remembered in order, of each version what comes first.
func distinct(all []Remembered) []Remembered {
	slices.SortStableFunc(all, Remembered.compare)
	return slices.CompactFunc(all, func(a, b Remembered) bool { return a.compare(b) == 0 })
}

// Forgotten is what is remembered and not known to the definitions any more, as
// far as their [lint] does not allow it: they say nothing of what its devices get.
func (r *Remote) Forgotten(f *releases.Fleet) []Remembered {
	if slices.Contains(f.Lint.Allow, ForgottenVersion) {
		return nil
	}
	resolver := manifest.NewResolver(f)
	return slices.DeleteFunc(slices.Clone(r.Remembered()), func(v Remembered) bool { return slices.Contains(resolver.Known(v.Target), v.Version) })
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
	all := slices.Clone(p.Remote.Remembered())
	add := func(versions map[manifest.Target][]string, source string) {
		for t, known := range versions {
			for _, version := range known {
				all = append(all, Remembered{Target: t, Version: version, At: now.UTC().Truncate(time.Second), Source: source})
			}
		}
	}
	add(p.folderVersions(), "")
	if !p.Stops() {
		add(p.Site.Tree.Known, p.Edition.Source)
	}
	all = distinct(all)
	if p.Stops() {
		return all
	}
	offered := map[string]bool{}
	for _, r := range p.Edition.Rollouts {
		offered[r.Version] = true
	}
	images := p.images()
	for i, r := range all {
		if image := images[r.id()]; image != nil && offered[image.release.Version] {
			all[i].Image, all[i].MustPass = image.SHA256[:16], image.release.MustPassThrough
		}
	}
	return all
}

type versionOf struct {
	manifest.Target
	version string
}

func (r Remembered) id() versionOf { return versionOf{r.Target, r.Version} }

type image struct {
	*releases.Payload
	release *releases.Release
}

// images is the full payloads of the definitions.
func (p *Proposal) images() map[versionOf]*image {
	all := map[versionOf]*image{}
	for r, of := range p.Site.Tree.Fleet.Payloads() {
		if of.From == "" {
			all[versionOf{manifest.Target{SoftwareType: of.SoftwareType, HardwareVersion: of.HardwareVersion}, r.VersionOf(of.SoftwareType)}] = &image{of, r}
		}
	}
	return all
}

// otherImages is releases that were on offer with other bytes.
func otherImages(p *Proposal) (trips []Trip) {
	images := p.images()
	for _, r := range p.remembered {
		if image := images[r.id()]; image != nil && r.Image != "" && r.Image != image.SHA256[:16] {
			trips = append(trips, Trip{
				Concerns: fmt.Sprintf("devices that run %s", r.Version),
				What: fmt.Sprintf("release %s would have another image (%s on %s), %s with sha256 %s… instead of %s…, and devices that run the old one never get it",
					r.Version, r.SoftwareType, r.HardwareVersion, image.Name, image.SHA256[:16], r.Image),
				Limit: "bring the old file back, and release the new one under a version of its own",
			})
		}
	}
	return trips
}
