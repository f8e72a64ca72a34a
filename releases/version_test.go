package releases_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"cairn/releases"
)

var odd = []string{
	"", "0", "00", "1", "01", "1.", "1.0", "1.00", "1.z", "1.z0", "1.z5", "z", "a", "9", "10", "-1", "v1", "v01",
	strings.Repeat("9", 40), "1" + strings.Repeat("0", 40), strings.Repeat("0", 40) + "1",
	"1." + strings.Repeat("9", 40) + ".0", "1.1" + strings.Repeat("0", 40) + ".0",
	"1.0.0-" + strings.Repeat("9", 40), "1.0.0-1" + strings.Repeat("0", 40),
	"é", "1é", "１", "\x00", "\xff",
}

// TestOrderIsTotal holds each order against the laws of one, over all triples.
func TestOrderIsTotal(t *testing.T) {
	v := readVectors(t)
	all := slices.Concat(v.SemVer, v.Natural, odd)
	slices.Sort(all)
	all = slices.Compact(all)
	for _, order := range []releases.Order{releases.SemVer, releases.Natural} {
		sign := func(a, b string) int { return cmp.Compare(order.Compare(a, b), 0) }
		for _, a := range all {
			for _, b := range all {
				if sign(a, b) != -sign(b, a) || (sign(a, b) == 0) != (a == b) {
					t.Errorf("%s: %q and %q are %d and %d", order, a, b, sign(a, b), sign(b, a))
				}
				for _, c := range all {
					if sign(a, b) < 0 && sign(b, c) < 0 && sign(a, c) >= 0 {
						t.Errorf("%s: %q < %q < %q, but not the first and the last", order, a, b, c)
					}
				}
			}
		}
	}
}

func TestCompare(t *testing.T) {
	nines, more := strings.Repeat("9", 40), "1"+strings.Repeat("0", 40)
	for _, row := range []struct {
		order releases.Order
		lower string
		upper string
	}{
		{releases.SemVer, "1." + nines + ".0", "1." + more + ".0"},
		{releases.SemVer, "1.0.0-" + nines, "1.0.0-" + more},
		{releases.SemVer, "1.0.0-" + nines, "1.0.0-a"},
		{releases.SemVer, "v1.0.0", "1.0.1"},
		{releases.SemVer, "1.0.0-a.b", "1.0.0-a.b.c"},
		{releases.Natural, nines, more},
		{releases.Natural, "rev" + nines, "rev" + more},
		{releases.Natural, "01", "1"},
		{releases.Natural, "001", "01"},
		{releases.Natural, "1", "02"},
		{releases.Natural, "1.0.0rc1", "1.0.0"},
		{releases.Natural, "1.0.0", "1.0.1-dev"},
		{releases.Natural, "1.0.1-dev", "1.0.1"},
		{releases.Natural, "1.0.1", "1.0.12"},
		{releases.Natural, "1", "a"},
		{releases.Natural, "ab", "a"}, // as 1.0.1-dev is under 1.0.1
	} {
		if row.order.Compare(row.lower, row.upper) >= 0 || row.order.Compare(row.upper, row.lower) <= 0 {
			t.Errorf("%s: %q is not under %q", row.order, row.lower, row.upper)
		}
	}
}

func TestSemVerRefuses(t *testing.T) {
	for _, version := range []string{
		"", "v", "1", "1.0", "v1.0", "1.0.0.0", "01.0.0", "1.00.0", "1.0.0-", "1.0.0-01", "1.0.0-a..b", "1.0.0+", "1.0.0-ü",
		"V1.0.0", "vv1.0.0", " 1.0.0", "1.0.0 ", "1.0.x", "-1.0.0", "1.0.0rc1",
	} {
		if releases.SemVer.Check(version) == nil {
			t.Errorf("%q is taken for SemVer", version)
		}
		if err := releases.Natural.Check(version); err != nil {
			t.Errorf("natural: %v", err)
		}
	}
	for _, version := range []string{"0.0.0", "v1.0.0", "1.0.0-0", "1.0.0-00a", "1.0.0+001", "1.0.0--", "1.0.0-a.b+c.d"} {
		if err := releases.SemVer.Check(version); err != nil {
			t.Error(err)
		}
	}
}
