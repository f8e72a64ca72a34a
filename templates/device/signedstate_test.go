package device_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// asks has the device check, and compares what it says, how often it asks for
// each kind of file, and how many signatures it verifies.
func (a *attacked) asks(want string, notes, parts, verified int, b *bucket) {
	a.t.Helper()
	a.sees(want, b)
	texts := 0
	for _, name := range a.gets {
		if strings.HasSuffix(name, ".txt") {
			texts++
		}
	}
	if texts != notes || len(a.gets)-texts != parts || a.verified != verified {
		a.t.Fatalf("%s: it asked %q and verified %d signatures; want %d notes, %d parts, %d signatures", want, a.gets, a.verified, notes, parts, verified)
	}
}

// TestSignedStates goes through what a device knows: nothing, what it keeps
// over a reset, and what it has in RAM. Here all cohorts are in one bin.
func TestSignedStates(t *testing.T) {
	a := attack(t, nil, 1)
	a.asks(upToDate, 3, 3, 2, a.first) // head, keys, head; the bins and the row
	a.asks(upToDate, 1, 0, 0, a.first)
	renewed := a.first.clone()
	renewed.renew(t)
	a.asks(upToDate, 1, 0, 1, renewed)
	a.asks(upToDate, 1, 0, 0, renewed)
	offer := a.offer.clone()
	offer.renew(t)
	a.asks(install, 1, 2, 1, offer)
	a.asks(install, 1, 2, 0, offer) // until it is installed
	a.reset()
	a.asks(install, 1, 3, 1, offer)

	// Something else was published: the row is known.
	f := offered(t, "")
	b := newBucket(a.first.origin)
	b.publish(t, manifest.New(f, time.Unix(begun, 0)))
	a.device(320, attackedDevice)
	a.asks(upToDate, 3, 3, 2, b)
	f = offered(t, "")
	f.Cohorts[0].Activations = f.Cohorts[0].Activations[:1] // of beta
	b.publish(t, manifest.New(f, time.Unix(begun, 0)))
	a.asks(upToDate, 1, 1, 1, b)

	// The device is now another, under the same head.
	unlisted := attackedDevice
	unlisted.CurrentVersion = "0.9.5"
	a.set(unlisted)
	a.asks("install [default] [https://elsewhere.example.com/1.0.0.bin]", 1, 2, 0, b)
	a.set(attackedDevice)
	a.asks(upToDate, 1, 2, 0, b)
	beta := attackedDevice
	beta.Serial = "BETA-1"
	a.set(beta)
	a.asks("up-to-date [beta] []", 1, 4, 0, b) // with its shard
	a.set(attackedDevice)
	a.asks(upToDate, 1, 3, 0, b)
	unknown := attackedDevice
	unknown.Target.HardwareVersion = "none"
	a.set(unknown)
	a.asks(later, 1, 1, 0, b)
	a.set(attackedDevice)
	a.asks(upToDate, 1, 2, 0, b)

	// The index changed, and the rest did not.
	moved := b.clone()
	g := offered(t, "")
	g.Cohorts[0].Activations = f.Cohorts[0].Activations
	for i, c := range g.Cohorts {
		if c.Slug == "beta" {
			g.Cohorts[i].Devices = releases.DevicesOf(c.Devices.Serial(0), "BETA-3")
		}
	}
	moved.publish(t, manifest.New(g, time.Unix(begun, 0)))
	a.check(moved.get)
	if len(a.gets) > 4 || a.verified != 1 {
		t.Errorf("for another index it asks %q", a.gets)
	}
	a.asks(upToDate, 1, 0, 0, moved)
}

// TestSignedMove moves a device to a cohort where something else is offered.
func TestSignedMove(t *testing.T) {
	a := attack(t, nil, 1)
	f := offered(t, "")
	b := newBucket(a.first.origin)
	b.publish(t, manifest.New(f, time.Unix(begun, 0)))
	a.asks(upToDate, 3, 3, 2, b)
	latest := b.latest
	for i, c := range f.Cohorts {
		if c.Slug == "beta" {
			f.Cohorts[i].Devices = releases.DevicesOf(append(slices.Collect(c.Devices.Serials()), attackedDevice.Serial)...)
		}
	}
	b.publish(t, manifest.New(f, time.Unix(begun, 0)))
	b.latest = latest // of before: what the row of beta says of this device's bucket is not there
	b.renew(t)
	if got := a.check(b.get); !strings.Contains(got, "[beta]") {
		t.Errorf("a device that moved says %s", got)
	}
	b.publish(t, manifest.New(f, time.Unix(begun, 0)))
	a.sees("install [beta] [https://elsewhere.example.com/1.2.0.bin]", b)
}

// TestSignedBreaks has each GET of a check fail, and the next check succeed.
func TestSignedBreaks(t *testing.T) {
	a := attack(t, nil, 1)
	way := a.onTheWay(a.offer)
	for i := range way {
		for _, status := range []int{0, 200} {
			n := 0
			a.device(320, attackedDevice)
			got := a.check(func(name string) (int, []byte) {
				if n++; n == i+1 {
					return status, a.offer.files[name][:len(a.offer.files[name])/2]
				}
				return a.offer.get(name)
			})
			if strings.HasPrefix(got, "install") || len(a.gets) != i+1 {
				t.Errorf("%q says %s", a.gets, got)
			}
			a.sees(install, a.offer)
		}
		// The device gives up without a result, and begins anew.
		a.device(320, attackedDevice)
		for range i {
			name := strings.TrimPrefix(a.ask("next"), a.root)
			a.tell("body %x", a.offer.files[name])
			a.ask("done 200")
		}
		a.ask("next")
		a.tell("body 00ff")
		a.ask("begin")
		a.sees(install, a.offer)
	}
}

// TestSignedKept has what is kept spoiled, and firmware that knows of later keys.
func TestSignedKept(t *testing.T) {
	a := attack(t, nil, 1)
	for _, spoil := range []string{"0 0", "0 3", "1 0", "1 4", "1 4294967295", "4294967295 1", "4294967295 9"} {
		a.device(320, attackedDevice)
		a.sees(upToDate, a.first)
		a.tell("spoil %s", spoil)
		a.ask("begin")
		got := a.check(a.offer.get)
		if want := install; got != want && !strings.HasPrefix(got, "refused") {
			t.Errorf("kept %s: %s", spoil, got)
		}
		if (spoil == "1 0" || spoil == "4294967295 1") != strings.HasPrefix(got, "refused") {
			t.Errorf("kept %s: %s", spoil, got)
		}
	}
	second := a.offer.clone()
	second.generation, second.online = 2, []key{keyOf(second.origin, 0x0d)}
	second.signKeys(t)
	second.renew(t)
	o := a.offer.options(1)
	o.Signed.Keys.Generation = 2
	w := start(t, program(t, a.project, o), a.project, attackedDevice)
	if got := w.check(a.offer.get); got != "refused [] []" {
		t.Errorf("generation 1 is %s", got)
	}
	old := a.offer.clone()
	old.generation = 2
	old.sign(t)
	if got := w.check(old.get); got != "refused [] []" {
		t.Errorf("keys of generation 1 are %s", got)
	}
	if got := w.check(second.get); got != install {
		t.Errorf("generation 2 is %s", got)
	}
	w.tell("spoil 1 1") // it was kept by older firmware
	w.ask("begin")
	if got := w.check(a.offer.get); !strings.HasPrefix(got, "refused") {
		t.Errorf("generation 1 is %s", got)
	}
	if got := w.check(second.get); got != install {
		t.Errorf("generation 2 is %s", got)
	}
}

// TestStatements are keys.txt of odd forms, which the roots have signed.
func TestStatements(t *testing.T) {
	a := attack(t, nil, 1)
	const head = "cairn keys 1\nota.example.com/cdn/acme/fridges\n"
	line := func(seed byte) string {
		k := keyOf(a.offer.origin, seed).burned()
		return base64.StdEncoding.EncodeToString(k[:]) + "\n"
	}
	b, c, d, e := line(0x0b), line(0x0c), line(0x0d), line(0x0e)
	for text, want := range map[string]string{
		head + "1 1 1 4000000000\n" + b:                                 install,
		head + "1 1 1 4294967295\n" + c + b:                             install,
		head + "7 1 1 4000000000\n" + b + c + d:                         "refused [default] []", // the head is of generation 1
		head + "1 1 1 4000000000\n" + b + c + d + e:                     "refused [] []",
		head + "1 0 1 4000000000\n" + b:                                 "refused [] []",
		head + "1 2 1 4000000000\n" + b:                                 "refused [] []",
		head + "0 1 1 4000000000\n" + b:                                 "refused [] []",
		head + "1 1 1 4294967296\n" + b:                                 "refused [] []",
		head + "01 1 1 4000000000\n" + b:                                "refused [] []",
		head + "1 1 1 4000000000 \n" + b:                                "refused [] []",
		head + "1  1 1 4000000000\n" + b:                                "refused [] []",
		head + "1 1 4000000000\n" + b:                                   "refused [] []",
		head + "1 1 1 4000000000\n":                                     "refused [] []",
		head + "1 1 1 4000000000\n" + b[:20] + "\n":                     "refused [] []",
		head + "1 1 1 4000000000\n" + "x" + b:                           "refused [] []",
		strings.Replace(head, "1", "2", 1) + "1 1 1 4000000000\n" + b:   "refused [] []",
		strings.Replace(head, "keys", "head", 1) + "1 1 1 4000000000\n": "refused [] []",
	} {
		files := map[string][]byte{"keys.txt": signed(t, text, a.offer.roots...)}
		a.device(700, attackedDevice)
		if got := a.check(instead(a.offer, files).get); got != strings.Replace(want, "[default]", "[]", 1) && got != want {
			t.Errorf("%q says %s, want %s", text, got, want)
		}
	}
	few := a.offer.options(1)
	few.MaxKeys = 1
	w := start(t, program(t, a.project, few), a.project, attackedDevice)
	if got := w.check(instead(a.offer, map[string][]byte{"keys.txt": signed(t, head+"1 1 1 4000000000\n"+b+c, a.offer.roots...)}).get); got != "refused [] []" {
		t.Errorf("two keys, and room for one: %s", got)
	}
	if got := w.check(a.offer.get); got != install {
		t.Errorf("one key, and room for one: %s", got)
	}
}

// TestSignedMistakes are the firmware's: names that are empty or too long,
// buffers that are too short.
func TestSignedMistakes(t *testing.T) {
	a := attack(t, nil, 1)
	for _, serial := range []string{"", strings.Repeat("x", 129)} {
		d := attackedDevice
		d.Serial = serial
		a.device(320, attackedDevice)
		a.set(d)
		if got := a.ask("next"); got != "-" {
			t.Errorf("serial %q asks for %s", serial, got)
		}
	}
	for field, name := range map[string]string{"software": "", "hardware": strings.Repeat("x", 201), "version": strings.Repeat("é", 40)} {
		a.device(1000, attackedDevice)
		a.tell("set %s %x00", field, name)
		a.sees("error [default] []", a.offer)
	}
	long := len(a.offer.files["head.txt"]) + 1 // the longest text, and its NUL
	for size := 0; size < long+20; size++ {
		a.device(size, attackedDevice)
		got := a.check(a.offer.get)
		if size >= long {
			if got != install {
				t.Errorf("with a buffer of %d bytes: %s", size, got)
			}
		} else if got != "next says -" && !strings.HasPrefix(got, "error") {
			t.Errorf("with a buffer of %d bytes: %s", size, got)
		}
	}
}

// TestSignedNotCompared takes a version without a row for up to date. Each
// listed version has one with unknown_version = "hold" alone.
func TestSignedNotCompared(t *testing.T) {
	f := offered(t, "[activate.\"1.1.0\"]\n")
	f.Project.Unknown = releases.HoldUnknown
	b := newBucket("ota.example.com/cdn/acme/fridges")
	b.publish(t, manifest.New(f, time.Unix(begun, 0)))
	o := b.options(1)
	o.NoCompare = true
	unlisted := attackedDevice
	unlisted.CurrentVersion = "0.9.5"
	w := walk(t, program(t, f.Project, o), f.Project)
	for d, want := range map[manifest.Device]string{attackedDevice: install, unlisted: upToDate} {
		w.device(320, d)
		for range 2 {
			if got := w.check(b.get); got != want {
				t.Errorf("%s says %s, want %s", d.CurrentVersion, got, want)
			}
		}
	}
}

// TestPieces has bodies come in pieces of every size.
func TestPieces(t *testing.T) {
	a := attack(t, nil, 1)
	longest := 0
	for _, name := range a.onTheWay(a.offer) {
		longest = max(longest, len(a.offer.files[name]))
	}
	for a.piece = 1; a.piece <= longest; a.piece++ {
		a.device(320, attackedDevice)
		a.sees(install, a.offer)
		const sum = 5 + '1' // of 1.1.0
		if a.ask("verify %064x 1234", sum) != "1" || a.ask("verify %064x 1235", sum) != "0" || a.ask("verify %064x 1234", sum+1) != "0" {
			t.Fatalf("in pieces of %d bytes, another payload is right", a.piece)
		}
	}
}

// TestSHA256 hashes texts of every length, in pieces, with the header's SHA-256
// and with one that the firmware brings.
func TestSHA256(t *testing.T) {
	example, err := filepath.Abs("../../examples/device-posix")
	if err != nil {
		t.Fatal(err)
	}
	f := offered(t, "")
	for _, flags := range [][]string{nil, {"-DOWN_SHA256", "-I" + example}} {
		w := walk(t, program(t, f.Project, newBucket(f.Project.KeyName()).options(1), flags...), f.Project)
		text := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz\n", 10)
		for n := range 200 {
			for _, piece := range []int{1, 3, 63, 64, 65, 1000} {
				if got, want := strings.TrimSpace(w.ask("sha256 %d %x", piece, text[:n])), fmt.Sprintf("%x", sha256.Sum256([]byte(text[:n]))); got != want {
					t.Fatalf("%v: of %d bytes %s, want %s", flags, n, got, want)
				}
			}
		}
	}
	a := attack(t, nil, 1)
	w := start(t, program(t, a.project, a.offer.options(1), "-DOWN_SHA256", "-I"+example), a.project, attackedDevice)
	if got := w.check(a.offer.get); got != install {
		t.Errorf("with a SHA-256 of its own the device says %s", got)
	}
}
