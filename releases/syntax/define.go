package syntax

import (
	"bytes"
	"fmt"
	"slices"
)

// definition is what a text has said so far of a name.
type definition struct {
	by    origin
	at    int                    // where the name stands first
	names map[string]*definition // in a table
	count int                    // of the elements of an array
	last  *definition            // of the tables of an [[array]]
}

// origin is how a text has made a table or a value.
type origin int

const (
	header  origin = iota // [name]
	above                 // [name.…]
	dotted                // name.… = value
	literal               // name = value
	tables                // [[name]]
)

// rule says what a name makes where it is new, and to what it may add.
type rule struct {
	makes  origin
	addsTo []origin
}

// rules are those of names on the way, and those of the last name.
var rules = map[Form][2]rule{
	Table:      {{above, []origin{header, above, dotted, tables}}, {header, []origin{above}}},
	ArrayTable: {{above, []origin{header, above, dotted, tables}}, {tables, []origin{tables}}},
	Key:        {{dotted, []origin{dotted}}, {literal, nil}},
}

// define gives items their paths. The error is the first name that the text
// defines twice: of some the decoder takes both, and drops one of the values.
func define(text []byte, items []Item) (twice *Error) {
	root := &definition{}
	held := make([]*definition, len(items)) // what each item's value holds
	for i := range items {
		it, here := &items[i], root
		parent := it.In
		if parent < 0 {
			parent = it.Section
		}
		if parent >= 0 {
			here, it.Path = held[parent], slices.Clip(items[parent].Path)
		}
		if it.Form == Element {
			held[i] = here.element(text, it)
			continue
		}
		for n, name := range it.Names {
			rule, last := rules[it.Form][0], n == len(it.Names)-1
			if last {
				rule = rules[it.Form][1]
			}
			next, was := here.name(name, rule)
			if was != nil && twice == nil {
				twice = it.twice(name.Text, 1+bytes.Count(text[:was.at], []byte("\n")))
			}
			if last {
				next.by = rule.makes
			}
			it.Path = append(it.Path, name.Text)
			if here = next; next.by == tables {
				here = next.table(last)
				it.Path = append(it.Path, next.count-1)
			}
		}
		held[i] = here
	}
	return twice
}

// element is one more of an array, with what its value holds; nil for nothing.
func (d *definition) element(text []byte, it *Item) *definition {
	it.Path = append(it.Path, d.count)
	d.count++
	if c := text[it.Value]; c == '[' || c == '{' {
		return &definition{}
	}
	return nil
}

// name is what a table has under a name, made where there is nothing yet. Where
// the rule says that what is there may not be added to, it gives that, too.
func (d *definition) name(name Name, rule rule) (next, was *definition) {
	if there := d.names[name.Text]; there != nil {
		if slices.Contains(rule.addsTo, there.by) {
			return there, nil
		}
		was = there
	}
	if d.names == nil {
		d.names = map[string]*definition{}
	}
	next = &definition{by: rule.makes, at: name.At}
	d.names[name.Text] = next
	return next, was
}

// table is the last table of an [[array]], or one more.
func (d *definition) table(more bool) *definition {
	if more {
		d.count, d.last = d.count+1, &definition{}
	}
	return d.last
}

func (i *Item) twice(name string, line int) *Error {
	what := "key"
	if i.IsHeader() {
		what = "table"
	}
	return &Error{i.Names[0].At, fmt.Sprintf("%s %s is already defined, in line %d", what, Path(name), line), "keep one of the two"}
}
