package simulate_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/manifest/simulate"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

// changes are an instant, and those after it at which a tree changes.
func changes(f *releases.Fleet, from time.Time) []time.Time {
	at := []time.Time{from}
	for _, c := range f.Cohorts {
		for _, a := range c.Activations {
			for change := range a.Changes(from, manifest.LayoutOf(f).Buckets()) {
				at = append(at, change.At)
			}
			if f.Project.Eager && a.Paused.After(from) {
				at = append(at, a.Paused)
			}
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	return slices.CompactFunc(at, time.Time.Equal)
}

// TestWaysAreThoseOfTheTrees compares the ways of random fleets with all that
// is in the trees of their schedules.
func TestWaysAreThoseOfTheTrees(t *testing.T) {
	type way struct {
		At    string
		Stays bool
	}
	for seed := range uint64(60) {
		f := fleettest.Random(seed)
		from := fleettest.Start.Add(time.Duration(seed%100) * time.Hour)
		versions := func(of []*releases.Release) (s []string) {
			for _, r := range of {
				s = append(s, r.Version)
			}
			return s
		}
		ways := map[string]*simulate.Way{}
		got := map[string]way{}
		for w := range simulate.Ways(f, from, manifest.Targets(f)) {
			key := fmt.Sprint(w.Cohort.Slug, w.Target, versions(w.Reach))
			ways[key] = w
			for v := range w.Versions {
				path, loops := w.Path(v)
				if w.Hops[v] != len(path)-1 && !loops || loops != (w.Hops[v] < 0) || !loops && w.End[v] != path[len(path)-1] {
					t.Errorf("seed %d: %s from %q: %d hops to %d, the path is %v", seed, key, w.Versions[v], w.Hops[v], w.End[v], path)
				}
			}
			got[key] = way{w.At.String(), w.Stays}
		}
		want := map[string]way{}
		instants := changes(f, from)
		for i, at := range instants {
			tree := manifest.New(f, at)
			for _, folder := range tree.Folders {
				groups := map[uint32]bool{}
				for slot, body := range folder.Bodies {
					group := folder.Reach.Group[slot]
					if groups[group] {
						continue
					}
					groups[group] = true
					key := fmt.Sprint(folder.Cohort, folder.Target, versions(folder.Reach.Releases[group]))
					w := ways[key]
					if w == nil {
						t.Fatalf("seed %d: there is no way %s", seed, key)
					}
					x, seen := want[key]
					if !seen {
						x.At = at.String()
					}
					x.Stays = x.Stays || i == len(instants)-1
					want[key] = x
					v := slices.IndexFunc(w.Versions, func(v string) bool { return manifest.VersionSegment(v) == folder.VersionSegment })
					if folder.VersionSegment == manifest.OtherSegment {
						v = len(w.Versions) - 1
					}
					if w.Offers[v].Release != tree.Bodies[body].Release || w.Offers[v].Payload != tree.Bodies[body].Payload {
						t.Errorf("seed %d: way %s on %q gives %v, the tree %v", seed, key, w.Versions[v], w.Offers[v].Release, tree.Bodies[body].Release)
					}
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d (-trees +ways):\n%s", seed, diff)
		}
	}
}

func TestPath(t *testing.T) {
	f := define(t, `
1.0.0 full must
1.1.0 full
1.2.0 <1.1.0
1.3.0 <1.2.0
project [software.main]; known_versions = ["0.9.0"]
default version_check = false
default [activate."1.0.0"]
default [activate."1.1.0"]
default [activate."1.2.0"]
`)
	want := map[string]string{
		"0.9.0":   "0.9.0 1.0.0 1.1.0 1.2.0 1.1.0 round and round",
		"1.0.0":   "1.0.0 1.1.0 1.2.0 1.1.0 round and round",
		"1.1.0":   "1.1.0 1.2.0 1.1.0 round and round",
		"1.2.0":   "1.2.0 1.1.0 1.2.0 round and round",
		"1.3.0":   "1.3.0 1.1.0 1.2.0 1.1.0 round and round",
		"":        " 1.1.0 1.2.0 1.1.0 round and round",
		"unknown": "unknown 1.0.0 1.1.0 1.2.0 1.1.0 round and round",
	}
	got := map[string]string{}
	for w := range simulate.Ways(f, start, manifest.Targets(f)) {
		for v, name := range w.Versions {
			path, loops := w.Path(v)
			for i, x := range path {
				if i > 0 {
					got[name] += " "
				}
				got[name] += w.Versions[x]
			}
			if loops {
				got[name] += " round and round"
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
