package lint

import (
	"fmt"
	"slices"

	"cairn/manifest"
	"cairn/manifest/simulate"
	"cairn/releases"
)

// blocks looks for blocks that never end, that end by themselves, and that hold
// nobody.
func (l *linter) blocks() {
	resolver := manifest.NewResolver(l.Fleet)
	for i, r := range l.Releases {
		for _, b := range r.Blocked {
			spot := in(r.File, "blocked", b.Name)
			held := slices.ContainsFunc(manifest.Targets(l.Fleet), func(t manifest.Target) bool {
				return r.Concerns(t.SoftwareType) && slices.ContainsFunc(resolver.Known(t), func(v string) bool {
					return l.Project.Order.Compare(v, r.Version) < 0 && b.Holds(l.Project.Order, v)
				})
			})
			if !held {
				l.warn("idle-block", in(r.File, "blocked", b.Name, "from"), "list the versions that are in the field in known_versions, or mend from",
					"no version that is known here is in from of %s, below %s", b.Name, r.Version)
			}
			for _, later := range l.Releases[i+1:] {
				switch {
				case later.Withdrawn != "" || !alike(r, later):
					continue
				case b.FixedIn == "":
					l.warn("endless-block", spot, fmt.Sprintf("write fixed_in = %q if that mends it; a block without fixed_in keeps devices from all that comes", later.Version),
						"%s of %s has no fixed_in: its devices are not offered %s either", b.Name, r.Version, later.Version)
				case later.Version == b.FixedIn:
				case l.Project.Order.Compare(later.Version, b.FixedIn) < 0:
					continue
				case !slices.ContainsFunc(l.Releases, func(x *releases.Release) bool { return x.Version == b.FixedIn }):
					l.warn("absent-fix", in(r.File, "blocked", b.Name, "fixed_in"), fmt.Sprintf("write fixed_in = %q if that mends it, and else leave fixed_in out", later.Version),
						"no release has version %s: what %s of %s keeps devices from is open again from %s on", b.FixedIn, b.Name, r.Version, later.Version)
				}
				break
			}
		}
	}
}

// alike says whether two releases have a software type in common.
func alike(a, b *releases.Release) bool {
	return slices.ContainsFunc(b.Payloads, func(p *releases.Payload) bool { return a.Concerns(p.SoftwareType) })
}

// blocked looks for versions that devices never leave, and for those that are
// held since nobody lists them.
func (l *linter) blocked(w *simulate.Way) {
	if !w.Stays {
		return
	}
	for v, d := range w.Offers[:w.Known()] {
		if d.Kept() && d.Rule != manifest.DeadEnd && l.first("blocked", w.Cohort.Slug, w.Versions[v], d.Held.Release.Version) {
			l.warn("blocked-version", heldBy(w, d.Held), "offer a release between, or one with the fix: name it in fixed_in; dead_end in the release says that it is meant",
				"%s on %s get nothing more: %s%s", devices(w), w.Versions[v], d.Held, l.when(w))
		}
	}
	none, other := w.Offers[w.Known()], w.Offers[w.Known()+1]
	if d := other; d.Rule == manifest.UnknownConditional && l.first("unlisted", w.Cohort.Slug, d.Held.Release.Version) {
		who := "that state a version which is not listed"
		if none.Rule == manifest.UnknownConditional {
			who = "that state no version, or one that is not listed,"
		}
		l.warn("held-unlisted", heldBy(w, d.Held), fmt.Sprintf("write the versions that are in the field into known_versions of software type %s", w.SoftwareType),
			"%s %s get nothing, since cairn cannot tell whether they may: %s%s", devices(w), who, d.Held, l.when(w))
	}
}

// heldBy is where it stands that devices are held.
func heldBy(w *simulate.Way, h *manifest.Held) spot {
	switch {
	case h.Block != nil:
		return in(h.Release.File, "blocked", h.Block.Name)
	case h.Need != nil:
		return in(h.Release.File, "component", w.SoftwareType, "needs")
	}
	return in(h.Release.File, "min_version")
}
