// Package edit changes definitions the way a careful person does: it touches
// the bytes that must change and no others, so that comments, order and
// formatting stay. What is changed is a value, [Change]; writing it is for
// others.
package edit

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"cairn/releases/syntax"
)

// Document is the text of a TOML file. A place in it is a path: the names of
// tables and keys (string), and the indexes of array elements (int), from the
// root. Each method proves what it did: it parses the text that it made and
// compares all values with those that were meant. Where that fails it gives
// an error, and the document is as before.
type Document struct {
	text  []byte
	items []syntax.Item
}

// Parse reads a document. The error is the parser's, without a place: load the
// definitions first, to refuse a faulty file with its line.
func Parse(text []byte) (*Document, error) {
	d, err := syntax.Parse(text)
	if err != nil {
		return nil, err
	}
	return &Document{d.Text, d.Items}, nil
}

// Bytes is the text as it is now.
func (d *Document) Bytes() []byte { return d.text }

// Has says whether there is a value or a table at a path.
func (d *Document) Has(path ...any) bool {
	return slices.ContainsFunc(d.items, func(i syntax.Item) bool { return under(i, path) })
}

// under says whether an item is at a path or below it.
func under(i syntax.Item, path []any) bool {
	return len(i.Path) >= len(path) && slices.Equal(i.Path[:len(path)], path)
}

// inside are the items right in an inline table or an array.
func (d *Document) inside(in int) []syntax.Item {
	var items []syntax.Item
	for _, it := range d.items[in+1:] {
		if it.In == in {
			items = append(items, it)
		}
	}
	return items
}

// find is the item right at a path, -1 where there is none.
func (d *Document) find(path []any) int {
	return slices.IndexFunc(d.items, func(i syntax.Item) bool { return slices.Equal(i.Path, path) })
}

// Literal is the text of the value at a path, such as `"1.1.0"` or `10`; "" where
// there is none.
func (d *Document) Literal(path ...any) string {
	if i := d.find(path); i >= 0 && !d.items[i].IsHeader() {
		return string(d.text[d.items[i].Value:d.items[i].End])
	}
	return ""
}

// Set gives the value at a path a new literal, or adds it: to its table, which
// is made where there is none. What is a [table] becomes a key. Line breaks of
// the literal become those of the file.
func (d *Document) Set(literal string, path ...any) error {
	literal = strings.ReplaceAll(literal, "\n", d.newline())
	probe, err := values([]byte("x = " + literal))
	if err != nil {
		return fmt.Errorf("%s is no value: %w", literal, err)
	}
	meant := func(root map[string]any) { assign(root, path, probe["x"]) }
	if i := d.find(path); i >= 0 && !d.items[i].IsHeader() {
		return d.change(meant, splice{d.items[i].Value, d.items[i].End, literal})
	}
	before := *d
	if d.Has(path...) {
		err = d.Remove(path...)
	}
	if err == nil {
		err = d.change(meant, d.insertion(literal, path))
	}
	if err != nil {
		*d = before
	}
	return err
}

// Table makes sure that there is a table at a path.
func (d *Document) Table(path ...any) error {
	if d.Has(path...) {
		return nil
	}
	meant := func(root map[string]any) { assign(root, path, map[string]any{}) }
	if i := d.closed(path[:len(path)-1]); i >= 0 {
		return d.change(meant, d.intoInline(i, path[len(d.items[i].Path):], "{}"))
	}
	return d.change(meant, d.newSection(path, ""))
}

// Remove takes out what is at a path: a key with its line, or a table with all
// that is in it and the comment that stands right above it.
func (d *Document) Remove(path ...any) error {
	meant := func(root map[string]any) {
		// A table that stood there only because of what was in it goes too.
		unassign(root, path)
		for n := len(path) - 1; n > 0 && d.find(path[:n]) < 0; n-- {
			if table, ok := syntax.At(root, path[:n]...).(map[string]any); !ok || len(table) > 0 {
				break
			}
			unassign(root, path[:n])
		}
	}
	var cuts []splice
	for i, it := range d.items {
		if !under(it, path) || it.In >= 0 && under(d.items[it.In], path) {
			continue
		}
		if it.In >= 0 {
			cuts = append(cuts, d.cutElements(it.In, func(x syntax.Item) bool { return x.Begin == it.Begin })...)
		} else {
			cuts = append(cuts, d.cutExpression(i))
		}
	}
	return d.change(meant, merged(cuts)...)
}

// splice puts text in the place of some bytes.
type splice struct {
	from, to int
	text     string
}

// merged joins cuts that touch each other or overlap.
func merged(cuts []splice) []splice {
	var out []splice
	for _, c := range cuts {
		if n := len(out); n > 0 && c.from <= out[n-1].to {
			out[n-1].from = min(out[n-1].from, c.from)
			out[n-1].to = max(out[n-1].to, c.to)
			continue
		}
		out = append(out, c)
	}
	return out
}

// change makes the text anew with some splices, in ascending order, and checks
// that the values are those that were meant.
func (d *Document) change(meant func(root map[string]any), splices ...splice) error {
	var text bytes.Buffer
	at := 0
	for _, s := range splices {
		text.Write(d.text[at:s.from])
		text.WriteString(s.text)
		at = s.to
	}
	text.Write(d.text[at:])
	want, err := values(d.text)
	if err != nil {
		return err
	}
	meant(want)
	got, err := syntax.Parse(text.Bytes())
	if err != nil || !reflect.DeepEqual(got.Values, want) {
		return fmt.Errorf("this file is written in a way that cairn can't edit without touching more than it should; edit it by hand")
	}
	d.text, d.items = got.Text, got.Items
	return nil
}

// values are what a text says, whatever its form.
func values(text []byte) (map[string]any, error) {
	d, err := syntax.Parse(text)
	if err != nil {
		return nil, err
	}
	return d.Values, nil
}

// assign sets the value at a path, and makes the tables on the way.
func assign(root any, path []any, value any) {
	n := len(path) - 1
	for i := range path[:n] {
		if table, ok := syntax.At(root, path[:i]...).(map[string]any); ok && table[path[i].(string)] == nil {
			table[path[i].(string)] = map[string]any{}
		}
	}
	switch last := path[n].(type) {
	case string:
		syntax.At(root, path[:n]...).(map[string]any)[last] = value
	case int:
		syntax.At(root, path[:n]...).([]any)[last] = value
	}
}

// unassign takes the key at the end of a path out of its table.
func unassign(root any, path []any) {
	n := len(path) - 1
	delete(syntax.At(root, path[:n]...).(map[string]any), path[n].(string))
}
