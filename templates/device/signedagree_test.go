package device_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	godevice "cairn/manifest/device"
	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/releases/signing"

	"golang.org/x/mod/sumdb/note"
)

// TestSignedAgreesWithGo has a device in C and one in Go meet the same buckets,
// clocks and resets in any order. They say the same, and keep the same.
func TestSignedAgreesWithGo(t *testing.T) {
	f := offered(t, "")
	f.Project.Eager = true
	at := time.Unix(begun, 0)
	var trees []*manifest.Tree
	for _, activation := range []string{"", "[activate.\"1.1.0\"]\n", "[activate.\"1.1.0\"]\nrollout = 50\n", "[activate.\"1.1.0\"]\nrollout = 1\n", "[activate.\"1.1.0\"]\naborted = \"bad\"\n"} {
		of := offered(t, activation)
		of.Project.Eager = true
		trees = append(trees, manifest.New(of, at))
	}
	origin := f.Project.KeyName()
	layout := manifest.LayoutOf(f)
	for seed := range uint64(fleettest.Rounds(5, 20)) {
		r := rand.New(rand.NewPCG(seed, 13))
		b := newBucket(origin)
		o := b.options(1)
		c := start(t, program(t, f.Project, o), f.Project, attackedDevice)
		goOn := func(kept *godevice.Device, d manifest.Device) *godevice.Device {
			n := &godevice.Device{Layout: layout, Order: releases.SemVer, Origin: origin, Roots: o.Signed.Roots, RootThreshold: 1, Device: d}
			if kept != nil {
				n.Generation, n.Epoch, n.Keys = kept.Generation, kept.Epoch, kept.Keys
			}
			return n
		}
		g := goOn(nil, attackedDevice)
		b.publish(t, trees[0])
		past := []*bucket{b.clone()}
		seen := map[godevice.Status]int{}
		for round := range 150 {
			switch r.IntN(6) {
			case 0:
				b.publish(t, trees[r.IntN(len(trees))])
			case 1:
				b.renew(t)
			case 2:
				if r.IntN(3) == 0 {
					b.generation++
					b.online = []key{keyOf(origin, byte(b.generation)+0x20)}
					b.keysIssued, b.keysExpire = b.issued, b.issued+20*day
					b.signKeys(t)
					b.renew(t)
				}
			}
			past = append(past, b.clone())
			server := b
			if r.IntN(4) == 0 {
				server = past[r.IntN(len(past))]
			}
			spoiled := ""
			if r.IntN(5) == 0 {
				name := []string{"head.txt", "keys.txt"}[r.IntN(2)]
				body := []byte(string(server.files[name]))
				body[r.IntN(len(body))] ^= 1 << r.IntN(8)
				server, spoiled = instead(server, map[string][]byte{name: body}), name
			}
			if r.IntN(8) == 0 {
				server, spoiled = &bucket{}, "all"
			}
			now, uptime := uint32(0), uint32(round*1000)
			switch r.IntN(4) {
			case 0:
				now = b.issued + uint32(r.IntN(20*day))
			case 1:
				now = uint32(r.IntN(2 * begun))
			}
			if r.IntN(10) == 0 {
				c.reset()
				g = goOn(g, attackedDevice)
			}
			c.clock(now, uptime)
			g.Now, g.Uptime = now, uptime
			g.Eager = r.IntN(3) == 0
			c.tell("eager %d", map[bool]int{true: 1}[g.Eager])
			says := c.check(server.get)
			answer := g.Poll(func(key string) ([]byte, int, error) {
				status, body := server.get(strings.TrimPrefix(key, f.Project.Prefix+"/v1/signed/"))
				return body, status, nil
			})
			want := strings.ReplaceAll(string(answer.Status), " ", "-") + " [" + answer.Cohort + "] [" + answer.URL + "]"
			keys := 0
			if g.Keys != nil {
				keys = len(g.Keys.Online)
			}
			kept := fmt.Sprintf("%d %d %d", g.Generation, g.Epoch, keys)
			if got := c.ask("kept"); says != want || got != kept {
				t.Fatalf("seed %d, round %d, spoiled %q, now %d: %q\nC  says %s and keeps %s\nGo says %s and keeps %s: %v", seed, round, spoiled, now, c.gets, says, got, want, kept, answer.Reason)
			}
			seen[answer.Status]++
		}
		if len(seen) != 5 {
			t.Errorf("seed %d had only %v", seed, seen)
		}
	}
}

// TestNotesAgree has notes that are odd behind their text, and what a device
// makes of them, in C and in Go, as a head and as the keys. So has
// golang.org/x/mod/sumdb/note, but where a line is no signature at all.
func TestNotesAgree(t *testing.T) {
	f := offered(t, "")
	at := time.Unix(begun, 0)
	fresh := newBucket(f.Project.KeyName())
	fresh.online = append(fresh.online, keyOf(fresh.origin, 0x0c))
	fresh.roots = append(fresh.roots, keyOf(fresh.origin+"/root", 0x02))
	fresh.publish(t, manifest.New(f, at))
	program := program(t, f.Project, fresh.options(1))
	line := func(k key, text string) string {
		return string(signed(t, text, k)[len(text)+1:])
	}
	encoded := func(k key, signature []byte) string {
		burned := k.burned()
		return "— " + k.name + " " + base64.StdEncoding.EncodeToString(append(burned[:4:4], signature...)) + "\n"
	}
	for _, file := range []string{"head.txt", "keys.txt"} {
		text, _, _ := strings.Cut(string(fresh.files[file]), "\n\n")
		text += "\n"
		by := fresh.online
		if file == "keys.txt" {
			by = fresh.roots
		}
		stranger, witness := keyOf(by[0].name, 0x77), keyOf("witness.example.com/w", 0x78)
		right, second := line(by[0], text), line(by[1], text)
		wrong := line(by[0], "another\n")
		var known []note.Verifier
		for _, k := range by {
			burned := k.burned()
			v, err := note.NewVerifier(fmt.Sprintf("%s+%x+%s", k.name, burned[:4], base64.StdEncoding.EncodeToString(append([]byte{1}, burned[4:]...))))
			if err != nil {
				t.Fatal(err)
			}
			known = append(known, v)
		}
		const alike, odd = true, false
		for name, c := range map[string]struct {
			lines  string
			good   bool
			oracle bool // says the same
		}{
			"one signature":                    {right, true, alike},
			"that of the other key":            {second, true, alike},
			"both":                             {second + right, true, alike},
			"a wrong one":                      {wrong, false, alike},
			"a wrong one, then a right one":    {wrong + right, false, alike},
			"a right one, then a wrong one":    {right + wrong, true, alike}, // a key counts once
			"a right one, a wrong one of two":  {right + line(by[1], "another\n"), false, alike},
			"a stranger of the name":           {line(stranger, text), false, alike},
			"beside a stranger of the name":    {line(stranger, text) + right, true, alike},
			"beside a witness":                 {right + line(witness, text), true, alike},
			"four lines":                       {line(witness, text) + line(stranger, text) + second + right, true, alike},
			"five lines":                       {line(witness, text) + line(stranger, text) + second + right + right, false, odd},
			"no line":                          {"", false, alike},
			"an empty line":                    {"\n" + right, true, odd},
			"beside what is no signature":      {"x\n" + right, true, odd},
			"behind it what is no signature":   {right + "<html>\n", true, odd},
			"what is no signature alone":       {"x\n", false, alike},
			"a hyphen for the dash":            {strings.Replace(right, "—", "-", 1), false, alike},
			"no line break at the end":         {strings.TrimSuffix(right, "\n"), false, alike},
			"behind it no line break":          {right + strings.TrimSuffix(second, "\n"), true, odd},
			"a carriage return":                {strings.Replace(right, "\n", "\r\n", 1), false, alike},
			"a space more":                     {strings.Replace(right, "\n", " \n", 1), false, alike},
			"two spaces":                       {strings.Replace(right, by[0].name, by[0].name+" ", 1), false, alike},
			"a byte less":                      {encoded(by[0], []byte(strings.Repeat("x", 63))), false, alike},
			"a byte more":                      {encoded(by[0], []byte(strings.Repeat("x", 65))), false, alike},
			"another kind of key, of the name": {encoded(stranger, []byte(strings.Repeat("x", 30))) + right, true, alike},
			"another length, and a right one":  {encoded(by[0], []byte(strings.Repeat("x", 65))) + right, true, odd},
			"a short line, and a right one":    {"— a AAAAAAA=\n" + right, true, alike},
			"base64 with other trailing bits":  {strings.Replace(right, right[len(right)-3:], string([]byte{right[len(right)-3] + 1})+"=\n", 1), false, odd},
			"a NUL":                            {strings.Replace(right, " ", "\x00", 1), false, alike},
			"a NUL, and a right one":           {"\x00\n" + right, true, odd},
		} {
			body := []byte(text + "\n" + c.lines)
			server := instead(fresh, map[string][]byte{file: body})
			dev := &godevice.Device{Layout: manifest.LayoutOf(f), Order: releases.SemVer, Origin: fresh.origin, Roots: fresh.options(1).Signed.Roots, RootThreshold: 1, Device: attackedDevice}
			w := walk(t, program, f.Project)
			w.device(1200, attackedDevice)
			// Twice: with the head of last time no signature is verified.
			for range 2 {
				says := strings.Fields(w.check(server.get))[0]
				answer := dev.Poll(func(key string) ([]byte, int, error) {
					status, body := server.get(strings.TrimPrefix(key, f.Project.Prefix+"/v1/signed/"))
					return body, status, nil
				})
				want := map[bool]string{true: "up-to-date", false: "refused"}[c.good]
				if got := strings.ReplaceAll(string(answer.Status), " ", "-"); says != want || got != want {
					t.Errorf("%s, %s: C says %s and Go %s (%v), want %s", file, name, says, got, answer.Reason, want)
				}
			}
			if _, err := note.Open(body, note.VerifierList(known...)); ((err == nil) == c.good) != c.oracle {
				t.Errorf("%s, %s: note.Open says %v", file, name, err)
			}
		}
	}
}

// TestEveryByte changes each byte of a signed tree. Whoever verifies all of it
// notices, and so does each device that meets the byte: in C and in Go it gets
// nothing, and is not told that it is up to date.
func TestEveryByte(t *testing.T) {
	f := offered(t, "[activate.\"1.1.0\"]\n")
	f.Project.BucketDigits, f.Project.CohortDigits = 1, 1
	layout, b := manifest.LayoutOf(f), newBucket(f.Project.KeyName())
	b.publish(t, manifest.New(f, time.Unix(begun, 0)))
	roots := b.options(1).Signed.Roots
	program := program(t, f.Project, b.options(1))
	listed, newest := attackedDevice, attackedDevice
	listed.Serial, newest.CurrentVersion = "BETA-1", "1.1.0"
	from := func(server *bucket) godevice.Fetch {
		return func(key string) ([]byte, int, error) {
			status, body := server.get(strings.TrimPrefix(key, f.Project.Prefix+"/v1/signed/"))
			return body, status, nil
		}
	}
	whole := func(server *bucket) error {
		keys, err := signing.OpenKeys(server.files["keys.txt"], roots, 1)
		if err != nil {
			return err
		}
		head, err := keys.OpenHead(server.files["head.txt"])
		if err == nil {
			_, _, err = godevice.Parts(layout, head, from(server))
		}
		return err
	}
	if err := whole(b); err != nil {
		t.Fatal(err)
	}
	met, stride := map[string]bool{}, fleettest.Rounds(4, 1)
	for _, d := range []manifest.Device{attackedDevice, listed, newest} {
		w := start(t, program, f.Project, d)
		honest := w.check(b.get)
		if d == newest && honest != upToDate || d != newest && !strings.HasPrefix(honest, "install") {
			t.Fatalf("%+v: %s", d, honest)
		}
		for _, name := range slices.Compact(slices.Clone(w.gets)) {
			for i := range b.files[name] {
				if i%stride > 0 || met[name] && i%5 > 0 {
					continue // another device has met each
				}
				body := bytes.Clone(b.files[name])
				body[i] ^= 1 << (i % 8)
				server := instead(b, map[string][]byte{name: body})
				dev := &godevice.Device{Layout: layout, Order: releases.SemVer, Origin: b.origin, Roots: roots, RootThreshold: 1, Device: d}
				w.device(320, d)
				says, answer := strings.Fields(w.check(server.get))[0], dev.Poll(from(server))
				if got := strings.ReplaceAll(string(answer.Status), " ", "-"); says != got || answer.Reason == nil {
					t.Fatalf("%s, byte %d of %d: C says %s and Go %s: %v", name, i, len(body), says, got, answer.Reason)
				}
			}
			met[name] = true
		}
	}
	for name, body := range b.files {
		for i := range body {
			changed := bytes.Clone(body)
			changed[i] ^= 1 << (i % 8)
			if whole(instead(b, map[string][]byte{name: changed})) == nil {
				t.Fatalf("%s, byte %d of %d is another, and all is right", name, i, len(body))
			}
		}
	}
	if len(met) < 7 {
		t.Errorf("devices met %d of %d objects", len(met), len(b.files))
	}
}
