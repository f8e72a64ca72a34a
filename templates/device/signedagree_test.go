package device_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	godevice "cairn/manifest/device"
	"cairn/releases"
	"cairn/releases/fleettest"
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
				// The signatures below the head of last time are read in Go alone.
				body[r.IntN(strings.Index(string(body), "\n\n"))] ^= 1 << r.IntN(8)
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
