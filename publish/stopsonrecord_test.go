package publish_test

import (
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
)

// TestStopsStand follows what stops through publishes one after the other,
// each from definitions of its own.
func TestStopsStand(t *testing.T) {
	start := fleettest.Start
	aborted := func(a *releases.Activation) { a.Aborted = "hot" }
	resumedAt := func(at time.Time) func(*releases.Activation) {
		return func(a *releases.Activation) { a.Resumed = at }
	}
	nothing := func(*releases.Activation) {}
	for _, test := range []struct {
		name  string
		edits []func(*releases.Activation) // of one publish an hour after the other
		want  bool                         // the last one trips
		stops int                          // after it
	}{
		{"it is offered", []func(*releases.Activation){nothing, nothing}, false, 0},
		{"it is stopped", []func(*releases.Activation){nothing, aborted, aborted}, false, 1},
		{"from before", []func(*releases.Activation){nothing, aborted, nothing}, true, 1},
		{"the stop is kept, not that of the last publish", []func(*releases.Activation){aborted, aborted, resumedAt(start.Add(time.Minute))}, false, 0},
		{"resumed before the stop", []func(*releases.Activation){nothing, aborted, resumedAt(start.Add(time.Hour))}, true, 1},
		{"resumed", []func(*releases.Activation){nothing, aborted, resumedAt(start.Add(time.Hour + time.Second)), nothing}, false, 0},
		{"stopped anew", []func(*releases.Activation){aborted, func(a *releases.Activation) {
			aborted(a)
			a.Resumed = start.Add(time.Minute)
		}, resumedAt(start.Add(time.Minute))}, true, 1},
		{"from before, by an older cairn", []func(*releases.Activation){nothing, aborted, nothing}, true, 1},
		{"nobody is offered it", []func(*releases.Activation){nothing, aborted, func(a *releases.Activation) { a.Rollout = releases.Rollout{} }}, false, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := &memstore.Store{}
			for i, edit := range test.edits {
				fleet := small()
				c := fleet.Cohort(releases.DefaultCohort)
				edit(&c.Activations[1])
				w := newWorld(t, test.name, fleet, start)
				stock(t, store, w)
				if i > 0 && strings.Contains(test.name, "an older cairn") {
					olderState(t, store, fleet.Project.Prefix)
				}
				remote, err := publish.ReadState(t.Context(), store, fleet.Project.Prefix)
				if err != nil {
					t.Fatal(err)
				}
				edition := publish.Edition{Site: w.site, At: start, Rollouts: publish.RolloutsOf(fleet, start), Limits: publish.Limits{Guard: releases.Guard{MaxExposureIncrease: 100, MaxMovedDown: 100, MaxDeletes: 100}}}
				p, err := edition.Propose(t.Context(), store, remote, publish.ProposeOptions{})
				if err != nil {
					t.Fatal(err)
				}
				now := start.Add(time.Duration(i) * time.Hour)
				if i == len(test.edits)-1 {
					if trips := p.Trips(); len(trips) > 0 != test.want {
						t.Errorf("trips: %v", trips)
					}
					if stops := p.StopsAfter(now); len(stops) != test.stops {
						t.Errorf("stops: %v, want %d", stops, test.stops)
					}
					return
				}
				if _, err := (attempt{now: now}).run(store, w); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
