package manifest

import (
	"fmt"
	"slices"

	"cairn/releases"
)

// Held is what keeps a device from a release: a dead end, a block, a min_version
// or what a component needs.
type Held struct {
	Release *releases.Release // whose definition says so
	Block   *releases.Block   // nil for another reason
	DeadEnd bool
	Need    *releases.Need // of its component
}

// String says it to readers: "1.2.0 is blocked (eats-calibration): …".
func (h *Held) String() string {
	switch {
	case h.DeadEnd:
		return fmt.Sprintf("%s is a dead end: %s", h.Release.Version, h.Release.DeadEnd)
	case h.Need != nil:
		return fmt.Sprintf("%s needs %s, which the current version does not tell", h.Release.Version, h.Need)
	case h.Block == nil:
		return fmt.Sprintf("%s has min_version %s", h.Release.Version, h.Release.MinVersion)
	}
	return fmt.Sprintf("%s is blocked %s", h.Release.Version, h.Block)
}

func (h *Held) rule() Rule {
	switch {
	case h.Block != nil:
		return Blocked
	case h.Need != nil:
		return NeedUnmet
	}
	return BelowMinVersion
}

// edges are the ways that devices of a target must not take. Those of one where
// nothing is said are nil.
type edges struct {
	dead  map[standing]*Held
	known map[standing][]edge // by the version that devices run
	all   []edge              // those that some version must not take
}

// edge leads to some releases, by their places among all: from ≤ place < to.
type edge struct {
	from, to int
	held     *Held
}

func (r *resolver) edgesOf(f *releases.Fleet, t Target) *edges {
	e := &edges{dead: map[standing]*Held{}, known: map[standing][]edge{}}
	add := func(x edge, holds func(version string) bool) {
		e.all = append(e.all, x)
		for _, version := range r.known[t] {
			if holds(version) && r.order.Compare(version, x.held.Release.VersionOf(t.SoftwareType)) < 0 {
				e.known[r.rank[version]] = append(e.known[r.rank[version]], x)
			}
		}
	}
	for place, release := range f.Releases {
		for i := range release.Components[t.SoftwareType].Needs {
			need := &release.Components[t.SoftwareType].Needs[i]
			since := need.Since(f, t.HardwareVersion)
			add(edge{place, place + 1, &Held{Release: release, Need: need}}, func(version string) bool {
				return !f.CameSince(since, t.SoftwareType, t.HardwareVersion, version)
			})
		}
		if !release.Concerns(t.SoftwareType) {
			continue
		}
		if release.DeadEnd != "" {
			e.dead[r.rank[release.Version]] = &Held{Release: release, DeadEnd: true}
		}
		for i := range release.Blocked {
			b, to := &release.Blocked[i], len(f.Releases)
			if b.FixedIn != "" {
				to, _ = slices.BinarySearchFunc(f.Releases, b.FixedIn, func(x *releases.Release, v string) int { return r.order.Compare(x.Version, v) })
			}
			add(edge{place, to, &Held{Release: release, Block: b}}, func(version string) bool { return b.Holds(r.order, version) })
		}
		if least := release.MinVersion; least != "" {
			add(edge{place, place + 1, &Held{Release: release}}, func(version string) bool { return r.order.Compare(version, least) < 0 })
		}
	}
	if len(e.dead) == 0 && len(e.all) == 0 {
		return nil
	}
	return e
}

// deadEnd is why devices must not leave where they are; nil where they may.
func (e *edges) deadEnd(at standing) *Held {
	if e == nil {
		return nil
	}
	return e.dead[at]
}

// holds is what keeps a device from a candidate; nil for nothing. One whose
// version nobody knows is kept from what is not for all versions.
func (e *edges) holds(at standing, x *candidate) *Held {
	if e == nil || x == nil {
		return nil
	}
	of := e.all
	if at >= 0 {
		of = e.known[at]
	}
	for _, edge := range of {
		if edge.from <= x.place && x.place < edge.to {
			return edge.held
		}
	}
	return nil
}

// open leaves out the candidates that a device must not take: those that it is
// kept from, and all above a must-pass-through release that it is kept from.
// It gives the rank of the lowest that would have been for it, and what keeps
// it from that; nil where that is nothing.
func (c candidates) open(at standing) (left candidates, lowest standing, held *Held) {
	if c.edges == nil || len(c.edges.known[at]) == 0 {
		return c, 0, nil
	}
	stop := -1
	for i := range c.must {
		if c.must[i].rank > at && c.edges.holds(at, &c.must[i]) != nil {
			stop = i
			break
		}
	}
	keep := func(all []candidate) (kept []candidate) {
		for _, x := range all {
			why := c.edges.holds(at, &x)
			if stop >= 0 && why == nil && x.rank > c.must[stop].rank {
				why = c.edges.holds(at, &c.must[stop])
			}
			switch {
			case why == nil:
				kept = append(kept, x)
			case x.rank > at && (held == nil || x.rank < lowest) && (!x.payload.Delta() || x.from == at):
				lowest, held = x.rank, why
			}
		}
		return kept
	}
	return candidates{full: keep(c.full), must: keep(c.must), delta: keep(c.delta), edges: c.edges}, lowest, held
}
