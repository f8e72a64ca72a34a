package syntax

import (
	"bytes"

	"github.com/BurntSushi/toml"
)

// maxDepth is how many tables and arrays may stand in each other. The decoder
// has no limit of its own, and takes time by the cube of it.
const maxDepth = 100

// scanner reads a text as if it had no faults. It comes to the end of any.
type scanner struct {
	text    []byte
	at      int
	items   []Item
	section int
	tooDeep int // where, or -1
}

// scan finds the items of a text, without their paths.
func scan(text []byte) (items []Item, tooDeep int) {
	s := scanner{text: text, section: -1, tooDeep: -1}
	depth := 0
	for s.at = Skip(text, 0); s.at < len(text); s.at = Skip(text, s.at) {
		if text[s.at] == '[' {
			depth = s.header()
		} else {
			s.key(-1, depth)
		}
	}
	return s.items, s.tooDeep
}

func (s *scanner) header() (depth int) {
	it := Item{Form: Table, Begin: s.at, Value: s.at, Section: -1, In: -1}
	s.at++
	if s.next('[') {
		it.Form = ArrayTable
	}
	it.Names = s.names(0)
	s.next(']')
	if it.Form == ArrayTable {
		s.next(']')
	}
	it.End = s.at
	s.section = len(s.items)
	s.items = append(s.items, it)
	return len(it.Names)
}

func (s *scanner) key(in, depth int) {
	it := Item{Form: Key, Begin: s.at, Section: s.section, In: in}
	it.Names = s.names(depth)
	s.next('=')
	s.blanks()
	s.value(it, depth+len(it.Names))
}

// value takes up a key or an element with what its literal holds.
func (s *scanner) value(it Item, depth int) {
	if depth > maxDepth {
		s.giveUp(it.Begin)
	}
	it.Value = s.at
	n := len(s.items)
	s.items = append(s.items, it)
	switch s.peek() {
	case '"', '\'':
		s.at = stringEnd(s.text, s.at)
	case '[':
		s.inside(']', func() {
			s.value(Item{Form: Element, Begin: s.at, Section: s.section, In: n}, depth+1)
		})
	case '{':
		s.inside('}', func() { s.key(n, depth) })
	default:
		end := s.at
		for end < len(s.text) && bytes.IndexByte([]byte(",]}#\r\n"), s.text[end]) < 0 {
			end++
		}
		s.at += len(bytes.TrimRight(s.text[s.at:end], " \t"))
	}
	s.items[n].End = s.at
}

// inside reads what is between brackets, up to the closing one.
func (s *scanner) inside(closing byte, one func()) {
	for s.at++; ; {
		s.at = Skip(s.text, s.at)
		switch s.peek() {
		case 0:
			return
		case closing:
			s.at++
			return
		case ',':
			s.at++
		default:
			before := s.at
			if one(); s.at == before {
				s.at++ // only in a text with faults
			}
		}
	}
}

// names reads the parts of a dotted key.
func (s *scanner) names(depth int) []Name {
	var names []Name
	for {
		s.blanks()
		names = append(names, s.name())
		s.blanks()
		if !s.next('.') {
			return names
		}
		if depth+len(names) == maxDepth {
			s.giveUp(s.at)
			return names
		}
	}
}

func (s *scanner) name() Name {
	begin := s.at
	if c := s.peek(); c == '"' || c == '\'' {
		s.at = stringEnd(s.text, begin)
		return Name{unquoted(s.text[begin:s.at]), begin}
	}
	for s.at < len(s.text) && bytes.IndexByte([]byte(" \t\r\n.=[]{}#,\"'"), s.text[s.at]) < 0 {
		s.at++
	}
	name := string(s.text[begin:s.at])
	if s.at == begin && s.peek() != '=' && s.peek() != '.' && s.at < len(s.text) {
		s.at++ // only in a text with faults
	}
	return Name{name, begin}
}

// unquoted is what a string between quotes says, or its text where it is at
// fault.
func unquoted(literal []byte) string {
	if n := len(literal); bytes.IndexByte(literal, '\\') < 0 && n >= 2 {
		return string(literal[1 : n-1])
	}
	var v struct{ X string }
	if _, err := toml.Decode("X = "+string(literal), &v); err != nil {
		return string(literal)
	}
	return v.X
}

// giveUp leaves the rest of a text that is nested too deep.
func (s *scanner) giveUp(at int) {
	if s.tooDeep < 0 {
		s.tooDeep = at
	}
	s.at = len(s.text)
}

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// next goes over a byte, where it is the next one.
func (s *scanner) next(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// blanks goes over spaces and tabs.
func (s *scanner) blanks() {
	for s.next(' ') || s.next('\t') {
	}
}

// Skip goes over white space and comments.
func Skip(text []byte, at int) int {
	for at < len(text) {
		switch text[at] {
		case ' ', '\t', '\r', '\n':
			at++
		case '#':
			at = LineEnd(text, at)
		default:
			return at
		}
	}
	return at
}

// LineEnd is where the line ends that holds an offset, before its line break.
func LineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

// stringEnd is where the string ends whose first quote is at an offset; the end
// of the text where it never does.
func stringEnd(text []byte, at int) int {
	quote := text[at]
	closing := text[at : at+1]
	if triple := bytes.Repeat(closing, 3); bytes.HasPrefix(text[at:], triple) {
		closing = triple
	}
	for at += len(closing); at < len(text); at++ {
		if text[at] == '\\' && quote == '"' {
			at++
			continue
		}
		if !bytes.HasPrefix(text[at:], closing) {
			continue
		}
		at += len(closing)
		for n := 0; n < 2 && len(closing) == 3 && at < len(text) && text[at] == quote; n++ {
			at++ // of five quotes two belong to the text
		}
		return at
	}
	return len(text)
}
