package syntax

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

const specification = "TOML is described at https://toml.io/en/v1.0.0"

// hints is a way out for what a message says, the first that it holds.
var hints = []struct{ part, hint string }{
	{"where a value is due", "write the value, or close the array with ]"},
	{"expected a value", `text stands in quotes: "…"`},
	{"expected the end of the line", `a line holds one key and one value; text stands in quotes: "…"`},
	{"'.' or '='", "write key = value; a key of other characters than letters, digits, - and _ stands in quotes"},
	{"table name", "close it with ]; a name of other characters than letters, digits, - and _ stands in quotes"},
	{"table array name", "close it with ]]"},
	{"array terminator", "a comma stands between elements; close the array with ]"},
	{"table terminator", "a comma stands between keys; close the table with }"},
	{"scape", `write \\ for a backslash, or single quotes: 'C:\fw'`},
	{"hexadecimal digits", `write \\ for a backslash, or single quotes: 'C:\fw'`},
	{"cannot contain newlines", "a quote is missing at the end of the line"},
	{"text ends before", "close the text with the quotes that it begins with"},
	{"NULL", "save the file as UTF-8"},
	{"control characters", "delete it; where it is meant, write it with a backslash, in quotes"},
	{"datetime", "write it as 2026-12-01T09:00:00Z"},
	{"", specification},
}

// words are the decoder's in other words.
var words = strings.NewReplacer(
	"unexpected EOF; expected value", "the text ends where a value is due",
	"unexpected EOF; expected", "the text ends before",
	"expected value but found", "expected a value, but got",
	"a top-level item to end with a newline, comment, or EOF, but", "the end of the line, but",
	`'\n'`, "the end of the line",
	`'\x00'`, "the end of the text",
	"Invalid ", "invalid ",
	"Escaped ", "escaped ",
	"Key ", "key ",
	"UTF-8.", "UTF-8",
	"defined.", "defined",
)

// isRedefinition tells what the decoder says of a name that is defined twice.
func isRedefinition(message string) bool {
	return strings.Contains(message, " already ") || strings.HasSuffix(message, " is not a table")
}

// explain makes an error of the decoder one with a place. The decoder's lines
// and columns are wrong for some; its offsets are right, but may be outside of
// the text.
func explain(text []byte, fault toml.ParseError) *Error {
	message := strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1 // of what it cites
		}
		return r
	}, words.Replace(fault.Message))
	inText := func(at int) int { return min(max(at, 0), len(text)) }
	at, end := inText(fault.Position.Start), inText(fault.Position.Start+fault.Position.Len)
	switch {
	case strings.HasPrefix(message, "invalid escape in string"):
		at = inText(bytes.LastIndexByte(text[:end], '\\'))
	case strings.Contains(message, "hexadecimal digits"):
		_, n := utf8.DecodeLastRune(text[:end])
		at = end - n
	case strings.Contains(message, "control characters"):
		at = inText(fault.Position.Start + 1)
	}
	i := slices.IndexFunc(hints, func(h struct{ part, hint string }) bool { return strings.Contains(message, h.part) })
	return &Error{at, message, hints[i].hint}
}
