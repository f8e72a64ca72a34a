package manifest

import (
	"time"

	"cairn/releases"
)

// Explanation is what a device gets, and everything that led to it.
type Explanation struct {
	Decision
	Hash   string // of the serial
	Cohort *releases.Cohort
	Listed int  // its place among the cohort's devices, negative where no cohort lists it
	Known  bool // whether the current version is one of the target's
	// Other is what versions that are not known are offered, if they are below it.
	Other       Decision
	Activations []Standing
	Fetches     []Fetch
}

// Standing is an activated release as one bucket sees it.
type Standing struct {
	releases.Activation
	Percent float64 // at the instant
	Buckets int     // so many are in
	In      bool    // the bucket among them, or a device that asks eagerly is covered
	Offers  bool    // whether it offers the target anything: neither aborted nor withdrawn, and made for it
	// From is when the bucket is in or will be, by the schedule; zero where
	// it always was or never will be, which In tells apart.
	From time.Time
	// Held is what keeps the device's version from the release; nil for nothing.
	Held *Held
}

// Fetch is a key that a device asks for.
type Fetch struct {
	Key   string
	Found bool // otherwise the answer is 404, and the next key's turn
}

// Targets lists what a fleet has a payload for, in ascending order.
func Targets(f *releases.Fleet) []Target { return resolverOf(f).targets }

// Known lists the versions that are known of each target, in ascending order.
func Known(f *releases.Fleet) map[Target][]string { return resolverOf(f).known }

// Explain resolves as [Resolve] does, and says how.
func Explain(f *releases.Fleet, d Device, instant time.Time) Explanation {
	b := newBuilder(f, instant)
	layout, r := b.tree.Layout, b.resolver
	e := Explanation{Hash: Hash(d.Serial)}
	e.Cohort, e.Listed = f.CohortOf(d.Serial)
	var reach []*releases.Release
	at := r.standing(d.Target, d.CurrentVersion)
	e.Known = at >= 0
	d.Eager = d.Eager && f.Project.Eager
	bucket := layout.LooksIn(d)
	for _, a := range e.Cohort.Activations {
		rank := int(layout.Ranks(a.Seed)[Index(bucket)])
		covers := func(percent float64) bool { return rank < releases.Buckets(percent, layout.Buckets()) }
		if d.Eager {
			covers = func(percent float64) bool { return percent >= 100 || percent > 0 && !a.NotEager }
		}
		s := Standing{Activation: a, Percent: a.Percent(instant)}
		s.Buckets = releases.Buckets(s.Percent, layout.Buckets())
		if s.In = covers(s.Percent); d.Eager {
			s.In = a.CoversEager(instant)
		}
		if made := r.made[d.Target][a.Release]; len(made) > 0 {
			s.Offers, s.Held = a.Offers(), r.edges[d.Target].holds(at, &made[0])
		}
		if from, ever := a.Rollout.Reach(covers); ever && (a.Paused.IsZero() || !from.After(a.Paused)) {
			s.From = from
		}
		if s.In && a.Offers() {
			reach = append(reach, a.Release)
		}
		e.Activations = append(e.Activations, s)
	}
	e.Decision = r.resolve(d, e.Cohort, reach)
	e.Other = r.decide(r.candidates(d.Target, reach), unknown, e.Cohort.VersionCheck)
	b.folders(e.Cohort)
	e.Fetches = append(e.Fetches, Fetch{layout.CohortKey(layout.Shard(e.Hash)), true})
	_, _, _ = layout.Walk(b.fleet.Project.Order, e.Cohort.Slug, bucket, []Device{d}, func(l Location) ([]byte, error) {
		body, err := b.tree.Get(l)
		e.Fetches = append(e.Fetches, Fetch{layout.Key(l), err == nil})
		return body, err
	})
	return e
}
