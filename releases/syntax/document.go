// Package syntax reads TOML and says where in the text everything stands, for
// messages with a place and for edits that leave the rest as it is. It imports
// no other package of cairn, and knows nothing of releases.
//
// What a text means is decided by github.com/BurntSushi/toml, which gives no
// places. A scanner gives them: it takes every text for one without faults, and
// each document is held against the keys that the decoder has found.
package syntax

import (
	"bytes"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// Document is a TOML text without faults.
type Document struct {
	Text  []byte
	Items []Item // in the order of the text
	// Values are map[string]any, []any, string, int64, float64, bool,
	// [time.Time], [LocalDateTime], [LocalDate] and [LocalTime].
	Values map[string]any
}

// Form is how something stands in a text.
type Form int

const (
	Table      Form = iota // [name]
	ArrayTable             // [[name]]
	Key                    // name = value
	Element                // of an array between brackets
)

// Item is a piece of a text: a header, a key with its value, or an element of an
// array. Its numbers are offsets in the text and indexes of items.
type Item struct {
	Form    Form
	Names   []Name // as they stand there; none for an element
	Path    []any  // from the root: names (string) and indexes of arrays (int)
	Begin   int    // of the first bracket, the first name, or the element
	Value   int    // where the literal begins; the begin of a header
	End     int    // of the literal or the last bracket
	Section int    // the header that it stands below, -1 for none
	In      int    // the inline table or array that it stands in, -1 for none
}

// IsHeader tells [name] and [[name]] from keys and elements.
func (i Item) IsHeader() bool { return i.Form == Table || i.Form == ArrayTable }

// Name is a part of a dotted key.
type Name struct {
	Text string
	At   int // where it stands, its quote included
}

// Error is a fault of a text.
type Error struct {
	Offset  int // in bytes, 0 to the length of the text
	Message string
	Hint    string // a way out
}

func (e *Error) Error() string { return e.Message }

// Parse reads a text, which is UTF-8 without a byte order mark. The error is an
// [*Error].
func Parse(text []byte) (*Document, error) {
	if e := notUTF8(text); e != nil {
		return nil, e
	}
	// First, since the decoder calls itself for what is nested.
	items, tooDeep := scan(text)
	if tooDeep >= 0 {
		return nil, &Error{tooDeep, "this stands too deep in tables and arrays", "use fewer levels"}
	}
	twice := define(text, items)
	d := &Document{text, items, map[string]any{}}
	data, err := toml.Decode(string(text), &d.Values)
	var fault toml.ParseError
	switch {
	case errors.As(err, &fault):
		if twice != nil && isRedefinition(fault.Message) {
			return nil, twice
		}
		return nil, explain(text, fault)
	case err != nil:
		return nil, &Error{0, err.Error(), specification}
	}
	if e := disagreement(items, data.Keys()); e != nil {
		return nil, e
	}
	if twice != nil {
		return nil, twice
	}
	normalize(d.Values)
	if e := d.oddZone(); e != nil {
		return nil, e
	}
	return d, nil
}

// disagreement is an error where the scanner has not seen the keys that the
// decoder has.
func disagreement(items []Item, keys []toml.Key) *Error {
	at, same := 0, true
	for _, it := range items {
		if it.Form == Element || !same {
			continue
		}
		at = it.Begin
		names := slices.DeleteFunc(slices.Clone(it.Path), func(part any) bool { _, index := part.(int); return index })
		same = len(keys) > 0 && slices.EqualFunc(names, keys[0], func(a any, b string) bool { return a == b })
		keys = keys[min(1, len(keys)):]
	}
	if same && len(keys) == 0 {
		return nil
	}
	return &Error{at, "cairn does not understand this line as its TOML library does", "write it another way, and please report it: it is a bug of cairn"}
}

func notUTF8(text []byte) *Error {
	const hint = "save the file as UTF-8, without a byte order mark"
	if bytes.HasPrefix(text, []byte("\uFEFF")) {
		return &Error{0, "the text begins with a byte order mark", hint}
	}
	for at, r := range string(text) {
		if r == utf8.RuneError && !bytes.HasPrefix(text[at:], []byte("\uFFFD")) {
			return &Error{at, "this is not UTF-8", hint}
		}
	}
	return nil
}
