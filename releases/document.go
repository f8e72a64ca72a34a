package releases

import (
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// node is a TOML value with its place in the text, which no decoder keeps.
type node struct {
	kind    kind
	offset  int // of the value; of the last part of its name for a [table]
	text    string
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

var kinds = map[unstable.Kind]kind{
	unstable.String:        stringKind,
	unstable.Bool:          boolKind,
	unstable.Integer:       integerKind,
	unstable.Float:         floatKind,
	unstable.DateTime:      dateTimeKind,
	unstable.LocalDateTime: localTimeKind,
	unstable.LocalDate:     dateKind,
	unstable.LocalTime:     clockKind,
	unstable.Array:         arrayKind,
	unstable.InlineTable:   tableKind,
}

func (n *node) member(name string) (member, bool) {
	if i, ok := n.index[name]; ok {
		return n.members[i], true
	}
	return member{}, false
}

func (n *node) add(name string, offset int, value *node) {
	if n.index == nil {
		n.index = map[string]int{}
	}
	n.index[name] = len(n.members)
	n.members = append(n.members, member{name, offset, value})
}

// parse reads a document. The decoder finds every fault of the text, doubled
// keys included; the parser, which takes more than the language does, then
// gives the places.
func parse(text []byte) (*node, *syntaxError) {
	var sink map[string]any
	if err := toml.Unmarshal(text, &sink); err != nil {
		return nil, explain(text, err)
	}
	root, _, err := build(text)
	if err != nil {
		return nil, explain(text, err)
	}
	return root, nil
}

// build reads a document that has no faults. The table is the one that a key
// after its end would belong to.
func build(text []byte) (root, table *node, err error) {
	root = &node{kind: tableKind}
	table = root
	var p unstable.Parser
	p.Reset(text)
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table:
			table = descend(root, e.Key(), false)
		case unstable.ArrayTable:
			table = descend(root, e.Key(), true)
		case unstable.KeyValue:
			assign(table, e, text)
		}
	}
	return root, table, p.Error()
}

// descend walks a dotted key from a table to the table that it names.
func descend(table *node, key unstable.Iterator, appends bool) *node {
	for key.Next() {
		part, k := key.Node(), tableKind
		if appends && key.IsLast() {
			k = arrayKind
		}
		table = table.child(part, k)
		if table.kind != arrayKind {
			continue
		}
		if k == arrayKind {
			table.items = append(table.items, &node{kind: tableKind, offset: int(part.Raw.Offset)})
		}
		table = table.items[len(table.items)-1]
	}
	return table
}

func assign(table *node, e *unstable.Node, text []byte) {
	key, end := e.Key(), 0
	var last *unstable.Node
	for key.Next() {
		if last != nil {
			table = table.child(last, tableKind)
		}
		last = key.Node()
		end = int(last.Raw.Offset + last.Raw.Length)
	}
	table.add(string(last.Data), int(last.Raw.Offset), value(e.Value(), afterEquals(text, end), text))
}

// child is the member that a part of a key names, made where it is new.
func (n *node) child(part *unstable.Node, k kind) *node {
	name, offset := string(part.Data), int(part.Raw.Offset)
	m, ok := n.member(name)
	if !ok {
		m.value = &node{kind: k, offset: offset}
		n.add(name, offset, m.value)
	}
	return m.value
}

func afterEquals(text []byte, offset int) int {
	for offset < len(text) && strings.IndexByte(" \t=", text[offset]) >= 0 {
		offset++
	}
	return offset
}

// value copies a parsed value. Arrays carry no place of their own: theirs is
// the one where a value is due.
func value(v *unstable.Node, at int, text []byte) *node {
	n := &node{kind: kinds[v.Kind], offset: at, text: string(v.Data)}
	if v.Kind != unstable.Array {
		n.offset = int(v.Raw.Offset)
	}
	var due []int
	children := v.Children()
	for children.Next() {
		switch c := children.Node(); {
		case v.Kind == unstable.Array && c.Kind == unstable.Array:
			if due == nil {
				due = elements(text, n.offset)
			}
			n.items = append(n.items, value(c, due[len(n.items)], text))
		case v.Kind == unstable.Array:
			n.items = append(n.items, value(c, 0, text))
		case c.Kind == unstable.KeyValue:
			assign(n, c, text)
		}
	}
	return n
}
