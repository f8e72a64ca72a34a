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
}

// Error is the form of DESIGN.md section 8, on up to three lines.
func (f *Fault) Error() string {
	s := f.Place.String() + ": " + f.Message
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
func locate(file string, text []byte, offset int) (Place, string) {
	offset = min(max(offset, 0), len(text))
	start := bytes.LastIndexByte(text[:offset], '\n') + 1
	end := len(text)
	if i := bytes.IndexByte(text[start:], '\n'); i >= 0 {
		end = start + i
	}
	column := utf8.RuneCount(text[start:offset])
	return Place{
		File:   file,
		Line:   1 + bytes.Count(text[:start], []byte("\n")),
		Column: column + 1,
	}, excerpt(string(text[start:end]), column)
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

// nearest is the candidate that a mistyped word most likely meant, or "".
func nearest(word string, candidates []string) string {
	best, distance := "", 1+max(1, len(word)/3)
	for _, c := range candidates {
		if d := editDistance(strings.ToLower(word), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance, in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
