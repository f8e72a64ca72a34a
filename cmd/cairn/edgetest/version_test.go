package edgetest

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/releases"
	"cairn/templates/edge/javascript"
)

// TestVersions holds the comparison of the edges to the vectors of the
// contract, every pair of them, and to Go for random pairs, in Node.js and in
// njs. Versions that an order cannot place are among them.
func TestVersions(t *testing.T) {
	var vectors struct {
		SemVer  []string `json:"order_semver"`
		Natural []string `json:"order_natural"`
	}
	file, err := os.ReadFile("../../../manifest/testdata/contract/vectors.json")
	if err == nil {
		err = json.Unmarshal(file, &vectors)
	}
	if err != nil {
		t.Fatal(err)
	}
	for order, ascending := range map[releases.Order][]string{releases.SemVer: vectors.SemVer, releases.Natural: vectors.Natural} {
		var pairs [][2]string
		for i, a := range ascending {
			for j, b := range ascending {
				pairs = append(pairs, [2]string{a, b})
				if order.Below(a, b) != (i < j) {
					t.Fatalf("%s: Go does not hold to the vectors: %q, %q", order, a, b)
				}
			}
		}
		pairs = append(pairs, randomPairs(order, ascending)...)
		below, unread := 0, 0
		for chunk := range slices.Chunk(pairs, 1000) { // njs frees nothing before its end, and cuts a line after 2,048 characters
			var want strings.Builder
			for _, p := range chunk {
				sign := "0"
				if order.Below(p[0], p[1]) {
					sign = "1"
					below++
				}
				if order.Check(p[0]) != nil {
					unread++
				}
				want.WriteString(sign)
			}
			program := javascript.Versions(order) + "console.log(" + marshal(t, chunk) + ".map((pair) => takes([pair[0]], pair[1]) ? 1 : 0).join(''));\n"
			script := filepath.Join(t.TempDir(), "versions.js")
			if err := os.WriteFile(script, []byte(program), 0o644); err != nil {
				t.Fatal(err)
			}
			for _, engine := range []string{"node", "njs"} {
				installed(t, engine)
				out, err := exec.CommandContext(t.Context(), engine, script).CombinedOutput()
				got := strings.TrimSpace(string(out))
				if err != nil || len(got) != want.Len() {
					t.Fatalf("%s: %v\n%.2000s", engine, err, out)
				}
				for i, p := range chunk {
					if got[i] != want.String()[i] {
						t.Errorf("%s, %s: %q below %q is %c, should be %c", engine, order, p[0], p[1], got[i], want.String()[i])
					}
				}
			}
		}
		t.Logf("%s: %d pairs, %d of them below, %d unreadable", order, len(pairs), below, unread)
	}
}

// randomPairs are pairs of neighbours: each a version of pieces that the orders
// tell apart, and the same with a piece or two replaced. The second of a pair is
// one that a release could have.
func randomPairs(order releases.Order, known []string) [][2]string {
	pieces := []string{
		"0", "00", "1", "01", "9", "10", "18446744073709551616", "18446744073709551617", "9007199254740993", "9007199254740992",
		".", ".", "-", "+", "~", "v", "V", "z", "zz", "a", "rc", "-rc.", "-0", "-01", "+0", "+01", "_", " ", "é", "ü", "\uffff", "\ufffd", "🪨", "日", "", "+", ".",
	}
	random := rand.New(rand.NewPCG(7, 11))
	of := func() []string {
		version := []string{}
		if random.IntN(2) == 0 {
			for _, r := range known[random.IntN(len(known))] {
				version = append(version, string(r))
			}
			return version
		}
		if random.IntN(2) == 0 {
			version = append(version, "1", ".", "0", ".", "1", []string{"-", "+"}[random.IntN(2)])
		}
		for range 1 + random.IntN(6) {
			version = append(version, pieces[random.IntN(len(pieces))])
		}
		return version
	}
	var pairs [][2]string
	for len(pairs) < 10_000 {
		version := of()
		a := strings.Join(version, "")
		for range random.IntN(3) {
			version[random.IntN(len(version))] = pieces[random.IntN(len(pieces))]
		}
		b := strings.Join(version, "")
		if random.IntN(4) == 0 {
			b = strings.Join(of(), "")
		}
		if order.Check(b) == nil {
			pairs = append(pairs, [2]string{a, b})
		}
	}
	return pairs
}
