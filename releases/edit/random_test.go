package edit

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cairn/releases/fleettest"
)

// author writes a document of tables two deep in random styles, with a numbered
// comment wherever one may stand.
type author struct {
	*rand.Rand
	text     strings.Builder
	comments int
	newline  string
	values   map[string]any
}

func (a *author) one(of ...string) string { return of[a.IntN(len(of))] }

func (a *author) comment() string {
	a.comments++
	return fmt.Sprintf("# c%d.%s", a.comments, a.one("", ` "x" = [ ] {`, " 'ü"))
}

func (a *author) end() {
	if a.IntN(3) == 0 {
		a.text.WriteString(a.one(" ", "  ", "\t") + a.comment())
	}
	a.text.WriteString(a.newline)
}

func (a *author) gap() {
	for range a.IntN(3) {
		a.text.WriteString(a.one("", "", a.one("", "  ")+a.comment()) + a.newline)
	}
}

func (a *author) space() string { return a.one("", " ", " ", "\t") }

// key is a name in one of its spellings.
func (a *author) key(name string) string {
	forms := []string{`"` + name + `"`, `'` + name + `'`, `"` + fmt.Sprintf(`\u%04X`, name[0]) + name[1:] + `"`}
	if !strings.ContainsAny(name, ". ") {
		forms = append(forms, name, name, name)
	}
	return a.one(forms...)
}

func (a *author) value(depth int, inline bool) (string, any) {
	switch a.IntN(7) {
	case 0:
		return "10", int64(10)
	case 1:
		return "0.5", 0.5
	case 2:
		return a.one(`"a # b"`, `'a # b'`, `"a \u0023 b"`), "a # b"
	case 3:
		if !inline {
			return a.one(`"""a, "]" b"""`, `'''a, "]" b'''`, `"""\`+a.newline+`   a, "]" b"""`), `a, "]" b`
		}
	case 4:
		return "true", true
	case 5:
		if depth < 2 {
			return a.array(depth)
		}
	case 6:
		if depth < 2 {
			return a.inline(depth)
		}
	}
	return `""`, ""
}

func (a *author) array(depth int) (string, any) {
	var b strings.Builder
	values := []any{}
	lines := a.IntN(2) == 0
	gap := func() {
		if lines {
			b.WriteString(a.one("", " "+a.comment()) + a.newline + a.one("  ", "\t", ""))
		} else {
			b.WriteString(a.one("", " "))
		}
	}
	b.WriteByte('[')
	n := a.IntN(4)
	for i := range n {
		gap()
		text, v := a.value(depth+1, !lines)
		b.WriteString(text)
		values = append(values, v)
		if i < n-1 || a.IntN(2) == 0 {
			b.WriteString(a.one("", " ") + ",")
		}
	}
	gap()
	b.WriteByte(']')
	return b.String(), values
}

func (a *author) inline(depth int) (string, any) {
	values := map[string]any{}
	var parts []string
	for _, name := range a.some("k1", "k.2", "k3") {
		text, v := a.value(depth+1, true)
		if strings.Contains(text, "\n") {
			text, v = "1", int64(1)
		}
		parts = append(parts, a.key(name)+a.space()+"="+a.space()+text)
		values[name] = v
	}
	return "{" + a.space() + strings.Join(parts, a.one(", ", ",", " , ")) + a.space() + "}", values
}

func (a *author) some(names ...string) []string {
	var out []string
	for _, n := range names {
		if a.IntN(2) == 0 {
			out = append(out, n)
		}
	}
	a.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (a *author) keys(values map[string]any, prefix string, names ...string) {
	for _, name := range a.some(names...) {
		a.gap()
		text, v := a.value(0, false)
		a.text.WriteString(a.one("", "  ") + prefix + a.key(name) + a.space() + "=" + a.space() + text)
		values[name] = v
		a.end()
	}
}

// write makes a document: keys at the root, then table t with the tables v1,
// v.2 and v3, as headers, dotted keys or an inline table.
func (a *author) write() {
	a.gap()
	a.keys(a.values, "", "a", "b-c", "d e")
	tables := map[string]any{}
	switch a.IntN(4) {
	case 0:
		text, v := a.inline(0)
		a.gap()
		a.text.WriteString("t = " + text)
		a.end()
		a.values["t"] = v
		return
	case 1:
		for _, name := range a.some("v1", "v.2", "v3") {
			keys := map[string]any{}
			a.keys(keys, "t."+a.key(name)+a.one(".", " . "), "x", "y")
			if len(keys) > 0 {
				tables[name] = keys
			}
		}
	default:
		if a.IntN(3) == 0 {
			a.text.WriteString("[t]")
			a.end()
			a.values["t"] = tables
		}
		for _, name := range a.some("v1", "v.2", "v3") {
			a.gap()
			keys := map[string]any{}
			a.text.WriteString(a.one("", " ") + "[" + a.one("", " ") + "t" + a.one(".", " . ") + a.key(name) + "]")
			a.end()
			a.keys(keys, "", "x", "y", "z")
			if a.IntN(4) == 0 {
				var list []any
				for range 1 + a.IntN(2) {
					entry := map[string]any{}
					a.text.WriteString("[[t." + a.key(name) + ".list]]")
					a.end()
					a.keys(entry, "", "x", "y")
					list = append(list, entry)
				}
				keys["list"] = list
			}
			tables[name] = keys
		}
	}
	a.gap()
	if len(tables) > 0 {
		a.values["t"] = tables
	}
}

// TestRandomEdits edits documents of all styles: what comes out says what was
// meant, and holds every byte that was not in the way.
func TestRandomEdits(t *testing.T) {
	for seed := range uint64(fleettest.Rounds(1000, 6000)) {
		randomEdit(t, seed)
	}
}

func FuzzEdits(f *testing.F) { f.Fuzz(randomEdit) }

func randomEdit(t *testing.T, seed uint64) {
	a := &author{Rand: rand.New(rand.NewPCG(seed, 1)), values: map[string]any{}}
	a.newline = a.one("\n", "\n", "\r\n")
	a.write()
	before := a.text.String()
	if a.IntN(5) == 0 {
		before = strings.TrimSuffix(before, a.newline)
	}
	d, err := Parse([]byte(before))
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, before)
	}
	if got, err := values([]byte(before)); err != nil || !reflect.DeepEqual(got, a.values) {
		t.Fatalf("seed %d: the author means\n%v, not\n%v\n%s", seed, a.values, got, before)
	}
	path := [][]any{{"a"}, {"new"}, {"t", "v1", "x"}, {"t", "v.2", "y"}, {"t", "v.2", "new key"}, {"t", "v4", "x"}, {"u", "v"}, {"t", "v1", "list"}}[a.IntN(8)]
	if !reachable(a.values, path) {
		return // it leads through what is no table
	}
	old := d.Literal(path...)
	table := old == "" && d.Has(path...)
	want := copied(a.values).(map[string]any)
	op := a.one("set", "set", "remove", "table", "append", "drop")
	removed := false
	switch current := at(want, path); {
	case op == "remove" && current != nil:
		err, removed = d.Remove(path...), true
		put(want, path, nil)
	case op == "table" && current == nil:
		err = d.Table(path...)
		put(want, path, map[string]any{})
	case op == "append" && isArray(current) && !table:
		err = d.Append([]string{`"n1"`, "2"}, path...)
		put(want, path, append(current.([]any), "n1", int64(2)))
	case op == "drop" && isArray(current) && !table:
		gone := a.IntN(8)
		err, removed = d.Drop(func(i int) bool { return gone>>i&1 == 1 }, path...), true
		kept := []any{}
		for i, v := range current.([]any) {
			if gone>>i&1 == 0 {
				kept = append(kept, v)
			}
		}
		put(want, path, kept)
	default:
		err, removed = d.Set(`"new"`, path...), table
		put(want, path, "new")
	}
	after := string(d.Bytes())
	if err != nil {
		t.Fatalf("seed %d: %s %v: %v\n%s", seed, op, path, err, before)
	}
	got, err := values([]byte(after))
	if err != nil {
		t.Fatalf("seed %d: %s %v: %v\n%s", seed, op, path, err, after)
	}
	prune(got)
	prune(want)
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("seed %d: %s %v gives\n%v, not\n%v\n%s\nfrom\n%s", seed, op, path, got, want, after, before)
	}
	if removed {
		if n := commonEnds(before, after); op == "remove" && old != "" && n < len(after) {
			t.Fatalf("seed %d: %s %v touched more than one piece:\n%s\nfrom\n%s", seed, op, path, after, before)
		}
		return
	}
	if op == "append" {
		for i := range a.comments {
			if c := fmt.Sprintf("# c%d.", i+1); strings.Count(after, c) != strings.Count(before, c) {
				t.Fatalf("seed %d: lost comment %s:\n%s\nfrom\n%s", seed, c, after, before)
			}
		}
		return
	}
	if n := commonEnds(before, after); n < len(before)-len(old) {
		t.Fatalf("seed %d: %s %v kept %d bytes of %d:\n%s\nfrom\n%s", seed, op, path, n, len(before)-len(old), after, before)
	}
}

// commonEnds is how many bytes two texts share at their beginning and, beyond
// those, at their end.
func commonEnds(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	m := 0
	for m < min(len(a), len(b))-n && a[len(a)-1-m] == b[len(b)-1-m] {
		m++
	}
	return n + m
}

func reachable(root map[string]any, path []any) bool {
	var here any = root
	for _, part := range path[:len(path)-1] {
		next, ok := here.(map[string]any)[part.(string)]
		if !ok {
			return true
		}
		if here, ok = next.(map[string]any); !ok {
			return false
		}
	}
	return true
}

func at(root map[string]any, path []any) any {
	var here any = root
	for _, part := range path {
		table, _ := here.(map[string]any)
		here = table[part.(string)]
	}
	return here
}

func put(root map[string]any, path []any, v any) {
	for _, part := range path[:len(path)-1] {
		name := part.(string)
		if root[name] == nil {
			root[name] = map[string]any{}
		}
		root = root[name].(map[string]any)
	}
	if last := path[len(path)-1].(string); v == nil {
		delete(root, last)
	} else {
		root[last] = v
	}
}

// prune takes out empty tables: whether one is there without anything in it
// depends on how it was written.
func prune(root map[string]any) {
	for name, v := range root {
		if table, ok := v.(map[string]any); ok {
			if prune(table); len(table) == 0 {
				delete(root, name)
			}
		}
	}
}

func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := maps.Clone(v)
		for k := range m {
			m[k] = copied(m[k])
		}
		return m
	case []any:
		s := slices.Clone(v)
		for i := range s {
			s[i] = copied(s[i])
		}
		return s
	}
	return v
}

func isArray(v any) bool { _, ok := v.([]any); return ok }
