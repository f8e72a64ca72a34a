package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Age is a time such as 90d on the command line.
type Age time.Duration

var ageUnits = []struct {
	name string
	of   time.Duration
}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}

// String is the flag as one would write it: "90d".
func (a *Age) String() string {
	for _, u := range ageUnits[1:] {
		if d := time.Duration(*a); d != 0 && d%u.of == 0 {
			return fmt.Sprintf("%d%s", d/u.of, u.name)
		}
	}
	return ""
}

// Type is the name of what the flag takes.
func (a *Age) Type() string { return "age" }

// Set reads a whole number with its unit: "90d".
func (a *Age) Set(s string) error {
	for _, u := range ageUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if n, err := strconv.ParseUint(number, 10, 31); ok && err == nil && n > 0 && n <= uint64(century/u.of) {
			*a = Age(time.Duration(n) * u.of)
			return nil
		}
	}
	return fmt.Errorf("%q is no age such as 90d: a whole number above 0 and s, m, h, d or w, a century at most", s)
}

const century = 36525 * 24 * time.Hour

// Coarse is an age in the largest unit of which there are two at least.
func (a Age) Coarse() string {
	for _, u := range ageUnits[1:] {
		if n := time.Duration(a) / u.of; n >= 2 {
			return fmt.Sprintf("%d%s", n, u.name)
		}
	}
	return fmt.Sprintf("%ds", time.Duration(a)/time.Second)
}
