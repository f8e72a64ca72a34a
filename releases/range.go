package releases

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Range is bounds, all of which a version keeps to, in plain comparison of the
// order: 0.9.4-rc.1 is in ">=0.9.0 <0.9.4", since it is below 0.9.4.
type Range []Bound

// Bound is a bound of a [Range].
type Bound struct {
	Op      string // >=, >, <=, < or =
	Version string
}

// RangeHint is how to write a range, for those who have not.
const RangeHint = `write a range as ">=0.9.0 <0.9.4", with >=, >, <=, < or =; several ranges are several entries`

var bound = regexp.MustCompile(`^\s*(>=|<=|>|<|=)\s*([^\s<>=]+)(?:\s+|$)`)

// ParseRange reads a range: ">=0.9.0 <0.9.4".
func ParseRange(o Order, text string) (Range, error) {
	var r Range
	for rest := text; strings.TrimSpace(rest) != ""; {
		m := bound.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("%q is no bound", strings.TrimSpace(rest))
		}
		if err := o.Check(m[2]); err != nil {
			return nil, err
		}
		r, rest = append(r, Bound{m[1], m[2]}), rest[len(m[0]):]
	}
	if r == nil {
		return nil, errors.New("it has no bound")
	}
	return r, nil
}

// Has says whether a version is in the range. One that the order cannot read is
// in none.
func (r Range) Has(o Order, version string) bool {
	if o.Check(version) != nil {
		return false
	}
	for _, b := range r {
		c := o.Compare(version, b.Version)
		in := map[string]bool{">=": c >= 0, ">": c > 0, "<=": c <= 0, "<": c < 0, "=": c == 0}[b.Op]
		if !in {
			return false
		}
	}
	return true
}
