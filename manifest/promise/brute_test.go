package promise_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/manifest/promise"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

// brute is a second writing of each promise: it asks for each device at each
// instant, one by one.
type brute struct {
	*releases.Fleet
	from    time.Time
	layout  manifest.Layout
	known   map[manifest.Target][]string
	serials map[string][]string // of a cohort, a device in each of its buckets
}

func bruteOf(f *releases.Fleet, from time.Time) *brute {
	b := &brute{Fleet: f, from: from, layout: manifest.LayoutOf(f), known: manifest.New(f, from).Known, serials: map[string][]string{}}
	for _, c := range f.Cohorts {
		b.serials[c.Slug] = slices.Collect(c.Devices.Serials())
	}
	buckets := map[string]bool{}
	for i := 0; len(buckets) < b.layout.Buckets(); i++ {
		serial := fmt.Sprint("SN-", i)
		if c, listed := f.CohortOf(serial); listed < 0 && c.Slug == releases.DefaultCohort && !buckets[b.layout.Bucket(manifest.Hash(serial))] {
			buckets[b.layout.Bucket(manifest.Hash(serial))] = true
			b.serials[c.Slug] = append(b.serials[c.Slug], serial)
		}
	}
	return b
}

// passed has the gates of a fleet pass as soon as they may: then it is a fleet
// whose rollouts never had any.
func passed(f *releases.Fleet) *releases.Fleet {
	p := *f
	p.Cohorts = nil
	for _, c := range f.Cohorts {
		open := *c
		open.Activations = slices.Clone(c.Activations)
		for i, a := range open.Activations {
			var steps []releases.Step
			for _, s := range append(slices.Clone(a.Rollout.Steps), a.Rollout.Held...) {
				at := s.At
				if at.IsZero() {
					at = s.Due
				}
				steps = append(steps, releases.Step{At: at, Percent: s.Percent})
			}
			if len(a.Rollout.Held) > 0 {
				open.Activations[i].Rollout = releases.Rollout{Steps: steps}
			}
		}
		p.Cohorts = append(p.Cohorts, &open)
	}
	return &p
}

// instants are all from one on at which anything changes: what a device is told
// that asks about itself.
func (b *brute) instants(c *releases.Cohort) []time.Time {
	all := []time.Time{b.from}
	for _, a := range c.Activations {
		if a.Paused.After(b.from) {
			all = append(all, a.Paused)
		}
		for _, s := range a.Rollout.Steps {
			all = append(all, s.At)
		}
		if r := a.Rollout.Ramp; r != nil {
			for n := range b.layout.Buckets() + 1 {
				at, ok := a.Rollout.Reach(func(percent float64) bool { return releases.Buckets(percent, b.layout.Buckets()) >= n })
				if whole := at.Truncate(time.Second); ok && whole.Before(at) {
					at = whole.Add(time.Second)
				}
				all = append(all, at)
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.DeleteFunc(slices.CompactFunc(all, time.Time.Equal), func(at time.Time) bool { return at.Before(b.from) })
}

// walk takes all devices of a cohort as far as they get in a tree, with each
// version that they may run; the last of them asks eagerly.
func (b *brute) walk(c *releases.Cohort, at time.Time, visit func(d manifest.Device, listed bool, path []string)) {
	tree := manifest.New(b.Fleet, at)
	serials := b.serials[c.Slug]
	if b.Project.Eager && len(serials) > 0 {
		serials = append(slices.Clip(serials), serials[0])
	}
	for i, serial := range serials {
		eager := i == len(b.serials[c.Slug])
		bucket := b.layout.Bucket(manifest.Hash(serial))
		if eager {
			bucket = manifest.EagerBucket
		}
		for t, known := range b.known {
			next := map[string]string{}
			unlisted := manifest.Unlisted(b.Project.Order, known)
			versions := slices.Concat(known, []string{""}, unlisted)
			for _, v := range versions {
				_, body, _ := tree.Find(c.Slug, bucket, manifest.Device{Target: t, CurrentVersion: v})
				next[v] = body.Version()
			}
			for _, v := range versions {
				path := []string{v}
				for to := next[v]; to != "" && len(path) < 50; to = next[to] {
					path = append(path, to)
				}
				visit(manifest.Device{Serial: serial, Target: t, CurrentVersion: v, Eager: eager}, !slices.Contains(unlisted, v), path)
			}
		}
	}
}

// moves says whether a device is moved down, and how many updates one takes at
// most.
func (b *brute) moves(c *releases.Cohort) (down bool, hops int) {
	for _, at := range b.instants(c) {
		b.walk(c, at, func(d manifest.Device, _ bool, path []string) {
			hops = max(hops, len(path)-1)
			down = down || len(path) > 1 && path[0] != "" && b.Project.Order.Compare(path[1], path[0]) < 0
		})
	}
	return down, hops
}

// fastest is how many buckets a release newly reaches within 24 hours at most.
func (b *brute) fastest(c *releases.Cohort) (most int) {
	for _, a := range c.Activations {
		if !a.Offers() {
			continue
		}
		var came []time.Time
		for bucket := range b.layout.Buckets() {
			rank := int(b.layout.Ranks(a.Seed)[bucket])
			at, ok := a.Rollout.Reach(func(percent float64) bool { return releases.Buckets(percent, b.layout.Buckets()) > rank })
			if whole := at.Truncate(time.Second); whole.Before(at) {
				at = whole.Add(time.Second)
			}
			if ok && !at.IsZero() && (a.Paused.IsZero() || !at.After(a.Paused)) {
				came = append(came, at)
			}
		}
		for _, last := range came {
			if !last.After(b.from) {
				continue
			}
			n := 0
			for _, at := range came {
				if !at.After(last) && last.Sub(at) < 24*time.Hour {
					n++
				}
			}
			most = max(most, n)
		}
	}
	return most
}

// top is the highest release for a target that a cohort offers in the end.
func (b *brute) top(c *releases.Cohort, t manifest.Target) (top *releases.Activation) {
	for i, a := range c.Activations {
		made := false
		for _, p := range a.Release.Payloads {
			made = made || p.SoftwareType == t.SoftwareType && p.HardwareVersion == t.HardwareVersion
		}
		if made && a.Offers() && a.Rollout.Final() > 0 &&
			(top == nil || b.Project.Order.Compare(a.Release.VersionOf(t.SoftwareType), top.Release.VersionOf(t.SoftwareType)) >= 0) {
			top = &c.Activations[i]
		}
	}
	return top
}

// stuck says whether a device does not get to the highest release in time.
func (b *brute) stuck(c *releases.Cohort, within time.Duration) (broken bool) {
	for t := range b.known {
		top := b.top(c, t)
		if top == nil || !top.Paused.IsZero() {
			continue
		}
		due := b.from
		if begin, _ := top.Rollout.Reach(func(percent float64) bool { return percent > 0 }); !begin.IsZero() && begin.Add(within).After(due) {
			due = begin.Add(within)
		}
		to := top.Release.VersionOf(t.SoftwareType)
		b.walk(c, due, func(d manifest.Device, listed bool, path []string) {
			above := listed && d.CurrentVersion != "" && b.Project.Order.Compare(d.CurrentVersion, to) >= 0
			end := path[len(path)-1]
			if d.Target != t || above || !listed && len(path) == 1 || len(path) < 50 && end == to {
				return
			}
			d.CurrentVersion = end
			broken = broken || len(path) == 50 || !manifest.Resolve(b.Fleet, d, due).Kept()
		})
	}
	return broken
}

// TestAgainstEachDevice compares what is proven with what each device of random
// fleets meets: of promises that are just kept, and of those that just are not.
func TestAgainstEachDevice(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(fleettest.Rounds(12, 400)) {
		f := fleettest.Random(seed)
		if f.Project.BucketDigits > 1 {
			continue
		}
		from := fleettest.Start.Add(time.Duration(seed*7%120) * time.Hour)
		for _, c := range f.Cohorts {
			var except []string
			for _, other := range f.Cohorts {
				if other != c {
					except = append(except, other.Slug)
				}
			}
			check := func(broken bool, p releases.Promise) {
				t.Helper()
				p.Except = except
				f.Promise = p
				got := promise.Check(f, from)
				if len(got) > 0 != broken || len(got) > 0 && got[0].Cohort != c.Slug {
					t.Errorf("seed %d: %+v to cohort %s: device by device it is broken: %t, proven %v", seed, p, c.Slug, broken, got)
				}
				p.Except, p.NewPerDay = nil, min(p.NewPerDay, 1)
				p.MaxHops, p.EndsWithin = min(p.MaxHops, 1), min(p.EndsWithin, 1)
				seen[fmt.Sprint(p, broken)]++
			}
			plain, open := bruteOf(f, from), bruteOf(passed(f), from)
			through := open.Cohort(c.Slug)
			down, hops := plain.moves(c)
			if !cmp.Equal(c.Activations, through.Activations) {
				downThrough, hopsThrough := open.moves(through)
				down, hops = down || downThrough, max(hops, hopsThrough)
			}
			check(down, releases.Promise{NeverDown: true})
			check(hops >= 49, releases.Promise{MaxHops: max(1, hops)})
			if hops > 1 {
				check(true, releases.Promise{MaxHops: hops - 1})
			}
			all := float64(plain.layout.Buckets())
			fastest := max(plain.fastest(c), open.fastest(through))
			check(false, releases.Promise{NewPerDay: float64(max(1, fastest)) * 100 / all})
			if fastest > 1 {
				check(true, releases.Promise{NewPerDay: float64(fastest-1) * 100 / all})
			}
			for _, within := range []time.Duration{time.Hour, 24 * time.Hour, 48 * time.Hour, 200 * time.Hour} {
				check(open.stuck(through, within), releases.Promise{EndsWithin: within})
			}
		}
	}
	if len(seen) != 8 {
		t.Errorf("of four promises, each kept and broken, there are only %v", seen)
	}
}
