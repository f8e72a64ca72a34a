package simulate_test

import (
	"context"
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

// variety is options that differ from one seed to the next.
func variety(seed uint64) simulate.Options {
	o := simulate.Options{
		Devices: 20, Seed: seed, From: fleettest.Start.Add(-12 * time.Hour), For: 8*24*time.Hour + 7*time.Minute,
		Poll: time.Duration(5+seed%7) * 97 * time.Minute,
	}
	switch seed % 3 {
	case 1:
		o.Every, o.Install = 13*time.Hour, 40*time.Minute
	case 2:
		o.Every, o.Install, o.FailRate = 5*time.Minute, 11*time.Hour, 0.4
	}
	if seed%4 == 3 {
		o.Start = []simulate.Share[string]{{Of: "1.0.0", Weight: 3}, {Of: "9.9.9-dev", Weight: 1}, {Of: "none", Weight: 1}}
	}
	return o
}

// naive is a device that asks Resolve at each poll. It knows nothing of the
// schedule's changes: a tree that is published at each of them answers as the
// definitions do, to the second.
type naive struct {
	fleet   *releases.Fleet
	options simulate.Options
	simulate.Member
	at       []time.Duration // when it moved
	versions []string        // to what; the first is where it started
	down     bool
	loops    bool
}

func (n *naive) published(t time.Duration) time.Time {
	every := max(n.options.Every, time.Second)
	return n.options.From.Add(t / every * every)
}

func (n *naive) resolve(t time.Duration) manifest.Decision {
	return manifest.Resolve(n.fleet, n.Device, n.published(t))
}

// reach is the releases that the device could have.
func (n *naive) reach(t time.Duration) (all []*releases.Release) {
	layout := manifest.LayoutOf(n.fleet)
	cohort, _ := n.fleet.CohortOf(n.Serial)
	for _, a := range cohort.Activations {
		made := slices.ContainsFunc(a.Release.Payloads, func(p *releases.Payload) bool {
			return p.SoftwareType == n.Target.SoftwareType && p.HardwareVersion == n.Target.HardwareVersion
		})
		rank := layout.Ranks(a.Seed)[manifest.Index(layout.Bucket(manifest.Hash(n.Serial)))]
		if n.Eager && made && a.Offers() && a.CoversEager(n.published(t)) {
			all = append(all, a.Release)
		}
		if !n.Eager && made && a.Offers() && int(rank) < releases.Buckets(a.Percent(n.published(t)), layout.Buckets()) {
			all = append(all, a.Release)
		}
	}
	return all
}

func (n *naive) placed(version string) bool {
	return version != "" && version != simulate.Unknown && n.fleet.Project.Order.Check(version) == nil
}

func (n *naive) run() {
	n.at, n.versions = []time.Duration{0}, []string{n.CurrentVersion}
	cohort, _ := n.fleet.CohortOf(n.Serial)
	var had []string // with the reach of the last poll
	reach := "not yet"
	for t := n.FirstPoll; t <= n.options.For; {
		if now := fmt.Sprint(n.reach(t)); now != reach {
			reach, had = now, []string{n.CurrentVersion}
		}
		d := n.resolve(t)
		done := t + n.options.Install
		t += n.options.Poll
		if d.Release == nil {
			continue
		}
		for t < done {
			t += n.options.Poll
		}
		if done > n.options.For {
			break
		}
		if n.Fails() {
			continue
		}
		to := d.Version()
		if cohort.VersionCheck && n.placed(n.CurrentVersion) && n.fleet.Project.Order.Compare(to, n.CurrentVersion) < 0 {
			n.down = true
		}
		n.loops = n.loops || slices.Contains(had, to)
		n.CurrentVersion = to
		had = append(had, to)
		n.at, n.versions = append(n.at, done), append(n.versions, to)
	}
}

// fate polls on with everything as it is at the end.
func (n *naive) fate() string {
	t := n.options.For
	start := n.CurrentVersion
	for range 30 {
		d := n.resolve(t)
		if d.Release != nil {
			n.CurrentVersion = d.Version()
			continue
		}
		order := n.fleet.Project.Order
		newest := ""
		for _, r := range n.reach(t) {
			if version := r.VersionOf(n.Target.SoftwareType); newest == "" || order.Compare(newest, version) < 0 {
				newest = version
			}
		}
		switch {
		case newest != "" && n.CurrentVersion != newest && (!n.placed(n.CurrentVersion) || order.Compare(n.CurrentVersion, newest) < 0):
			if d.Rule == manifest.UnknownHold {
				return "held"
			}
			if d.Rule >= manifest.Blocked && d.Rule != manifest.NeedUnmet {
				return "kept"
			}
			return "stuck"
		case n.CurrentVersion != start:
			return "on the way"
		}
		return "settled"
	}
	return "circling"
}

func (n *naive) versionAt(t time.Duration) string {
	i := len(n.at) - 1
	for n.at[i] > t {
		i--
	}
	return n.versions[i]
}

// TestAgreesWithResolve compares whole simulations of random fleets with
// devices that ask Resolve, one by one.
func TestAgreesWithResolve(t *testing.T) {
	fates := map[string]int64{}
	var downs, loops, updates int
	for seed := range uint64(18) {
		f := fleettest.Random(seed)
		if len(manifest.Targets(f)) == 0 {
			continue
		}
		o := variety(seed)
		o.Eager = 0.3
		r, err := simulate.Run(context.Background(), f, o)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		here := map[string]int64{}
		down, loop := 0, 0
		for _, m := range simulate.Members(f, o) {
			n := &naive{fleet: f, options: o, Member: m}
			n.run()
			cohort, _ := f.CohortOf(m.Serial)
			for _, p := range r.Points {
				want[fmt.Sprintf("%s %s %v %q", p.At.Format(time.RFC3339), cohort.Slug, m.Eager, n.versionAt(p.At.Sub(o.From)))]++
			}
			updates += len(n.versions) - 1
			fate := n.fate()
			here[fate]++
			if n.down {
				down++
			}
			if n.loops || fate == "circling" {
				loop++
			}
		}
		got := map[string]int{}
		for _, c := range r.Cohorts {
			for i, devices := range c.Devices {
				for v, count := range devices {
					if count != 0 {
						got[fmt.Sprintf("%s %s %v %q", r.Points[i].At.Format(time.RFC3339), c.Cohort, c.Eager, r.Versions[v])] = count
					}
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("fleet %d: devices (-naive +simulated):\n%s", seed, diff)
		}
		if got := [...]int64{r.Settled, r.OnTheWay, r.Held, r.Kept, r.Lost}; got != [...]int64{here["settled"], here["on the way"], here["held"], here["kept"], here["stuck"] + here["circling"]} {
			t.Errorf("fleet %d: fates %v, want %v", seed, got, here)
		}
		if got := failing(r); got[simulate.Down] != down || got[simulate.Loop] != loop || got[simulate.Stuck] != int(here["stuck"]) || got[simulate.Same] != 0 {
			t.Errorf("fleet %d: failures %v, want %d down, %d loops, %d stuck", seed, got, down, loop, here["stuck"])
		}
		downs, loops = downs+down, loops+loop
		for fate, n := range here {
			fates[fate] += n
		}
	}
	if len(fates) != 6 || downs != 0 || loops == 0 || updates == 0 {
		t.Errorf("%d updates, %d down, %d loops, %v: not all was looked at", updates, downs, loops, fates)
	}
}

// failing is how many devices fail each check.
func failing(r *simulate.Result) map[simulate.Check]int {
	n := map[simulate.Check]int{}
	for _, f := range r.Failures {
		n[f.Check] = f.Devices
	}
	return n
}
