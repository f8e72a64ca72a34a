package manifest

import "cairn/releases"

// Resolver decides for all devices at once that have the same releases in
// reach.
type Resolver struct{ resolver *resolver }

// NewResolver is for the devices of a fleet.
func NewResolver(f *releases.Fleet) *Resolver { return &Resolver{resolverOf(f)} }

// Known is the versions that are known of a target, ascending.
func (r *Resolver) Known(t Target) []string { return r.resolver.known[t] }

// Offers is what the devices of one target in a cohort get that have the same
// releases in reach.
type Offers struct {
	Known   []Decision // in the order of [Resolver.Known]
	None    Decision   // for a device that states no version
	Unknown Decision   // for a version that is not known
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
