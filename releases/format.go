package releases

import (
	"slices"
	"strings"
)

// BuiltinPrefix is what a template begins with that comes with cairn.
const BuiltinPrefix = "builtin:"

// format reads a [format.<name>] table. Whether its template is right is for
// whoever renders it to say.
func (l *loader) format(m member, t *table) {
	f := Format{Name: m.name, Scope: CohortScope}
	if !ValidSlug(f.Name) {
		t.fault(m.offset, slugHint, "format name %q is not valid", f.Name)
	}
	t.present("path", `write path = "manifest.json", the name of the file`)
	textInto(t, "path", &f.Path, "a file name is letters, digits, -, _ and dots, none at the start: [-a-zA-Z0-9_.]+", unless(ValidPath, "is no file name"))
	textInto(t, "scope", &f.Scope, `scope is "cohort", one file for all of its devices, or "bucket", one for each bucket`, oneOf(CohortScope, BucketScope))
	stated, n := t.text("template")
	switch {
	case n == nil:
		f.Builtin = f.Name
	case strings.HasPrefix(stated, BuiltinPrefix):
		f.Builtin = strings.TrimPrefix(stated, BuiltinPrefix)
	case strings.Contains(stated, "{{"):
		f.Text = stated
	default:
		l.templateFile(t, n, stated, &f)
	}
	t.rest()
	i, _ := slices.BinarySearchFunc(l.fleet.Formats, f, func(a, b Format) int { return strings.Compare(a.Name, b.Name) })
	l.fleet.Formats = slices.Insert(l.fleet.Formats, i, f)
}

func (l *loader) templateFile(t *table, n *node, stated string, f *Format) {
	full, ok := t.inside(n, stated)
	if !ok || l.fsys == nil {
		return
	}
	text, err := read(l.fsys, full)
	if err != nil {
		t.fault(n.offset, wayOut(err, "name a file of the project folder, or write the template itself, with {{…}}"), "template %q: %s", stated, reason(err))
		return
	}
	f.File, f.Text = full, string(text)
}

// ValidPath says whether s can be the name of a rendered file.
func ValidPath(s string) bool {
	return s != "" && s[0] != '.' && len(s) <= MaxSegment && !strings.ContainsFunc(s, func(r rune) bool {
		return r > 'z' || r != '_' && !standsForItself(byte(r))
	})
}
