package manifest

import (
	"math"
	"slices"

	"cairn/releases"
)

// Resolver decides for all devices at once that have the same releases in
// reach.
type Resolver struct{ resolver *resolver }

// NewResolver is for the devices of a fleet.
func NewResolver(f *releases.Fleet) *Resolver { return &Resolver{resolverOf(f)} }

// Known is the versions that are known of a target, ascending.
func (r *Resolver) Known(t Target) []string { return r.resolver.known[t] }

// Held says whether anything keeps some devices of a target from a release.
func (r *Resolver) Held(t Target) bool { return r.resolver.edges[t] != nil }

// Edge keeps devices of a target that run a version from some releases: from ≤
// place < to, by their places in the fleet.
type Edge struct {
	Version  string // "" for those that are not known, or not stated
	From, To int
	Held     *Held
}

// Edges are all of a target; a dead end leads to no release at all.
func (r *Resolver) Edges(t Target) (all []Edge) {
	edges := r.resolver.edges[t]
	if edges == nil {
		return nil
	}
	for _, version := range r.resolver.known[t] {
		at := r.resolver.rank[version]
		if dead := edges.dead[at]; dead != nil {
			all = append(all, Edge{version, 0, math.MaxInt32, dead})
		}
		for _, e := range edges.known[at] {
			all = append(all, Edge{version, e.from, e.to, e.held})
		}
	}
	for _, e := range edges.all {
		all = append(all, Edge{"", e.from, e.to, e.held})
	}
	return all
}

// Keeps is what keeps the devices of a target that run a version from a release
// with a payload for it; nil for nothing.
func (r *Resolver) Keeps(t Target, version string, release *releases.Release) *Held {
	edges, made := r.resolver.edges[t], r.resolver.made[t][release]
	at := r.resolver.standing(t, version)
	if dead := edges.deadEnd(at); dead != nil || len(made) == 0 {
		return dead
	}
	return edges.holds(at, &made[0])
}

// Offers is what the devices of one target in a cohort get that have the same
// releases in reach.
type Offers struct {
	Known   []Decision // in the order of [Resolver.Known]
	None    Decision   // for a device that states no version
	Unknown Decision   // for a version that is not known
}

// Of is what a device gets by the version that it runs, "" for none, of the
// known versions of its target.
func (o Offers) Of(known []string, version string) Decision {
	if version == "" {
		return o.None
	}
	if i := slices.Index(known, version); i >= 0 {
		return o.Known[i]
	}
	return o.Unknown
}

// Offers decides by the releases in reach, which ascend.
func (r *Resolver) Offers(t Target, c *releases.Cohort, reach []*releases.Release) Offers {
	x := r.resolver.candidates(t, reach)
	decide := func(at standing) Decision { return r.resolver.decide(x, at, c.VersionCheck) }
	o := Offers{None: decide(none), Unknown: decide(unknown)}
	for _, version := range r.resolver.known[t] {
		o.Known = append(o.Known, decide(r.resolver.rank[version]))
	}
	return o
}
