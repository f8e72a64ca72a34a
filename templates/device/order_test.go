package device_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cairn/releases"
)

// TestOrderIsThatOfGo compares versions in C and in Go: those of the contract,
// odd ones, and random changes of them, each against each.
func TestOrderIsThatOfGo(t *testing.T) {
	for _, order := range []releases.Order{releases.SemVer, releases.Natural} {
		t.Run(string(order), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("with seed %d", seed)
			p := fridges
			p.Order = order
			driver := build(t, p, compared, "driver.c")
			versions := append(vectors(t).SemVer, vectors(t).Natural...)
			versions = append(versions, "0.0.0-0", "1.0", "1", "v", "v1", "vv1.0.0", "1.0.0-", "1.0.0+", "1.0.0-a..b", "1.0.0-01", "1.0.0+01", "1.0.0+1", "01.0.0",
				"1.00.0", "1.0.0.0", "1.0.0-a+b+c", "1.0.0-a+b-c", "1.0.0--", "1.0.0-0a", "1.0.0+-", "1.0.0-é", "z", "Z", "~", "1~", "1z0", "1.z", "\xff",
				strings.Repeat("9", 60)+".0.0", "1"+strings.Repeat("0", 60)+".0.0", "1.0.0+"+strings.Repeat("0", 60)+"1", "1.0.0-"+strings.Repeat("9", 60))
			r := rand.New(rand.NewPCG(seed, 1))
			for range 500 {
				versions = append(versions, mutated(r, versions[r.IntN(len(versions))]))
			}
			pair := func(s *script, a, b string) {
				want := "up-to-date [default] []"
				if order.Below(a, b) {
					want = "install [default] [https://h/p]"
				}
				s.tell("set version %x", a)
				s.tell("next")
				s.tell("done 404")
				s.tell("next")
				s.body(b+"\nhttps://h/p", 1+r.IntN(20))
				s.want = append(s.want, "*", "*", "*") // what next and done say
				s.told = append(s.told, nil, nil, nil)
				s.ask(want, "done 200")
				s.told[len(s.told)-1] = []string{fmt.Sprintf("%q runs, %q is offered", a, b)}
			}
			for range 20 {
				var s script
				s.device(1000, fridge)
				s.ask(shardPath, "next")
				s.ask("get-next [default] []", "done 200")
				for range 1000 {
					a, b := versions[r.IntN(len(versions))], versions[r.IntN(len(versions))]
					if r.IntN(2) == 0 {
						b = mutated(r, a)
					}
					if a != "" && b != "" && len(releases.Escape(a)) <= releases.MaxSegment && order.Check(b) == nil {
						pair(&s, a, b)
					}
				}
				s.run(t, driver)
			}
		})
	}
}

// mutated is a version with a byte or two changed.
func mutated(r *rand.Rand, version string) string {
	const bytes = "00123456789.-+vazAZ~_ "
	b := []byte(version)
	for range 1 + r.IntN(2) {
		at, c := r.IntN(len(b)+1), bytes[r.IntN(len(bytes))]
		switch r.IntN(3) {
		case 0:
			b = append(b[:at:at], append([]byte{c}, b[at:]...)...)
		case 1:
			if at < len(b) {
				b[at] = c
			}
		default:
			if at < len(b) && len(b) > 1 {
				b = append(b[:at:at], b[at+1:]...)
			}
		}
	}
	return fmt.Sprintf("%.100s", b)
}
