package device_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/releases"
)

const slugCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func randomSlug(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = slugCharacters[r.IntN(len(slugCharacters))]
	}
	return string(b)
}

func vectors(t *testing.T) (v struct {
	XXH64  map[string]string `json:"xxh64"`
	Escape map[string]string `json:"escape"`

	SemVer  []string `json:"order_semver"`
	Natural []string `json:"order_natural"`
}) {
	t.Helper()
	b, err := os.ReadFile("../../manifest/testdata/contract/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestHash compares XXH64 for 10,000 serials and the vectors of the contract.
func TestHash(t *testing.T) {
	for _, most := range []int{128, 31} {
		var s script
		serial := func(serial, hash string) {
			if serial == "" || len(serial) > most {
				hash = ""
			}
			s.tell("new 100")
			s.tell("set serial %x00", serial)
			s.ask(hash, "begin")
		}
		for text, hash := range vectors(t).XXH64 {
			serial(text, hash)
		}
		r := rand.New(rand.NewPCG(1, uint64(most)))
		for i := range 10_000 {
			text := randomSlug(r, 1+i%(most+3))
			serial(text, manifest.Hash(text))
		}
		p := fridges
		p.MaxSerial = most
		s.run(t, build(t, p, compared, "driver.c", asOnARM))
	}
}

// randomName is a name as a project may have it, and at times a longer one.
func randomName(r *rand.Rand) string {
	names := []string{"1.0.0", "1.0.0+b", "v3 (b)", ".hidden", "..", "_none", "_other", "dvt_2", "ünï", "日本", "a/b", `a\b`, "%41", "~"}
	switch r.IntN(4) {
	case 0:
		return names[r.IntN(len(names))]
	case 1:
		return randomSlug(r, 1+r.IntN(210))
	}
	var b strings.Builder
	for range 1 + r.IntN(80) {
		if r.IntN(4) == 0 {
			b.WriteRune(rune(' ' + r.IntN(0x2000)))
		} else {
			b.WriteByte(byte(' ' + r.IntN(95)))
		}
	}
	return b.String()
}

// TestKeys compares the three keys of a check with those of the layout.
func TestKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	long := 0
	for _, digits := range [][2]int{{2, 2}, {1, 4}, {3, 1}} {
		p := fridges
		p.CohortDigits, p.BucketDigits = digits[0], digits[1]
		p.Eager = digits[0] != 2
		l := layoutOf(p)
		const base = "/cdn/" // that of fridges
		var s script
		try := func(d manifest.Device, cohort string) {
			hash := manifest.Hash(d.Serial)
			s.device(2000, d)
			s.ask(base+l.CohortKey(l.Shard(hash)), "next")
			s.body(hash+" "+cohort+"\n", 1000)
			s.ask("get-next ["+cohort+"] []", "done 200")
			for _, segment := range []string{manifest.VersionSegment(d.CurrentVersion), manifest.OtherSegment} {
				path := base + l.AnswerFolder(d.Target, cohort, segment) + l.LooksIn(d) + ".txt"
				if segment == manifest.OtherSegment {
					path = strings.TrimSuffix(path, ".txt") + ".below.txt"
				}
				for _, name := range []string{d.Target.SoftwareType, d.Target.HardwareVersion, segment} {
					if escaped := releases.Escape(name); name != segment && len(escaped) > releases.MaxSegment || len(segment) > releases.MaxSegment {
						path = "-"
						long++
						break
					}
				}
				s.ask(path, "next")
				if path == "-" {
					return
				}
				if segment == manifest.OtherSegment {
					s.ask("up-to-date ["+cohort+"] []", "done 200")
				} else {
					s.ask("get-next ["+cohort+"] []", "done 404")
				}
			}
		}
		for name := range vectors(t).Escape {
			try(manifest.Device{Serial: "DEMOSERIAL", Target: manifest.Target{SoftwareType: name, HardwareVersion: name}, CurrentVersion: name}, "default")
		}
		for range 2000 {
			d := manifest.Device{Serial: randomSlug(r, 1+r.IntN(128)), Target: manifest.Target{SoftwareType: randomName(r), HardwareVersion: randomName(r)}}
			if r.IntN(5) > 0 {
				d.CurrentVersion = randomName(r)
			}
			d.Eager = p.Eager && r.IntN(2) == 0
			try(d, randomSlug(r, 1+r.IntN(63)))
		}
		s.run(t, build(t, p, compared, "driver.c"))
	}
	if long < 100 {
		t.Errorf("only %d names were too long", long)
	}
}

// TestLongRoot has a prefix and a base_url that are longer than any name may be.
func TestLongRoot(t *testing.T) {
	p := fridges
	p.BaseURL += "/" + strings.Repeat("path", 30)
	p.Prefix = strings.Repeat("p", 190)
	var s script
	s.device(400, fridge)
	s.ask("/cdn/"+strings.Repeat("path", 30)+"/"+layoutOf(p).CohortKey("79"), "next")
	s.run(t, build(t, p, compared, "driver.c"))
}

// TestEmptyNames are the firmware's mistakes.
func TestEmptyNames(t *testing.T) {
	good := manifest.Device{Serial: "A", Target: manifest.Target{SoftwareType: "fw", HardwareVersion: "mp"}, CurrentVersion: "1"}
	var s script
	s.tell("new 100")
	s.tell("set serial 41")
	s.ask("-", "next") // nothing has begun
	s.tell("set serial 00")
	s.ask("", "begin")
	s.ask("-", "next")
	s.ask("error [] []", "done 200")
	s.device(100, good)
	s.tell("set serial %x", "no serial, of 129 bytes: "+strings.Repeat("x", 104))
	s.ask("", "begin")
	s.ask("-", "next")
	for _, field := range []string{"software", "hardware"} {
		s.device(100, good)
		s.ask("/cdn/acme/fridges/v1/cohorts/13.txt", "next")
		s.ask("get-next [default] []", "done 200")
		s.tell("set %s 00", field)
		s.ask("-", "next")
	}
	s.device(100, good)
	s.ask("/cdn/acme/fridges/v1/cohorts/13.txt", "next")
	s.ask("get-next [default] []", "done 200")
	s.tell("set version 00")
	s.ask("/cdn/acme/fridges/v1/latest/fw/mp/default/_none/13.txt", "next")
	s.run(t, build(t, fridges, compared, "driver.c"))
}
