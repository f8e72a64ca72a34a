package releases

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Component is a [component.<software type>] table of a release: software with
// a version of its own.
type Component struct {
	Version string
}

// Hardware is a [hardware.<version>] table of cairn.toml.
type Hardware struct {
	Primary string // the software type whose version is the release's; "" where nothing is said
}

// VersionOf is the version that a software type reports once it has installed the
// release: its component's, or else the release's own.
func (r *Release) VersionOf(softwareType string) string {
	if c, ok := r.Components[softwareType]; ok {
		return c.Version
	}
	return r.Version
}

// By compares releases by what they bring of a software type.
func (o Order) By(softwareType string) func(a, b *Release) int {
	return func(a, b *Release) int { return o.Compare(a.VersionOf(softwareType), b.VersionOf(softwareType)) }
}

func (l *loader) hardware(m member, t *table) {
	t.name(m.offset, "hardware version", m.name)
	var h Hardware
	t.present("primary", `write primary = "…", the software type whose version is the release's`)
	if s, n := t.text("primary"); n != nil && t.name(n.offset, "software type", s) {
		h.Primary = s
	}
	t.rest()
	l.fleet.Hardware[m.name] = h
}

// components reads which software of a release has a version of its own.
func (l *loader) components(t *table, r *Release) {
	for m, c := range t.tables("component") {
		t.name(m.offset, "software type", m.name)
		c.present("version", `write version = "2.0.0", which `+m.name+` reports once it has installed the release`)
		version, n := c.text("version")
		c.rest()
		if n == nil || !l.version(t.file, n.offset, version) {
			continue
		}
		if r.Components == nil {
			r.Components = map[string]Component{}
		}
		r.Components[m.name] = Component{Version: version}
	}
}

// primaries reports releases of which nobody can tell whose version theirs is.
func (l *loader) primaries(t *table, r *Release) {
	if len(r.Components) == 0 {
		return
	}
	types := map[string]map[string]bool{} // by hardware version
	for _, p := range r.Payloads {
		if types[p.HardwareVersion] == nil {
			types[p.HardwareVersion] = map[string]bool{}
		}
		types[p.HardwareVersion][p.SoftwareType] = true
	}
	offset := func(software string) int {
		all, _ := t.node.member("component")
		m, _ := all.value.member(software)
		return m.offset
	}
	for _, hardware := range slices.Sorted(maps.Keys(types)) {
		primary := l.fleet.Hardware[hardware].Primary
		var plain, components []string
		for _, software := range slices.Sorted(maps.Keys(types[hardware])) {
			if _, ok := r.Components[software]; ok {
				components = append(components, software)
			} else {
				plain = append(plain, software)
			}
		}
		if slices.Contains(components, primary) {
			t.fault(offset(primary), "leave the table out, or make another software type the primary one in [hardware."+dotted(hardware)+"]",
				"%s is the primary software of %s, so its version is the release's own", primary, hardware)
		} else if primary == "" && len(components) > 0 && len(plain) > 1 {
			t.fault(offset(components[0]), fmt.Sprintf("write %s primary = %q into %s, or [component.…] for the others", header("hardware", hardware), plain[0], ProjectFile),
				"release %s has %s for %s: nobody can tell whose version is the release's", r.Version, strings.Join(plain, " and "), hardware)
		}
	}
}
