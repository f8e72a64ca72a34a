package lint

import (
	"fmt"

	"cairn/releases"
	"cairn/releases/firmware"
)

// contents looks at what payload files are, as far as that is no fault.
func (l *linter) contents() {
	for r, p := range l.Payloads() {
		if p.File == "" {
			continue
		}
		for _, found := range append(p.Image.Findings(p.Name, r.VersionOf(p.SoftwareType)), OtherChip(l.Fleet, r.Version, p)...) {
			if !found.Certain {
				l.warn(found.Rule, payload(r, p, "file"), found.Hint, "payload file %q %s", p.Name, found.Message)
			}
		}
	}
}

// OtherChip compares what a payload of a version is made for with the release
// before that.
func OtherChip(f *releases.Fleet, version string, p *releases.Payload) []firmware.Finding {
	if p.Delta() || p.Image.Chip == "" {
		return nil
	}
	var before *releases.Release
	chip := ""
	for r, other := range f.Payloads() {
		if f.Project.Order.Compare(r.Version, version) >= 0 {
			break
		}
		if other.Image.Chip != "" && !other.Delta() && targetOf(other) == targetOf(p) {
			before, chip = r, other.Image.Chip
		}
	}
	if before == nil || chip == p.Image.Chip {
		return nil
	}
	return []firmware.Finding{{
		Rule:    "other-chip",
		Message: fmt.Sprintf("is for %s, and that of release %s, also for %s, is for %s", p.Image.Chip, before.Version, title(targetOf(p)), chip),
		Hint:    "devices of one hardware version have one chip: look at the build, and at the hardware version",
	}}
}
