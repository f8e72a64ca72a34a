package device_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// attacked is a device on 1.0.0, and its publisher.
type attacked struct {
	*walker
	t       *testing.T
	project releases.Project
	// Three publishes: 1.0.0 is all there is, 1.1.0 is for everybody, and 1.1.0
	// is aborted. Each bucket has what was there before, too.
	first, offer, last *bucket
}

const (
	upToDate = "up-to-date [default] []"
	refused  = "refused [default] []"
	later    = "retry-later [default] []"
	stale    = "stale [default] []"
)

// offered is the fleet in which a release is active or aborted.
func offered(t *testing.T, activation string) *releases.Fleet {
	payload := func(version string) string {
		return fmt.Sprintf("version = %q\n[payload.fw.mp]\nurl = \"https://elsewhere.example.com/%s.bin\"\nsize = 1234\nsha256 = \"%064x\"\n", version, version, len(version)+int(version[2]))
	}
	return parse(t,
		"cairn.toml", "[project]\nslug = \"fridges\"\nprefix = \"acme/fridges\"\nbase_url = \"https://ota.example.com/cdn\"\n[software.fw]\nknown_versions = [\"0.9.0\"]\n",
		"releases/1.0.0.toml", payload("1.0.0"), "releases/1.1.0.toml", payload("1.1.0"), "releases/1.2.0.toml", payload("1.2.0"),
		"cohorts/default.toml", "[activate.\"1.0.0\"]\n"+activation,
		"cohorts/beta.toml", "devices = [\"BETA-1\", \"BETA-2\"]\n[activate.\"1.0.0\"]\n[activate.\"1.2.0\"]\n",
	)
}

var attackedDevice = manifest.Device{Serial: "DEMOSERIAL", Target: manifest.Target{SoftwareType: "fw", HardwareVersion: "mp"}, CurrentVersion: "1.0.0"}

const install = "install [default] [https://elsewhere.example.com/1.1.0.bin]"

// attack has a device that has seen the first publish.
func attack(t *testing.T, change func(b *bucket), threshold int) *attacked {
	t.Helper()
	f := offered(t, "")
	b := newBucket("ota.example.com/cdn/acme/fridges")
	if change != nil {
		change(b)
	}
	at := time.Unix(begun, 0)
	a := &attacked{t: t, project: f.Project}
	b.publish(t, manifest.New(f, at))
	a.first = b.clone()
	b.publish(t, manifest.New(offered(t, "[activate.\"1.1.0\"]\n"), at))
	a.offer = b.clone()
	b.publish(t, manifest.New(offered(t, "[activate.\"1.1.0\"]\naborted = \"bad\"\n"), at))
	a.last = b.clone()
	a.walker = start(t, program(t, f.Project, b.options(threshold)), f.Project, attackedDevice)
	return a
}

// sees has the device check, and gives what it says.
func (a *attacked) sees(want string, b *bucket) {
	a.t.Helper()
	a.meets(want, b.get)
}

func (a *attacked) meets(want string, get func(string) (int, []byte)) {
	a.t.Helper()
	if got := a.check(get); got != want {
		a.t.Fatalf("%q\nsays %s\nwant %s", a.gets, got, want)
	}
}

// instead serves a bucket with some files exchanged.
func instead(b *bucket, files map[string][]byte) *bucket {
	c := b.clone()
	maps.Copy(c.files, files)
	return c
}

// onTheWay are the names of what a device asks for, from head.txt to its answer.
func (a *attacked) onTheWay(b *bucket) []string {
	a.t.Helper()
	a.device(320, attackedDevice)
	a.check(b.get)
	return a.gets
}

// never checks each bucket with a device that has forgotten what it need not
// keep, and one that knows what the last honest bucket said. Neither takes
// anything, and says that it is up to date only where the honest one is.
func (a *attacked) never(honest *bucket, attack func(name string, body []byte) (int, []byte)) {
	a.t.Helper()
	for _, name := range a.onTheWay(honest) {
		status, body := attack(name, honest.files[name])
		get := func(asked string) (int, []byte) {
			if asked == name {
				return status, body
			}
			return honest.get(asked)
		}
		if a.reset(); name == "keys.txt" {
			a.device(320, attackedDevice)
		}
		got := a.check(get)
		if strings.HasPrefix(got, "install") || strings.HasPrefix(got, "up-to-date") || strings.HasPrefix(got, "next") {
			a.t.Fatalf("%s %.300q: %q\nsays %s", name, body, a.gets, got)
		}
	}
	a.reset()
	if got := a.check(honest.get); got != install {
		a.t.Fatalf("after the attack the device says %s", got)
	}
}

// TestAttacks are the threats of docs/signing.md, by their names there.
func TestAttacks(t *testing.T) {
	t.Run("forged", func(t *testing.T) {
		a := attack(t, nil, 1)
		a.sees(upToDate, a.first)
		for i := range a.offer.files["head.txt"] {
			forged := bytes.Clone(a.offer.files["head.txt"])
			for _, bit := range []byte{1, 4, 0x20, 0x80} {
				forged[i] ^= bit
				if got := a.check(instead(a.offer, map[string][]byte{"head.txt": forged}).get); got != refused {
					t.Fatalf("%q says %s", forged, got)
				}
				forged[i] ^= bit
			}
		}
		for _, online := range [][]key{nil, {keyOf(a.offer.origin, 0x0c)}, {keyOf(a.offer.origin+"/root", 0x0b)}, {keyOf("other.example.com", 0x0b)}, {keyOf(a.offer.origin+"/root", 0x01)}} {
			b := a.offer.clone()
			b.online = online
			b.sign(t)
			a.sees(refused, b)
		}
		a.never(a.offer, func(_ string, body []byte) (int, []byte) {
			body = bytes.Clone(body)
			body[len(body)/2] ^= 1
			return 200, body
		})
		// Keys for a fresh device: none of the roots has signed these.
		for _, roots := range [][]key{nil, {keyOf(a.offer.origin+"/root", 0x02)}, {keyOf(a.offer.origin, 0x01)}, a.offer.online} {
			b := a.offer.clone()
			b.roots = roots
			b.signKeys(t)
			a.device(320, attackedDevice)
			a.sees("refused [] []", b)
		}
	})

	t.Run("emptied", func(t *testing.T) {
		a := attack(t, nil, 1)
		a.sees(upToDate, a.first)
		a.never(a.offer, func(string, []byte) (int, []byte) { return 200, nil })
		a.meets(refused, func(string) (int, []byte) { return 200, nil })
		a.sees(later, &bucket{})
		a.sees(install, a.offer)
		// A row in which nobody gets anything, under the name of the own one.
		a.reset()
		row := a.onTheWay(a.offer)
		a.reset()
		a.sees(later, instead(a.offer, map[string][]byte{row[len(row)-1]: {'R', 0}}))
	})

	t.Run("withheld", func(t *testing.T) {
		a := attack(t, nil, 1)
		a.sees(upToDate, a.first)
		for _, status := range []int{0, 204, 301, 304, 403, 404, 500} {
			a.never(a.offer, func(_ string, body []byte) (int, []byte) { return status, body })
		}
	})

	t.Run("replayed", func(t *testing.T) {
		a := attack(t, nil, 1)
		a.sees(install, a.offer)
		a.sees(upToDate, a.last)
		a.sees(refused, a.offer)
		a.sees(refused, a.first)
		a.reset() // two numbers and the keys are kept
		a.sees("refused [] []", a.offer)
		a.sees(upToDate, a.last)
		// The same numbers, another head.
		b := a.offer.clone()
		b.epoch = a.last.epoch
		b.files["head.txt"] = signed(t, b.head(), keyOf(b.origin, 0x0c))
		a.sees(refused, b)
		// A build that burns in its own date needs neither.
		built := start(t, program(t, a.project, a.last.options(1), fmt.Sprintf("-DCAIRN_OTA_BUILT=%d", a.last.epoch)), a.project, attackedDevice)
		if got := built.check(a.offer.get); got != "refused [] []" {
			t.Errorf("a later build says %s", got)
		}
		if got := built.check(a.last.get); got != upToDate {
			t.Errorf("a later build says %s", got)
		}
	})

	t.Run("frozen", func(t *testing.T) {
		a := attack(t, nil, 1)
		expires := a.first.expires
		for _, clock := range []struct {
			now, uptime uint32 // a second before the head expires
			late        bool
		}{
			{expires, 0, true},
			{0, expires - a.first.issued, true}, // from when it was first seen
			{a.first.issued - 1, expires - a.first.issued, true},
			{0, 0, false},
		} {
			a.device(320, attackedDevice)
			a.sees(upToDate, a.first)
			a.clock(clock.now, clock.uptime)
			a.sees(upToDate, a.first)
			if !clock.late {
				continue
			}
			if clock.now == expires {
				a.clock(clock.now+1, 0)
			} else {
				a.clock(clock.now, clock.uptime+1)
			}
			a.sees(stale, a.first)
			a.sees(stale, a.first)
			a.sees(refused, instead(a.offer, map[string][]byte{"head.txt": []byte("<html>")}))
			if clock.now != expires {
				a.sees(install, a.offer) // issued since: the clock begins again
				a.sees(refused, a.first)
			}
		}
	})

	t.Run("mixed", func(t *testing.T) {
		a := attack(t, nil, 1)
		a.sees(upToDate, a.first)
		// The head of one publish, and the parts of others under its names.
		now, before := a.onTheWay(a.offer), a.onTheWay(a.first)
		a.device(320, attackedDevice)
		a.sees(upToDate, a.first)
		for _, name := range now {
			for _, other := range before {
				if name != other && !strings.HasSuffix(name, ".txt") {
					a.reset()
					got := a.check(instead(a.offer, map[string][]byte{name: a.first.files[other]}).get)
					if got != "retry-later [] []" && got != later {
						t.Errorf("%s for %s says %s", other, name, got)
					}
				}
			}
		}
	})

	t.Run("swapped", func(t *testing.T) {
		a := attack(t, nil, 1)
		names := slices.Sorted(maps.Keys(a.offer.files))
		a.never(a.offer, func(name string, _ []byte) (int, []byte) {
			return 200, a.offer.files[names[(slices.Index(names, name)+1)%len(names)]]
		})
		a.never(a.offer, func(name string, _ []byte) (int, []byte) {
			if name == "head.txt" {
				return 200, a.offer.files["keys.txt"]
			}
			return 200, a.offer.files["head.txt"]
		})
	})

	t.Run("cut", func(t *testing.T) {
		a := attack(t, nil, 1)
		for _, cut := range []int{1, 2, 3, 31, 32, 33, 40, 41, 64, 65, 93, 124, 200, 290} {
			a.never(a.offer, func(_ string, body []byte) (int, []byte) { return 200, body[:max(0, len(body)-cut)] })
		}
	})

	t.Run("lengthened", func(t *testing.T) {
		a := attack(t, nil, 1)
		long := strings.Repeat("0123456789abcdef beta\n", 3000)
		for _, more := range []string{"x", "\n", "R", " 1.2.0\n", long} {
			a.never(a.offer, func(name string, body []byte) (int, []byte) {
				if strings.HasSuffix(name, ".txt") { // lines in front: those behind the signature are nobody's
					return 200, append([]byte(more), body...)
				}
				return 200, append(bytes.Clone(body), more...)
			})
		}
		// What somebody adds behind the signatures changes nothing.
		a.sees(install, instead(a.offer, map[string][]byte{"head.txt": append(bytes.Clone(a.offer.files["head.txt"]), "x\n"...)}))
	})

	t.Run("another project's", func(t *testing.T) {
		a := attack(t, nil, 1)
		a.sees(upToDate, a.first)
		for _, origin := range []string{"ota.example.com/cdn/acme/freezers", "ota.example.com", "ota.example.com/cdn/acme/fridges/x", "ota.example.com/cdn/acme/fridge"} {
			b := a.offer.clone()
			b.origin = origin
			b.epoch++
			b.sign(t) // even by the own keys
			a.sees(refused, b)
		}
		b := a.offer.clone()
		b.generation, b.origin = 2, "ota.example.com/cdn/acme/freezers"
		b.signKeys(t)
		b.origin = a.offer.origin
		b.sign(t)
		a.sees(refused, b)
	})

	t.Run("another cohort's", func(t *testing.T) {
		a := attack(t, nil, 1)
		a.sees(upToDate, a.first)
		way := a.onTheWay(a.offer)
		hash := manifest.Hash(attackedDevice.Serial)
		// An index that moves the device to where 1.2.0 is.
		for _, name := range way[slices.Index(way, "keys.txt")+2:] {
			a.reset()
			got := a.check(instead(a.offer, map[string][]byte{name: []byte(hash + " beta\n")}).get)
			if got != "retry-later [] []" && got != later {
				t.Errorf("%s says %s", name, got)
			}
		}
		// The row of beta in the place of the own one.
		beta := attackedDevice
		beta.Serial = "BETA-1"
		w := start(t, program(t, a.project, a.offer.options(1)), a.project, beta)
		if got := w.check(a.offer.get); got != "install [beta] [https://elsewhere.example.com/1.2.0.bin]" {
			t.Fatalf("beta says %s", got)
		}
		a.reset()
		a.sees(later, instead(a.offer, map[string][]byte{way[len(way)-1]: a.offer.files[w.gets[len(w.gets)-1]]}))
	})

	t.Run("stolen online key", func(t *testing.T) {
		a := attack(t, nil, 1)
		a.sees(upToDate, a.first)
		thief := a.offer.clone()
		thief.epoch, thief.issued, thief.expires = 1<<32-1, 1<<32-2, 1<<32-1
		thief.sign(t)
		a.clock(0, 1000)
		a.sees(install, thief) // until the keys change
		a.sees(refused, a.last)
		// Rotation: the fast-forward is undone, and the thief's heads are refused.
		b := a.last.clone()
		b.generation, b.online = 2, []key{keyOf(b.origin, 0x0d)}
		b.signKeys(t)
		b.renew(t)
		a.sees(upToDate, b)
		if got := a.ask("kept"); got != fmt.Sprintf("2 %d 1", b.epoch) {
			t.Errorf("kept are %s", got)
		}
		a.sees(refused, thief)
		thief.generation = 2
		thief.sign(t)
		a.sees(refused, thief)
		// Keys that he signs himself, or old ones, lead nowhere.
		thief.generation = 3
		thief.sign(t)
		a.sees(refused, thief)
		thief.roots = thief.online
		thief.signKeys(t)
		a.sees(refused, thief)
		a.sees(upToDate, b)
		// He withholds the statement: a device with a clock is free when it expires.
		a.device(320, attackedDevice)
		a.sees(upToDate, a.first)
		thief = a.offer.clone()
		thief.expires = 1<<32 - 1
		thief.epoch++
		thief.sign(t)
		a.clock(thief.keysExpire, 0)
		a.sees(install, thief)
		a.clock(thief.keysExpire+1, 0)
		a.sees(stale, thief)
	})

	t.Run("threshold of online keys", func(t *testing.T) {
		a := attack(t, func(b *bucket) {
			b.online = append(b.online, keyOf(b.origin, 0x0c), keyOf(b.origin, 0x0d))
			b.threshold = 2
		}, 1)
		a.device(len(signed(t, a.offer.head(), a.offer.online[0]))+1+2*68, attackedDevice)
		a.sees(upToDate, a.first)
		for _, online := range [][]key{a.offer.online[:1], a.offer.online[1:2], {a.offer.online[0], keyOf(a.offer.origin, 0x0e)}} {
			b := a.offer.clone()
			b.online = online
			b.sign(t)
			a.sees(refused, b)
		}
		one := signed(t, a.offer.head(), a.offer.online[0])
		twice := append(bytes.Clone(one), one[bytes.LastIndex(one, []byte("\n\n"))+2:]...)
		a.sees(refused, instead(a.offer, map[string][]byte{"head.txt": twice}))
		for _, online := range [][]key{a.offer.online[:2], {a.offer.online[2], a.offer.online[0]}} {
			b := a.offer.clone()
			b.online = online
			b.sign(t)
			a.reset()
			a.sees(install, b)
		}
		witnessed := a.offer.clone() // what others have signed takes no room
		witnessed.online = []key{keyOf("witness.example.com/w", 0x0f), a.offer.online[2], keyOf("another.example.com", 0x0b), a.offer.online[0]}
		witnessed.sign(t)
		a.reset()
		a.sees(install, witnessed)
	})

	spares := func(b *bucket) {
		b.roots = append(b.roots, keyOf(b.origin+"/root", 0x02), keyOf(b.origin+"/root", 0x03))
	}
	t.Run("lost root", func(t *testing.T) {
		a := attack(t, spares, 1)
		for _, root := range a.offer.roots {
			b := a.offer.clone()
			b.roots = []key{root}
			b.signKeys(t)
			a.device(420, attackedDevice)
			a.sees(install, b)
		}
	})

	t.Run("threshold of roots 2 of 3", func(t *testing.T) {
		a := attack(t, spares, 2)
		for i, want := range [][2]string{{"refused [] []", install}, {"refused [] []", install}, {"refused [] []", install}} {
			for n, roots := range [][]key{{a.offer.roots[i]}, {a.offer.roots[i], a.offer.roots[(i+1)%3]}} {
				b := a.offer.clone()
				b.roots = roots
				b.signKeys(t)
				a.device(512, attackedDevice)
				a.sees(want[n], b)
			}
		}
		b := a.offer.clone()
		b.roots = b.roots[:1]
		b.signKeys(t)
		once := b.files["keys.txt"]
		b.files["keys.txt"] = append(bytes.Clone(once), once[bytes.LastIndex(once, []byte("\n\n"))+2:]...)
		a.device(512, attackedDevice)
		a.sees("refused [] []", b)
	})

	t.Run("expired keys", func(t *testing.T) {
		a := attack(t, nil, 1)
		a.clock(a.first.keysExpire+1, 0)
		a.sees("stale [] []", a.first)
		a.clock(a.first.keysIssued-1, 0) // a clock that is not set
		a.sees(upToDate, a.first)
		// The fleet goes on after a rotation.
		b := a.offer.clone()
		b.issued = b.keysExpire + day
		b.expires = b.issued + 14*day
		b.renew(t)
		a.clock(b.issued, 0)
		a.sees(stale, b)
		b.generation, b.keysIssued, b.keysExpire = 2, b.issued, b.issued+366*day
		b.signKeys(t)
		b.renew(t)
		a.clock(b.issued, 0)
		a.sees(install, b)
	})

	t.Run("wrong clock", func(t *testing.T) {
		a := attack(t, nil, 1)
		a.clock(a.first.issued, 100)
		a.sees(upToDate, a.first)
		// The publisher's: a year ahead once, and later heads count on.
		b := a.last.clone()
		b.issued, b.expires = b.issued+366*day, b.expires+366*day
		b.renew(t)
		a.sees(upToDate, b)
		b.issued, b.expires = a.last.issued, a.last.expires
		for range 3 {
			b.renew(t)
			a.clock(b.issued, 200)
			a.sees(upToDate, b)
		}
		// The device's: ahead, it takes nothing; behind, it is as if there was none.
		a.clock(b.expires+1, 200)
		a.sees(stale, b)
		a.clock(b.issued-1, 200)
		a.sees(upToDate, b)
		a.clock(b.issued-1, 200+b.expires-b.issued+1)
		a.sees(stale, b)
	})
}

// TestBucketsThatOthersHold empties, rolls back and freezes the bucket in any
// order: a device that has nothing to get never gets anything.
func TestBucketsThatOthersHold(t *testing.T) {
	a := attack(t, nil, 1)
	a.sees(upToDate, a.last)
	for round := range 40 {
		b := []*bucket{a.offer, a.first, a.last, {}, instead(a.last, a.offer.files), instead(a.offer, map[string][]byte{"head.txt": a.last.files["head.txt"]})}[round%6]
		if round%5 == 4 {
			a.reset()
		}
		if got := a.check(b.get); strings.HasPrefix(got, "install") {
			t.Fatalf("round %d: %q\nsays %s", round, a.gets, got)
		}
	}
}
