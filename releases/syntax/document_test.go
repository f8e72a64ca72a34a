package syntax_test

import (
	"errors"
	"io/fs"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"cairn/releases/syntax"

	"github.com/BurntSushi/toml"
	tomltest "github.com/toml-lang/toml-test/v2"
)

// suite reads the public documents that TOML parsers are tested with, as the
// decoder reads them: by version 1.1 of the language.
func suite(t testing.TB, kind string) map[string][]byte {
	files := tomltest.TestCases()
	list, err := fs.ReadFile(files, "files-toml-1.1.0")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for name := range strings.Lines(string(list)) {
		name = strings.TrimSpace(name)
		if !strings.HasPrefix(name, kind+"/") || !strings.HasSuffix(name, ".toml") {
			continue
		}
		if texts[name], err = fs.ReadFile(files, name); err != nil {
			t.Fatal(err)
		}
	}
	if len(texts) < 100 {
		t.Fatalf("the suite has %d documents", len(texts))
	}
	return texts
}

func TestValid(t *testing.T) {
	for name, text := range suite(t, "valid") {
		d, err := syntax.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkPlaces(t, d)
	}
}

func TestInvalid(t *testing.T) {
	for name, text := range suite(t, "invalid") {
		_, err := syntax.Parse(text)
		checkError(t, name, text, err)
		if err == nil {
			t.Errorf("%s is taken:\n%s", name, text)
		}
	}
}

// FuzzParse has any text: what the decoder takes is taken, or refused for what
// is defined twice, and everything stands where the document says.
func FuzzParse(f *testing.F) {
	for _, kind := range []string{"valid", "invalid"} {
		for _, text := range suite(f, kind) {
			if len(text) < 1000 {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := syntax.Parse(text)
		_, refused := toml.Decode(string(text), &map[string]any{})
		if err == nil && refused != nil {
			t.Fatalf("taken, though the decoder says: %v", refused)
		}
		checkError(t, "text", text, err)
		if err != nil && refused == nil && !strings.Contains(err.Error(), "already defined") &&
			!strings.Contains(err.Error(), "too deep") && !strings.Contains(err.Error(), "offset") &&
			!strings.Contains(err.Error(), "byte order mark") && !strings.Contains(err.Error(), "not UTF-8") {
			t.Fatalf("refused, though the decoder takes it: %v", err)
		}
		if err == nil {
			checkPlaces(t, d)
		}
	})
}

// checkError holds an error to its promise.
func checkError(t *testing.T, name string, text []byte, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var e *syntax.Error
	if !errors.As(err, &e) || e.Message == "" || e.Hint == "" || e.Offset < 0 || e.Offset > len(text) || strings.ContainsAny(e.Message, "\n\r\t") {
		t.Errorf("%s: %#v", name, err)
	}
	if strings.Contains(e.Hint, "report") {
		t.Errorf("%s: the scanner and the decoder disagree at %d:\n%s", name, e.Offset, text)
	}
}

// checkPlaces holds items to the values of a document: each literal says by
// itself what stands at its path, and every value has an item.
func checkPlaces(t *testing.T, d *syntax.Document) {
	t.Helper()
	root := map[string]any{}
	for _, it := range d.Items {
		for _, name := range it.Names {
			if got := nameAt(t, d.Text, name.At); got != name.Text {
				t.Errorf("name %q stands at %d, where %q does", name.Text, name.At, got)
			}
		}
		if it.IsHeader() {
			if d.Text[it.Begin] != '[' || d.Text[it.End-1] != ']' {
				t.Errorf("header %v is %q", it.Path, d.Text[it.Begin:it.End])
			}
			put(root, it.Path, map[string]any{}, true)
			continue
		}
		alone, err := syntax.Parse([]byte("x = " + string(d.Text[it.Value:it.End]) + "\n"))
		if err != nil {
			t.Errorf("%q of %v: %v", d.Text[it.Value:it.End], it.Path, err)
			continue
		}
		if there := syntax.At(d.Values, it.Path...); !same(alone.Values["x"], there) {
			t.Errorf("%q at %v: %v is there", d.Text[it.Value:it.End], it.Path, there)
		}
		if it.In < 0 {
			put(root, it.Path, alone.Values["x"], false)
		}
	}
	if !same(root, d.Values) {
		t.Errorf("items make\n%v, not\n%v of\n%s", root, d.Values, d.Text)
	}
}

func nameAt(t *testing.T, text []byte, at int) string {
	v := map[string]any{}
	end := at + 1
	for bare := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"; end < len(text) && strings.IndexByte(bare, text[end]) >= 0; {
		end++
	}
	if c := text[at]; c == '"' || c == '\'' {
		for end = at + 1; text[end] != c; end++ {
			if c == '"' && text[end] == '\\' {
				end++
			}
		}
		end++
	}
	if _, err := toml.Decode(string(text[at:end])+" = 1", &v); err != nil {
		t.Errorf("%q is no name: %v", text[at:end], err)
	}
	for name := range v {
		return name
	}
	return ""
}

// put sets what stands at a path, and makes the tables and arrays on the way.
func put(root map[string]any, path []any, v any, keep bool) {
	var here any = root
	var set func(any)
	for _, part := range path {
		switch part := part.(type) {
		case string:
			if here == nil {
				here = map[string]any{}
				set(here)
			}
			table := here.(map[string]any)
			set = func(v any) { table[part] = v }
			here = table[part]
		case int:
			array, _ := here.([]any)
			if part == len(array) {
				array = append(array, nil)
				set(array)
			}
			set = func(v any) { array[part] = v }
			here = array[part]
		}
	}
	if here == nil || !keep {
		set(v)
	}
}

// same compares values; not-a-number is itself.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		table, ok := b.(map[string]any)
		if !ok || len(a) != len(table) {
			return false
		}
		for name := range a {
			if !same(a[name], table[name]) {
				return false
			}
		}
		return true
	case []any:
		array, ok := b.([]any)
		if !ok || len(a) != len(array) {
			return false
		}
		for i := range a {
			if !same(a[i], array[i]) {
				return false
			}
		}
		return true
	case float64:
		f, ok := b.(float64)
		return ok && (a == f || math.IsNaN(a) && math.IsNaN(f))
	}
	return reflect.DeepEqual(a, b)
}

func TestValues(t *testing.T) {
	d, err := syntax.Parse([]byte(`
offset = 2026-12-01 09:00:00.5+01:30
local = 2026-12-01T09:00:00
date = 2026-12-01
time = 09:00:00
[[tables]]
a = 1
[[tables]]
b = [ [ 1.5 ], { c = 0x1F } ]
`))
	if err != nil {
		t.Fatal(err)
	}
	utc := func(year, month, day, hour, minute int) time.Time {
		return time.Date(year, time.Month(month), day, hour, minute, 0, 0, time.UTC)
	}
	want := map[string]any{
		"offset": utc(2026, 12, 1, 7, 30).Add(500 * time.Millisecond),
		"local":  syntax.LocalDateTime{Time: utc(2026, 12, 1, 9, 0)},
		"date":   syntax.LocalDate{Time: utc(2026, 12, 1, 0, 0)},
		"time":   syntax.LocalTime{Time: utc(0, 1, 1, 9, 0)},
		"tables": []any{map[string]any{"a": int64(1)}, map[string]any{"b": []any{[]any{1.5}, map[string]any{"c": int64(31)}}}},
	}
	if !reflect.DeepEqual(d.Values, want) {
		t.Errorf("%#v, not\n%#v", d.Values, want)
	}
}

// TestRefuse has what the decoder takes, but what is no TOML or would drop a
// value; | is where the fault is.
func TestRefuse(t *testing.T) {
	for _, row := range []struct{ text, message string }{
		{"a.b = 1\n|a = 2", "key a is already defined, in line 1"},
		{"a = [1]\n|a.b = 2", "key a is already defined, in line 1"},
		{"a = 1\n|a.b = 2", "key a is already defined, in line 1"},
		{"\n[x]\na.b.c = 1\n|a.b = 2", "key b is already defined, in line 3"},
		{"a = { b = 1 }\n|a.c = 2", "key a is already defined, in line 1"},
		{"a = { b = 1 }\n[|a.c]", "table a is already defined, in line 1"},
		{"a = [ { b = 1 } ]\n[[|a]]", "table a is already defined, in line 1"},
		{"[a.b]\n[a]\n|b.c = 1", "key b is already defined, in line 1"},
		{"a.b.c = 1\n[|a.b]", "table b is already defined, in line 1"},
		{"[[a]]\nb = 1\n[[a]]\nb = 1\n|b = 2", "key b is already defined, in line 4"},
		{"[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[|a.b]", "table b is already defined, in line 4"},
		{"x = 1\ny = [ { \"a b\" = 1,\n|\"a b\" = 2 } ]", `key "a b" is already defined, in line 2`},
		{"a = |2026-12-01T09:00:00+01:60", "no offset from UTC is +01:60"},
		{"a = [ |2026-12-01T09:00:00-24:00 ]", "no offset from UTC is -24:00"},
		{"|\uFEFFa = 1", "the text begins with a byte order mark"},
		{"|\xff\xfea = 1", "this is not UTF-8"},
		{"a = \"|\xff\"", "this is not UTF-8"},
		{"|", ""},
		{"a = " + strings.Repeat("[", 99) + "1" + strings.Repeat("]", 99), ""},
		{"a = " + strings.Repeat("[", 100) + "|1]" + strings.Repeat("]", 99), "too deep"},
		{strings.Repeat("a.", 99) + "a = 1", ""},
		{"[" + strings.Repeat("a.", 100) + "|a]", "too deep"},
		{"[a]\nb = " + strings.Repeat("{ c = ", 98) + "{ |c = {} }" + strings.Repeat(" }", 98), "too deep"},
		{"a = " + strings.Repeat("[", 100) + "|" + strings.Repeat("[", 1e6), "too deep"},
		{"a = " + strings.Repeat("{a=", 99) + "{|" + strings.Repeat("a={", 1e6), "too deep"},
	} {
		before, after, marked := strings.Cut(row.text, "|")
		text := []byte(before + after)
		_, err := syntax.Parse(text)
		if row.message == "" {
			if err != nil {
				t.Errorf("%.60q: %v", row.text, err)
			}
			continue
		}
		var e *syntax.Error
		if !errors.As(err, &e) || !marked || e.Offset != len(before) || !strings.Contains(e.Message, row.message) {
			t.Errorf("%.60q: %+v, want %q at %d", row.text, e, row.message, len(before))
		}
	}
}

// TestExplain has faults of the language, with what the message must say and the
// hint must offer; | is where the fault is.
func TestExplain(t *testing.T) {
	for _, row := range []struct{ text, message, hint string }{
		{"a|: 1", "but got ':'", "key = value"},
		{"|ü = 1", "but got 'ü'", "in quotes"},
		{"a =|\n", "end of the line", "in quotes"},
		{"a = |b", `got "b"`, "in quotes"},
		{"a = 10|%", "expected the end of the line, but got '%'", "one key"},
		{"[a|\nb = 1", "end of the line", "]"},
		{"[[a|]\nb = 1", "end of the line", "]]"},
		{"a = \"b|\n", "cannot contain newlines", "quote is missing"},
		{"a = '''|b", "text ends before", "quotes"},
		{"a = [1,|\n", "text ends", "]"},
		{"a = [1 |2]", "comma", "]"},
		{"a = {b = 1 |c = 2}", "comma", "}"},
		{"a = \"b|\\c\"", `'\c'`, `\\`},
		{"a = \"b|\\é\"", `'\é'`, `\\`},
		{"a = |0x\n", "'0x'", "toml.io"},
		{"a = \"b\\u00|g0\"", "hexadecimal", `\\`},
		{"a = \"b\\u00|é\"", "hexadecimal", `\\`},
		{"a = |2026-02-30", "2026-02-30", "2026-12-01"},
		{"a = |010", "leading zero", "toml.io"},
		{"a = |99999999999999999999", "out of range", "toml.io"},
		{"a = 1 # |\x01", "control", "delete"},
		{"|=", "blank", "toml.io"},
	} {
		before, after, _ := strings.Cut(row.text, "|")
		_, err := syntax.Parse([]byte(before + after))
		var e *syntax.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, row.message) || !strings.Contains(e.Hint, row.hint) {
			t.Errorf("%q: %+v, want %q, %q", row.text, e, row.message, row.hint)
		} else if e.Offset != len(before) {
			t.Errorf("%q: at %d, not %d: %s", row.text, e.Offset, len(before), e)
		}
	}
}
