package edit

import (
	"bytes"
	"strings"

	"cairn/releases/syntax"
)

// Append adds elements to the end of an array, each on its own line where the
// array has its last one on its own.
func (d *Document) Append(literals []string, path ...any) error {
	more, err := values([]byte("x = [" + strings.Join(literals, ", ") + "]"))
	if err != nil {
		return err
	}
	meant := func(root map[string]any) {
		array := syntax.At(root, path...).([]any)
		assign(root, path, append(array, more["x"].([]any)...))
	}
	i := d.find(path)
	it := d.items[i]
	there := d.inside(i)
	if len(there) == 0 {
		if syntax.LineEnd(d.text, it.Value) >= it.End {
			run := strings.TrimPrefix(d.run(literals), " ")
			if len(literals) > perLine {
				run += "," + d.newline()
			}
			return d.change(meant, splice{it.Value + 1, it.Value + 1, run})
		}
		at := syntax.LineEnd(d.text, it.Value) + 1
		return d.change(meant, splice{at, at, "  " + strings.Join(literals, ","+d.newline()+"  ") + "," + d.newline()})
	}
	last := there[len(there)-1]
	end := last.End
	comma := syntax.Skip(d.text, end)
	trailing := d.text[comma] == ','
	line := lineBegin(d.text, last.Begin)
	indent := string(d.text[line:last.Begin])
	if strings.Trim(indent, " \t") != "" || line < it.Value {
		return d.change(meant, splice{end, end, "," + d.run(literals)})
	}
	rest := indent + strings.Join(literals, ","+d.newline()+indent)
	var splices []splice
	from := end
	if trailing {
		from = comma + 1
		rest += ","
	} else {
		splices = append(splices, splice{end, end, ","})
	}
	if at := syntax.LineEnd(d.text, from); at < it.End {
		return d.change(meant, append(splices, splice{at + 1, at + 1, rest + d.newline()})...)
	}
	// The bracket closes on the line of the last element.
	return d.change(meant, append(splices, splice{from, from, d.newline() + rest})...)
}

// run is what a line of elements goes on with: a few on the same line, or more,
// each on a line of its own.
func (d *Document) run(literals []string) string {
	if len(literals) > perLine {
		return d.newline() + "  " + strings.Join(literals, ","+d.newline()+"  ")
	}
	return " " + strings.Join(literals, ", ")
}

const perLine = 4

// Drop takes elements out of an array: those whose indexes are told.
func (d *Document) Drop(gone func(index int) bool, path ...any) error {
	i := d.find(path)
	meant := func(root map[string]any) {
		var kept = []any{}
		for index, v := range syntax.At(root, path...).([]any) {
			if !gone(index) {
				kept = append(kept, v)
			}
		}
		assign(root, path, kept)
	}
	n := len(d.items[i].Path)
	return d.change(meant, d.cutElements(i, func(it syntax.Item) bool { return gone(it.Path[n].(int)) })...)
}

// cutElements takes out items of an inline table or array with their commas.
// One that has its line for itself goes with it.
func (d *Document) cutElements(in int, gone func(syntax.Item) bool) []splice {
	var cuts []splice
	kept := false // an element stands before this one
	var before int
	for _, it := range d.inside(in) {
		if !gone(it) {
			kept, before = true, it.End
			continue
		}
		from, to := it.Begin, it.End
		next := syntax.Skip(d.text, to)
		comma := d.text[next] == ','
		if comma {
			to = next + 1
		}
		// Lines may be long: only their blanks are looked at.
		begin := len(bytes.TrimRight(d.text[:from], " \t"))
		rest := to + len(d.text[to:]) - len(bytes.TrimLeft(d.text[to:], " \t"))
		switch {
		case begin > d.items[in].Value && d.text[begin-1] == '\n' && bytes.IndexByte([]byte("\r\n#"), d.text[rest]) >= 0:
			from, to = begin, syntax.LineEnd(d.text, rest)+1
		case comma:
			to = rest
		case kept:
			from = before
		}
		cuts = append(cuts, splice{from, to, ""})
	}
	return merged(cuts)
}

// cutExpression takes out the line of a key, or a header with all below it: with
// the comment right above, but for the one that the file begins with, and the
// empty lines before that.
func (d *Document) cutExpression(i int) splice {
	it := d.items[i]
	last := it.End
	for _, below := range d.items {
		if it.IsHeader() && below.Section == i {
			last = max(last, below.End)
		}
	}
	from, to := lineBegin(d.text, it.Begin), min(syntax.LineEnd(d.text, last)+1, len(d.text))
	if !it.IsHeader() {
		return splice{from, to, ""}
	}
	if comment := d.commentAbove(from); comment > 0 {
		from = comment
	}
	blank := from
	for blank > 0 && len(bytes.TrimSpace(d.text[lineBegin(d.text, blank-1):blank])) == 0 {
		blank = lineBegin(d.text, blank-1)
	}
	if blank > 0 {
		return splice{blank, to, ""}
	}
	for to < len(d.text) && len(bytes.TrimSpace(d.text[to:syntax.LineEnd(d.text, to)])) == 0 {
		to = min(syntax.LineEnd(d.text, to)+1, len(d.text))
	}
	return splice{from, to, ""}
}
