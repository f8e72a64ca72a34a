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
	Needs   []Need // by software type
}

// Need is other software that a device must have before it takes a component.
type Need struct {
	SoftwareType string
	Versions     []Versions // in one of which its version is
}

// String is the need as a reader knows it: "stm32-fw >= 1.2.0".
func (n Need) String() string {
	var texts []string
	for _, v := range n.Versions {
		texts = append(texts, v.Text)
	}
	return n.SoftwareType + " " + strings.Join(texts, " or ")
}

// Met says whether a version of the software is what is needed.
func (n Need) Met(o Order, version string) bool { return holds(n.Versions, o, version) }

// Since is the lowest must-pass-through release that brings a hardware version what
// is needed, such that each release above it that has the software, has it too; nil
// where there is none. Withdrawn releases do not count.
func (n Need) Since(f *Fleet, hardware string) *Release { return n.since(f, hardware, false) }

func (n Need) since(f *Fleet, hardware string, withdrawn bool) (since *Release) {
	for _, r := range f.Releases {
		made := slices.ContainsFunc(r.Payloads, func(p *Payload) bool { return p.SoftwareType == n.SoftwareType && p.HardwareVersion == hardware })
		switch {
		case !made || r.Withdrawn != "" && !withdrawn:
		case !n.Met(f.Project.Order, r.VersionOf(n.SoftwareType)):
			since = nil
		case since == nil && r.MustPassThrough && r.Payload(n.SoftwareType, hardware, "") != nil:
			since = r
		}
	}
	return since
}

// Hardware is a [hardware.<version>] table of cairn.toml.
type Hardware struct {
	Primary string // the software type whose version is the release's; "" where nothing is said
}

// CameSince says whether devices can have a version of a software type only from a
// release or one above it; never for nil.
func (f *Fleet) CameSince(since *Release, software, hardware, version string) bool {
	if since == nil || slices.Contains(f.Software[software].KnownVersions, version) {
		return false
	}
	for _, r := range f.Releases {
		if r.VersionOf(software) == version && slices.ContainsFunc(r.Payloads, func(p *Payload) bool { return p.SoftwareType == software && p.HardwareVersion == hardware }) {
			return f.Project.Order.Compare(r.Version, since.Version) >= 0
		}
	}
	return false
}

// VersionOf is the version that a software type reports once it has installed the
// release: its component's, or else the release's own.
func (r *Release) VersionOf(softwareType string) string {
	if c, ok := r.Components[softwareType]; ok {
		return c.Version
	}
	return r.Version
}

// Title is the release's version, with those that its components have of their own:
// "1.2.0 (mfw 2.0.0)".
func (r *Release) Title() string {
	var own []string
	for _, software := range slices.Sorted(maps.Keys(r.Components)) {
		if version := r.VersionOf(software); version != r.Version {
			own = append(own, software+" "+version)
		}
	}
	if own == nil {
		return r.Version
	}
	return r.Version + " (" + strings.Join(own, ", ") + ")"
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
		needs := l.needs(c, m.name)
		c.rest()
		if n == nil || !l.version(t.file, n.offset, version) {
			continue
		}
		if r.Components == nil {
			r.Components = map[string]Component{}
		}
		r.Components[m.name] = Component{version, needs}
	}
}

const needsHint = `write needs = { stm32-fw = ">=1.2.0" }, or a list of versions and ranges`

// needs reads what other software a component needs.
func (l *loader) needs(t *table, software string) (all []Need) {
	n := t.get("needs", needsHint, tableKind)
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		need, items := Need{SoftwareType: m.name}, []*node{m.value}
		if m.value.kind == arrayKind {
			items = m.value.items
		}
		if m.name == software {
			t.fault(m.offset, "min_version of the release is about the versions of the software itself", "%s needs itself", software)
		}
		if len(items) == 0 {
			t.fault(m.value.offset, needsHint, "needs names no version of %s", m.name)
		}
		for _, item := range items {
			if !t.is(item, "a version in needs", needsHint, stringKind) {
				continue
			}
			if v, ok := l.versionsIn(t, "needs", item); ok {
				need.Versions = append(need.Versions, v)
			}
		}
		all = append(all, need)
	}
	slices.SortFunc(all, func(a, b Need) int { return strings.Compare(a.SoftwareType, b.SoftwareType) })
	return all
}

// unmet reports components that no device can ever be offered, since none is known
// to have what they need. That a release was withdrawn makes no fault: nothing may
// be in the way of that.
func (l *loader) unmet() {
	f := l.fleet
	for r, p := range f.Payloads() {
		for _, need := range r.Components[p.SoftwareType].Needs {
			t, since := l.fleet.documents[r.File], need.since(f, p.HardwareVersion, true)
			if t == nil || r.Withdrawn != "" || len(need.Versions) == 0 || slices.ContainsFunc(f.Releases, func(other *Release) bool {
				version := other.VersionOf(p.SoftwareType)
				return f.Project.Order.Compare(version, r.VersionOf(p.SoftwareType)) < 0 && f.CameSince(since, p.SoftwareType, p.HardwareVersion, version)
			}) {
				continue
			}
			n := t.node
			for _, key := range []string{"component", p.SoftwareType, "needs", need.SoftwareType} {
				n = n.at(key)
			}
			hint := "have a must-pass-through release below it that brings " + p.HardwareVersion + " what is needed, and " + p.SoftwareType + " in a version that is new there"
			if since != nil {
				hint = "bring " + p.HardwareVersion + " a version of " + p.SoftwareType + " that is new in " + since.Version + ", which must be passed through, or in a release between"
			}
			t.breach("unmet-need", n.offset, hint, "%s %s needs %s, but no device on %s is ever known to have that",
				p.SoftwareType, r.VersionOf(p.SoftwareType), need, p.HardwareVersion)
		}
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
