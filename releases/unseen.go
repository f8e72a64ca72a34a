package releases

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// fillers show nothing, though they are no formats.
var fillers = &unicode.RangeTable{R16: []unicode.Range16{
	{0x034F, 0x034F, 1}, // combining grapheme joiner
	{0x115F, 0x1160, 1}, // Hangul
	{0x17B4, 0x17B5, 1}, // Khmer inherent vowels
	{0x2028, 0x2029, 1}, // line and paragraph separators
	{0x2800, 0x2800, 1}, // Braille blank
	{0x3164, 0x3164, 1}, // Hangul
	{0xFFA0, 0xFFA0, 1}, // Hangul, half the width
}}

// Unseen says whether a character shows nothing, or turns the direction of what
// is around it: a format, Unicode's Cf, or a filler.
func Unseen(r rune) bool { return unicode.In(r, unicode.Cf, fillers) }

// Seen is text with the characters that nobody sees escaped, as JSON writes
// them: "1.1.0\u202e".
func Seen(text string) string {
	if !strings.ContainsFunc(text, Unseen) {
		return text
	}
	var b strings.Builder
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if Unseen(r) {
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		} else {
			b.WriteString(text[:size])
		}
		text = text[size:]
	}
	return b.String()
}
