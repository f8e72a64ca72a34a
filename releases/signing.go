package releases

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"cairn/releases/signing"
)

// KeysFile is where the statement of the keys is unless [signing] says otherwise.
const KeysFile = "signing/keys.txt"

// Signing is the [signing] table of cairn.toml: who signs the answers.
type Signing struct {
	Roots         []signing.Key // 1 to 3, burned into firmware
	RootThreshold int           // so many of them sign the statement of the keys
	KeysFile      string        // path of the statement in the project folder
	Note          []byte        // the statement, as it is published
	Keys          *signing.Keys // what it says; nil where it is at fault, or was not read
	Valid         time.Duration // how long a head is good for, in whole seconds
	Renew         time.Duration // the age at which a publish signs a head again, likewise
	Command       string        // signs its standard input; "" for a key
}

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// ParseDays reads days or years, as in "14d" and "1y", or what
// [time.ParseDuration] knows.
func ParseDays(s string) (time.Duration, error) {
	unit := day
	digits, ok := strings.CutSuffix(s, "d")
	if !ok {
		unit = year
		digits, ok = strings.CutSuffix(s, "y")
	}
	if n, err := strconv.ParseUint(digits, 10, 16); ok && err == nil {
		return time.Duration(n) * unit, nil
	}
	return time.ParseDuration(s)
}

// KeyName is the origin of what is signed, and what the keys that sign heads are
// called: the base URL without its scheme,
// and the prefix unless it ends with that already.
func (p *Project) KeyName() string {
	_, origin, _ := strings.Cut(p.BaseURL, "://")
	if !strings.HasSuffix(origin, "/"+p.Prefix) {
		origin += "/" + p.Prefix
	}
	return origin
}

const rootsHint = `write roots = ["NAME/root+ID+BASE64"], 1 to 3 of them: 'cairn keys init' makes them`

func (l *loader) signing(t *table) {
	s := &Signing{RootThreshold: 1, KeysFile: KeysFile, Valid: 14 * day, Renew: 2 * day}
	l.fleet.Signing = s
	faults := len(l.faults)
	origin := l.fleet.Project.KeyName()
	n := t.get("roots", rootsHint, arrayKind)
	if n == nil {
		if _, ok := t.node.member("roots"); !ok {
			t.fault(t.node.offset, rootsHint, "[signing] has no roots")
		}
	} else if len(n.items) == 0 || len(n.items) > signing.MaxRoots {
		t.fault(n.offset, rootsHint, "roots has %d keys", len(n.items))
	} else {
		for _, item := range n.items {
			l.root(t, item, origin)
		}
	}
	threshold, m := t.integer("root_threshold", 1)
	if m != nil && n != nil && (threshold < 1 || threshold > int64(len(n.items))) {
		t.fault(m.offset, "so many of the roots sign the keys: 1 lets a spare root stand in, 2 of 3 stands a theft", "root_threshold %d is outside 1 to %d", threshold, len(n.items))
	}
	s.RootThreshold = int(threshold)
	valid := t.days("valid", &s.Valid)
	t.days("renew", &s.Renew)
	if s.Renew == 0 || s.Valid < 4*s.Renew {
		at := t.node
		if valid != nil {
			at = valid
		}
		t.fault(at.offset, `write valid = "14d" and renew = "2d"`, "valid is under 4 times renew: a few publishes that fail, and devices would take no head any more")
	}
	s.Command, _ = t.text("command")
	file := t.node
	if stated, k := t.text("keys"); k != nil {
		file = k
		s.KeysFile, _ = t.inside(k, stated)
	}
	t.rest()
	if l.fsys == nil || len(l.faults) > faults {
		return
	}
	l.keys(t, file)
}

func (l *loader) root(t *table, item *node, origin string) {
	if !t.is(item, "a root", rootsHint, stringKind) {
		return
	}
	s := l.fleet.Signing
	root, err := signing.ParseKey(item.text)
	switch {
	case err != nil:
		t.fault(item.offset, rootsHint, "%s", err)
		if errors.Is(err, signing.ErrPrivate) {
			(*t.faults)[len(*t.faults)-1].Source = "" // nothing prints it
		}
		return
	case root.Name != signing.RootName(origin):
		t.fault(item.offset, "firmware has this name burned in: keep base_url and prefix as they were, or begin anew with 'cairn keys init'",
			"the root is called %s, and base_url and prefix make it %s", root.Name, signing.RootName(origin))
	}
	for _, other := range s.Roots {
		if other.Is(root) {
			t.fault(item.offset, "take it out", "the root %x stands there twice", root.ID)
		}
	}
	s.Roots = append(s.Roots, root)
}

// keys reads the statement of the keys, and verifies it.
func (l *loader) keys(t *table, stated *node) {
	s := l.fleet.Signing
	err := regular(l.fsys, s.KeysFile)
	if err == nil {
		s.Note, err = fs.ReadFile(l.fsys, s.KeysFile)
	}
	if err != nil {
		t.fault(stated.offset, "'cairn keys init' makes it; keep it in git", "keys %q: %s", s.KeysFile, reason(err))
		return
	}
	if s.Keys, err = signing.OpenKeys(s.Note, s.Roots, s.RootThreshold); err != nil {
		hint := "bring it back from git, or sign it anew with 'cairn keys rotate --root FILE'"
		if errors.Is(err, signing.ErrUnsigned) {
			hint = "sign it with another root: cairn keys sign --root FILE"
		}
		l.fault(s.KeysFile, hint, "%s", err)
	}
}

// days reads a lifetime of whole seconds.
func (t *table) days(key string, d *time.Duration) *node {
	const hint = `write days, or hours, in quotes: "14d", "36h"`
	n := t.get(key, hint, stringKind)
	if n == nil {
		return nil
	}
	v, err := ParseDays(n.text)
	if err != nil || v < time.Second || v > 10*year || v%time.Second != 0 {
		t.fault(n.offset, hint, "%s %q is no lifetime", key, n.text)
		return n
	}
	*d = v
	return n
}
