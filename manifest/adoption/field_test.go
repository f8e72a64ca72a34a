package adoption_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/manifest/adoption"
	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/releases/gate"
)

// field is a fleet that is out there, and the gate that watches its rollout.
type field struct {
	fleet   *releases.Fleet
	bricks  float64 // the share of updates after which a device is not heard of again
	poll    time.Duration
	devices []fridge
	dice    *rand.Rand
	tally   *adoption.Tally
	keys    [2][]string // by version and bucket
	seen    []string    // verdicts
}

type fridge struct {
	bucket  int
	version int
	dead    bool
	next    int64
}

var begin = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// newField is 10,000 devices on 1.0.0, and 1.1.0 from the fourth day on in steps.
func newField(seed uint64, bricks float64) *field {
	payload := &releases.Payload{SoftwareType: "main", HardwareVersion: "a", Name: "x.bin", Size: 1000, SHA256: strings.Repeat("a", 64)}
	old, fresh := &releases.Release{Version: "1.0.0", Payloads: []*releases.Payload{payload}}, &releases.Release{Version: "1.1.0"}
	image := *payload
	image.SHA256 = strings.Repeat("b", 64)
	fresh.Payloads = []*releases.Payload{&image}
	first := begin.Add(3 * 24 * time.Hour)
	later := func(percent float64) releases.Step {
		return releases.Step{Percent: percent, After: 36 * time.Hour, Gate: "healthy"}
	}
	held := []releases.Step{later(10), later(50), later(100)}
	held[0].Due = first.Add(held[0].After)
	f := &field{bricks: bricks, poll: 12 * time.Hour, dice: rand.New(rand.NewPCG(seed, 1)), fleet: &releases.Fleet{
		Project:  releases.Project{Slug: "f", Prefix: "f", BaseURL: "https://ota.example.com", Order: releases.SemVer, BucketDigits: 2, CohortDigits: 2},
		Releases: []*releases.Release{old, fresh},
		Cohorts: []*releases.Cohort{{Slug: "default", VersionCheck: true, Activations: []releases.Activation{
			{Release: old, Rollout: releases.Rollout{Fixed: 100}, Seed: "x"},
			{Release: fresh, Seed: fmt.Sprint("default/1.1.0/", seed), Rollout: releases.Rollout{
				Steps: []releases.Step{{At: first, Percent: 1}}, Held: held,
			}},
		}}},
	}}
	f.tally = adoption.New(f.fleet, begin, begin.Add(365*24*time.Hour))
	l := manifest.LayoutOf(f.fleet)
	for v, version := range []string{"1.0.0", "1.1.0"} {
		folder := l.AnswerFolder(manifest.Target{SoftwareType: "main", HardwareVersion: "a"}, "default", version)
		for b := range l.Buckets() {
			f.keys[v] = append(f.keys[v], folder+l.BucketName(b)+".txt")
		}
	}
	for range 10_000 {
		f.devices = append(f.devices, fridge{bucket: f.dice.IntN(256), next: begin.Unix() + f.dice.Int64N(int64(f.poll/time.Second))})
	}
	return f
}

// rollout is that of 1.1.0.
func (f *field) rollout() *releases.Activation { return &f.fleet.Cohorts[0].Activations[1] }

// run lets devices poll. One in thirty polls does not come through.
func (f *field) run(from, until time.Time) {
	a := f.rollout()
	in := make([]bool, 256)
	n := releases.Buckets(a.Percent(from), 256)
	for bucket, rank := range manifest.LayoutOf(f.fleet).Ranks(a.Seed) {
		in[bucket] = int(rank) < n
	}
	for i := range f.devices {
		d := &f.devices[i]
		for !d.dead && d.next < until.Unix() {
			at := d.next
			d.next += int64(f.poll/time.Second) + f.dice.Int64N(600) - 300
			if f.dice.IntN(30) == 0 {
				continue
			}
			f.tally.Add(&adoption.Request{At: at, Last: at, Times: 1, Key: []byte(f.keys[d.version][d.bucket]), Status: 200, Bytes: 90})
			if d.version == 0 && in[d.bucket] {
				f.tally.Add(&adoption.Request{At: at, Last: at, Times: 1, Key: []byte("f/v1/payloads/" + strings.Repeat("b", 32) + "/x.bin"), Status: 200, Bytes: 1000})
				d.version, d.dead = 1, f.dice.Float64() < f.bricks
				d.next = at + 300 // it restarts, and polls
			}
		}
	}
}

// watch runs days with a gate, as 'cairn gate' would each six hours.
func (f *field) watch(days int) {
	most := 10.0
	g := releases.Gate{Name: "healthy", Source: releases.FromAdoption, MinDevices: 50, MaxSilent: &most, MaxAge: 24 * time.Hour}
	for hour := 6; hour <= 24*days; hour += 6 {
		now := begin.Add(time.Duration(hour) * time.Hour)
		f.run(now.Add(-6*time.Hour), now)
		a := f.rollout()
		if len(a.Rollout.Held) == 0 || !a.Paused.IsZero() || now.Before(a.Rollout.Steps[0].At) {
			continue
		}
		v := gate.Judge(g, f.tally.Report(f.poll).Evidence("default", "1.1.0"), now)
		next := a.Rollout.Held[0]
		switch {
		case v.Outcome == gate.Failed:
			a.Paused = now
		case v.Outcome == gate.Passed && !now.Before(next.Due):
			next.At = now
			a.Rollout.Steps = append(a.Rollout.Steps, next)
			a.Rollout.Held = a.Rollout.Held[1:]
			if len(a.Rollout.Held) > 0 {
				a.Rollout.Held[0].Due = now.Add(a.Rollout.Held[0].After)
			}
		}
		f.seen = append(f.seen, fmt.Sprintf("%s %v %%: %s: %s", now.Format("02 15h"), a.Percent(now), v.Outcome, v.Why))
	}
}

func (f *field) lost() (n int) {
	for _, d := range f.devices {
		if d.dead {
			n++
		}
	}
	return n
}

// TestGoodRelease comes to all devices, whatever chance has in store.
func TestGoodRelease(t *testing.T) {
	for seed := range uint64(fleettest.Rounds(10, 100)) {
		f := newField(seed, 0)
		f.watch(12)
		if a := f.rollout(); !a.Paused.IsZero() || len(a.Rollout.Held) > 0 {
			t.Errorf("seed %d: stands at %v %%\n%s", seed, a.Percent(begin.Add(20*24*time.Hour)), strings.Join(f.seen, "\n"))
		}
	}
}

// TestBrickingRelease is stopped within its first step, and costs fewer than 2 %
// of the devices.
func TestBrickingRelease(t *testing.T) {
	for seed := range uint64(fleettest.Rounds(4, 40)) {
		bricks := []float64{1, 0.5, 0.3, 0.2}[seed%4]
		f := newField(seed, bricks)
		f.watch(10)
		a := f.rollout()
		const clear = 0.25 // less, and chance may leave it at "too few to tell": then it stays where it is
		if a.Paused.IsZero() && bricks > clear || len(a.Rollout.Steps) > 1 || f.lost() == 0 || f.lost() >= 200 {
			t.Errorf("seed %d: %v of the updates brick, %d devices are lost, paused %s\n%s", seed, bricks, f.lost(), a.Paused, strings.Join(f.seen, "\n"))
		}
	}
}

// TestInterval holds the interval to what really fell silent: it has to hold the
// share of the first wave in about 95 of 100 fleets.
func TestInterval(t *testing.T) {
	missed, looks := 0, 0
	for seed := range uint64(fleettest.Rounds(10, 60)) {
		bricks := []float64{0, 0.05, 0.3}[seed%3]
		f := newField(seed+1000, bricks)
		for hour := 6; hour <= 24*5+12; hour += 6 {
			now := begin.Add(time.Duration(hour) * time.Hour)
			f.run(now.Add(-6*time.Hour), now)
		}
		took, dead := 0, 0
		for _, d := range f.devices {
			if d.version == 1 {
				took++
			}
			if d.dead {
				dead++
			}
		}
		for _, row := range f.tally.Report(f.poll).Rows {
			s := row.Silence
			if row.Release != "1.1.0" || s == nil {
				continue
			}
			looks++
			truth := 100 * float64(dead) / float64(took)
			if truth < s.Low || truth > s.High {
				missed++
				t.Logf("seed %d: %.1f %% of %d fell silent, not %.1f (%.1f to %.1f) of %.0f", seed, truth, took, s.Percent, s.Low, s.High, s.Devices)
			}
		}
	}
	if looks == 0 || float64(missed) > 1+0.1*float64(looks) {
		t.Errorf("%d of %d intervals missed", missed, looks)
	}
}
