package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
)

// groups compares, for each crowd of devices and each target, what they find in
// the store with what they will find.
func groups(plan *publish.Plan) (all []Group) {
	tree := plan.Site.Tree
	crowds := plan.Crowds()
	resolver := manifest.NewResolver(tree.Fleet)
	for i := range crowds {
		for t := range tree.Known {
			if tree.Folder(tree.Layout.AnswerFolder(t, crowds[i].To, manifest.OtherSegment)) != nil {
				all = append(all, groupOf(plan, resolver, &crowds[i], t))
			}
		}
	}
	for i := range plan.Live.Folders {
		if g, lost := lostBy(plan, &plan.Live.Folders[i]); lost {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.weight(), b.weight()), strings.Compare(a.SoftwareType, b.SoftwareType), strings.Compare(a.HardwareVersion, b.HardwareVersion),
			strings.Compare(a.Cohort, b.Cohort), strings.Compare(a.From, b.From))
	})
	return all
}

// weight puts what moves down first, then what is taken away, then other
// changes, and those before none.
func (g Group) weight() int {
	weight := staying
	for _, m := range g.Moves {
		weight = min(weight, m.weight())
	}
	return weight
}

// The weights of changes.
const (
	down = iota
	taken
	changing
	staying
)

func (c Change) weight() int {
	switch {
	case c.Down:
		return down
	case c.Withdrawn || !c.Same() && (c.After.Missing || c.Held != "" && c.After.Version == ""):
		return taken
	case !c.Same():
		return changing
	}
	return staying
}

// group counts what happens to the devices of a crowd, version by version.
// Versions that fare alike are told together.
func groupOf(plan *publish.Plan, resolver *manifest.Resolver, c *publish.Crowd, t manifest.Target) Group {
	g := Group{Cohort: c.To, From: c.From, Target: t, Size: -1, Moves: []Move{}}
	if c.Devices != nil {
		g.Size = c.Len()
	}
	type row struct {
		who   Move // only who they are
		moves []Move
	}
	var rows []row
	add := func(segment, version string, join func(*Move)) {
		moves := movesOf(plan, resolver, c, t, segment, version)
		moves = append(moves, eagerMoves(plan, resolver, c, t, segment, version, moves)...)
		i := slices.IndexFunc(rows, func(r row) bool { return slices.EqualFunc(r.moves, moves, alike) })
		if i < 0 {
			i = len(rows)
			rows = append(rows, row{Move{Current: []string{}}, moves})
		}
		join(&rows[i].who)
	}
	for _, version := range plan.Versions(t) {
		add(releases.Escape(version), version, func(m *Move) { m.Current = append(m.Current, version) })
	}
	add(manifest.NoneSegment, "", func(m *Move) { m.None = true })
	add(manifest.OtherSegment, "", func(m *Move) { m.Unknown = true })
	for _, r := range rows {
		for _, m := range r.moves {
			m.Current, m.None, m.Unknown = r.who.Current, r.who.None, r.who.Unknown
			g.Moves = append(g.Moves, m)
		}
	}
	slices.SortStableFunc(g.Moves, func(a, b Move) int { return cmp.Compare(a.weight(), b.weight()) })
	return g
}

func alike(a, b Move) bool {
	return a.Change == b.Change && a.Buckets == b.Buckets && a.Devices == b.Devices && a.Eager == b.Eager
}

// eagerMoves is what changes for those of a crowd that ask eagerly, and not as it
// does for others.
func eagerMoves(plan *publish.Plan, resolver *manifest.Resolver, c *publish.Crowd, t manifest.Target, segment, version string, others []Move) []Move {
	if !c.Stays() {
		return nil
	}
	eager := publish.EagerCrowd(c.To)
	moves := movesOf(plan, resolver, &eager, t, segment, version)
	moves = slices.DeleteFunc(moves, func(m Move) bool {
		return m.Same() || slices.ContainsFunc(others, func(o Move) bool { return o.Change == m.Change })
	})
	for i := range moves {
		moves[i].Eager, moves[i].Buckets, moves[i].Percent, moves[i].In = true, 0, 0, []uint16{}
	}
	return moves
}

// movesOf is what happens to the devices that look into a version folder.
func movesOf(plan *publish.Plan, resolver *manifest.Resolver, c *publish.Crowd, t manifest.Target, segment, version string) []Move {
	tree := plan.Site.Tree
	others := tree.Folder(tree.Layout.AnswerFolder(t, c.To, manifest.OtherSegment))
	before, after := plan.Sights(c, t, segment)
	held := heldBy(tree, resolver, others, segment, version)
	changeOf := func(was, will *publish.Found, slot int) Change {
		change := Change{Before: offerOf(was), After: offerOf(will)}
		text, next := was.Answer.Text(), will.Answer.Text()
		change.Payload = change.Before == change.After && len(will.Offers) > 0 && text.Presence == publish.Present && text.MD5 != next.MD5
		change.Withdrawn = c.Stays() && !change.Same() && !reaches(others, slot, was.Offers)
		change.Down = !change.Same() && version != "" && slices.ContainsFunc(will.Offers, func(offer string) bool {
			return tree.Fleet.Project.Order.Compare(offer, version) < 0
		})
		change.Held = held(slot)
		return change
	}
	type fate struct { // of buckets that nothing tells apart
		was, will *publish.Found
		reach     int
	}
	all, known := moves{}, map[fate]*Move{}
	next := 0
	for i, bucket := range c.Buckets {
		f, slot := fate{before.At(bucket), after.At(bucket), -1}, -1
		for next < len(others.Buckets) && others.Buckets[next] < bucket {
			next++
		}
		if c.Eager {
			slot = len(others.Buckets)
		} else if next < len(others.Buckets) && others.Buckets[next] == bucket {
			slot = next
		}
		if slot >= 0 && slot < len(others.Reach.Group) {
			f.reach = int(others.Reach.Group[slot])
		}
		m := known[f]
		if m == nil {
			m = all.of(changeOf(f.was, f.will, slot))
			known[f] = m
		}
		m.add(bucket)
		if c.Devices != nil {
			m.Devices = max(m.Devices, 0) + c.Devices[i]
		}
	}
	return all.sorted(c.Len())
}

// heldBy says of who gets the i-th of a folder's bodies what keeps them from
// more, in words; "" for nothing.
func heldBy(tree *manifest.Tree, resolver *manifest.Resolver, others *manifest.Folder, segment, version string) func(i int) string {
	t := others.Target
	if !resolver.Held(t) {
		return func(int) string { return "" }
	}
	texts := map[uint32]string{}
	return func(i int) string {
		if i < 0 || i >= len(others.Reach.Group) {
			return ""
		}
		group := others.Reach.Group[i]
		text, told := texts[group]
		if !told {
			offers := resolver.Offers(t, tree.Fleet.Cohort(others.Cohort), others.Reach.Releases[group])
			d := offers.Of(tree.Known[t], version)
			if segment == manifest.OtherSegment {
				d = offers.Unknown
			}
			if d.Held != nil {
				text = d.Held.String()
			}
			texts[group] = text
		}
		return text
	}
}

func offerOf(f *publish.Found) Offer { return Offer{strings.Join(f.Offers, "\n"), f.Missing} }

// reaches says whether all versions are in reach of who gets the i-th of a
// folder's bodies.
func reaches(others *manifest.Folder, i int, versions []string) bool {
	return i >= 0 && i < len(others.Bodies) && !slices.ContainsFunc(versions, func(version string) bool { return !others.Reaches(i, version) })
}

// moves is what happens, by the change.
type moves map[Change]*Move

// of is the move of a change: a new one has no buckets and no devices.
func (found moves) of(change Change) *Move {
	m := found[change]
	if m == nil {
		m = &Move{Change: change, Devices: -1}
		found[change] = m
	}
	return m
}

func (m *Move) add(bucket uint16) {
	m.Buckets++
	m.In = append(m.In, bucket)
}

// sorted is the moves with their shares of so many devices or buckets, the
// gravest first.
func (found moves) sorted(of int) []Move {
	var all []Move
	for _, m := range found {
		m.Percent = 100 * float64(m.weighs()) / float64(of)
		all = append(all, *m)
	}
	slices.SortFunc(all, func(a, b Move) int {
		return cmp.Or(cmp.Compare(a.weight(), b.weight()), cmp.Compare(fmt.Sprint(a.Change), fmt.Sprint(b.Change)))
	})
	return all
}

// weighs is how many devices there are, or else buckets.
func (m *Move) weighs() int {
	if m.Devices >= 0 {
		return m.Devices
	}
	return m.Buckets
}

// lostBy is the group of devices that find no answer any more: a folder of
// _other for a target that the definitions don't know.
func lostBy(plan *publish.Plan, f *publish.Folder) (Group, bool) {
	at := f.Location(plan.Site.Tree.Layout)
	if at.Class != manifest.Answer || at.VersionSegment != manifest.OtherSegment || at.Bucket == manifest.EagerBucket {
		return Group{}, false
	}
	if _, known := plan.Site.Tree.Known[at.Target]; known && f.Digits == plan.Site.Tree.Layout.BucketDigits {
		return Group{}, false
	}
	found := moves{}
	for i, answer := range f.Answers {
		a := &plan.Live.Answers[answer]
		change := Change{Before: offerOf(&publish.Found{Offers: a.Offers, Missing: a.Text().Presence == publish.Absent}), After: Offer{Missing: true}}
		m := found.of(change)
		m.add(f.Buckets[i])
		m.Current, m.Unknown = []string{}, true
	}
	return Group{Cohort: at.Cohort, From: at.Cohort, Target: at.Target, Size: -1, Moves: found.sorted(len(f.Buckets))}, true
}
