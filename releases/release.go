package releases

import (
	"cmp"
	"iter"
	"net/url"
	"path"
	"slices"
	"strings"

	"cairn/releases/firmware"
)

// versionPlace is where a release states its version.
type versionPlace struct {
	release *Release
	place   Place
}

// releases reads every release, in ascending order of versions.
func (l *loader) releases() {
	l.versions = map[string]*versionPlace{}
	for _, name := range l.tomlFiles("releases", true) {
		if doc := l.document(name, "make it readable"); doc != nil {
			l.release(doc)
		} else {
			l.unread = append(l.unread, name)
		}
	}
	for _, v := range l.versions {
		l.fleet.Releases = append(l.fleet.Releases, v.release)
	}
	slices.SortFunc(l.fleet.Releases, func(a, b *Release) int {
		return l.fleet.Project.Order.Compare(a.Version, b.Version)
	})
}

func (l *loader) release(t *table) {
	r := &Release{File: t.path}
	t.present("version", `write version = "1.2.3"`)
	version, n := t.text("version")
	switch {
	case n == nil:
		l.unread = append(l.unread, t.path)
	case !l.version(t.file, n.offset, version):
		l.refused[version] = true
	default:
		r.Version = version
		if other := l.versions[version]; other != nil {
			t.fault(n.offset, "give each release a version of its own", "version %q is also that of %s", version, other.place)
			l.refused[version] = true
		} else {
			l.versions[version] = &versionPlace{r, t.place(n.offset)}
		}
	}
	r.DisplayName, _ = t.text("display_name")
	r.Notes, _ = t.text("notes")
	r.Revision, _ = t.text("revision")
	r.Created, _ = t.instant("created")
	r.Updated, _ = t.instant("updated")
	l.edges(t, r)
	if _, ok := t.node.member("is_forced"); ok {
		forced := t.boolean("is_forced", false)
		r.Forced = &forced
	}
	t.asked = append(t.asked, "is_forced")
	if r.Withdrawn, n = t.text("withdrawn"); n != nil {
		r.Withdrawn = strings.TrimSpace(r.Withdrawn)
	}
	r.Resumed, _ = t.instant("resumed")
	r.ExtraInfo = t.extraInfo()

	for m, hardware := range t.tables("payload") {
		t.name(m.offset, "software type", m.name)
		for h, p := range hardware.targets("hardware version") {
			l.payload(r, p, h.offset, Payload{SoftwareType: m.name, HardwareVersion: h.name})
		}
	}
	for m, hardware := range t.tables("delta") {
		t.name(m.offset, "software type", m.name)
		for h, from := range hardware.targets("hardware version") {
			for v, p := range from.targets("version that it patches") {
				if p.unquoted(v, payloadKeys) || !l.version(t.file, v.offset, v.name) {
					continue
				}
				l.payload(r, p, h.offset, Payload{SoftwareType: m.name, HardwareVersion: h.name, From: v.name})
			}
		}
	}
	l.components(t, r)
	l.primaries(t, r)
	t.rest()
	slices.SortFunc(r.Payloads, func(a, b *Payload) int {
		return cmp.Or(
			cmp.Compare(a.SoftwareType, b.SoftwareType),
			cmp.Compare(a.HardwareVersion, b.HardwareVersion),
			cmp.Compare(a.From, b.From))
	})
}

var payloadKeys = []string{"file", "stored", "url", "size", "sha256", "md5", "sha1", "build_id", "extra_info"}

// payload reads a payload into a release. What only its file can tell is left
// to digest.
func (l *loader) payload(r *Release, t *table, offset int, p Payload) {
	t.name(offset, "hardware version", p.HardwareVersion)
	if !p.Delta() {
		if chunked := t.sub("zchunk", "write a table: "+header(t.under("zchunk")...)); chunked != nil {
			p.Zchunk = &Payload{SoftwareType: p.SoftwareType, HardwareVersion: p.HardwareVersion}
			l.contents(r, chunked, p.Zchunk)
		}
	}
	if l.contents(r, t, &p) {
		r.Payloads = append(r.Payloads, &p)
	}
}

// contents reads what a payload is, and says whether that could be told.
func (l *loader) contents(r *Release, t *table, p *Payload) bool {
	source := t.source()
	pending := pendingPayload{release: r, payload: p, table: t}
	if p.Size, pending.size = t.integer("size", 0); pending.size != nil && p.Size <= 0 {
		t.fault(pending.size.offset, "state the payload's size in bytes", "size %d is not over 0", p.Size)
		pending.size = nil
	}
	p.SHA256, pending.sha256 = t.hex("sha256", 64)
	p.MD5, pending.md5 = t.hex("md5", 32)
	p.SHA1, pending.sha1 = t.hex("sha1", 40)
	p.BuildID, pending.buildID = t.buildID()
	p.ExtraInfo = t.extraInfo()
	t.rest()
	if source.value == nil {
		return false
	}
	stated := source.value.text
	switch source.name {
	case "file":
		full, ok := t.inside(source.value, stated)
		if !ok {
			return false
		}
		p.File, p.Name, pending.file = full, path.Base(full), source.value
		l.payloads = append(l.payloads, pending)
	case "stored":
		p.Name = stated
		if stated == "" || strings.Contains(stated, "/") {
			t.fault(source.value.offset, "write the file name only: the sha256 says the rest", "stored %q is no file name", stated)
		}
	case "url":
		p.URL, p.Name = stated, nameInURL(stated)
		if u, err := url.Parse(stated); !printable(stated) {
			t.fault(source.value.offset, "write %20 for a space, and so on", "url %q has other characters than printable ASCII", stated)
		} else if err != nil || u.Scheme == "" || u.Host == "" {
			t.fault(source.value.offset, `write the whole URL: "https://…"`, "url %q is no absolute URL", stated)
		}
	}
	if source.name != "url" {
		t.segment(source.value.offset, "file name", p.Name)
	}
	if source.name != "file" {
		for _, key := range []string{"size", "sha256"} {
			if _, ok := t.node.member(key); !ok {
				t.fault(source.offset, "state the "+key+": what is not in the project folder cannot be measured",
					"%s has %s without %s", t.title(), source.name, key)
			}
		}
	}
	return true
}

// source finds which of file, stored and url a payload states; exactly one is
// right.
func (t *table) source() member {
	var found member
	for _, key := range []string{"file", "stored", "url"} {
		m, ok := t.has(key)
		if !ok || !t.is(m.value, key, `write `+key+` = "…", in quotes`, stringKind) {
			continue
		}
		if found.value != nil {
			t.fault(max(found.offset, m.offset), "keep the one that is meant", "%s has both %s and %s", t.title(), found.name, key)
			continue
		}
		found = m
	}
	if found.value == nil && !slices.ContainsFunc([]string{"file", "stored", "url"}, func(k string) bool { _, ok := t.node.member(k); return ok }) {
		t.fault(t.node.offset, `write file = "…", relative to `+t.path, "%s has none of file, stored and url", t.title())
	}
	return found
}

// hex reads so many hex digits, lower-cased; "" where there are none.
func (t *table) hex(key string, digits int) (string, *node) {
	s, n := t.text(key)
	if n == nil {
		return "", nil
	}
	s = strings.ToLower(s)
	if len(s) != digits || strings.Trim(s, lowerHex) != "" {
		t.fault(n.offset, "write it as "+key[strings.LastIndex(key, "_")+1:]+"sum prints it", "%s is not %d hex digits", key, digits)
		return "", nil
	}
	return s, n
}

// buildID reads what the linker or the signer calls a payload.
func (t *table) buildID() (string, *node) {
	s, n := t.text("build_id")
	if n == nil {
		return "", nil
	}
	s = strings.ToLower(s)
	if len(s) < 2 || len(s) > firmware.MaxBuildID || len(s)%2 > 0 || strings.Trim(s, lowerHex) != "" {
		t.fault(n.offset, "write it as 'readelf -n' or 'imgtool dumpinfo' prints it", "build_id is not 2 to %d hex digits, two for each byte", firmware.MaxBuildID)
		return "", nil
	}
	return s, n
}

func nameInURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || strings.HasSuffix(u.Path, "/") || u.Path == "" {
		return ""
	}
	return path.Base(u.Path)
}

// targets goes through the tables of this one, whose names say what payloads
// are for. It reports a payload that stands where such a table is due.
func (t *table) targets(what string) iter.Seq2[member, *table] {
	for _, m := range t.node.members {
		if m.value.kind != tableKind && slices.Contains(payloadKeys, m.name) {
			t.fault(m.offset, "write "+header(t.under("…")...)+", where … is the "+what, "%s has %s, but names no %s", t.title(), m.name, what)
			return func(func(member, *table) bool) {}
		}
	}
	return t.each()
}

// unquoted reports versions whose dots TOML took for separators, as in
// [activate.1.1.0].
func (t *table) unquoted(m member, known []string) bool {
	inner := func(n *node) bool {
		return len(n.members) > 0 && !slices.ContainsFunc(n.members, func(m member) bool {
			return m.value.kind != tableKind || Nearest(m.name, known) != ""
		})
	}
	if strings.IndexByte("\"'", t.file.text[m.offset]) >= 0 || !inner(m.value) {
		return false
	}
	before := t.names[:len(t.names)-1]
	var walk func(version string, m member)
	walk = func(version string, m member) {
		if inner(m.value) {
			for _, x := range m.value.members {
				walk(version+"."+x.name, x)
			}
			return
		}
		t.fault(m.value.offset, "write "+header(append(slices.Clone(before), version)...),
			"version %s stands without quotes, so its dots separate tables", version)
	}
	walk(m.name, m)
	return true
}
