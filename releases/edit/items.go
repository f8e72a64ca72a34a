package edit

import (
	"bytes"
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"
)

// form is how something stands in a text.
type form int

const (
	header  form = iota // [table] or [[table]]
	key                 // name = value
	element             // of an array
)

// item is a piece of a text that says something about a path.
type item struct {
	path    []any
	form    form
	begin   int // of the first bracket, of the key, or of the element
	value   int // where the literal begins; the begin of a header
	end     int // of the literal or the last bracket
	section int // the header that it stands below, -1 for none
	in      int // the inline table or array that it stands in, -1 for none
}

// under says whether the item is at a path or below it.
func (i item) under(path []any) bool {
	return len(i.path) >= len(path) && slices.Equal(i.path[:len(path)], path)
}

// find is the item right at a path, -1 where there is none.
func (d *Document) find(path []any) int {
	return slices.IndexFunc(d.items, func(i item) bool { return slices.Equal(i.path, path) })
}

// read takes a text without faults, and finds its items.
func (d *Document) read(text []byte) error {
	r := reader{text: text, section: -1, counts: map[string]int{}}
	var p unstable.Parser
	p.Reset(text)
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			r.header(e)
		case unstable.KeyValue:
			var table []any
			if r.section >= 0 {
				table = r.items[r.section].path
			}
			r.key(e, table, -1)
		}
	}
	if err := p.Error(); err != nil {
		return err
	}
	d.text, d.items = text, r.items
	return nil
}

type reader struct {
	text    []byte
	items   []item
	section int
	counts  map[string]int // of the tables in each array of tables, by its path
}

func (r *reader) header(e *unstable.Node) {
	var path []any
	var at, end int
	for parts := e.Key(); parts.Next(); {
		part := parts.Node()
		if path == nil {
			at = int(part.Raw.Offset)
		}
		end = int(part.Raw.Offset + part.Raw.Length)
		path = append(path, string(part.Data))
		name := pathKey(path)
		if e.Kind == unstable.ArrayTable && parts.IsLast() {
			r.counts[name]++
		}
		if n := r.counts[name]; n > 0 {
			path = append(path, n-1)
		}
	}
	begin := bytes.LastIndexByte(r.text[:at], '[')
	for begin > 0 && r.text[begin-1] == '[' {
		begin--
	}
	for end = end + bytes.IndexByte(r.text[end:], ']'); end < len(r.text) && r.text[end] == ']'; {
		end++
	}
	r.section = len(r.items)
	r.items = append(r.items, item{path, header, begin, begin, end, -1, -1})
}

func (r *reader) key(e *unstable.Node, table []any, in int) {
	path := slices.Clone(table)
	begin, end := -1, 0
	for parts := e.Key(); parts.Next(); {
		part := parts.Node()
		if begin < 0 {
			begin = int(part.Raw.Offset)
		}
		end = int(part.Raw.Offset + part.Raw.Length)
		path = append(path, string(part.Data))
	}
	value := end + bytes.IndexByte(r.text[end:], '=') + 1
	r.add(item{path: path, form: key, begin: begin, value: skip(r.text, value), in: in}, e.Value())
}

// add takes up a key or an element with what its value holds.
func (r *reader) add(i item, value *unstable.Node) {
	i.section = r.section
	i.end = literalEnd(r.text, i.value)
	n := len(r.items)
	r.items = append(r.items, i)
	at := i.value + 1
	index := 0
	for children := value.Children(); children.Next(); {
		switch child := children.Node(); {
		case value.Kind == unstable.Array:
			at = skip(r.text, at)
			r.add(item{path: append(slices.Clone(i.path), index), form: element, begin: at, value: at, in: n}, child)
			index++
			at = literalEnd(r.text, at)
			if next := skip(r.text, at); r.text[next] == ',' {
				at = next + 1
			}
		case child.Kind == unstable.KeyValue:
			r.key(child, i.path, n)
		}
	}
}

func pathKey(path []any) string {
	var b bytes.Buffer
	for _, part := range path {
		if s, ok := part.(string); ok {
			b.WriteString(String(s))
		} else {
			b.WriteString("[]")
		}
		b.WriteByte('.')
	}
	return b.String()
}

// skip goes over white space and comments.
func skip(text []byte, at int) int {
	for at < len(text) {
		switch text[at] {
		case ' ', '\t', '\r', '\n':
			at++
		case '#':
			at = lineEnd(text, at)
		default:
			return at
		}
	}
	return at
}

// lineEnd is where the line ends that holds an offset, before its line break.
func lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

// lineBegin is where the line begins that holds an offset.
func lineBegin(text []byte, at int) int {
	return bytes.LastIndexByte(text[:at], '\n') + 1
}

// literalEnd is where the literal ends that begins at an offset.
func literalEnd(text []byte, at int) int {
	switch text[at] {
	case '"', '\'':
		return stringEnd(text, at)
	case '[', '{':
		at++
		for {
			at = skip(text, at)
			switch text[at] {
			case ']', '}':
				return at + 1
			case ',', '=':
				at++
			default:
				at = literalEnd(text, at)
			}
		}
	}
	end := at
	for end < len(text) && bytes.IndexByte([]byte(",=]}#\r\n"), text[end]) < 0 {
		end++
	}
	return at + len(bytes.TrimRight(text[at:end], " \t"))
}

// stringEnd is where the string ends whose first quote is at an offset.
func stringEnd(text []byte, at int) int {
	quote := text[at]
	closing := text[at : at+1]
	if triple := bytes.Repeat(closing, 3); bytes.HasPrefix(text[at:], triple) {
		closing = triple
	}
	at += len(closing)
	for !bytes.HasPrefix(text[at:], closing) {
		if text[at] == '\\' && quote == '"' {
			at++
		}
		at++
	}
	at += len(closing)
	for len(closing) == 3 && at < len(text) && text[at] == quote {
		at++ // of five quotes two belong to the text
	}
	return at
}
