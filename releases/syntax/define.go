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

// origin is how a text has made a table or a value, which decides on what may be
// added to it later.
type origin int

const (
	header  origin = iota // [name]
	above                 // [name.…]
	dotted                // name.… = value
	literal               // name = value
	tables                // [[name]]
)

func (d *definition) add(name string, by origin, at int) *definition {
	if d.names == nil {
		d.names = map[string]*definition{}
	}
	d.names[name] = &definition{by: by, at: at}
	return d.names[name]
}

// define gives items their paths. It finds what a text defines twice, the first
// of that, since the decoder takes some of it, and drops one of the values.
func define(items []Item) *redefinition {
	var twice *redefinition
	root := &definition{}
	held := make([]*definition, len(items)) // what each item's value holds
	for i := range items {
		it := &items[i]
		here := root
		switch {
		case it.In >= 0:
			here, it.Path = held[it.In], slices.Clip(items[it.In].Path)
		case it.Section >= 0:
			here, it.Path = held[it.Section], slices.Clip(items[it.Section].Path)
		}
		if it.Form == Element {
			it.Path = append(it.Path, here.count)
			here.count++
			here = &definition{by: literal}
		}
		for n, name := range it.Names {
			it.Path = append(it.Path, name.Text)
			last := n == len(it.Names)-1
			next := here.names[name.Text]
			switch {
			case next == nil:
				next = here.add(name.Text, it.makes(last), name.At)
			case !it.mayAdd(next, last):
				if twice == nil {
					twice = &redefinition{*it, name, next.at}
				}
				next = here.add(name.Text, it.makes(last), name.At)
			case last && it.Form == Table:
				next.by = header
			}
			if next.by == tables {
				if last {
					next.count++
					next.last = &definition{}
				}
				it.Path = append(it.Path, next.count-1)
				next = next.last
			}
			here = next
		}
		held[i] = here
	}
	return twice
}

// makes is the origin of what a header or a key names first.
func (i *Item) makes(last bool) origin {
	switch {
	case i.Form == Key && last:
		return literal
	case i.Form == Key:
		return dotted
	case !last:
		return above
	case i.Form == ArrayTable:
		return tables
	}
	return header
}

// mayAdd says whether a header or a key may add to what is there.
func (i *Item) mayAdd(there *definition, last bool) bool {
	switch {
	case i.Form == Key:
		return !last && there.by == dotted
	case !last:
		return there.by != literal
	case i.Form == ArrayTable:
		return there.by == tables
	}
	return there.by == above
}

// redefinition is what a text defines twice.
type redefinition struct {
	item  Item // the second one
	name  Name
	first int
}

func (r *redefinition) explain(text []byte) *Error {
	what := "key"
	if r.item.IsHeader() {
		what = "table"
	}
	line := 1 + bytes.Count(text[:r.first], []byte("\n"))
	return &Error{r.item.Names[0].At, fmt.Sprintf("%s %s is already defined, in line %d", what, Path(r.name.Text), line), "keep one of the two"}
}
