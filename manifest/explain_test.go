package manifest_test

import (
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

// standing is DEMOSERIAL's with a release. It is in bucket 7, which
// default/1.1.0 takes tenth of 16: from 59.375 percent on, where 9.5 is
// rounded up.
func standing(a releases.Activation, at time.Time) manifest.Standing {
	f := fleet("1.0.0 1.1.0 1.2.0~ 1.3.0x", true)
	if a.Release == nil {
		a.Release = f.Releases[1]
	}
	if a.Seed == "" {
		a.Seed = "default/1.1.0"
	}
	f.Cohorts[0].Activations = []releases.Activation{a}
	return manifest.Explain(f, manifest.Device{Serial: "DEMOSERIAL", Target: mp, CurrentVersion: "1.0.0"}, at).Activations[0]
}

func TestStanding(t *testing.T) {
	steps := releases.Rollout{Steps: []releases.Step{{At: now, Percent: 25}, {At: now.Add(time.Hour), Percent: 60}}}
	ramp := releases.Rollout{Ramp: &releases.Ramp{Start: now, Duration: 100 * time.Hour, From: 0, To: 100, Linear: true}}
	reached := now.Add(59*time.Hour + 22*time.Minute + 30*time.Second)
	withdrawn := &releases.Release{Version: "1.2.0", Withdrawn: "bad", Payloads: []*releases.Payload{full("1.2.0")}}
	other := full("1.1.0")
	other.HardwareVersion = "evt"
	for _, row := range []struct {
		name string
		a    releases.Activation
		at   time.Time
		want manifest.Standing
	}{
		{"fixed, in", releases.Activation{Rollout: releases.Rollout{Fixed: 59.375}}, now,
			manifest.Standing{Percent: 59.375, Buckets: 10, In: true, Offers: true}},
		{"fixed, out", releases.Activation{Rollout: releases.Rollout{Fixed: 59.3}}, now,
			manifest.Standing{Percent: 59.3, Buckets: 9, Offers: true}},
		{"before its step", releases.Activation{Rollout: steps}, now.Add(time.Hour - 1),
			manifest.Standing{Percent: 25, Buckets: 4, Offers: true, From: now.Add(time.Hour)}},
		{"at its step", releases.Activation{Rollout: steps}, now.Add(time.Hour),
			manifest.Standing{Percent: 60, Buckets: 10, In: true, Offers: true, From: now.Add(time.Hour)}},
		{"paused before its step", releases.Activation{Rollout: steps, Paused: now.Add(time.Hour - 1)}, now.Add(2 * time.Hour),
			manifest.Standing{Percent: 25, Buckets: 4, Offers: true}},
		{"paused at its step", releases.Activation{Rollout: steps, Paused: now.Add(time.Hour)}, now.Add(2 * time.Hour),
			manifest.Standing{Percent: 60, Buckets: 10, In: true, Offers: true, From: now.Add(time.Hour)}},
		{"before a ramp", releases.Activation{Rollout: ramp}, now.Add(-time.Hour),
			manifest.Standing{Offers: true, From: reached}},
		{"on a ramp", releases.Activation{Rollout: ramp}, reached,
			manifest.Standing{Percent: 59.375, Buckets: 10, In: true, Offers: true, From: reached}},
		{"aborted", releases.Activation{Rollout: releases.Rollout{Fixed: 100}, Aborted: "why"}, now,
			manifest.Standing{Percent: 100, Buckets: 16, In: true}},
		{"withdrawn", releases.Activation{Rollout: releases.Rollout{Fixed: 100}, Release: withdrawn}, now,
			manifest.Standing{Percent: 100, Buckets: 16, In: true}},
		{"made for another target", releases.Activation{Rollout: releases.Rollout{Fixed: 100}, Release: &releases.Release{Version: "1.1.0", Payloads: []*releases.Payload{other}}}, now,
			manifest.Standing{Percent: 100, Buckets: 16, In: true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := standing(row.a, row.at)
			got.Activation = releases.Activation{}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFromIsTheFirstInstant holds for every bucket of random rollouts: at
// that instant the bucket is in, and a nanosecond earlier it is not.
func TestFromIsTheFirstInstant(t *testing.T) {
	checked := 0
	for seed := range uint64(40) {
		f := fleettest.Random(seed)
		all := f.Cohort("default")
		for _, serial := range serials(f, all) {
			d := manifest.Device{Serial: serial, Target: mp}
			for i, s := range manifest.Explain(f, d, fleettest.Start).Activations {
				late := manifest.Explain(f, d, fleettest.Start.Add(1000*time.Hour)).Activations[i]
				if late.From != s.From || s.From.IsZero() && late.In != s.In {
					t.Errorf("seed %d: from %s and in %v, later %s and %v", seed, s.From, s.In, late.From, late.In)
				}
				if s.From.IsZero() {
					continue
				}
				checked++
				in := func(at time.Time) bool { return manifest.Explain(f, d, at).Activations[i].In }
				if !late.In || !in(s.From) || in(s.From.Add(-1)) {
					t.Errorf("seed %d, %s, %s: %s is not the first instant", seed, serial, s.Release.Version, s.From)
				}
			}
			break // a device of each fleet: Explain is not made for haste
		}
	}
	if checked == 0 {
		t.Error("no rollout was looked at")
	}
}

func TestExplain(t *testing.T) {
	f := fleet("(0.9.0) 1.0.0 1.1.0! 1.2.0", true)
	f.Cohorts = append([]*releases.Cohort{{
		Slug: "beta", VersionCheck: true, Activations: f.Cohorts[0].Activations[:2],
		Devices: releases.DevicesOf("A"),
	}}, f.Cohorts...)
	const shard, latest = "demo/v1/cohorts/7.txt", "demo/v1/latest/main/mp/"
	for _, row := range []struct {
		serial, current string
		cohort          string
		known           bool
		want            string
		fetches         []manifest.Fetch
	}{
		{"DEMOSERIAL", "1.1.0", "default", true, "1.2.0 highest",
			[]manifest.Fetch{{Key: shard, Found: true}, {Key: latest + "default/1.1.0/7.txt", Found: true}}},
		{"DEMOSERIAL", "0.9.0", "default", true, "1.1.0 must-pass-through",
			[]manifest.Fetch{{Key: shard, Found: true}, {Key: latest + "default/0.9.0/7.txt"}, {Key: latest + "default/_other/7.below.txt", Found: true}}},
		{"DEMOSERIAL", "3+x", "default", false, "unknown-not-below",
			[]manifest.Fetch{{Key: shard, Found: true}, {Key: latest + "default/3_2bx/7.txt"}, {Key: latest + "default/_other/7.below.txt", Found: true}}},
		{"DEMOSERIAL", "", "default", false, "1.2.0 no-version",
			[]manifest.Fetch{{Key: shard, Found: true}, {Key: latest + "default/_none/7.txt", Found: true}}},
		{"A", "1.1.0", "beta", true, "up-to-date",
			[]manifest.Fetch{{Key: "demo/v1/cohorts/1.txt", Found: true}, {Key: latest + "beta/1.1.0/1.txt", Found: true}}},
	} {
		e := manifest.Explain(f, manifest.Device{Serial: row.serial, Target: mp, CurrentVersion: row.current}, now)
		if e.Cohort.Slug != row.cohort || (e.Listed >= 0) != (row.cohort == "beta") || e.Known != row.known || sketched(e.Decision) != row.want {
			t.Errorf("%s at %q: %+v", row.serial, row.current, e)
		}
		if e.Hash != manifest.Hash(row.serial) || len(e.Activations) != len(e.Cohort.Activations) {
			t.Errorf("%s at %q: hash %s, %d activations", row.serial, row.current, e.Hash, len(e.Activations))
		}
		if diff := cmp.Diff(row.fetches, e.Fetches); diff != "" {
			t.Errorf("%s at %q fetches (-want +got):\n%s", row.serial, row.current, diff)
		}
	}
}

func TestExplainUnknownTarget(t *testing.T) {
	f := fleet("1 2", true)
	evt := manifest.Target{SoftwareType: "main", HardwareVersion: "evt"}
	e := manifest.Explain(f, manifest.Device{Serial: "A", Target: evt, CurrentVersion: "1"}, now)
	for _, fetch := range e.Fetches[1:] {
		if fetch.Found {
			t.Errorf("%s is found", fetch.Key)
		}
	}
	if e.Known || e.Payload != nil || e.Activations[0].Offers {
		t.Errorf("%+v", e)
	}
	if diff := cmp.Diff([]manifest.Target{mp}, manifest.Targets(f)); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}
