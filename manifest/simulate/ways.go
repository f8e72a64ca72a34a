package simulate

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Way is where the devices of one target in a cohort go that have the same
// releases in reach.
type Way struct {
	Cohort *releases.Cohort
	manifest.Target
	At       time.Time           // from when it occurs
	Bucket   string              // where it occurs first, or [manifest.EagerBucket]
	Stays    bool                // it is like that at the end of the schedule, somewhere
	Reach    []*releases.Release // made for the target, ascending by its versions
	Versions []string            // the known ones, ascending, "" for none, and [Unknown]
	Offers   []manifest.Decision // by version
	Next     []int               // by version: that of the offer, below 0 for up to date
	End      []int               // by version: where the offers lead
	Hops     []int               // by version: so many updates until then; below 0 where they never end
}

// Known is how many of the versions are known: all but the last two.
func (w *Way) Known() int { return len(w.Versions) - 2 }

// Path follows the offers from a version on, by its index, until there is
// nothing more, or it comes back to a version that it had.
func (w *Way) Path(start int) (path []int, loops bool) {
	for v := start; ; v = w.Next[v] {
		loops = slices.Contains(path, v)
		if path = append(path, v); loops || w.Next[v] < 0 {
			return path, loops
		}
	}
}

// Kinds are targets of which no two have payloads of the same releases, with
// deltas from the same versions: devices of the others go the same ways.
func Kinds(f *releases.Fleet) (targets []manifest.Target) {
	made := map[manifest.Target]*strings.Builder{}
	for _, t := range manifest.Targets(f) {
		made[t] = &strings.Builder{}
		fmt.Fprintf(made[t], "%q\n", f.Software[t.SoftwareType].KnownVersions)
	}
	for r, p := range f.Payloads() {
		fmt.Fprintf(made[manifest.Target{SoftwareType: p.SoftwareType, HardwareVersion: p.HardwareVersion}], "%q %q %q\n", r.Version, r.VersionOf(p.SoftwareType), p.From)
	}
	for t, kind := range made {
		for _, r := range f.Releases {
			for _, need := range r.Components[t.SoftwareType].Needs {
				fmt.Fprintf(kind, "%q needs %s on %s\n", r.Version, &need, t.HardwareVersion)
			}
			if r.Concerns(t.SoftwareType) {
				fmt.Fprintf(kind, "%q %q\n", r.Version, r.Edges())
			}
		}
	}
	seen := map[string]bool{}
	for _, t := range manifest.Targets(f) {
		if kind := made[t].String(); !seen[kind] {
			seen[kind] = true
			targets = append(targets, t)
		}
	}
	return targets
}

// Ways are all that there are at an instant, and all that the schedule brings
// after it, of some targets: by cohort and target. Those of devices that ask
// eagerly are among them.
func Ways(f *releases.Fleet, from time.Time, targets []manifest.Target) iter.Seq[*Way] {
	o := Options{From: from, For: math.MaxInt64, Eager: 1}
	s := &simulation{
		population: &population{Options: o, fleet: f, layout: manifest.LayoutOf(f)},
		publishes:  publishes(f, o),
	}
	return func(yield func(*Way) bool) {
		resolver := manifest.NewResolver(f)
		for _, c := range f.Cohorts {
			stages, reaches := s.stagesOf(c, 0)
			stays := make([]bool, len(reaches))
			for _, row := range stages {
				if len(row) > 0 {
					stays[row[len(row)-1].reach] = true
				}
			}
			for _, t := range targets {
				versions := append(slices.Clone(resolver.Known(t)), "", Unknown)
				index := map[string]int{}
				for i, version := range versions[:len(versions)-2] {
					index[version] = i
				}
				ways := s.waysOf(c, t, reaches, stays)
				for i, w := range ways {
					ways[i] = nil // there may be many
					w.Versions = versions
					w.decide(resolver, index)
					if !yield(w) {
						return
					}
				}
			}
		}
	}
}

// waysOf tells reaches apart by the releases that are made for a target.
func (s *simulation) waysOf(c *releases.Cohort, t manifest.Target, reaches []reach, stays []bool) (ways []*Way) {
	made := make([]bool, len(c.Activations))
	for i, a := range c.Activations {
		made[i] = slices.ContainsFunc(a.Release.Payloads, func(p *releases.Payload) bool {
			return p.SoftwareType == t.SoftwareType && p.HardwareVersion == t.HardwareVersion
		})
	}
	of := map[string]*Way{}
	for i, r := range reaches {
		w := &Way{Cohort: c, Target: t, At: s.From.Add(s.publishes[r.publish]), Bucket: s.bucketName(r.bucket), Stays: stays[i]}
		var has []uint16
		for _, a := range r.has {
			if made[a] {
				w.Reach = append(w.Reach, c.Activations[a].Release)
				has = append(has, a)
			}
		}
		slices.SortStableFunc(w.Reach, s.fleet.Project.Order.By(t.SoftwareType))
		if same := of[keyOf(has)]; same != nil {
			same.Stays = same.Stays || w.Stays
			if w.At.Before(same.At) {
				same.At = w.At
			}
			continue
		}
		of[keyOf(has)] = w
		ways = append(ways, w)
	}
	return ways
}

// decide fills in what follows from the releases in reach.
func (w *Way) decide(r *manifest.Resolver, index map[string]int) {
	offers := r.Offers(w.Target, w.Cohort, w.Reach)
	w.Offers = append(offers.Known, offers.None, offers.Unknown)
	n := len(w.Offers)
	w.Next, w.End, w.Hops = make([]int, n), make([]int, n), make([]int, n)
	const unseen, underway = -1, -2
	for v, d := range w.Offers {
		w.Next[v], w.End[v] = -1, unseen
		if d.Release != nil {
			w.Next[v] = index[d.Version()]
		}
	}
	var path []int
	for v := range w.Offers {
		path = path[:0]
		for ; w.End[v] == unseen && w.Next[v] >= 0; v = w.Next[v] {
			w.End[v], path = underway, append(path, v)
		}
		end, hops := w.End[v], w.Hops[v]
		switch end {
		case unseen:
			end = v
			w.End[v] = v
		case underway:
			end, hops = v, -1
		}
		for _, v := range slices.Backward(path) {
			if hops >= 0 {
				hops++
			}
			w.End[v], w.Hops[v] = end, hops
		}
	}
}
