package releases

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// syntaxHints is a way out for what a message says, the first that it holds.
var syntaxHints = []struct{ part, hint string }{
	{" already ", "keep one of the two"},
	{"at start of value", `text stands in quotes: "…"`},
	{"expected newline", `a line holds one key and one value; text stands in quotes: "…"`},
	{"expected '='", "write key = value"},
	{"at start of key", "a key of other characters than letters, digits, - and _ stands in quotes"},
	{"escape", `write \\ for a backslash, or single quotes: 'C:\fw'`},
	{"cannot have new lines", "a quote is missing at the end of the line"},
	{"array is incomplete", "close the array with ]"},
	{"", "TOML is described at https://toml.io/en/v1.0.0"},
}

func syntaxHint(message string) string {
	i := slices.IndexFunc(syntaxHints, func(h struct{ part, hint string }) bool { return strings.Contains(message, h.part) })
	return syntaxHints[i].hint
}

// syntaxError is a fault of the text itself.
type syntaxError struct {
	offset  int
	message string
	hint    string
}

// explain makes an error of the decoder a fault with a true place.
func explain(text []byte, err error) *syntaxError {
	var d *toml.DecodeError
	message := strings.TrimPrefix(err.Error(), "toml: ")
	e := &syntaxError{message: message, hint: syntaxHint(message)}
	if !errors.As(err, &d) {
		return e
	}
	e.offset = offsetOf(text, d)
	if strings.Contains(message, " already ") {
		e.doubled(text, d.Key())
	}
	e.message = wholeCharacter(e.message, text[e.offset:])
	return e
}

// offsetOf is the place of an error, which knows it in lines and bytes.
func offsetOf(text []byte, d *toml.DecodeError) int {
	line, column := d.Position()
	offset := 0
	for ; line > 1 && offset < len(text); offset++ {
		if text[offset] == '\n' {
			line--
		}
	}
	return min(offset+max(column-1, 0), len(text))
}

// wholeCharacter mends a message that takes the first byte of a character for
// the character, or names the end of a line by its number.
func wholeCharacter(message string, rest []byte) string {
	if len(rest) == 0 {
		return message
	}
	named := fmt.Sprintf("%#U", rest[0])
	r, n := utf8.DecodeRune(rest)
	switch {
	case r == '\n' || bytes.HasPrefix(rest, []byte("\r\n")):
		return strings.Replace(message, "character "+named, "end of line", 1)
	case r == utf8.RuneError && n == 1:
		return strings.Replace(message, named, "a byte that is not UTF-8", 1)
	}
	return strings.Replace(message, named, fmt.Sprintf("%#U", r), 1)
}

// doubled finds the places of a key that is defined twice, of which the
// decoder knows but the line that it begins on.
func (e *syntaxError) doubled(text []byte, key []string) {
	start := bytes.LastIndexByte(text[:e.offset], '\n') + 1
	header := bytes.HasPrefix(bytes.TrimLeft(text[start:], " \t"), []byte("["))
	root, table, err := build(text[:start])
	if err != nil {
		return
	}
	if header {
		table = root
	}
	first := table.deepest(key)
	var p unstable.Parser
	p.Reset(text[start:])
	p.NextExpression()
	if x := p.Expression(); x.Valid() && x.Kind == unstable.KeyValue {
		a, b, ok := doubledWithin(x.Value())
		if ok && strings.HasPrefix(e.message, "key "+string(b.Data)+" ") {
			first, e.offset = start+int(a.Raw.Offset), start+int(b.Raw.Offset)
		}
	}
	if first >= 0 {
		e.message += fmt.Sprintf(", in line %d", 1+bytes.Count(text[:first], []byte("\n")))
	}
}

// deepest is where the last part of a key that is defined stands, or -1.
func (n *node) deepest(key []string) int {
	offset := -1
	for _, part := range key {
		m, ok := n.member(part)
		if !ok {
			break
		}
		n, offset = m.value, m.offset
		if n.kind == arrayKind && len(n.items) > 0 {
			n = n.items[len(n.items)-1]
		}
	}
	return offset
}

// doubledWithin finds a key that an inline table has twice.
func doubledWithin(v *unstable.Node) (first, second *unstable.Node, ok bool) {
	seen := map[string]*unstable.Node{}
	children := v.Children()
	for children.Next() {
		inner := children.Node()
		if v.Kind == unstable.InlineTable {
			var name string
			for key := inner.Key(); key.Next(); {
				second = key.Node()
				name += "\x00" + string(second.Data)
			}
			if first = seen[name]; first != nil {
				return first, second, true
			}
			seen[name] = second
			inner = inner.Value()
		}
		if first, second, ok = doubledWithin(inner); ok {
			return first, second, true
		}
	}
	return nil, nil, false
}
