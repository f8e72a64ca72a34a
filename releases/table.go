package releases

import (
	"bytes"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"cairn/releases/syntax"
)

// file is a text of the project folder with the faults found in it.
type file struct {
	path   string
	text   []byte
	faults *Faults
	starts []int // of its lines; made when the first place is asked for
}

func (f *file) place(offset int) Place {
	p, _ := f.locate(offset)
	return p
}

func (f *file) fault(offset int, hint, format string, args ...any) {
	place, source := f.locate(offset)
	*f.faults = append(*f.faults, &Fault{Place: place, Message: fmt.Sprintf(format, args...), Source: source, Hint: hint})
}

// breach is a fault that a rule of docs/checking.md is about.
func (f *file) breach(rule string, offset int, hint, format string, args ...any) {
	f.fault(offset, hint, format, args...)
	(*f.faults)[len(*f.faults)-1].Rule = rule
}

// table reads the keys of a table one by one. It takes notice of what it was
// asked for, so that rest can name what nobody asked for.
type table struct {
	*file
	node  *node
	names []string // that lead to it: activate, 1.1.0
	asked []string
}

func (f *file) table(n *node, names ...string) *table {
	return &table{file: f, node: n, names: names}
}

// title is the table as the text would write it: `[activate."1.1.0"]`.
func (t *table) title() string {
	if len(t.names) == 0 {
		return "the file"
	}
	return header(t.names...)
}

// header writes the name of a table as TOML does, quoted where it must be.
func header(names ...string) string { return "[" + dotted(names...) + "]" }

// dotted is the name of a table without brackets. A … stands for any name.
func dotted(names ...string) string {
	return strings.ReplaceAll(syntax.Path(names...), `"…"`, "…")
}

// under gives the names of a table that this one holds.
func (t *table) under(name string) []string { return append(slices.Clip(t.names), name) }

// has finds a key, whatever its value.
func (t *table) has(key string) (member, bool) {
	t.asked = append(t.asked, key)
	return t.node.member(key)
}

// get finds a key whose value is of one of some kinds, and reports any other.
func (t *table) get(key, hint string, want ...kind) *node {
	m, ok := t.has(key)
	if !ok || !t.is(m.value, key, hint, want...) {
		return nil
	}
	return m.value
}

func (t *table) is(n *node, what, hint string, want ...kind) bool {
	if slices.Contains(want, n.kind) {
		return true
	}
	t.fault(n.offset, hint, "%s is %s, not %s", what, n.kind, want[0])
	return false
}

// text reads a string, "" where there is none.
func (t *table) text(key string) (string, *node) {
	n := t.get(key, fmt.Sprintf(`write %s = "…", in quotes`, key), stringKind)
	if n == nil {
		return "", nil
	}
	return n.text, n
}

// textInto reads a string into value, which stays where there is none, and where
// wrong says what it is: "is not known".
func textInto[S ~string](t *table, key string, value *S, hint string, wrong func(string) string) {
	s, n := t.text(key)
	if n == nil {
		return
	}
	if wrong != nil && wrong(s) != "" {
		t.fault(n.offset, hint, "%s %q %s", key, s, wrong(s))
		return
	}
	*value = S(s)
}

func unless(valid func(string) bool, wrong string) func(string) string {
	return func(s string) string {
		if valid(s) {
			return ""
		}
		return wrong
	}
}

func oneOf[S ~string](words ...S) func(string) string {
	return unless(func(s string) bool { return slices.Contains(words, S(s)) }, "is not known")
}

// present reports a key that is absent.
func (t *table) present(key, hint string) {
	if _, ok := t.node.member(key); !ok {
		t.fault(t.node.offset, hint, "%s has no %s", t.title(), key)
	}
}

func (t *table) boolean(key string, absent bool) bool {
	n := t.get(key, fmt.Sprintf("write %s = true or %s = false, without quotes", key, key), boolKind)
	if n == nil {
		return absent
	}
	return n.value.(bool)
}

// integer reads an integer, absent where there is none. The node is nil where
// the value is absent or no integer.
func (t *table) integer(key string, absent int64) (int64, *node) {
	n := t.get(key, "write a whole number, without quotes", integerKind)
	if n == nil {
		return absent, nil
	}
	return n.value.(int64), n
}

// number is the value of an integer or a float.
func (n *node) number() float64 {
	if i, ok := n.value.(int64); ok {
		return float64(i)
	}
	return n.value.(float64)
}

// number finds an integer or a float, nil where there is none.
func (t *table) number(key, hint string) *node {
	return t.get(key, hint, floatKind, integerKind)
}

// percent reads a percentage, and reports one outside 0 to 100.
func (t *table) percent(n *node, what, hint string) float64 {
	p := n.number()
	switch {
	case p > 100:
		t.fault(n.offset, hint, "%s %s is over 100 percent", what, n.text)
	case p < 0:
		t.fault(n.offset, hint, "%s %s is under 0 percent", what, n.text)
	case p != p:
		t.fault(n.offset, hint, "%s %s is no percentage", what, n.text)
	}
	return p
}

// instant reads a date-time, the zero time where there is none.
func (t *table) instant(key string) (time.Time, *node) {
	n := t.get(key, "write "+key+" = 2026-12-01T09:00:00Z, without quotes", dateTimeKind, localTimeKind)
	if n == nil {
		return time.Time{}, nil
	}
	at, _ := n.instant()
	return at, n
}

// instant is the value of a date-time, which is in UTC where it has no offset.
func (n *node) instant() (time.Time, bool) {
	switch at := n.value.(type) {
	case time.Time:
		return at, true
	case syntax.LocalDateTime:
		return at.Time, true
	}
	return time.Time{}, false
}

// ParseInstant reads a TOML date-time: RFC 3339, where a space may stand for
// the T, and the seconds and the offset may be absent. Without an offset it
// is UTC.
func ParseInstant(s string) (time.Time, error) {
	text := strings.ToUpper(s)
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + text[11:]
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date-time such as 2026-12-01T09:00:00Z", s)
}

// duration reads a time such as "48h" or "36h30m".
func (t *table) duration(key string, absent time.Duration) (time.Duration, *node) {
	const hint = `write hours, minutes and seconds, in quotes: "48h", "36h30m", "60s"`
	n := t.get(key, hint, stringKind)
	if n == nil {
		return absent, nil
	}
	d, err := time.ParseDuration(n.text)
	if err != nil {
		t.fault(n.offset, hint, "%s %q is no duration", key, n.text)
		return absent, nil
	}
	return d, n
}

// sub is a table of this one, nil where there is none.
func (t *table) sub(key, hint string) *table {
	if n := t.get(key, hint, tableKind); n != nil {
		return t.table(n, t.under(key)...)
	}
	return nil
}

// tables goes through the tables that a table of this one holds, by name, in
// the order of the text.
func (t *table) tables(key string) iter.Seq2[member, *table] {
	if sub := t.sub(key, "write a table: "+header(append(t.under(key), "…")...)); sub != nil {
		return sub.each()
	}
	return func(func(member, *table) bool) {}
}

// each goes through the tables of this one, likewise. A value that is no
// table is reported.
func (t *table) each() iter.Seq2[member, *table] {
	return func(yield func(member, *table) bool) {
		for _, m := range t.node.members {
			names := t.under(m.name)
			if !t.is(m.value, dotted(names...), "write a table: "+header(names...), tableKind) {
				continue
			}
			if !yield(m, t.table(m.value, names...)) {
				return
			}
		}
	}
}

// rest reports the keys that nobody asked for.
func (t *table) rest() {
	for _, m := range t.node.members {
		if slices.Contains(t.asked, m.name) {
			continue
		}
		hint := "known here: " + strings.Join(slices.Sorted(slices.Values(t.asked)), ", ")
		if near := Nearest(m.name, t.asked); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		} else if n := len(t.names); n > 1 && t.barelyDotted(m) {
			whole := append(slices.Clone(t.names[:n-1]), t.names[n-1]+"."+m.name)
			hint += "; a name with a dot stands in quotes: " + header(whole...)
		}
		t.fault(m.offset, hint, "unknown key %q in %s", m.name, t.title())
	}
}

// barelyDotted says whether a table stands behind a dot and a name without
// quotes, so that the dot may have been meant for a part of the name.
func (t *table) barelyDotted(m member) bool {
	before, dotted := bytes.CutSuffix(t.file.text[:m.offset], []byte("."))
	return m.value.kind == tableKind && dotted && !bytes.HasSuffix(before, []byte(`"`)) && !bytes.HasSuffix(before, []byte("'"))
}

// plain turns a table of the user's own into values that JSON can hold:
// date-times become RFC 3339 strings. Infinite and undefined numbers are
// reported.
func (t *table) plain(n *node) any {
	switch n.kind {
	case tableKind:
		m := make(map[string]any, len(n.members))
		for _, x := range n.members {
			m[x.name] = t.plain(x.value)
		}
		return m
	case arrayKind:
		a := make([]any, len(n.items))
		for i, x := range n.items {
			a[i] = t.plain(x)
		}
		return a
	case floatKind:
		if f := n.number(); math.IsInf(f, 0) || math.IsNaN(f) {
			t.fault(n.offset, "JSON has no such number; write it in quotes", "%s is not a finite number", n.text)
		}
	case dateTimeKind, localTimeKind:
		at, _ := n.instant()
		return at.Format(time.RFC3339Nano)
	case dateKind, clockKind:
		return n.text
	}
	return n.value
}

// extraInfo reads a free table, nil where there is none.
func (t *table) extraInfo() map[string]any {
	n := t.get("extra_info", "write a table of your own keys and values", tableKind)
	if n == nil || len(n.members) == 0 {
		return nil
	}
	return t.plain(n).(map[string]any)
}
