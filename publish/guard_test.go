package publish_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
	"cairn/releases/fleettest"
)

// proposal is a change, published after others that did or did not end.
func proposal(t *testing.T, limits publish.Limits, before, after *releases.Fleet, unfinished ...*releases.Fleet) *publish.Proposal {
	t.Helper()
	remote := &publish.Remote{State: &publish.State{Done: publish.Stamp{Rollouts: publish.RolloutsOf(before, fleettest.Start)}}}
	for _, f := range unfinished {
		remote.State.Doing = &publish.Stamp{Rollouts: publish.RolloutsOf(f, fleettest.Start)}
	}
	edition := publish.Edition{Rollouts: publish.RolloutsOf(after, fleettest.Start), Limits: limits}
	return &publish.Proposal{Plan: plan(t, before, after), Edition: edition, Remote: remote}
}

// trips is what stops a proposal; nil for nothing.
func trips(t *testing.T, p *publish.Proposal) *publish.TrippedError {
	t.Helper()
	err := p.Tripped()
	var tripped *publish.TrippedError
	if err != nil && !errors.As(err, &tripped) {
		t.Fatal(err)
	}
	return tripped
}

func TestTheGuardCountsWhatIsNewlyExposed(t *testing.T) {
	t.Parallel()
	rollOut := func(percent float64, seed string) func(*releases.Fleet) {
		return func(f *releases.Fleet) {
			a := activation(f, "default", "1.1.0")
			a.Rollout.Fixed, a.Seed = percent, seed
		}
	}
	comes := func(slug string, percents ...float64) func(*releases.Fleet) {
		return func(f *releases.Fleet) {
			f.Cohorts = append(f.Cohorts, cohortOf(f, slug, 4, percents...))
		}
	}
	const seed = "default/1.1.0"
	// beyond is how many buckets are in the first half of one draw of 16, and
	// not in that of another.
	beyond := func(one, other string) (n float64) {
		layout := manifest.Layout{BucketDigits: 1}
		a, b := layout.Ranks(one), layout.Ranks(other)
		for i := range a {
			if a[i] < 8 && b[i] >= 8 {
				n++
			}
		}
		return n
	}
	for _, test := range []struct {
		name          string
		before, after []func(*releases.Fleet)
		unfinished    []*releases.Fleet
		want          string
	}{
		{name: "nothing"},
		{"more with the same seed", nil, funcs(rollOut(80, seed)), nil, "default 1.1.0 mp 30"},
		{"fewer", nil, funcs(rollOut(20, seed)), nil, ""},
		{"as many with another seed", nil, funcs(rollOut(50, "other")), nil, fmt.Sprint("default 1.1.0 mp ", 100*beyond("other", seed)/16)},
		{"all with another seed", nil, funcs(rollOut(100, "other")), nil, "default 1.1.0 mp 50"},
		{"back after an abort", funcs(changed("abort in default")), nil, nil, "default 1.1.0 mp 50"},
		{"a new cohort, as default", nil, funcs(comes("omega", 100, 50)), nil, ""},
		{"a new cohort, ahead of default", nil, funcs(comes("omega", 100, 100, 30)), nil, ""},
		{"a new cohort named as a folder", nil, funcs(comes("v1", 100, 0, 0)), nil, ""},
		{"a cohort that had devices, 2 of the 4", funcs(comes("omega", 100, 0)), funcs(comes("omega", 100, 60)), nil, "omega 1.1.0 mp 50"},
		{"a hardware version more", nil, funcs(func(f *releases.Fleet) {
			r := release(f, "1.1.0")
			r.Payloads = append(r.Payloads, image("evt", "1.1.0", ""))
			for _, slug := range []string{"beta", "gamma"} {
				activation(f, slug, "1.1.0").Aborted = "not there"
			}
		}), nil, "default 1.1.0 evt 50"},
		{"what a crash has exposed", nil, funcs(rollOut(95, seed)), []*releases.Fleet{small(rollOut(85, seed))}, "default 1.1.0 mp 6.25"},
	} {
		var got []string
		p := proposal(t, publish.Limits{Guard: releases.Guard{MaxDeletes: 100}}, small(test.before...), small(test.after...), test.unfinished...)
		for _, x := range p.Exposures() {
			got = append(got, fmt.Sprint(x.Cohort, " ", x.Version, " ", x.Target.HardwareVersion, " ", x.Points))
		}
		if tripped := trips(t, p); (tripped != nil) != (len(got) > 0) || tripped != nil && len(tripped.Trips) != len(got) {
			t.Errorf("%s: trips %v", test.name, tripped)
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func funcs(f ...func(*releases.Fleet)) []func(*releases.Fleet) { return f }

func TestTheGuardTripsOverItsLimitOnly(t *testing.T) {
	more := small(func(f *releases.Fleet) { activation(f, "default", "1.1.0").Rollout.Fixed = 80 })
	guard := releases.Guard{MaxExposureIncrease: 30, MaxDeletes: 100}
	if tripped := trips(t, proposal(t, publish.Limits{Guard: guard}, small(), more)); tripped != nil {
		t.Errorf("at the limit: %v", tripped)
	}
	guard.MaxExposureIncrease = 29.9
	if tripped := trips(t, proposal(t, publish.Limits{Guard: guard}, small(), more)); tripped == nil || !strings.Contains(tripped.Error(), `would newly reach 30 % of cohort "default" (fw on mp); max_exposure_increase is 29.9`) {
		t.Errorf("over the limit: %v", tripped)
	}
	if tripped := trips(t, proposal(t, publish.Limits{Guard: guard, Allow: []string{"exposure"}}, small(), more)); tripped != nil {
		t.Errorf("let through: %v", tripped)
	}
	w := newWorld(t, "first", small(), fleettest.Start)
	first := publish.NewPlan(w.site, &publish.Inventory{}, true)
	edition := publish.Edition{Rollouts: publish.RolloutsOf(w.fleet, w.at)}
	if err := (&publish.Proposal{Plan: first, Edition: edition, Remote: &publish.Remote{}}).Tripped(); err != nil {
		t.Errorf("a first publish: %v", err)
	}
}

func TestTheGuardCountsWhatIsDeletedAndNotReplaced(t *testing.T) {
	t.Parallel()
	digits := func(f *releases.Fleet) { f.Project.BucketDigits = 2 }
	for _, test := range []struct {
		name          string
		before, after func(*releases.Fleet)
		want          string // the keys that are lost
	}{
		{"nothing", changed("nothing"), changed("nothing"), ""},
		{"other digits", changed("nothing"), digits, "/latest/"},
		{"a cohort leaves", changed("nothing"), changed("a cohort leaves"), "/gamma/"},
		{"a release leaves", changed("nothing"), changed("a release leaves"), "/1.2.0/"},
		{"a version is unknown again", changed("versions known"), changed("nothing"), "/7.7.7/"},
		{"an offer that needs no sibling", changed("nothing"), changed("abort in default"), ""},
		{"folders that say what _other says", changed("nothing"), changed("withdraw all"), ""},
	} {
		before, after := small(test.before), small(test.after)
		lost := 0
		p := plan(t, before, after)
		for key := range variantsOf(p.Live) {
			if test.want != "" && strings.Contains(key, test.want) {
				lost++
			}
		}
		if got := p.Loss(); got != lost || test.want != "" && lost == 0 {
			t.Errorf("%s: %d keys are lost, want %d", test.name, got, lost)
		}
		tripped := trips(t, proposal(t, publish.Limits{Guard: releases.Guard{MaxExposureIncrease: 100}}, before, after))
		if want := fmt.Sprintf("deletes: %d of %d published keys", lost, p.Live.Len()); (tripped != nil) != (lost > 0) || tripped != nil && !strings.HasPrefix(tripped.Error(), want) {
			t.Errorf("%s: %v, want %q", test.name, tripped, want)
		}
		limits := publish.Limits{Guard: releases.Guard{MaxExposureIncrease: 100, MaxDeletes: 100 * float64(lost) / float64(p.Live.Len())}, Allow: []string{"layout"}}
		if tripped := trips(t, proposal(t, limits, before, after)); tripped != nil {
			t.Errorf("%s, at the limit: %v", test.name, tripped)
		}
		if tripped := trips(t, proposal(t, publish.Limits{Guard: releases.Guard{MaxExposureIncrease: 100}, Allow: []string{"deletes", "layout"}}, before, after)); tripped != nil {
			t.Errorf("%s, let through: %v", test.name, tripped)
		}
	}
}

func TestAllGuardsThatTripAreToldInOneRun(t *testing.T) {
	after := small(changed("a release leaves"), func(f *releases.Fleet) { activation(f, "default", "1.1.0").Rollout.Fixed = 80 })
	for _, test := range []struct {
		allow []string
		want  string // the guards that stop it
	}{
		{nil, "exposure deletes"},
		{[]string{"deletes"}, "exposure"},
		{[]string{"exposure"}, "deletes"},
	} {
		tripped := trips(t, proposal(t, publish.Limits{Allow: test.allow}, small(), after))
		var got []string
		for _, trip := range tripped.Trips {
			got = append(got, trip.Guard)
		}
		if strings.Join(slices.Compact(got), " ") != test.want || tripped.Flag() != "--allow exposure,deletes" {
			t.Errorf("with %v allowed: %v, and %s", test.allow, got, tripped.Flag())
		}
	}
	if tripped := trips(t, proposal(t, publish.Limits{Allow: []string{"deletes", "exposure"}}, small(), after)); tripped != nil {
		t.Errorf("all allowed: %v", tripped)
	}
}
