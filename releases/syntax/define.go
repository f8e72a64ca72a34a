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
			it.Path = append(it.Path, here.count)
			here.count++
			here = nil
			if c := text[it.Value]; c == '[' || c == '{' {
				here = &definition{}
			}
		}
		for n, name := range it.Names {
			last := n == len(it.Names)-1
			rule := rules[it.Form][0]
			if last {
				rule = rules[it.Form][1]
			}
			next := here.names[name.Text]
			if next != nil && !slices.Contains(rule.addsTo, next.by) {
				if twice == nil {
					twice = it.twice(name.Text, 1+bytes.Count(text[:next.at], []byte("\n")))
				}
				next = nil
			}
			if next == nil {
				next = &definition{by: rule.makes, at: name.At}
				if here.names == nil {
					here.names = map[string]*definition{}
				}
				here.names[name.Text] = next
			}
			it.Path = append(it.Path, name.Text)
			switch {
			case next.by == tables:
				if last {
					next.count, next.last = next.count+1, &definition{}
				}
				it.Path = append(it.Path, next.count-1)
				next = next.last
			case last:
				next.by = rule.makes
			}
			here = next
		}
		held[i] = here
	}
	return twice
}

func (i *Item) twice(name string, line int) *Error {
	what := "key"
	if i.IsHeader() {
		what = "table"
	}
	return &Error{i.Names[0].At, fmt.Sprintf("%s %s is already defined, in line %d", what, Path(name), line), "keep one of the two"}
}
