package releases

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"cairn/releases/syntax"

	"github.com/google/go-cmp/cmp"
)

// FuzzTree holds the tree of places against the plain values: the same keys and
// values, and every key and value stands where its offset says.
func FuzzTree(f *testing.F) {
	for _, text := range []string{
		"a = 1\n[b]\nc.d = 'x'\n[[e]]\nf = [1, [2, []], {g = 3}]\n[[e]]\n[e.h]\ni = 1979-05-27T07:32:00Z\n",
		"\"a\\u002Eb\" . 'c' = [ # ]\n \"\"\"]\"\"\"\"\", '''[''', [ '\"' ],\n]\n",
		"x = [[[]], [ {} , [ ] ] ]\r\ny = {a.b = 1, a.c = [nan, -inf, 0x1F, 1_0.5e1]}\r\n",
		"[a]\n[a.b.c]\n[a.b]\nx = true # é\n\"é\" = \"é\"\n",
		"[[a]]\n[[a.b]]\n[[a.b]]\n[[a]]\nt = 07:32:00.5\nd = 1979-05-27\nl = 1979-05-27 07:32:00\n",
		"a = \"\"\"\"x\"\"\"\"\nb = \"\\\"\"\nc = [\"\\\\\", [1]]\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := syntax.Parse(text)
		if err != nil {
			return
		}
		root := tree(d)
		same := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
		if diff := cmp.Diff(any(d.Values), root.decoded(), same); diff != "" {
			t.Errorf("(-decoder +tree):\n%s", diff)
		}
		root.checkPlaces(t, text, 0)
	})
}

func (n *node) decoded() any {
	switch n.kind {
	case tableKind:
		m := map[string]any{}
		for _, x := range n.members {
			m[x.name] = x.value.decoded()
		}
		return m
	case arrayKind:
		a := []any{}
		for _, x := range n.items {
			a = append(a, x.decoded())
		}
		return a
	}
	return n.value
}

func (n *node) checkPlaces(t *testing.T, text []byte, key int) {
	t.Helper()
	rest := text[n.offset:]
	begins := map[kind]string{tableKind: "{", arrayKind: "[", stringKind: `"'`, boolKind: "tf"}[n.kind]
	if begins == "" {
		begins = "+-0123456789in"
	}
	if n.offset != key && strings.IndexByte(begins, rest[0]) < 0 { // where a [table] or dotted key puts what it makes
		t.Errorf("%s at %d: %q", n.kind, n.offset, rest)
	}
	for _, m := range n.members {
		if at := text[m.offset:]; at[0] != '"' && at[0] != '\'' && !bytes.HasPrefix(at, []byte(m.name)) {
			t.Errorf("key %q at %d: %q", m.name, m.offset, at)
		}
		m.value.checkPlaces(t, text, m.offset)
	}
	last := n.offset - 1 // an array of tables stands where its first table does
	for _, item := range n.items {
		if item.offset <= last {
			t.Errorf("item at %d, after one at %d", item.offset, last)
		}
		last = item.offset
		item.checkPlaces(t, text, item.offset)
	}
}

// FuzzInstant holds ParseInstant against the decoder.
func FuzzInstant(f *testing.F) {
	for _, s := range []string{"2026-12-01T09:00:00Z", "2026-12-01 09:00:00.123456789+05:30", "2026-12-01t09:00:00z", "2026-12-01T09:00:00", "2026-02-29T09:00:00Z", "0001-01-01T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := syntax.Parse([]byte("X = " + s))
		if err != nil || strings.ContainsAny(s, "\n#") {
			return
		}
		want, ok := (&node{value: d.Values["X"]}).instant()
		if !ok {
			return
		}
		got, err := ParseInstant(strings.Trim(s, " \t\r"))
		if err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("ParseInstant(%q) = %s, %v, want %s", s, got, err, want)
		}
	})
}
