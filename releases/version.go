package releases

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
)

// Order is a total order of versions, DESIGN.md section 3.
type Order string

const (
	// SemVer is the precedence of SemVer 2.0.0 section 11, with an optional
	// leading v.
	SemVer Order = "semver"
	// Natural compares digit runs as integers and the text between them by
	// bytes, so that 1.0.0rc1 < 1.0.0 < 1.0.12.
	Natural Order = "natural"
)

// Check says whether the order can place a version.
func (o Order) Check(version string) error {
	if o != SemVer {
		return nil
	}
	v := "v" + strings.TrimPrefix(version, "v")
	if semver.IsValid(v) && semver.Canonical(v) == strings.TrimSuffix(v, semver.Build(v)) {
		return nil
	}
	return fmt.Errorf("version %q is not a SemVer version", version)
}

// Compare is negative where a is below b, zero only where a is b. Versions
// that [Order.Check] refuses are below all others.
func (o Order) Compare(a, b string) int {
	if o == SemVer {
		return cmp.Or(
			semver.Compare("v"+strings.TrimPrefix(a, "v"), "v"+strings.TrimPrefix(b, "v")),
			cmp.Compare(a, b))
	}
	return cmp.Or(compareNatural(a+"z", b+"z"), cmp.Compare(a, b))
}

// compareNatural takes text and digits in turn, text first: where one side
// begins with digits its first text is empty, and so the lower one.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		var x, y string
		x, a = cutRun(a, false)
		y, b = cutRun(b, false)
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
		x, a = cutRun(a, true)
		y, b = cutRun(b, true)
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func cutRun(s string, digits bool) (run, rest string) {
	i := 0
	for i < len(s) && ('0' <= s[i] && s[i] <= '9') == digits {
		i++
	}
	return s[:i], s[i:]
}

var errUnordered = errors.New(`version_order is "semver" or "natural"`)

func parseOrder(s string) (Order, error) {
	switch o := Order(s); o {
	case SemVer, Natural:
		return o, nil
	}
	return "", errUnordered
}
