package publish

import (
	"cmp"
	"fmt"
	"slices"

	"cairn/manifest"
	"cairn/releases"
)

// Kept is that devices on a version were kept from releases when it was published.
type Kept struct {
	manifest.Target
	Current string `json:"current"`
	Release string `json:"release"`         // whose definition says so
	Block   string `json:"block,omitempty"` // its name; "" for another reason
	// From is the lowest version that they were kept from, "" for all. To is the
	// one from which on they were not: "" for none, From where it was that alone.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	Why  string `json:"why"`
}

// keptID tells one from another, whatever it says of To and of why.
type keptID struct {
	versionOf
	release, block string
}

func (k Kept) id() keptID { return keptID{versionOf{k.Target, k.Current}, k.Release, k.Block} }

func (k Kept) compare(o Kept) int {
	return cmp.Or(cmp.Compare(k.SoftwareType, o.SoftwareType), cmp.Compare(k.HardwareVersion, o.HardwareVersion), cmp.Compare(k.Current, o.Current), cmp.Compare(k.Release, o.Release), cmp.Compare(k.Block, o.Block))
}

// keptIn is what a fleet keeps devices from whose version is known, in order.
func keptIn(f *releases.Fleet) (all []Kept) {
	resolver := manifest.NewResolver(f)
	for _, t := range manifest.Targets(f) {
		for _, e := range resolver.Edges(t) {
			k := Kept{Target: t, Current: e.Version, Release: e.Held.Release.Version, Why: e.Held.String()}
			switch {
			case e.Version == "":
				continue
			case e.Held.Block != nil:
				k.Block, k.From, k.To = e.Held.Block.Name, k.Release, e.Held.Block.FixedIn
			case !e.Held.DeadEnd:
				k.From = e.Held.Release.VersionOf(t.SoftwareType)
				k.To = k.From
			}
			all = append(all, k)
		}
	}
	return firstOf(all)
}

// firstOf puts them in order, of those that are the same the first.
func firstOf(all []Kept) []Kept {
	slices.SortStableFunc(all, Kept.compare)
	return slices.CompactFunc(all, func(a, b Kept) bool { return a.compare(b) == 0 })
}

// kept is what devices were kept from, by the record of the publish that ended
// last or of one that did not end.
func (r *Remote) kept() []Kept {
	switch {
	case r.State == nil:
		return nil
	case r.State.Doing != nil:
		return r.State.Doing.Kept // it began with the others
	}
	return r.State.Done.Kept
}

// keeps is what to have on record after a publish: what the definitions say now,
// and what they said, until the guard is let go.
func (p *Proposal) keeps() []Kept {
	if p.Stops() && p.Remote.State != nil {
		return p.Remote.kept() // the rest is still to come
	}
	all := keptIn(p.Site.Tree.Fleet)
	if !slices.Contains(p.Edition.Limits.Allow, "edge") {
		all = firstOf(append(all, p.Remote.kept()...))
	}
	return all
}

// reopened is devices that would be offered what they were kept from, since the
// definitions don't say so any more. A block that has got another fixed_in still
// says so.
func reopened(p *Proposal) (trips []Trip) {
	says := map[keptID]bool{}
	for _, k := range keptIn(p.Site.Tree.Fleet) {
		says[k.id()] = true
	}
	gone := map[versionOf][]Kept{}
	for _, k := range p.Remote.kept() {
		if !says[k.id()] {
			gone[k.id().versionOf] = append(gone[k.id().versionOf], k)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	by := map[string]Kept{} // what is offered
	for _, d := range p.misled(func(t manifest.Target, version string, was, will *Found, _ func(string) bool) string {
		for _, k := range gone[versionOf{t, version}] {
			for _, offer := range will.Offers {
				if !slices.Contains(was.Offers, offer) && p.keptFrom(k, offer) {
					by[offer] = k
					return offer
				}
			}
		}
		return ""
	}) {
		k, way := by[d.Offered], "give that back"
		if k.Block != "" {
			way += ", or say in its fixed_in which version they may have"
		}
		trips = append(trips, d.trip("be offered "+d.Offered, fmt.Sprintf("what was published last says that %s: %s", k.Why, way)))
	}
	return trips
}

// keptFrom says whether an offer is one of those that devices were kept from.
func (p *Proposal) keptFrom(k Kept, offer string) bool {
	switch {
	case k.From == "" || k.From == offer:
		return true
	case !p.lower(k.From, offer):
		return false
	}
	return k.To == "" || p.lower(offer, k.To)
}
