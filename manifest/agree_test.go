package manifest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

// randomFleets goes through small fleets, each at some instant of its week.
func randomFleets(n uint64, each func(name string, f *releases.Fleet, at time.Time)) {
	for seed := range n {
		at := fleettest.Start.Add(time.Duration(seed*31%170) * time.Hour)
		each(fmt.Sprintf("fleet %d at %s", seed, at.Format(time.RFC3339)), fleettest.Random(seed), at)
	}
}

func bucketsOf(f *releases.Fleet, c *releases.Cohort) []string {
	var names []string
	digits := f.Project.BucketDigits
	for i := range 1 << (4 * digits) {
		name := fmt.Sprintf("%0*x", digits, i)
		has := c.Slug == "default" || slices.ContainsFunc(slices.Collect(c.Devices.Serials()), func(serial string) bool {
			return strings.HasPrefix(manifest.Hash(serial), name)
		})
		if has {
			names = append(names, name)
		}
	}
	return names
}

// expected is the whole of latest/ as the oracle has it: folder, bucket,
// payload.
func expected(f *releases.Fleet, at time.Time) map[string]map[string]*releases.Payload {
	tree := map[string]map[string]*releases.Payload{}
	for target := range pairs(f) {
		for _, c := range f.Cohorts {
			base := fmt.Sprintf("%s/v1/latest/%s/%s/%s/", f.Project.Prefix,
				releases.Escape(target.SoftwareType), releases.Escape(target.HardwareVersion), c.Slug)
			row := func(answer func(oracle) *releases.Payload) map[string]*releases.Payload {
				m := map[string]*releases.Payload{}
				for _, b := range bucketsOf(f, c) {
					m[b] = answer(oracle{f, target, c, b, at})
				}
				if f.Project.Eager && len(m) > 0 {
					m["_eager"] = answer(oracle{f, target, c, "_eager", at})
				}
				return m
			}
			other := row(oracle.other)
			if len(other) == 0 {
				continue
			}
			tree[base+"_other/"], tree[base+"_none/"] = other, row(oracle.none)
			for v := range knownVersions(f, target) {
				own := row(func(o oracle) *releases.Payload { return o.known(v) })
				if !cmp.Equal(own, other, cmp.Comparer(func(a, b *releases.Payload) bool { return a == b })) {
					tree[base+releases.Escape(v)+"/"] = own
				}
			}
		}
	}
	return tree
}

// TestTreeIsWhatTheOracleSays compares whole trees.
func TestTreeIsWhatTheOracleSays(t *testing.T) {
	randomFleets(uint64(fleettest.Rounds(20, 100)), func(name string, f *releases.Fleet, at time.Time) {
		tree := manifest.New(f, at)
		got := map[string]map[string]*releases.Payload{}
		for _, folder := range tree.Folders {
			if got[folder.Key] != nil {
				t.Errorf("%s: folder %s is there twice", name, folder.Key)
			}
			got[folder.Key] = map[string]*releases.Payload{}
			for i, body := range folder.Bodies {
				got[folder.Key][tree.BucketAt(&folder, i)] = tree.Bodies[body].Payload
			}
		}
		identity := cmp.Comparer(func(a, b *releases.Payload) bool { return a == b })
		if diff := cmp.Diff(expected(f, at), got, identity); diff != "" {
			t.Errorf("%s (-oracle +tree):\n%s", name, diff)
		}
	})
}

// serials gives a device for each bucket of a cohort.
func serials(f *releases.Fleet, c *releases.Cohort) map[string]string {
	m := map[string]string{}
	if c.Slug != "default" {
		for serial := range c.Devices.Serials() {
			m[manifest.Hash(serial)[:f.Project.BucketDigits]] = serial
		}
		return m
	}
	for i := 0; len(m) < 1<<(4*f.Project.BucketDigits); i++ {
		serial := fmt.Sprintf("SN-%d", i)
		m[manifest.Hash(serial)[:f.Project.BucketDigits]] = serial
	}
	return m
}

// TestDevicesGetWhatResolveSays has a device of every cohort, bucket, target
// and version look for its answer, eagerly too, and compares it with Resolve and
// with the oracle.
func TestDevicesGetWhatResolveSays(t *testing.T) {
	rules, ahead := map[manifest.Rule]bool{}, 0
	randomFleets(uint64(fleettest.Rounds(8, 30)), func(name string, f *releases.Fleet, at time.Time) {
		tree := manifest.New(f, at)
		versions := append(slices.Clone(fleettest.Versions[f.Project.Order]), "", "7.7.7", "0.0.1", "no version")
		for _, c := range f.Cohorts {
			devices := serials(f, c)
			for bucket, serial := range devices {
				if f.Project.BucketDigits > 1 && bucket[0] != '7' {
					continue // a sixteenth of many buckets
				}
				for _, software := range []string{"main", "mod:em", "unused"} {
					target := manifest.Target{SoftwareType: software, HardwareVersion: "rev.A+b"}
					for _, current := range versions {
						d := manifest.Device{Serial: serial, Target: target, CurrentVersion: current}
						got := manifest.Resolve(f, d, at)
						rules[got.Rule] = true
						_, body, found := tree.Find(c.Slug, tree.Layout.Bucket(manifest.Hash(d.Serial)), d)
						if found != pairs(f)[target] || body.Payload != got.Payload || body.Release != got.Release {
							t.Errorf("%s: %+v finds %v, %+v, Resolve gives %+v", name, d, found, body.Payload, got.Payload)
						}
						if want := (oracle{f, target, c, bucket, at}).answer(current); got.Payload != want {
							t.Errorf("%s: %+v gets %+v, the oracle says %+v", name, d, got.Payload, want)
						}
						known := slices.Contains(tree.Known[target], current)
						if got.Release != nil && c.VersionCheck && current != "" && !known && !f.Project.Order.Below(current, got.Version()) {
							t.Errorf("%s: %+v, which is not listed, goes down to %s", name, d, got.Version())
						}
						if got.Release != nil && got.Version() == current {
							t.Errorf("%s: %+v is offered what it runs", name, d)
						}
						if !f.Project.Eager {
							continue
						}
						d.Eager = true
						eager := manifest.Resolve(f, d, at)
						if eager.Payload != got.Payload {
							ahead++
						}
						if _, body, _ := tree.Find(c.Slug, tree.Layout.LooksIn(d), d); body.Payload != eager.Payload || body.Release != eager.Release {
							t.Errorf("%s: %+v finds %+v, Resolve gives %+v", name, d, body.Payload, eager.Payload)
						}
						if want := (oracle{f, target, c, "_eager", at}).answer(current); eager.Payload != want {
							t.Errorf("%s: %+v gets %+v, the oracle says %+v", name, d, eager.Payload, want)
						}
					}
				}
			}
		}
	})
	if len(rules) != 13 || ahead < 100 {
		t.Errorf("only these rules took place: %v; %d devices got something else eagerly", rules, ahead)
	}
}
