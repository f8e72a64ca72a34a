package releases_test

import (
	"cmp"
	"math/big"
	"regexp"
	"slices"
	"testing"

	"cairn/releases"
)

// runs splits a version as docs/contract.md section 3 says: text at even places,
// integers at odd ones.
func runs(version string) []any {
	version = regexp.MustCompile(`[.+]`).ReplaceAllString(version, "~") + "z"
	var all []any
	end := 0
	for _, at := range regexp.MustCompile(`[0-9]+`).FindAllStringIndex(version, -1) {
		n, _ := new(big.Int).SetString(version[at[0]:at[1]], 10)
		all = append(all, version[end:at[0]], n)
		end = at[1]
	}
	return append(all, version[end:])
}

func compareRuns(a, b string) int {
	return slices.CompareFunc(runs(a), runs(b), func(x, y any) int {
		if n, ok := x.(*big.Int); ok {
			return n.Cmp(y.(*big.Int))
		}
		return cmp.Compare(x.(string), y.(string))
	})
}

func checkNatural(t *testing.T, a, b string) {
	t.Helper()
	want := cmp.Or(compareRuns(a, b), cmp.Compare(a, b))
	if got := releases.Natural.Compare(a, b); cmp.Compare(got, 0) != cmp.Compare(want, 0) {
		t.Errorf("Compare(%q, %q) = %d, want %d", a, b, got, want)
	}
}

func TestNaturalByItsDefinition(t *testing.T) {
	all := slices.Concat(readVectors(t).Natural, readVectors(t).SemVer, odd)
	for _, a := range all {
		for _, b := range all {
			checkNatural(t, a, b)
		}
	}
}

func FuzzNatural(f *testing.F) {
	f.Add("1.0.0rc1", "1.0.0")
	f.Add("1.z0", "1.")
	f.Fuzz(checkNatural)
}
