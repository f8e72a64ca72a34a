package lint

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"cairn/releases"
)

// images looks for whole images that are the same where they are hardly meant
// to be: under two versions, or for two hardware versions.
func (l *linter) images() {
	shared := l.sharing()
	for i, r := range l.Releases {
		for _, p := range r.Payloads {
			if r.Withdrawn != "" || p.Delta() || p.SHA256 == "" {
				continue
			}
			for _, before := range l.Releases[:i] {
				image := whole(before, targetOf(p))
				if before.Withdrawn != "" || image == nil {
					continue
				}
				if version := r.VersionOf(p.SoftwareType); before.VersionOf(p.SoftwareType) == version {
					l.otherBytes(r, p, before, image)
				} else if image.SHA256 == p.SHA256 {
					l.warn("same-image", payload(r, p), "look at the build: it has to state its own version; or withdraw one of the two",
						"release %s has the very bytes of %s for %s: a device that installs it goes on reporting what is inside, and is offered it again and again",
						version, before.VersionOf(p.SoftwareType), title(targetOf(p)))
					break
				}
			}
			l.hardware(r, p, shared)
		}
	}
}

// otherBytes compares what two releases have as the same version of a component.
func (l *linter) otherBytes(r *releases.Release, p *releases.Payload, before *releases.Release, image *releases.Payload) {
	if image.SHA256 != p.SHA256 {
		l.warn("other-bytes", payload(r, p), "give what was built anew a version of its own; or name the same file in both releases",
			"releases %s and %s have different bytes as %s %s for %s: devices that run one of them never get the other",
			before.Version, r.Version, p.SoftwareType, r.VersionOf(p.SoftwareType), p.HardwareVersion)
	}
}

// pair is two hardware versions of a software type, the lower one first.
type pair struct{ software, one, other string }

// sharing counts, for each two hardware versions, the releases in which they
// have the same image, and those in which they have two.
func (l *linter) sharing() map[pair][2]int {
	counts := map[pair][2]int{}
	for _, r := range l.Releases {
		for _, p := range r.Payloads {
			for _, q := range r.Payloads {
				if p.Delta() || q.Delta() || p.SoftwareType != q.SoftwareType || p.HardwareVersion >= q.HardwareVersion {
					continue
				}
				of := pair{p.SoftwareType, p.HardwareVersion, q.HardwareVersion}
				n := counts[of]
				if p.SHA256 == q.SHA256 {
					n[0]++
				} else {
					n[1]++
				}
				counts[of] = n
			}
		}
	}
	return counts
}

// hardware looks at the images that a release has for a hardware version and
// for another one, too. Where all releases do that, and there are some, it is
// meant.
func (l *linter) hardware(r *releases.Release, p *releases.Payload, shared map[pair][2]int) {
	for _, q := range r.Payloads {
		if q.Delta() || q.SoftwareType != p.SoftwareType || q.SHA256 != p.SHA256 || q.HardwareVersion >= p.HardwareVersion {
			continue
		}
		n := shared[pair{p.SoftwareType, q.HardwareVersion, p.HardwareVersion}]
		if n[0] > 1 && n[1] == 0 {
			continue
		}
		l.warn("shared-image", payload(r, p), `if one image is for both, [lint] allow = ["shared-image"] says so; else name the file that was built for `+p.HardwareVersion,
			"release %s has the same image for the hardware versions %s and %s", r.Version, q.HardwareVersion, p.HardwareVersion)
		return
	}
}

// unseen looks for characters in names that nobody sees, or that turn the
// direction of what is around them.
func (l *linter) unseen() {
	odd := func(r rune) bool { return releases.Unseen(r) || r != ' ' && unicode.IsSpace(r) }
	look := func(what, name string, s spot) {
		if strings.ContainsFunc(name, odd) && l.first("unseen", what, name) {
			l.warn("unseen-characters", s, "type it anew, and copy nothing from a chat or a web page",
				"%s %+q has a character that nobody sees, or sees as another one", what, name)
		}
	}
	for r, p := range l.Payloads() {
		s := payload(r, p)
		look("version", r.VersionOf(p.SoftwareType), stated(r, p.SoftwareType))
		look("software type", p.SoftwareType, in(s.file, s.path[:2]...))
		look("hardware version", p.HardwareVersion, in(s.file, s.path[:3]...))
		look("version", p.From, s)
		look("file name", p.Name, s)
	}
	for _, software := range slices.Sorted(maps.Keys(l.Software)) {
		for _, v := range l.Software[software].KnownVersions {
			look("version", v, in(releases.ProjectFile, "software", software, "known_versions"))
		}
	}
}
