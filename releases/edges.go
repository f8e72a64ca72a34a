package releases

import (
	"net/url"
	"slices"
	"strings"
)

// Block is a [blocked."<name>"] table of a release: the ways up that lead to
// it, or past it, and must not be taken.
type Block struct {
	Name    string
	From    []Versions // of the devices; those below the release count
	Reason  string     // never empty
	URL     string     // of more to read, or ""
	FixedIn string     // devices are offered this version and those above again; "" for none
}

// Versions is an entry of a block's from: a version, or a range of them.
type Versions struct {
	Text  string
	Range Range // nil for the one version
}

// Holds says whether the block keeps a version from its release.
func (b *Block) Holds(o Order, version string) bool {
	return holds(b.From, o, version)
}

func holds(of []Versions, o Order, version string) bool {
	return slices.ContainsFunc(of, func(v Versions) bool {
		return v.Range == nil && v.Text == version || v.Range != nil && v.Range.Has(o, version)
	})
}

// Concerns says whether what a release says of versions is said of a software
// type: it has a payload for it, or none at all, and the type has no version of
// its own.
func (r *Release) Concerns(software string) bool {
	if _, own := r.Components[software]; own {
		return false
	}
	return len(r.Payloads) == 0 || slices.ContainsFunc(r.Payloads, func(p *Payload) bool { return p.SoftwareType == software })
}

// Edges is what a release says of the versions that must not take it, or not
// leave it, each in words that begin with "is" or "has".
func (r *Release) Edges() (all []string) {
	if r.MustPassReason != "" {
		all = append(all, "is to be passed through: "+r.MustPassReason)
	}
	if r.MinVersion != "" {
		all = append(all, "has min_version "+r.MinVersion)
	}
	for _, b := range r.Blocked {
		var from []string
		for _, v := range b.From {
			from = append(from, v.Text)
		}
		all = append(all, "is blocked from "+strings.Join(from, ", ")+" "+b.String())
	}
	if r.DeadEnd != "" {
		all = append(all, "is a dead end: "+r.DeadEnd)
	}
	return all
}

// String is "(eats-calibration): why; fixed in 1.2.1; see https://…".
func (b *Block) String() string {
	text := "(" + b.Name + "): " + b.Reason
	if b.FixedIn != "" {
		text += "; fixed in " + b.FixedIn
	}
	if b.URL != "" {
		text += "; see " + b.URL
	}
	return text
}

// Names is the versions that a release names as those of devices in the field,
// beside what its payloads say: its own where that is a dead end, and those
// that it is blocked from.
func (r *Release) Names() (versions []string) {
	if r.DeadEnd != "" {
		versions = append(versions, r.Version)
	}
	for _, b := range r.Blocked {
		for _, v := range b.From {
			if v.Range == nil {
				versions = append(versions, v.Text)
			}
		}
	}
	return versions
}

// edges reads which devices must not take a release, or leave it.
func (l *loader) edges(t *table, r *Release) {
	const hint = `write must_pass_through = true, must_pass_through = false, or the reason in quotes`
	if n := t.get("must_pass_through", hint, boolKind, stringKind); n != nil && n.kind == boolKind {
		r.MustPassThrough = n.value.(bool)
	} else if n != nil {
		r.MustPassThrough, r.MustPassReason = true, t.reason("must_pass_through", n)
	}
	if _, n := t.text("dead_end"); n != nil {
		r.DeadEnd = t.reason("dead_end", n)
	}
	if v, n := t.text("min_version"); n != nil && l.version(t.file, n.offset, v) {
		r.MinVersion = v
		if r.Version != "" && l.fleet.Project.Order.Compare(v, r.Version) >= 0 {
			t.fault(n.offset, "write the lowest version that may be updated to "+r.Version, "min_version %s is not below the release's own version %s", v, r.Version)
		}
	}
	for m, b := range t.tables("blocked") {
		l.block(r, m, b)
	}
	slices.SortFunc(r.Blocked, func(a, b Block) int { return strings.Compare(a.Name, b.Name) })
}

// reason is a text that must say something.
func (t *table) reason(key string, n *node) string {
	reason := strings.TrimSpace(n.text)
	if reason == "" {
		t.fault(n.offset, "say why, for those who look for it; or leave it out", "%s says nothing", key)
	}
	return reason
}

const fromHint = `write from = ["1.0.3", ">=0.9.0 <0.9.4"], the versions of the devices`

func (l *loader) block(r *Release, m member, t *table) {
	b := Block{Name: m.name}
	if strings.TrimSpace(m.name) == "" {
		t.fault(m.offset, `write [blocked."eats-calibration"], or what else it is called by`, "a block has no name")
	}
	t.present("from", fromHint)
	t.present("reason", `write reason = "…", for those who ask why a device gets nothing`)
	if n := t.get("from", fromHint, arrayKind); n != nil {
		if len(n.items) == 0 {
			t.fault(n.offset, fromHint, "from names no version")
		}
		for _, item := range n.items {
			if t.is(item, "a version in from", fromHint, stringKind) {
				l.from(r, &b, t, item)
			}
		}
	}
	if _, n := t.text("reason"); n != nil {
		b.Reason = t.reason("reason", n)
	}
	var n *node
	if b.URL, n = t.text("url"); n != nil {
		if u, err := url.Parse(b.URL); err != nil || u.Scheme == "" || u.Host == "" {
			t.fault(n.offset, `write the whole URL: "https://…"`, "url %q is no absolute URL", b.URL)
		}
	}
	if b.FixedIn, n = t.text("fixed_in"); n != nil && l.version(t.file, n.offset, b.FixedIn) && r.Version != "" && l.fleet.Project.Order.Compare(b.FixedIn, r.Version) <= 0 {
		t.fault(n.offset, "write the lowest version that these devices may be offered again", "fixed_in %s is not above %s, which is blocked", b.FixedIn, r.Version)
	}
	t.rest()
	r.Blocked = append(r.Blocked, b)
}

// from reads an entry of a block's from.
func (l *loader) from(r *Release, b *Block, t *table, n *node) {
	switch v, ok := l.versionsIn(t, "from", n); {
	case !ok:
	case v.Range == nil && r.Version != "" && l.fleet.Project.Order.Compare(n.text, r.Version) >= 0:
		t.fault(n.offset, "a block keeps devices from going up: leave out its own version and those above", "from %s is not below %s, which is blocked", n.text, r.Version)
	default:
		b.From = append(b.From, v)
	}
}

// versionsIn reads a version, or a range of them.
func (l *loader) versionsIn(t *table, key string, n *node) (v Versions, ok bool) {
	v.Text = n.text
	switch order := l.fleet.Project.Order; {
	case order != SemVer && strings.IndexAny(n.text, "<>=") == 0:
		t.fault(n.offset, `list the versions one by one; ranges need version_order = "semver" in [project]`, "%s %q is no version in the order %q", key, n.text, order)
		return v, false
	case order == SemVer && strings.ContainsAny(n.text, "<>=^~*|, "):
		var err error
		if v.Range, err = ParseRange(order, n.text); err != nil {
			t.fault(n.offset, RangeHint, "%s %q: %s", key, n.text, err)
		}
		return v, err == nil
	}
	return v, l.version(t.file, n.offset, n.text)
}
