package edit

import (
	"bytes"
	"slices"

	"cairn/releases/syntax"
)

// insertion adds a key that is not there: into the inline table that encloses
// it, below the other keys of its table, or in a new [table].
func (d *Document) insertion(literal string, path []any) splice {
	table := path[:len(path)-1]
	if i := d.closed(table); i >= 0 {
		return d.intoInline(i, path[len(d.items[i].Path):], literal)
	}
	if len(table) == 0 || d.find(table) >= 0 {
		return d.intoSection(d.find(table), names(path[len(table):]), literal)
	}
	// Keys such as a.b.c = 1 make the table a.b, which no header may open again.
	for i := len(d.items) - 1; i >= 0; i-- {
		if it := d.items[i]; it.In < 0 && it.Form == syntax.Key && under(it, table) {
			section := d.sectionPath(it.Section)
			return d.after(it.End, syntax.Path(names(path[len(section):])...)+" = "+literal)
		}
	}
	return d.newSection(table, syntax.Path(names(path[len(table):])...)+" = "+literal+d.newline())
}

// closed is the innermost inline table at a path or above it, -1 where there is
// none.
func (d *Document) closed(path []any) int {
	for n := len(path); n > 0; n-- {
		if i := d.find(path[:n]); i >= 0 && !d.items[i].IsHeader() && d.text[d.items[i].Value] == '{' {
			return i
		}
	}
	return -1
}

// intoInline adds a key at the end of an inline table, or a table with it.
func (d *Document) intoInline(i int, path []any, literal string) splice {
	it := d.items[i]
	for _, name := range slices.Backward(names(path[1:])) {
		literal = "{ " + syntax.Path(name) + " = " + literal + " }"
	}
	entry := syntax.Path(names(path[:1])...) + " = " + literal
	there := d.inside(i)
	if len(there) == 0 {
		at, entry := it.Value+1, " "+entry
		if d.text[at] == '}' {
			entry += " "
		}
		return splice{at, at, entry}
	}
	at := there[len(there)-1].End
	return splice{at, at, ", " + entry}
}

// intoSection adds a line below the last key of a table that a header opens,
// or of the root for -1.
func (d *Document) intoSection(section int, names []string, literal string) splice {
	line := syntax.Path(names...) + " = " + literal
	for i := len(d.items) - 1; i >= 0; i-- {
		if it := d.items[i]; it.In < 0 && it.Form == syntax.Key && it.Section == section {
			return d.after(it.End, line)
		}
	}
	if section >= 0 {
		return d.after(d.items[section].End, line)
	}
	// Before the first table, below the comment that the file begins with.
	first := slices.IndexFunc(d.items, func(i syntax.Item) bool { return i.IsHeader() })
	if first < 0 {
		return d.atEnd(line + d.newline())
	}
	at := lineBegin(d.text, d.items[first].Begin)
	comment := d.commentAbove(at)
	if comment > 0 {
		at = comment
	}
	return splice{at, at, line + d.newline() + d.newline()}
}

// after adds a line below the one in which an offset is, as far indented.
func (d *Document) after(offset int, line string) splice {
	at := syntax.LineEnd(d.text, offset)
	if at == len(d.text) {
		return d.atEnd(line + d.newline())
	}
	begin := lineBegin(d.text, offset)
	indent := d.text[begin : begin+len(d.text[begin:])-len(bytes.TrimLeft(d.text[begin:], " \t"))]
	return splice{at + 1, at + 1, string(indent) + line + d.newline()}
}

// newSection adds a [table] below those that it shares the most names with, or
// at the end of the file.
func (d *Document) newSection(path []any, body string) splice {
	text := "[" + syntax.Path(names(path)...) + "]" + d.newline() + body
	for n := len(path) - 1; n > 0; n-- {
		for i := len(d.items) - 1; i >= 0; i-- {
			if it := d.items[i]; it.In < 0 && it.Section >= 0 && under(d.items[it.Section], path[:n]) || it.IsHeader() && under(it, path[:n]) {
				s := d.after(it.End, "")
				if s.from == len(d.text) {
					return d.atEnd(d.newline() + text)
				}
				s.text = d.newline() + text
				return s
			}
		}
	}
	if len(bytes.TrimSpace(d.text)) > 0 {
		text = d.newline() + text
	}
	return d.atEnd(text)
}

// atEnd adds text at the end of the file, on a line of its own.
func (d *Document) atEnd(text string) splice {
	at := len(d.text)
	if at > 0 && d.text[at-1] != '\n' {
		text = d.newline() + text
	}
	return splice{at, at, text}
}

// newline is the line break of the file.
func (d *Document) newline() string {
	if i := bytes.IndexByte(d.text, '\n'); i > 0 && d.text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

func (d *Document) sectionPath(section int) []any {
	if section < 0 {
		return nil
	}
	return d.items[section].Path
}

// commentAbove is where the comment begins whose last line is right above an
// offset; the offset itself where there is none.
func (d *Document) commentAbove(at int) int {
	for at > 0 {
		above := lineBegin(d.text, at-1)
		if !bytes.HasPrefix(bytes.TrimLeft(d.text[above:at], " \t"), []byte("#")) {
			break
		}
		at = above
	}
	return at
}

// names are the parts of a path that holds no index.
func names(path []any) []string {
	out := make([]string, len(path))
	for i, part := range path {
		out[i], _ = part.(string)
	}
	return out
}

// lineBegin is where the line begins that holds an offset.
func lineBegin(text []byte, at int) int {
	return bytes.LastIndexByte(text[:at], '\n') + 1
}
