// Package promise proves that what a project promises holds for every device at
// every instant of its schedule, or gives a device for which it does not. It
// goes through all that buckets can have in reach, so it misses none.
package promise

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/manifest/simulate"
	"cairn/releases"
)

// Broken is a promise that does not hold, and a device that shows it.
type Broken struct {
	Key    string           `json:"promise"` // of [promise]
	Cohort string           `json:"cohort"`
	Target *manifest.Target `json:"target"` // null for any
	Bucket string           `json:"bucket"` // or [manifest.EagerBucket]
	Serial string           `json:"serial"` // of a device there that the cohort lists, or ""
	At     time.Time        `json:"at"`
	From   string           `json:"from"` // the version that it runs, or the percentage before
	To     string           `json:"to"`
	What   string           `json:"what"` // all of it in words
	Hint   string           `json:"hint"`
}

// Check gives what is broken from an instant on, one of each promise and cohort.
// Gates pass and releases are promoted as soon as their time has come, or never.
func Check(f *releases.Fleet, at time.Time) []Broken {
	if p := f.Promise; !p.NeverDown && p.NewPerDay == 0 && p.EndsWithin == 0 && p.MaxHops == 0 {
		return nil
	}
	given := *f
	given.Cohorts = slices.DeleteFunc(slices.Clone(f.Cohorts), func(c *releases.Cohort) bool { return !f.Promise.To(c.Slug) })
	p := &prover{Fleet: &given, at: at, layout: manifest.LayoutOf(f)}
	through := simulate.Through(f, at)
	through.Cohorts = slices.DeleteFunc(through.Cohorts, func(c *releases.Cohort) bool { return !f.Promise.To(c.Slug) })
	either := []*releases.Fleet{&given, through}
	if !gated(&given) {
		either = either[:1]
	}
	for _, x := range either {
		for w := range simulate.Ways(x, at, simulate.Kinds(x)) {
			p.down(w)
			p.hops(w)
		}
		for _, c := range x.Cohorts {
			for _, a := range c.Activations {
				p.fast(c, a)
			}
		}
	}
	p.ends(through)
	return p.broken
}

// gated says whether any rollout waits for a gate, or any release to be promoted.
func gated(f *releases.Fleet) bool {
	return slices.ContainsFunc(f.Cohorts, func(c *releases.Cohort) bool {
		return c.Promote != nil || slices.ContainsFunc(c.Activations, func(a releases.Activation) bool { return a.Rollout.Gate() != "" })
	})
}

type prover struct {
	*releases.Fleet
	at     time.Time
	layout manifest.Layout
	broken []Broken
}

// says adds what is broken, unless the same is told of the cohort already.
func (p *prover) says(b Broken, c *releases.Cohort, bucket, format string, args ...any) {
	if slices.ContainsFunc(p.broken, func(o Broken) bool { return o.Key == b.Key && o.Cohort == c.Slug }) {
		return
	}
	who := "devices of cohort " + c.Slug
	if b.Target != nil {
		who += fmt.Sprintf(" (%s on %s)", b.Target.SoftwareType, b.Target.HardwareVersion)
	}
	if b.Cohort, b.Bucket = c.Slug, bucket; bucket == manifest.EagerBucket {
		who += " that ask eagerly"
	} else {
		who += " in bucket " + bucket
		if _, in := c.Devices.Under(p.layout.BucketDigits, uint64(manifest.Index(bucket))); len(in) > 0 {
			b.Serial = c.Devices.Serial(int(in[0]))
			who += ", such as " + b.Serial + ","
		}
	}
	b.At = b.At.UTC()
	b.What = fmt.Sprintf("%s %s, at %s", who, fmt.Sprintf(format, args...), b.At.Format(time.RFC3339))
	p.broken = append(p.broken, b)
}

// name is one of a way's versions for readers.
func name(w *simulate.Way, v int) string {
	switch v {
	case w.Known():
		return "no stated version"
	case w.Known() + 1:
		return "a version that is not listed"
	}
	return w.Versions[v]
}

// down looks for an offer below what a device runs. What a version is that is not
// listed nobody knows: it may be above all.
func (p *prover) down(w *simulate.Way) {
	if !p.Promise.NeverDown {
		return
	}
	for v, next := range w.Next {
		if next < 0 || v == w.Known() || v < w.Known() && next > v || v > w.Known() && w.Cohort.VersionCheck {
			continue
		}
		to := w.Versions[next]
		p.says(Broken{Key: "never_down", Target: &w.Target, At: w.At, From: name(w, v), To: to, Hint: "take version_check = false out of the cohort, or name the cohort in except"},
			w.Cohort, w.Bucket, "would go from %s down to %s", name(w, v), to)
	}
}

// hops looks for more updates in a row than promised, or for a round.
func (p *prover) hops(w *simulate.Way) {
	most := p.Promise.MaxHops
	if most == 0 {
		return
	}
	for v, hops := range w.Hops {
		if hops >= 0 && hops <= most {
			continue
		}
		path, _ := w.Path(v)
		var names []string
		for _, x := range path {
			names = append(names, name(w, x))
		}
		how := fmt.Sprintf("take %d updates in a row", hops)
		if hops < 0 {
			how = "go round and round"
		}
		p.says(Broken{Key: "max_hops", Target: &w.Target, At: w.At, From: names[0], To: names[len(names)-1], Hint: "each must-pass-through release and each delta is a hop: take away what devices no longer need"},
			w.Cohort, w.Bucket, "would %s: %s", how, strings.Join(names, " → "))
	}
}

const day = 24 * time.Hour

// fast looks for 24 hours in which a release newly reaches more buckets than
// promised, of which one ends after the instant.
func (p *prover) fast(c *releases.Cohort, a releases.Activation) {
	if p.Promise.NewPerDay == 0 {
		return
	}
	all := p.layout.Buckets()
	most := max(1, int(math.Ceil(p.Promise.NewPerDay*float64(all)/100-1e-9)))
	changes := slices.AppendSeq(make([]releases.Change, 1), a.Changes(time.Unix(0, 0), all))
	first := 1
	for i, last := range changes[1:] {
		for last.At.Sub(changes[first].At) >= day {
			first++
		}
		before := changes[first-1]
		if !last.At.After(p.at) || last.Buckets-before.Buckets <= most {
			continue
		}
		from, to := percent(before.Percent), percent(changes[i+1].Percent)
		p.says(Broken{Key: "max_new_per_day", At: last.At, From: from, To: to, Hint: "let the rollout grow more slowly, or name the cohort in except"},
			c, p.beyond(c, a, before.Buckets+most, last.Buckets), "would be among more than %s that %s newly reaches within 24 hours, from %s to %s", percent(p.Promise.NewPerDay), a.Release.Version, from, to)
	}
}

// beyond is a bucket that a rollout takes after so many others, of those that it
// has taken then; one with a device that the cohort lists if there is any.
func (p *prover) beyond(c *releases.Cohort, a releases.Activation, from, to int) string {
	ranks := p.layout.Ranks(a.Seed)
	for rank := from; rank < to; rank++ {
		if bucket := slices.Index(ranks, uint16(rank)); p.layout.Devices(c, bucket) > 0 {
			return p.layout.BucketName(bucket)
		}
	}
	return p.layout.BucketName(slices.Index(ranks, uint16(from)))
}

func percent(p float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", p), ".0") + " %" }

// goal is where devices of a target in a cohort have to get.
type goal struct {
	cohort *releases.Cohort
	manifest.Target
}

// goals are the versions to get to, by when.
func (p *prover) goals(f *releases.Fleet, kinds []manifest.Target) map[time.Time]map[goal]string {
	all := map[time.Time]map[goal]string{}
	for _, t := range kinds {
		for _, c := range f.Cohorts {
			top := highest(f, c, t)
			if top == nil || !top.Paused.IsZero() {
				continue
			}
			begin, _ := top.Rollout.Reach(func(percent float64) bool { return percent > 0 })
			due := begin.Add(p.Promise.EndsWithin)
			if due.Before(p.at) {
				due = p.at
			}
			if all[due] == nil {
				all[due] = map[goal]string{}
			}
			all[due][goal{c, t}] = top.Release.VersionOf(t.SoftwareType)
		}
	}
	return all
}

// ends looks for devices that cannot get to their cohort's highest release in
// time. Nothing is promised of one that is paused, nor of devices that the
// definitions keep from it.
func (p *prover) ends(f *releases.Fleet) {
	if p.Promise.EndsWithin == 0 {
		return
	}
	kinds := simulate.Kinds(f)
	goals := p.goals(f, kinds)
	for _, due := range slices.SortedFunc(maps.Keys(goals), time.Time.Compare) {
		then := *f
		then.Cohorts = slices.DeleteFunc(slices.Clone(f.Cohorts), func(c *releases.Cohort) bool {
			return !slices.ContainsFunc(kinds, func(t manifest.Target) bool { return goals[due][goal{c, t}] != "" })
		})
		for w := range simulate.Ways(&then, due, kinds) {
			to := goals[due][goal{w.Cohort, w.Target}]
			if to == "" || w.At.After(due) {
				continue
			}
			end := slices.Index(w.Versions, to)
			for v := range w.Versions {
				if astray(w, v, end) {
					p.says(Broken{Key: "everyone_ends_within", Target: &w.Target, At: due, From: name(w, v), To: to, Hint: "let the rollout come to all devices sooner, with whole images or deltas for all of them; or name the cohort in except"},
						w.Cohort, w.Bucket, "could not get from %s to %s", name(w, v), to)
				}
			}
		}
	}
}

// astray says whether devices on a version do not get to the one that is the
// end of all. Those above it need not, nor those that are kept where they are, and
// what is not listed may be offered nothing.
func astray(w *simulate.Way, v, end int) bool {
	switch {
	case v < w.Known() && v >= end, v > w.Known() && w.Next[v] < 0:
		return false
	case w.Hops[v] < 0:
		return true
	}
	return w.End[v] != end && !w.Offers[w.End[v]].Kept()
}

// highest is the activation of the highest release for a target that is offered
// to somebody in the end; nil for none.
func highest(f *releases.Fleet, c *releases.Cohort, t manifest.Target) (top *releases.Activation) {
	by := f.Project.Order.By(t.SoftwareType)
	for i, a := range c.Activations {
		made := slices.ContainsFunc(a.Release.Payloads, func(p *releases.Payload) bool {
			return p.SoftwareType == t.SoftwareType && p.HardwareVersion == t.HardwareVersion
		})
		if made && a.Offers() && a.Rollout.Final() > 0 && (top == nil || by(top.Release, a.Release) <= 0) {
			top = &c.Activations[i]
		}
	}
	return top
}

// Faults are what is broken, as faults of the definitions.
func Faults(f *releases.Fleet, at time.Time) (faults releases.Faults) {
	broken := Check(f, at)
	slices.SortStableFunc(broken, func(a, b Broken) int { return strings.Compare(a.Cohort, b.Cohort) })
	for _, b := range broken {
		place, line := f.Place(releases.ProjectFile, "promise", b.Key)
		faults = append(faults, &releases.Fault{Place: place, Source: line, Message: b.Key + " does not hold: " + b.What, Hint: b.Hint})
	}
	return faults
}
