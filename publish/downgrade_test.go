package publish_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
)

// proposed is what is proposed for a store that holds another world.
func proposed(t *testing.T, before, after *world) *publish.Proposal {
	t.Helper()
	store := &memstore.Store{}
	stock(t, store, before, after)
	if _, err := (attempt{now: fleettest.Start}).run(store, before); err != nil {
		t.Fatal(err)
	}
	remote, err := publish.ReadState(t.Context(), store, after.fleet.Project.Prefix)
	if err != nil || remote.State == nil {
		t.Fatal(err, remote)
	}
	edition := publish.Edition{Site: after.site, At: after.at, Rollouts: publish.RolloutsOf(after.fleet, after.at), Limits: publish.Limits{Guard: after.fleet.Guard}}
	p, err := edition.Propose(t.Context(), store, remote, publish.ProposeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// lookup is what a device of a cohort is offered that runs a version, "" for
// nothing: it compares what _other offers, as every door does.
func lookup(w *world, t manifest.Target, cohort, version string, bucket int) string {
	l := w.site.Tree.Layout
	for _, segment := range []string{releases.Escape(version), manifest.OtherSegment} {
		f := w.site.Tree.Folder(l.AnswerFolder(t, cohort, segment))
		if f == nil {
			continue
		}
		if i := f.IndexOf(l.BucketName(bucket)); i >= 0 {
			offer := w.site.Tree.Bodies[f.Bodies[i]].Version()
			if segment == manifest.OtherSegment && offer != "" && w.fleet.Cohort(cohort).VersionCheck && w.fleet.Project.Order.Compare(offer, version) <= 0 {
				return ""
			}
			return offer
		}
	}
	return ""
}

// cohortOfDevice is the cohort that lists a device, or the default one.
func cohortOfDevice(w *world, serial string) string {
	for _, c := range w.fleet.Cohorts {
		if slices.Contains(slices.Collect(c.Devices.Serials()), serial) {
			return c.Slug
		}
	}
	return releases.DefaultCohort
}

// movedDown asks every device of two worlds: how many of each cohort newly get
// less than the version that they run, by cohort, where they go, target and
// version.
func movedDown(before, after *world) map[string]float64 {
	counts, sizes := map[string]float64{}, map[string]float64{}
	order := after.fleet.Project.Order
	stopped := func(cohort, software, version string) bool {
		c, was := after.fleet.Cohort(cohort), before.fleet.Cohort(cohort)
		if c == nil || was == nil {
			return false
		}
		return slices.ContainsFunc(c.Activations, func(is releases.Activation) bool {
			return is.Release.VersionOf(software) == version && !is.Offers() && slices.ContainsFunc(was.Activations, func(a releases.Activation) bool {
				return a.Release.Version == is.Release.Version && a.Offers() && a.Percent(before.at) > 0
			})
		})
	}
	ask := func(from, to string, bucket int) {
		for t, versions := range after.site.Tree.Known {
			for _, version := range union(versions, before.site.Tree.Known[t]) {
				was, will := lookup(before, t, from, version, bucket), lookup(after, t, to, version, bucket)
				below := func(offer string) bool { return offer != "" && order.Compare(offer, version) < 0 }
				meant := func(v string) bool { return stopped(from, t.SoftwareType, v) || stopped(to, t.SoftwareType, v) }
				if below(will) && !below(was) && !meant(version) && !meant(was) {
					if from == to || to != releases.DefaultCohort {
						counts[fmt.Sprintln(to, "", t, version)]++
					}
					if from != to && from != releases.DefaultCohort {
						counts[fmt.Sprintln(from, to, t, version)]++
					}
				}
			}
		}
	}
	serials := map[string]bool{}
	for _, w := range []*world{before, after} {
		for _, c := range w.fleet.Cohorts {
			for serial := range c.Devices.Serials() {
				serials[serial] = true
			}
		}
	}
	layout := after.site.Tree.Layout
	for serial := range serials {
		from, to := cohortOfDevice(before, serial), cohortOfDevice(after, serial)
		sizes[to]++
		sizes[from+" before"]++
		if to != releases.DefaultCohort || from != to {
			ask(from, to, manifest.Index(layout.Bucket(manifest.Hash(serial))))
		}
	}
	for bucket := range layout.Buckets() {
		ask(releases.DefaultCohort, releases.DefaultCohort, bucket)
	}
	for key := range counts {
		words := strings.Split(key, " ")
		of := sizes[words[0]]
		switch {
		case words[0] == releases.DefaultCohort:
			of = float64(layout.Buckets())
		case words[1] != "":
			of = sizes[words[0]+" before"]
		}
		counts[key] *= 100 / of
	}
	return counts
}

func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// TestDowngradesAreWhatDevicesFind compares the guard with every device, for
// changes of the small fleet on top of each other.
func TestDowngradesAreWhatDevicesFind(t *testing.T) {
	some := []string{"nothing", "nothing", "abort in default", "abort in beta", "withdraw one", "a release leaves", "the first release leaves", "a cohort leaves",
		"must-pass-through after all", "release with must-pass-through", "versions known", "hold the unknown", "many devices", "all devices leave"}
	down, away := 0, 0
	for seed := range uint64(fleettest.Rounds(60, 300)) {
		r := rand.New(rand.NewPCG(seed, 1))
		make := func() *releases.Fleet {
			f := small(shuffled(r), changed(pick(r, some...)))
			for _, c := range f.Cohorts {
				c.VersionCheck = r.IntN(3) > 0
			}
			return f
		}
		before, after := newWorld(t, "before", make(), fleettest.Start), newWorld(t, "after", make(), fleettest.Start)
		got := map[string]float64{}
		worst := map[string]float64{}
		p := proposed(t, before, after)
		for _, d := range p.Downgrades() {
			for _, version := range d.Current {
				got[fmt.Sprintln(d.Cohort, d.To, d.Target, version)] = 0
			}
			worst[fmt.Sprintln(d.Cohort, d.To, d.Target)] = d.Percent
			down++
			if d.To != "" {
				away++
			}
		}
		want := movedDown(before, after)
		wantWorst := map[string]float64{}
		for key, percent := range want {
			all := key[:strings.LastIndex(key, " ")] + "\n"
			wantWorst[all] = max(wantWorst[all], percent)
		}
		if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
			t.Errorf("seed %d: %v, want %v", seed, got, want)
		}
		for key, percent := range wantWorst {
			if d := percent - worst[key]; cmp.Compare(d*d, 1e-12) > 0 {
				t.Errorf("seed %d: %s%v percent, want %v", seed, key, worst[key], percent)
			}
		}
	}
	if down < 50 || away < 10 {
		t.Errorf("only %d downgrades were looked at, %d of them of devices that leave", down, away)
	}
}
