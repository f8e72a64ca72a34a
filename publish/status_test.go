package publish_test

import (
	"encoding/json"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

const statusKey = "ota/small/v1/status.json"

// scheduled is a fleet with a schedule, that tells how it stands in a place. Nobody is
// in cohort empty, so its schedule moves no answer.
func scheduled(place releases.StatusPlace) *releases.Fleet {
	return small(func(f *releases.Fleet) {
		f.Publish.Status = place
		steps := func(hours ...int) (r releases.Rollout) {
			for i, h := range hours {
				r.Steps = append(r.Steps, releases.Step{At: fleettest.Start.Add(time.Duration(h) * time.Hour), Percent: float64(50 * (i + 1))})
			}
			return r
		}
		activation(f, "default", "1.2.0").Rollout = steps(-1, 10)
		empty := cohortOf(f, "empty", 0, 0, 100)
		empty.Activations[0].Rollout = steps(20, 30)
		f.Cohorts = append(f.Cohorts[:2:2], empty, f.Cohorts[2])
	})
}

// TestWhatIsToldAndWhatItCosts follows a schedule: a publish that changes nothing
// costs one request and tells nothing new; one that is due does, also where no
// answer moves.
func TestWhatIsToldAndWhatItCosts(t *testing.T) {
	store := &memstore.Store{}
	var last publish.Status
	step := func(hours int, fleet *releases.Fleet, source string, want func(*publish.Plan) int) {
		t.Helper()
		now := fleettest.Start.Add(time.Duration(hours) * time.Hour)
		c := count(store)
		p, err := attempt{now: now, name: source}.run(store, newWorld(t, "now", fleet, now))
		store.Fault = nil
		if err != nil {
			t.Fatal(err)
		}
		if n := want(p); c.all() != n {
			t.Errorf("after %d hours: %v, want %d for %d operations", hours, c.of, n, p.Len())
		}
		before := last
		last = publish.Status{}
		text := snapshot(t, store)[statusKey].Body
		if err := json.Unmarshal([]byte(text), &last); err != nil && fleet.Publish.Status == releases.PublicStatus {
			t.Fatalf("after %d hours: %v in %q", hours, err, text)
		}
		if want(p) == 1 && cmp.Diff(before, last) != "" {
			t.Errorf("after %d hours, and no change: %s", hours, cmp.Diff(before, last))
		}
	}
	expect := func(hours int) {
		t.Helper()
		if at := fleettest.Start.Add(time.Duration(hours) * time.Hour); last.ExpectBefore == nil || !last.ExpectBefore.Equal(at) {
			t.Errorf("the next publish is expected before %v, should be %v", last.ExpectBefore, at)
		}
	}
	one := func(*publish.Plan) int { return 1 }
	telling := func(p *publish.Plan) int { return p.Len() + publish.StatePuts + 2 }
	step(0, scheduled(""), "a", func(p *publish.Plan) int { return p.Len() + publish.StatePuts + 4 }) // and looks for others in the bucket
	step(0, scheduled(releases.PublicStatus), "a", telling)
	expect(10)
	want := publish.Status{Project: "small", Published: fleettest.Start, At: fleettest.Start, Source: "a", ExpectBefore: last.ExpectBefore, Cohorts: []publish.CohortStatus{
		{Cohort: "beta", Releases: []publish.ReleaseStatus{{Version: "1.0.0", Percent: 100}, {Version: "1.1.0", Percent: 100}, {Version: "1.2.0", Percent: 100}}},
		{Cohort: "default", Releases: []publish.ReleaseStatus{{Version: "1.0.0", Percent: 100}, {Version: "1.1.0", Percent: 50},
			{Version: "1.2.0", Percent: 50, Next: &publish.NextStatus{At: *last.ExpectBefore, Percent: 100}}}},
		{Cohort: "empty", Releases: []publish.ReleaseStatus{{Version: "1.0.0", Next: &publish.NextStatus{At: fleettest.Start.Add(20 * time.Hour), Percent: 50}}, {Version: "1.1.0", Percent: 100}}},
		{Cohort: "gamma", Releases: []publish.ReleaseStatus{{Version: "1.0.0", Percent: 100}, {Version: "1.1.0", Percent: 100}, {Version: "1.2.0", Percent: 50}}},
	}}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Error(diff)
	}
	step(1, scheduled(releases.PublicStatus), "a", one)
	step(9, scheduled(releases.PublicStatus), "a", one)
	step(9, scheduled(releases.PublicStatus), "b", telling)
	if last.Source != "b" {
		t.Errorf("the status tells of %q", last.Source)
	}
	step(11, scheduled(releases.PublicStatus), "b", telling)
	expect(20)
	step(21, scheduled(releases.PublicStatus), "b", telling)
	expect(30)
	step(31, scheduled(releases.PublicStatus), "b", telling)
	if last.ExpectBefore != nil {
		t.Errorf("a publish is expected before %v, though nothing is due", last.ExpectBefore)
	}
	step(32, scheduled(releases.PublicStatus), "b", one)
	there := func(key string) bool { _, ok := snapshot(t, store)[key]; return ok }
	step(33, scheduled(releases.PrivateStatus), "b", func(p *publish.Plan) int { return telling(p) + 1 })
	if there(statusKey) || !there(publish.PrivateStatusKey("ota/small")) {
		t.Error("the status is not where it is private")
	}
	step(34, scheduled(""), "b", telling)
	if there(statusKey) || there(publish.PrivateStatusKey("ota/small")) {
		t.Error("a status is left")
	}
}

// TestStatusAfterFailures lets each of the first and last writes fail in both ways,
// for good or once: the next publish tells what is there.
func TestStatusAfterFailures(t *testing.T) {
	at := fleettest.Start.Add(11 * time.Hour)
	before, after := newWorld(t, "before", scheduled(releases.PublicStatus), fleettest.Start), newWorld(t, "after", scheduled(releases.PublicStatus), at)
	store := &memstore.Store{}
	if _, err := (attempt{now: fleettest.Start, name: "ada"}).run(store, before); err != nil {
		t.Fatal(err)
	}
	start := snapshot(t, store)
	c := count(store)
	if _, err := (attempt{now: at, name: "ada"}).run(store, after); err != nil {
		t.Fatal(err)
	}
	writes := c.of[memstore.Put] + c.of[memstore.Delete]
	for _, i := range []int{0, 1, 2, 3, writes - 4, writes - 3, writes - 2, writes - 1} {
		for _, c := range []crash{{i, false, false}, {i, true, false}, {i, false, true}, {i, true, true}} {
			store := restore(t, start)
			store.Fault = c.fault()
			if _, err := (attempt{now: at, name: "ada"}).run(store, after); err == nil && i != 1 { // the state is put twice at first
				t.Errorf("%v: no failure", c)
			}
			store.Fault = nil
			later := at.Add(10 * time.Minute)
			if _, err := (attempt{now: later, name: "ada"}).run(store, after); err != nil {
				t.Fatal(c, err)
			}
			all := snapshot(t, store)
			state := stateIn(t, all, after)
			if got := all[statusKey].Body; state.Done.Status == nil || got != string(state.Done.Status.Encode()) || !state.Done.Status.At.Equal(at) {
				t.Errorf("%v: the status is %s", c, got)
			}
			delete(all, statusKey)
			holdsAll(t, all, after)
		}
	}
}

// TestStatusIsFoundByAListing has one deleted, and another left where none is
// wanted any more.
func TestStatusIsFoundByAListing(t *testing.T) {
	store := &memstore.Store{}
	w := newWorld(t, "now", scheduled(releases.PublicStatus), fleettest.Start)
	rescan := attempt{now: fleettest.Start, name: "ada", rescan: true}
	for range 2 {
		if _, err := rescan.run(store, w); err != nil {
			t.Fatal(err)
		}
		if snapshot(t, store)[statusKey].Body == "" {
			t.Fatal("no status")
		}
		if err := store.Delete(ctx, statusKey); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rescan.run(store, w); err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(ctx, publish.StateKey("ota/small")); err != nil {
		t.Fatal(err)
	}
	if _, err := rescan.run(store, newWorld(t, "now", scheduled(""), fleettest.Start)); err != nil {
		t.Fatal(err)
	}
	if body, there := snapshot(t, store)[statusKey]; there {
		t.Errorf("left: %s", body.Body)
	}
}
