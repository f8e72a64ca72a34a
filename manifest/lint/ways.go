package lint

import (
	"fmt"
	"slices"
	"strings"

	"cairn/manifest/simulate"
	"cairn/releases"
)

// ways looks at where devices go, by what is in their reach from now on.
func (l *linter) ways() {
	served, shadows := map[*releases.Release]bool{}, map[*releases.Release][]shadow{}
	longest := map[*releases.Cohort]long{}
	for w := range simulate.Ways(l.Fleet, l.At, simulate.Kinds(l.Fleet)) {
		for _, d := range w.Offers {
			served[d.Release] = true
		}
		for _, r := range w.Reach {
			if top := w.Reach[len(w.Reach)-1]; !served[r] && r != top {
				shadows[r] = append(shadows[r], shadow{w.Cohort, top})
			}
		}
		if x := longestOf(w); l.MaxHops > 0 && x.hops > max(l.MaxHops, longest[w.Cohort].hops) {
			longest[w.Cohort] = x
		}
		l.ends(w)
		l.skipped(w)
		l.blocked(w)
	}
	for _, r := range l.Releases {
		if !served[r] {
			l.shadowed(r, shadows[r])
		}
	}
	for _, c := range l.Cohorts {
		if x, ok := longest[c]; ok {
			l.manyHops(x)
		}
	}
}

// shadow is a cohort that activates a release together with a higher one.
type shadow struct {
	cohort *releases.Cohort
	top    *releases.Release
}

// long is the longest way of a cohort.
type long struct {
	hops  int
	way   *simulate.Way
	start int // a version, by its index
}

// longestOf leaves out what is below the newest release and is kept there on
// purpose.
func longestOf(w *simulate.Way) (x long) {
	newest := newestOf(w)
	for v, hops := range w.Hops[:w.Known()] {
		if hops > x.hops && (v >= newest || !w.Offers[w.End[v]].Kept()) {
			x = long{hops, w, v}
		}
	}
	return x
}

func (l *linter) manyHops(x long) {
	path, _ := x.way.Path(x.start)
	last := x.way.Offers[path[len(path)-2]].Release
	l.warn("many-hops", activation(x.way.Cohort, last), fmt.Sprintf("each must-pass-through release and each delta is a hop: take away what devices no longer need; --max-hops allows more than %d", l.MaxHops),
		"%s take %d updates in a row: %s%s", devices(x.way), x.hops, trail(x.way, path), l.when(x.way))
}

// newestOf is the version of the newest release that stays in reach; below 0 for
// none.
func newestOf(w *simulate.Way) int {
	if n := len(w.Reach); w.Stays && n > 0 {
		return slices.Index(w.Versions, w.Reach[n-1].VersionOf(w.SoftwareType))
	}
	return -1
}

// ends looks for devices that never end, or end below the newest release.
func (l *linter) ends(w *simulate.Way) {
	if v := slices.IndexFunc(w.Hops, func(hops int) bool { return hops < 0 }); v >= 0 {
		path, _ := w.Path(v)
		l.loop(w, path)
	}
	newest := newestOf(w)
	for v, hops := range w.Hops[:w.Known()] {
		if v < newest && hops >= 0 && w.End[v] < newest && !w.Offers[w.End[v]].Kept() {
			l.stuck(w, w.End[v])
		}
	}
}

func devices(w *simulate.Way) string {
	return fmt.Sprintf("devices of cohort %s (%s)", w.Cohort.Slug, title(w.Target))
}

// when says since when it is so, "" for what is so already.
func (l *linter) when(w *simulate.Way) string {
	if !w.At.After(l.At) {
		return ""
	}
	return " (from " + w.At.Format(timeFormat) + " on)"
}

func trail(w *simulate.Way, path []int) string {
	var names []string
	for _, v := range path {
		names = append(names, simulate.Label(w.Versions[v]))
	}
	const most = 12
	if len(names) > most {
		names = slices.Replace(names, most-2, len(names)-2, "…")
	}
	return strings.Join(names, " → ")
}

// shadowed looks at a release that no device gets. One that was rolled out
// before the higher release came is history, and there to fall back to.
func (l *linter) shadowed(r *releases.Release, by []shadow) {
	for _, s := range by {
		i := slices.IndexFunc(s.cohort.Activations, func(a releases.Activation) bool { return a.Release == r })
		underWay := false
		for range s.cohort.Activations[i].Changes(l.At, 1<<(4*l.Project.BucketDigits)) {
			underWay = true
			break
		}
		why := "which covers all of its rollout"
		switch {
		case underWay:
		case !s.top.Created.IsZero() && r.Created.After(s.top.Created):
			why = "which was created before it"
		default:
			continue
		}
		l.warn("shadowed-release", activation(s.cohort, r), fmt.Sprintf("abort %s if %s is to take its place; or give this release a higher version", s.top.Version, r.Version),
			"no device gets %s: cohort %s offers %s instead, %s", r.Version, s.cohort.Slug, s.top.Version, why)
		return
	}
}

func (l *linter) loop(w *simulate.Way, path []int) {
	round := path[slices.Index(path, path[len(path)-1]) : len(path)-1]
	low := slices.Index(round, slices.Min(round))
	round = append(slices.Concat(round[low:], round[:low]), round[low])
	if l.first("loop", w.Cohort.Slug, trail(w, round)) {
		l.warn("update-loop", in(w.Cohort.File, "version_check"), simulate.Loop.WayOut(),
			"%s go round and round: %s%s", devices(w), trail(w, round), l.when(w))
	}
}

// stuck looks at a way that ends under the newest release in reach.
func (l *linter) stuck(w *simulate.Way, end int) {
	top := w.Reach[len(w.Reach)-1]
	if !l.first("stuck", w.Cohort.Slug, top.Version) {
		return
	}
	l.warn("stuck-devices", activation(w.Cohort, top), simulate.Stuck.WayOut(),
		"%s never get from %s to %s: it has no whole image for them, and no delta from there%s",
		devices(w), w.Versions[end], top.VersionOf(w.SoftwareType), l.when(w))
}

// skipped looks for must-pass-through releases that devices get past. Deltas
// are looked at elsewhere.
func (l *linter) skipped(w *simulate.Way) {
	var stops []int // by version
	of := map[int]*releases.Release{}
	for _, r := range l.Releases {
		if mustPass(r) && slices.ContainsFunc(r.Payloads, func(p *releases.Payload) bool { return targetOf(p) == w.Target }) {
			m := slices.Index(w.Versions, r.VersionOf(w.SoftwareType))
			stops, of[m] = append(stops, m), r
		}
	}
	for v, d := range w.Offers[:w.Known()] {
		for _, m := range stops {
			if v < m && m < w.Next[v] && !d.Payload.Delta() && l.first("skipped", w.Cohort.Slug, w.Versions[m]) {
				l.skips(w, v, of[m])
			}
		}
	}
}

// skips says why a release does not stop the devices on a version.
func (l *linter) skips(w *simulate.Way, v int, past *releases.Release) {
	to := w.Offers[v].Release
	i := slices.IndexFunc(w.Cohort.Activations, func(a releases.Activation) bool { return a.Release == past })
	s, why, hint := activation(w.Cohort, to), "", ""
	switch {
	case whole(past, w.Target) == nil:
		s = in(past.File, "must_pass_through")
		why = "has no whole image for them"
		hint = "deltas stop nobody: give it a whole image for " + title(w.Target)
	case i < 0:
		why = "is not activated there"
		hint = fmt.Sprintf("write [activate.%q] into %s", past.Version, w.Cohort.File)
	case w.Cohort.Activations[i].Aborted != "":
		s = activation(w.Cohort, past, "aborted")
		why = "is aborted there"
		hint = fmt.Sprintf("abort %s, too, or have another must-pass-through release before it", to.Version)
	default:
		s = activation(w.Cohort, past, "rollout")
		why = "is not rolled out to them by then"
		hint = "roll it out to all first; or give both activations one seed, so that they take devices in the same order"
		if w.Cohort.Activations[i].NotEager {
			hint = "write eager = false for " + to.Version + ", too: devices that ask eagerly get past it; or else " + hint
		}
	}
	l.warn("skipped-must-pass-through", s, hint, "%s get from %s to %s without %s, which is must_pass_through but %s%s",
		devices(w), w.Versions[v], w.Versions[w.Next[v]], past.VersionOf(w.SoftwareType), why, l.when(w))
}
