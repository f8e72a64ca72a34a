package releases

import (
	"cmp"
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
)

// Order is a total order of versions, docs/contract.md section 3.
type Order string

const (
	// SemVer is the precedence of SemVer 2.0.0 section 11, with an optional
	// leading v. Equal versions go by their builds, compared as pre-release
	// identifiers are: 1.0.0 < 1.0.0+9 < 1.0.0+10.
	SemVer Order = "semver"
	// Natural compares digit runs as integers and the text between them by
	// bytes, with . and + above the end: 1.0.0rc1 < 1.0.0 < 1.0.0.1 < 1.0.12.
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
		x, y := "v"+strings.TrimPrefix(a, "v"), "v"+strings.TrimPrefix(b, "v")
		return cmp.Or(semver.Compare(x, y), compareBuilds(semver.Build(x), semver.Build(y)), cmp.Compare(a, b))
	}
	return cmp.Or(compareNatural(separated.Replace(a)+"z", separated.Replace(b)+"z"), cmp.Compare(a, b))
}

// Below says whether a device that runs a version may take one that is offered
// to versions below it. A version that the order cannot read is below nothing.
func (o Order) Below(version, offered string) bool {
	return o.Check(version) == nil && o.Compare(version, offered) < 0
}

// compareBuilds compares the builds of equal versions, "" or "+" and
// identifiers. None is the lowest, as a pre-release's first identifier is.
func compareBuilds(a, b string) int {
	if a == "" || b == "" {
		return cmp.Compare(len(a), len(b))
	}
	return compareIdentifiers(a[1:], b[1:])
}

// compareIdentifiers is SemVer 2.0.0 section 11.4. Unlike a pre-release, a
// build may have numbers with leading zeros, which are as much.
func compareIdentifiers(a, b string) int {
	for {
		x, restA, moreA := strings.Cut(a, ".")
		y, restB, moreB := strings.Cut(b, ".")
		nx, ny := isNumber(x), isNumber(y)
		c := cmp.Compare(x, y)
		switch {
		case nx && ny:
			c = compareNumbers(x, y)
		case nx:
			c = -1
		case ny:
			c = 1
		}
		if c != 0 || !moreA && !moreB {
			return c
		}
		if !moreA || !moreB {
			return cmp.Compare(len(restA), len(restB))
		}
		a, b = restA, restB
	}
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

// compareNumbers compares ASCII digits as integers of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// separated makes what separates numbers rank above the z at the end, so that
// a longer number is the later one.
var separated = strings.NewReplacer(".", "~", "+", "~")

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
		if c := compareNumbers(x, y); c != 0 {
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
