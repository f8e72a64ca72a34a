package publish_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"cairn/releases"
	"cairn/releases/fleettest"
)

// keptBy is what keeps devices on a version from an offer, in the plainest words:
// "RELEASE BLOCK" of each.
func keptBy(f *releases.Fleet, version, offer string) (all []string) {
	order := f.Project.Order
	for _, r := range f.Releases {
		below := order.Compare(version, r.Version) < 0
		if r.DeadEnd != "" && r.Version == version || below && r.MinVersion != "" && order.Compare(version, r.MinVersion) < 0 && offer == r.Version {
			all = append(all, r.Version+" ")
		}
		for _, b := range r.Blocked {
			from := slices.ContainsFunc(b.From, func(v releases.Versions) bool { return v.Text == version })
			if from && below && order.Compare(offer, r.Version) >= 0 && (b.FixedIn == "" || order.Compare(offer, b.FixedIn) < 0) {
				all = append(all, r.Version+" "+b.Name)
			}
		}
	}
	return all
}

// says is whether definitions still keep devices on a version from something, by
// the same block, or without one.
func says(f *releases.Fleet, version, by string) bool {
	for _, offer := range []string{"1.0.0", "1.1.0", "1.2.0"} {
		if slices.Contains(keptBy(f, version, offer), by) {
			return true
		}
	}
	return false
}

// bucketsOf is the buckets in which a cohort has devices.
func bucketsOf(w *world, c *releases.Cohort) (all []int) {
	for bucket := range w.site.Tree.Layout.Buckets() {
		if c.Slug == releases.DefaultCohort || w.site.Tree.Layout.Devices(c, bucket) > 0 {
			all = append(all, bucket)
		}
	}
	return all
}

// TestNobodyIsOfferedAgainWhatTheyWereKeptFrom compares the guard with what
// every device finds before and after, for edges that come, go and change.
func TestNobodyIsOfferedAgainWhatTheyWereKeptFrom(t *testing.T) {
	tripped := 0
	for seed := range uint64(fleettest.Rounds(100, 500)) {
		r := rand.New(rand.NewPCG(seed, 7))
		make := func() *releases.Fleet {
			f := small()
			for _, c := range f.Cohorts {
				for i := range c.Activations {
					c.Activations[i].Rollout.Fixed = pick[float64](r, 0, 50, 100)
				}
			}
			for i, release := range f.Releases {
				if r.IntN(8) == 0 {
					release.DeadEnd = "its bootloader takes no image"
				}
				if r.IntN(6) == 0 {
					release.MinVersion = pick(r, "1.0.0", "1.1.0")
				}
				if r.IntN(3) == 0 {
					b := releases.Block{Name: "radio", Reason: "why", From: []releases.Versions{{Text: "0.9.0"}}}
					if i > 0 && r.IntN(2) == 0 {
						b.From = append(b.From, releases.Versions{Text: f.Releases[i-1].Version})
					}
					if i+1 < len(f.Releases) && r.IntN(2) == 0 {
						b.FixedIn = f.Releases[i+1].Version
					}
					release.Blocked = []releases.Block{b}
				}
			}
			return f
		}
		before, after := newWorld(t, "before", make(), fleettest.Start), newWorld(t, "after", make(), fleettest.Start)
		got, want := map[string]bool{}, map[string]bool{}
		for target, versions := range before.site.Tree.Known {
			for _, c := range after.fleet.Cohorts {
				for _, bucket := range bucketsOf(after, c) {
					for _, version := range versions {
						was, will := lookup(before, target, c.Slug, version, bucket), lookup(after, target, c.Slug, version, bucket)
						if will != "" && was != will && slices.ContainsFunc(keptBy(before.fleet, version, will), func(by string) bool { return !says(after.fleet, version, by) }) {
							want[fmt.Sprintf("cohort %q", c.Slug)] = true
						}
					}
				}
			}
		}
		for _, trip := range proposed(t, before, after).Trips() {
			if trip.Guard == "edge" {
				got[trip.Concerns] = true
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("seed %d: %v, want %v", seed, got, want)
		}
		tripped += len(got)
	}
	if tripped < 30 {
		t.Errorf("only %d trips were looked at", tripped)
	}
}
