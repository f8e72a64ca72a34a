package lint

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cairn/releases"
)

// project looks at cairn.toml.
func (l *linter) project() {
	const hint = "write https; a device that cannot must check a signature of what it installs"
	if plain(l.Project.BaseURL) {
		l.warn("plain-http", in(releases.ProjectFile, "project", "base_url"), hint,
			"base_url is plain http: whoever is on the way can offer devices what they like")
	}
	types := map[string]bool{}
	for r, p := range l.Payloads() {
		types[p.SoftwareType] = true
		if u, err := url.Parse(p.URL); err == nil && plain(p.URL) && l.first("plain", u.Host) {
			l.warn("plain-http", payload(r, p, "url"), hint,
				"payloads at %s come over plain http: whoever is on the way can change them", u.Host)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Software)) {
		if len(types) > 0 && !types[name] {
			l.warn("unused-software", in(releases.ProjectFile, "software", name),
				"a software type is spelled as in [payload.<software type>.<hardware version>]; there are "+list(types),
				"no release has a payload of software type %q: its known_versions count for nothing", name)
		}
	}
	used := map[string]bool{}
	for _, c := range l.Cohorts {
		var rollouts []releases.Rollout
		for _, a := range c.Activations {
			rollouts = append(rollouts, a.Rollout)
		}
		if c.Promote != nil {
			used[c.Promote.Gate] = true
			rollouts = append(rollouts, c.Promote.Rollout)
		}
		for _, r := range rollouts {
			for _, s := range slices.Concat(r.Steps, r.Held) {
				used[s.Gate] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Gates)) {
		if !used[name] {
			l.warn("unused-gate", in(releases.ProjectFile, "gate", name), "name it in a step: { after = \"24h\", percent = 10, gate = \""+name+"\" }",
				"no step of a rollout and no promotion waits for gate %q", name)
		}
	}
}

func list(names map[string]bool) string {
	const most = 5
	var quoted []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		quoted = append(quoted, strconv.Quote(name))
	}
	if len(quoted) > most {
		quoted = append(quoted[:most], fmt.Sprintf("%d more", len(quoted)-most))
	}
	return strings.Join(quoted, ", ")
}

// plain says whether a URL is http to another machine.
func plain(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" {
		return false
	}
	host := u.Hostname()
	ip, err := netip.ParseAddr(host)
	return host != "localhost" && !strings.HasSuffix(host, ".localhost") && (err != nil || !ip.IsLoopback())
}

// likeness finds names that differ, but come to the same.
type likeness struct {
	*linter
	of map[string]named
}

type named struct {
	name string
	spot spot
}

func (l *linter) likeness() *likeness { return &likeness{l, map[string]named{}} }

// see warns of a name that comes to the same as another one seen before.
func (x *likeness) see(rule, what, name, same, hint string, s spot) {
	other, seen := x.of[same]
	if !seen {
		x.of[same] = named{name, s}
		return
	}
	if other.name != name && x.first(rule, what, min(other.name, name), max(other.name, name)) {
		x.warn(rule, s, hint, "%s %q looks like %q in %s, but is another one", what, name, other.name, x.find(other.spot))
	}
}

// names looks for software types and hardware versions that look alike.
func (l *linter) names() {
	const rule, hint = "similar-names", "a device gets only what is made for exactly what it says it is: spell both alike"
	software, hardware := l.likeness(), l.likeness()
	for r, p := range l.Payloads() {
		s := payload(r, p)
		software.see(rule, "software type", p.SoftwareType, bare(p.SoftwareType), hint, in(s.file, s.path[:2]...))
		hardware.see(rule, "hardware version", p.HardwareVersion, bare(p.HardwareVersion), hint, in(s.file, s.path[:3]...))
	}
}

var separators = regexp.MustCompile(`[-_. ]+`)

// bare is a name without case and kinds of separators.
func bare(name string) string { return separators.ReplaceAllString(strings.ToLower(name), "-") }

// versions looks for versions of one software type that look alike.
func (l *linter) versions() {
	const rule, hint = "similar-versions", "a device that reports one of them is not taken for the other: spell both as devices report it"
	types := map[string]*likeness{}
	of := func(software string) *likeness {
		if types[software] == nil {
			types[software] = l.likeness()
		}
		return types[software]
	}
	for r, p := range l.Payloads() {
		version := r.VersionOf(p.SoftwareType)
		of(p.SoftwareType).see(rule, "version", version, plainVersion(version), hint, stated(r, p.SoftwareType))
	}
	for _, software := range slices.Sorted(maps.Keys(l.Software)) {
		for i, v := range l.Software[software].KnownVersions {
			s := in(releases.ProjectFile, "software", software, "known_versions", strconv.Itoa(i))
			of(software).see(rule, "version", v, plainVersion(v), hint, s)
		}
	}
	for r, p := range l.Payloads() {
		if p.Delta() {
			of(p.SoftwareType).see(rule, "version", p.From, plainVersion(p.From), hint, payload(r, p))
		}
	}
}

var numbered = regexp.MustCompile(`^v?([0-9]+(?:\.[0-9]+)*)(.*)$`)

// plainVersion is a version without case, a leading v, leading zeros of its
// numbers, and zeros at their end: "V1.02.0-RC1" is "1.2-rc1".
func plainVersion(version string) string {
	lower := strings.ToLower(version)
	parts := numbered.FindStringSubmatch(lower)
	if parts == nil {
		return lower
	}
	numbers := strings.Split(parts[1], ".")
	for i, n := range numbers {
		numbers[i] = strings.TrimLeft(n, "0")
	}
	for len(numbers) > 1 && numbers[len(numbers)-1] == "" {
		numbers = numbers[:len(numbers)-1]
	}
	return strings.Join(numbers, ".") + parts[2]
}

var described = regexp.MustCompile(`^v?(.+?)((?:(?:-[0-9]+-|_[0-9]+_|\.[0-9]+\.|[-_.])g[0-9a-fA-F]{4,})?(?:[-_.](?:dirty|broken|modified))?)$`)

// described looks for versions of git describe, of builds after a tag, that are
// below the tag itself: there, "-" makes a pre-release.
func (l *linter) described() {
	all := map[string]named{} // by the version without a leading v
	see := func(version string, s spot) {
		if key := strings.TrimPrefix(version, "v"); all[key].name == "" {
			all[key] = named{version, s}
		}
	}
	for _, r := range l.Releases {
		see(r.Version, in(r.File, "version"))
		for _, software := range slices.Sorted(maps.Keys(r.Components)) {
			see(r.VersionOf(software), stated(r, software))
		}
	}
	for _, software := range slices.Sorted(maps.Keys(l.Software)) {
		for i, v := range l.Software[software].KnownVersions {
			see(v, in(releases.ProjectFile, "software", software, "known_versions", strconv.Itoa(i)))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		build, parts := all[key], described.FindStringSubmatch(key)
		if parts == nil || parts[2] == "" {
			continue
		}
		tag, there := all[parts[1]]
		if there && l.Project.Order.Compare(build.name, tag.name) < 0 {
			l.warn("described-version", build.spot,
				fmt.Sprintf("number builds after a tag above it, such as %q: git describe | sed 's/-/+/; s/-/./g'", parts[1]+"+"+strings.ReplaceAll(parts[2][1:], "-", ".")),
				"version %q is of a build after the tag %q, but below it: its devices would be offered the older %q", build.name, tag.name, tag.name)
		}
	}
}
