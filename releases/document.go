package releases

import (
	"time"

	"cairn/releases/syntax"
)

// node is a TOML value with its place in the text.
type node struct {
	kind    kind
	offset  int      // of the value; of the last part of its name for a [table]
	text    string   // of a string; of a number or a date-time, as it is written
	value   any      // see [syntax.Document]
	members []member // of a table, in the order of the text
	index   map[string]int
	items   []*node // of an array
}

type member struct {
	name   string
	offset int // where the name stands first
	value  *node
}

type kind string

const (
	stringKind    kind = "a string"
	boolKind      kind = "a boolean"
	integerKind   kind = "an integer"
	floatKind     kind = "a number"
	dateTimeKind  kind = "a date-time"
	localTimeKind kind = "a date-time without an offset"
	dateKind      kind = "a date without a time"
	clockKind     kind = "a time without a date"
	arrayKind     kind = "an array"
	tableKind     kind = "a table"
)

func kindOf(value any) kind {
	switch value.(type) {
	case string:
		return stringKind
	case bool:
		return boolKind
	case int64:
		return integerKind
	case float64:
		return floatKind
	case time.Time:
		return dateTimeKind
	case syntax.LocalDateTime:
		return localTimeKind
	case syntax.LocalDate:
		return dateKind
	case syntax.LocalTime:
		return clockKind
	case []any:
		return arrayKind
	}
	return tableKind
}

func (n *node) member(name string) (member, bool) {
	if i, ok := n.index[name]; ok {
		return n.members[i], true
	}
	return member{}, false
}

// at is the member (string) or the element (int) at a part of a path, nil where
// there is none.
func (n *node) at(part any) *node {
	switch part := part.(type) {
	case string:
		if m, ok := n.member(part); ok {
			return m.value
		}
	case int:
		if 0 <= part && part < len(n.items) {
			return n.items[part]
		}
	}
	return nil
}

// add makes the member or the next element that a part of a path names.
func (n *node) add(part any, offset int) *node {
	value := syntax.At(n.value, part)
	child := &node{kind: kindOf(value), offset: offset, value: value}
	switch part := part.(type) {
	case string:
		if n.index == nil {
			n.index = map[string]int{}
		}
		n.index[part] = len(n.members)
		n.members = append(n.members, member{part, offset, child})
	case int:
		n.items = append(n.items, child)
	}
	return child
}

// tree puts what a document says below one node.
func tree(d *syntax.Document) *node {
	root := &node{kind: tableKind, value: d.Values}
	nodes := make([]*node, len(d.Items)) // that each item is about
	for i, it := range d.Items {
		n, above := root, 0
		switch {
		case it.In >= 0:
			n, above = nodes[it.In], len(d.Items[it.In].Path)
		case it.Section >= 0:
			n, above = nodes[it.Section], len(d.Items[it.Section].Path)
		}
		offset, names := it.Begin, it.Names
		for _, part := range it.Path[above:] {
			if _, ok := part.(string); ok {
				offset, names = names[0].At, names[1:]
			}
			next := n.at(part)
			if next == nil {
				next = n.add(part, offset)
			}
			n = next
		}
		if nodes[i] = n; it.IsHeader() {
			continue
		}
		n.offset = it.Value
		switch v := n.value.(type) {
		case string:
			n.text = v
		case map[string]any, []any:
		default:
			n.text = string(d.Text[it.Value:it.End])
		}
	}
	return root
}
