package releases

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Place is a place in a file of the project folder.
type Place struct {
	File   string
	Line   int // from 1
	Column int // in characters, from 1; 0 for the whole line
}

// String is the form that editors and terminals take: "cohorts/beta.toml:14:11".
func (p Place) String() string {
	if p.Column == 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Fault is one thing wrong with the definitions.
type Fault struct {
	Place   Place
	Message string // what is wrong
	Source  string // the line itself; "" where the file has none
	Hint    string // a way out
	Rule    string // of docs/checking.md, "" for what is wrong by itself
}

// Error is the place and message, the line itself and the way out, on up to three lines.
func (f *Fault) Error() string {
	s := f.Place.String() + ": "
	if f.Rule != "" {
		s += "error[" + f.Rule + "]: "
	}
	s += f.Message
	if f.Source != "" {
		s += fmt.Sprintf("\n  %d | %s", f.Place.Line, f.Source)
	}
	if f.Hint != "" {
		s += "\nhint: " + f.Hint
	}
	return s
}

// Faults is everything wrong with the definitions, by file, line and column.
type Faults []*Fault

// Error lists the faults, each in the form of [Fault.Error].
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted gives the faults in the order of a reader, each once.
func (fs Faults) sorted() Faults {
	slices.SortStableFunc(fs, func(a, b *Fault) int {
		return cmp.Or(
			cmp.Compare(a.Place.File, b.Place.File),
			cmp.Compare(a.Place.Line, b.Place.Line),
			cmp.Compare(a.Place.Column, b.Place.Column),
			cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(fs, func(a, b *Fault) bool { return *a == *b })
}

const maxSource = 120 // characters of a line that a fault shows

// locate turns an offset into a place, and gives the line that it is on.
func (f *file) locate(offset int) (Place, string) {
	offset = min(max(offset, 0), len(f.text))
	line, begun := slices.BinarySearch(f.lineStarts(), offset)
	if begun {
		line++
	}
	start := f.starts[line-1]
	end := len(f.text)
	if i := bytes.IndexByte(f.text[start:], '\n'); i >= 0 {
		end = start + i
	}
	for start < offset && offset < end && !utf8.RuneStart(f.text[offset]) {
		offset-- // the parser points into a character
	}
	column := utf8.RuneCount(f.text[start:offset])
	return Place{f.path, line, column + 1}, excerpt(string(f.text[start:end]), column)
}

// lineStarts is where each line begins.
func (f *file) lineStarts() []int {
	if f.starts == nil {
		f.starts = []int{0}
		for i, c := range f.text {
			if c == '\n' {
				f.starts = append(f.starts, i+1)
			}
		}
	}
	return f.starts
}

// excerpt is a line fit for a terminal: what is around the column.
func excerpt(line string, column int) string {
	line = strings.TrimRight(strings.ToValidUTF8(line, "\uFFFD"), " \t\r")
	line = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, line)
	runes := []rune(line)
	if len(runes) <= maxSource {
		return line
	}
	from := max(0, min(column-maxSource/2, len(runes)-maxSource))
	to := from + maxSource
	s := string(runes[from:to])
	if from > 0 {
		s = "…" + s
	}
	if to < len(runes) {
		s += "…"
	}
	return s
}
