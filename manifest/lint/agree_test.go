package lint_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/manifest/lint"
	"cairn/releases"
	"cairn/releases/fleettest"
)

// instants are those from one on at which a cohort has something new in reach.
func instants(f *releases.Fleet, from time.Time) []time.Time {
	at := []time.Time{from}
	for _, c := range f.Cohorts {
		for _, a := range c.Activations {
			for change := range a.Changes(from, manifest.LayoutOf(f).Buckets()) {
				at = append(at, change.At)
			}
		}
	}
	return at
}

// everServed is all releases and payloads that any tree from an instant on
// offers.
func everServed(f *releases.Fleet, from time.Time) (map[*releases.Release]bool, map[*releases.Payload]bool) {
	served, payloads := map[*releases.Release]bool{}, map[*releases.Payload]bool{}
	for _, at := range instants(f, from) {
		for _, body := range manifest.New(f, at).Bodies {
			served[body.Release], payloads[body.Payload] = true, true
		}
	}
	return served, payloads
}

// TestServedIsWhatTreesServe compares what the lints take for served with
// every tree of random schedules, and with what single devices get.
func TestServedIsWhatTreesServe(t *testing.T) {
	firing := map[string]int{}
	for seed := range uint64(fleettest.Rounds(20, 60)) {
		f := fleettest.Random(seed)
		dice := rand.New(rand.NewPCG(seed, 1))
		from := fleettest.Start.Add(time.Duration(dice.IntN(100)-10) * time.Hour)
		for _, r := range f.Releases {
			if dice.IntN(2) == 0 {
				r.Created = fleettest.Start.Add(-time.Duration(dice.IntN(1000)) * time.Hour)
			}
		}
		want, payloads := everServed(f, from)
		got := lint.Served(f, from)
		for _, r := range f.Releases {
			if want[r] != got[r] {
				t.Errorf("seed %d: %s is served by trees: %v, by ways: %v", seed, r.Version, want[r], got[r])
			}
		}
		targets, all := manifest.Targets(f), instants(f, from)
		for i := range 200 {
			d := manifest.Device{
				Serial: fmt.Sprint("SN-", i), Target: targets[dice.IntN(len(targets))],
				CurrentVersion: append(fleettest.Versions[f.Project.Order], "")[dice.IntN(10)],
			}
			if listed := f.Cohort("beta").Devices; listed.Len() > 0 && dice.IntN(2) == 0 {
				d.Serial = listed.Serial(dice.IntN(listed.Len()))
			}
			if r := manifest.Resolve(f, d, all[dice.IntN(len(all))]).Release; r != nil && !got[r] {
				t.Errorf("seed %d: %v gets %s", seed, d, r.Version)
			}
		}
		for _, w := range lint.Check(f, lint.Options{At: from, MaxHops: 2}) {
			firing[w.Name]++
			for _, r := range f.Releases {
				if strings.HasPrefix(w.Fault.Message, "no device gets "+r.Version+": ") && want[r] {
					t.Errorf("seed %d: %s, but devices get it", seed, w)
				}
			}
			meant, served := 0, 0 // deltas of some releases may be alike
			for r, p := range f.Payloads() {
				version := r.VersionOf(p.SoftwareType)
				dead := fmt.Sprintf("a delta from %s down to %s is never offered", p.From, version)
				if p.From == version {
					dead = fmt.Sprintf("a delta from %s to itself is never offered", p.From)
				}
				if strings.HasPrefix(w.Fault.Message, dead) && p.Delta() {
					meant++
					if payloads[p] {
						served++
					}
				}
			}
			if meant > 0 && served == meant {
				t.Errorf("seed %d: %s, but devices get it", seed, w)
			}
		}
	}
	// What random fleets can have wrong is found in some.
	for _, name := range lint.Names() {
		never := []string{"off-hours-step", "plain-http", "starts-before-created", "similar-names", "empty-release",
			"blank-payload", "other-chip", "other-version-inside", "text-payload", "wrong-artifact",
			"expiring-url", "other-url-scheme", "secret-in-url", "web-page-url",
			"described-version", "similar-serials", "same-image", "shared-image", "unseen-characters", "keys-expire", "unsignable", "forgotten-version", "idle-block", "unused-gate"}
		if firing[name] == 0 && !slices.Contains(never, name) {
			t.Errorf("no random fleet has %s", name)
		}
	}
}
