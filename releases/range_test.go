package releases_test

import (
	"slices"
	"strings"
	"testing"

	"cairn/releases"
	"cairn/releases/fleettest"
)

func TestRange(t *testing.T) {
	for text, in := range map[string]string{
		">=0.9.0 <0.9.4":      "0.9.0 0.9.3 0.9.4-rc.1",
		">= 0.9.0   <= 0.9.4": "0.9.0 0.9.3 0.9.4-rc.1 0.9.4",
		"<0.9.0":              "0.9.0-rc.1",
		">0.9.4":              "0.9.4+b v0.9.4 v1.0.0", // SemVer has them equal; the order does not
		"=0.9.4":              "0.9.4",
		" >1.0.0 <0.9.0 ":     "",
	} {
		r, err := releases.ParseRange(releases.SemVer, text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var got []string
		for _, v := range []string{"0.9.0-rc.1", "0.9.0", "0.9.3", "0.9.4-rc.1", "0.9.4", "0.9.4+b", "v0.9.4", "v1.0.0", "no version"} {
			if r.Has(releases.SemVer, v) {
				got = append(got, v)
			}
		}
		if strings.Join(got, " ") != in {
			t.Errorf("%q has %q, want %s", text, got, in)
		}
	}
}

// TestRangeIsTheOrder splits the versions in order at each of them.
func TestRangeIsTheOrder(t *testing.T) {
	all := slices.SortedFunc(slices.Values(fleettest.Versions[releases.SemVer]), releases.SemVer.Compare)
	for i, v := range all {
		for op, want := range map[string][]string{"<": all[:i], "<=": all[:i+1], "=": all[i : i+1], ">": all[i+1:], ">=": all[i:]} {
			r, err := releases.ParseRange(releases.SemVer, op+v)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.DeleteFunc(slices.Clone(all), func(v string) bool { return !r.Has(releases.SemVer, v) }); !slices.Equal(got, want) {
				t.Errorf("%s%s has %q, want %q", op, v, got, want)
			}
		}
	}
}
