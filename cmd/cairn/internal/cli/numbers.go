package cli

import (
	"math"
	"strconv"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

// Count writes a number with its noun: "1 error", "12,345 files".
func Count(n int, noun string) string { return Thousands(n) + " " + english.PluralWord(n, noun, "") }

// Thousands writes a number as 12,345.
func Thousands(n int) string { return humanize.Comma(int64(n)) }

// Percent writes a percentage, of 0 to 100, with three decimals at most: "0.391 %".
func Percent(p float64) string {
	return strconv.FormatFloat(math.Round(p*1000)/1000, 'f', -1, 64) + " %"
}
