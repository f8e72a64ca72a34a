package releases

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
)

// FuzzParse holds the tree of places against the plain decoder: the same keys
// and values, and every key and value stands where its offset says.
func FuzzParse(f *testing.F) {
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
		want := map[string]any{}
		err := toml.Unmarshal(text, &want)
		root, fault := parse(text)
		if (err == nil) != (fault == nil) {
			t.Fatalf("the decoder says %v, parse says %v", err, fault)
		}
		if fault != nil {
			if fault.message == "" || fault.hint == "" || fault.offset < 0 || fault.offset > len(text) {
				t.Errorf("%+v", fault)
			}
			return
		}
		if diff := cmp.Diff(any(want), root.decoded(), cmp.Comparer(sameFloat)); diff != "" {
			t.Errorf("(-decoder +tree):\n%s", diff)
		}
		root.checkPlaces(t, text, 0)
	})
}

func sameFloat(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// decoded is the value as the decoder gives it.
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
	case stringKind:
		return n.text
	case boolKind:
		return n.text == "true"
	case integerKind:
		i, _ := strconv.ParseInt(strings.ReplaceAll(n.text, "_", ""), 0, 64)
		return i
	case floatKind:
		return number(n)
	}
	m := map[string]any{}
	if err := toml.Unmarshal([]byte("x = "+n.text), &m); err != nil {
		return err
	}
	return m["x"]
}

func (n *node) checkPlaces(t *testing.T, text []byte, key int) {
	t.Helper()
	rest := text[n.offset:]
	if n.offset != key { // where a [table] or dotted key puts what it makes
		switch n.kind {
		case tableKind:
			if rest[0] != '{' {
				t.Errorf("table at %d: %q", n.offset, rest)
			}
		case arrayKind:
			if rest[0] != '[' {
				t.Errorf("array at %d: %q", n.offset, rest)
			}
		case stringKind:
			if got, ok := quoted(rest); !ok || got != n.text {
				t.Errorf("string %q at %d: %q", n.text, n.offset, rest)
			}
		default:
			if !bytes.HasPrefix(rest, []byte(n.text)) {
				t.Errorf("%s %q at %d: %q", n.kind, n.text, n.offset, rest)
			}
		}
	}
	for _, m := range n.members {
		at := text[m.offset:]
		name, isQuoted := quoted(at)
		switch {
		case isQuoted && name != m.name, !isQuoted && !bytes.HasPrefix(at, []byte(m.name)):
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
		if item.kind == arrayKind && text[item.offset] != '[' {
			t.Errorf("array at %d: %q", item.offset, text[item.offset:])
		}
	}
}

// quoted reads the string that a text begins with.
func quoted(text []byte) (string, bool) {
	if text[0] != '"' && text[0] != '\'' {
		return "", false
	}
	m := map[string]string{}
	end := lastQuote(text, 0)
	err := toml.Unmarshal(append([]byte("x="), text[:end+1]...), &m)
	return m["x"], err == nil
}

// FuzzInstant holds ParseInstant against the decoder.
func FuzzInstant(f *testing.F) {
	for _, s := range []string{"2026-12-01T09:00:00Z", "2026-12-01 09:00:00.123456789+05:30", "2026-12-01t09:00:00z", "2026-12-01T09:00:00", "2026-02-29T09:00:00Z", "0001-01-01T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var v struct{ X any }
		if strings.ContainsAny(s, "\n#") || toml.Unmarshal([]byte("X = "+s), &v) != nil {
			return
		}
		var want time.Time
		switch x := v.X.(type) {
		case time.Time:
			want = x
		case toml.LocalDateTime:
			want = x.AsTime(time.UTC)
		default:
			return
		}
		got, err := ParseInstant(strings.Trim(s, " \t\r"))
		if err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("ParseInstant(%q) = %s, %v, want %s", s, got, err, want)
		}
	})
}
