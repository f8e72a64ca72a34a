package releases

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// file is a text of the project folder with the faults found in it.
type file struct {
	path   string
	text   []byte
	faults *Faults
}

func (f *file) place(offset int) Place {
	p, _ := locate(f.path, f.text, offset)
	return p
}

func (f *file) fault(offset int, hint, format string, args ...any) {
	place, source := locate(f.path, f.text, offset)
	*f.faults = append(*f.faults, &Fault{place, fmt.Sprintf(format, args...), source, hint})
}

// table reads the keys of a table one by one. It takes notice of what it was
// asked for, so that rest can name what nobody asked for.
type table struct {
	*file
	node  *node
	title string // as the text would write it: `[activate."1.1.0"]`
	asked []string
}

func (f *file) table(n *node, path ...string) *table {
	title := "the file"
	if len(path) > 0 {
		title = "[" + dotted(path...) + "]"
	}
	return &table{file: f, node: n, title: title}
}

// dotted writes a key as TOML does, quoted where it must be.
func dotted(path ...string) string {
	parts := make([]string, len(path))
	for i, p := range path {
		bare := p != "" && strings.Trim(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
		if parts[i] = p; !bare {
			parts[i] = strconv.Quote(p)
		}
	}
	return strings.Join(parts, ".")
}

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

// required is text, and reports a key that is absent.
func (t *table) required(key, hint string) (string, *node) {
	if _, ok := t.node.member(key); !ok {
		t.fault(t.node.offset, hint, "%s has no %s", t.title, key)
	}
	return t.text(key)
}

func (t *table) boolean(key string, absent bool) bool {
	n := t.get(key, fmt.Sprintf("write %s = true or %s = false, without quotes", key, key), boolKind)
	if n == nil {
		return absent
	}
	return n.text == "true"
}

// integer reads an integer, absent where there is none. The node is nil where
// the value is absent or no integer.
func (t *table) integer(key string, absent int64) (int64, *node) {
	n := t.get(key, "write a whole number, without quotes", integerKind)
	if n == nil {
		return absent, nil
	}
	i, err := strconv.ParseInt(strings.ReplaceAll(n.text, "_", ""), 0, 64)
	if err != nil {
		t.fault(n.offset, "write a whole number of at most 18 digits", "%s %s is no 64-bit integer", key, n.text)
		return absent, nil
	}
	return i, n
}

// number reads the value of an integer or a float.
func number(n *node) float64 {
	text := strings.ReplaceAll(n.text, "_", "")
	if i, err := strconv.ParseInt(text, 0, 64); err == nil {
		return float64(i)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// percent reads a share of devices, and reports one outside 0 to 100.
func (t *table) percent(n *node, what string) float64 {
	const hint = "rollout is the share of the cohort's devices, 0 to 100"
	p := number(n)
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
	at, err := parseInstant(n.text)
	if err != nil {
		t.fault(n.offset, "write a date-time such as 2026-12-01T09:00:00Z", "%s %s is no date-time", key, n.text)
		return time.Time{}, nil
	}
	return at, n
}

// parseInstant reads a TOML date-time (RFC 3339, a space for the T and no
// offset allowed). Without an offset it is UTC.
func parseInstant(s string) (time.Time, error) {
	b := []byte(strings.ToUpper(s))
	if len(b) > 10 {
		b[10] = 'T'
	}
	if at, err := time.Parse(time.RFC3339Nano, string(b)); err == nil {
		return at.UTC(), nil
	}
	return time.Parse("2006-01-02T15:04:05.999999999", string(b))
}

// duration reads a time such as "48h" or "36h30m".
func (t *table) duration(key string, absent time.Duration) (time.Duration, *node) {
	s, n := t.text(key)
	if n == nil {
		return absent, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.fault(n.offset, `write hours, minutes and seconds: "48h", "36h30m", "60s"`, "%s %q is no duration", key, s)
		return absent, nil
	}
	return d, n
}

// tables goes through the tables of a table, by name, in the order of the
// text. A value that is no table is reported.
func (t *table) tables(key string, path ...string) func(yield func(member, *table) bool) {
	return func(yield func(member, *table) bool) {
		n := t.get(key, "write a table: ["+dotted(append(path, key, "…")...)+"]", tableKind)
		if n == nil {
			return
		}
		sub := t.table(n, append(path, key)...)
		for _, m := range n.members {
			full := append(slices.Clone(path), key, m.name)
			if !sub.is(m.value, dotted(full...), "write a table: ["+dotted(full...)+"]", tableKind) {
				continue
			}
			if !yield(m, t.table(m.value, full...)) {
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
		if near := nearest(m.name, t.asked); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		t.fault(m.offset, hint, "unknown key %q in %s", m.name, t.title)
	}
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
	case boolKind:
		return n.text == "true"
	case integerKind:
		if i, err := strconv.ParseInt(strings.ReplaceAll(n.text, "_", ""), 0, 64); err == nil {
			return i
		}
	case floatKind:
		f := number(n)
		if !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f
		}
		t.fault(n.offset, "JSON has no such number; write it in quotes", "%s is not a finite number", n.text)
	case dateTimeKind, localTimeKind:
		if at, err := parseInstant(n.text); err == nil {
			return at.Format(time.RFC3339Nano)
		}
	}
	return n.text
}

// extraInfo reads a free table, nil where there is none.
func (t *table) extraInfo() map[string]any {
	n := t.get("extra_info", "write a table of your own keys and values", tableKind)
	if n == nil || len(n.members) == 0 {
		return nil
	}
	return t.plain(n).(map[string]any)
}
