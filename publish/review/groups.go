package review

import (
	"cmp"
	"crypto/md5"
	"fmt"
	"path"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"

	"github.com/cespare/xxhash/v2"
)

// groups compares, for the devices of each _other folder, what they find in
// the store with what they will find.
func groups(plan *publish.Plan, fleet *releases.Fleet) []Group {
	c := comparison{plan: plan, tree: plan.Site.Tree, segments: map[string][]string{}}
	for i := range plan.Live.Folders {
		f := &plan.Live.Folders[i]
		devices, segment := path.Split(strings.TrimSuffix(f.Key, "/"))
		c.segments[devices] = append(c.segments[devices], segment)
		if segment == manifest.OtherSegment && c.tree.Folder(f.Key) == nil {
			c.lost(f, devices)
		}
	}
	listed := map[string][]int{}
	for _, cohort := range fleet.Cohorts {
		listed[cohort.Slug] = devicesByBucket(cohort, c.tree.Layout)
	}
	for i := range c.tree.Folders {
		if f := &c.tree.Folders[i]; f.VersionSegment == manifest.OtherSegment {
			c.compare(f, listed[f.Cohort])
		}
	}
	slices.SortStableFunc(c.groups, func(a, b Group) int { return cmp.Compare(a.weight(), b.weight()) })
	return c.groups
}

// weight puts what is taken away before other changes, and those before none.
func (g Group) weight() int {
	weight := 3
	for _, m := range g.Moves {
		weight = min(weight, m.weight())
	}
	return weight
}

func (c Change) weight() int {
	switch {
	case c.Withdrawn || c.After.Missing:
		return 0
	case !c.Same():
		return 1
	}
	return 2
}

// devicesByBucket is nil for a cohort that lists none.
func devicesByBucket(c *releases.Cohort, l manifest.Layout) []int {
	if len(c.Devices) == 0 {
		return nil
	}
	n := make([]int, l.Buckets())
	for _, d := range c.Devices {
		n[xxhash.Sum64String(d.Serial)>>(64-4*l.BucketDigits)]++
	}
	return n
}

type comparison struct {
	plan     *publish.Plan
	tree     *manifest.Tree
	segments map[string][]string // of the store's version folders, by what is before them
	groups   []Group
}

// compare adds the group of devices that share an _other folder.
func (c *comparison) compare(others *manifest.Folder, listed []int) {
	var versions []string
	known := c.tree.Known[others.Target]
	devices := path.Dir(strings.TrimSuffix(others.Key, "/")) + "/"
	for _, segment := range c.segments[devices] {
		version, err := releases.Unescape(segment)
		if err == nil && segment[0] != '_' && !slices.Contains(known, version) {
			versions = append(versions, version)
		}
	}
	t := tally{comparison: c, others: others, devices: devices, listed: listed}
	for _, version := range append(versions, known...) {
		t.add(releases.Escape(version), func(m *Move) { m.Current = append(m.Current, version) })
	}
	t.add(manifest.NoneSegment, func(m *Move) { m.None = true })
	t.add(manifest.OtherSegment, func(m *Move) { m.Unknown = true })
	c.groups = append(c.groups, t.group())
}

// tally counts what happens to the devices of a group, version by version.
// Versions that fare alike are told together.
type tally struct {
	*comparison
	others  *manifest.Folder
	devices string // the key of what holds the version folders
	listed  []int
	rows    []tallyRow
}

type tallyRow struct {
	who   Move // only who they are
	moves []Move
}

func (t *tally) add(segment string, join func(*Move)) {
	moves := t.moves(segment)
	i := slices.IndexFunc(t.rows, func(r tallyRow) bool { return slices.EqualFunc(r.moves, moves, alike) })
	if i < 0 {
		i = len(t.rows)
		t.rows = append(t.rows, tallyRow{Move{Current: []string{}}, moves})
	}
	join(&t.rows[i].who)
}

func alike(a, b Move) bool {
	return a.Change == b.Change && a.Buckets == b.Buckets && a.Devices == b.Devices
}

// moves is what happens to the devices that look into a version folder.
func (t *tally) moves(segment string) []Move {
	layout, live := t.tree.Layout, t.plan.Live
	folder := t.tree.Folder(t.devices + segment + "/")
	if folder == nil {
		folder = t.others
	}
	was := live.Folder(t.devices+segment+"/", layout.BucketDigits)
	wasOthers := live.Folder(t.others.Key, layout.BucketDigits)
	found := map[Change]*Move{}
	for i, bucket := range t.others.Buckets {
		before, body := &live.Answers[cmp.Or(was.Answer(bucket), wasOthers.Answer(bucket))], &t.tree.Bodies[folder.Bodies[i]]
		change := Change{Before: offerOf(before), After: Offer{Version: body.Version()}}
		text := before.Text()
		change.Payload = change.Before == change.After && text.Presence == publish.Present && text.MD5 != md5.Sum(body.Text)
		change.Withdrawn = !change.Same() && !t.reaches(i, before.Offers)
		m := found[change]
		if m == nil {
			m = &Move{Change: change, Devices: -1}
			if t.listed != nil {
				m.Devices = 0
			}
			found[change] = m
		}
		m.Buckets++
		if t.listed != nil {
			m.Devices += t.listed[bucket]
		}
	}
	return sorted(found, len(t.others.Buckets))
}

func offerOf(a *publish.Answer) Offer {
	return Offer{strings.Join(a.Offers, "\n"), a.Text().Presence == publish.Absent}
}

func (t *tally) reaches(i int, versions []string) bool {
	return !slices.ContainsFunc(versions, func(version string) bool { return !t.others.Reaches(i, version) })
}

// sorted is the moves with their shares, the gravest first.
func sorted(found map[Change]*Move, buckets int) []Move {
	var all []Move
	for _, m := range found {
		m.Percent = 100 * float64(m.Buckets) / float64(buckets)
		all = append(all, *m)
	}
	slices.SortFunc(all, func(a, b Move) int {
		return cmp.Or(cmp.Compare(a.weight(), b.weight()), cmp.Compare(fmt.Sprint(a.Change), fmt.Sprint(b.Change)))
	})
	return all
}

func (t *tally) group() Group {
	g := Group{Cohort: t.others.Cohort, Target: t.others.Target, Moves: []Move{}}
	for _, row := range t.rows {
		for _, m := range row.moves {
			m.Current, m.None, m.Unknown = row.who.Current, row.who.None, row.who.Unknown
			g.Moves = append(g.Moves, m)
		}
	}
	slices.SortStableFunc(g.Moves, func(a, b Move) int { return cmp.Compare(a.weight(), b.weight()) })
	return g
}

// lost adds the group of devices that find no answer any more.
func (c *comparison) lost(others *publish.Folder, devices string) {
	found := map[Change]*Move{}
	for _, answer := range others.Answers {
		change := Change{Before: offerOf(&c.plan.Live.Answers[answer]), After: Offer{Missing: true}}
		if found[change] == nil {
			found[change] = &Move{Change: change, Current: []string{}, Unknown: true, Devices: -1}
		}
		found[change].Buckets++
	}
	name := strings.Split(strings.TrimPrefix(devices, c.tree.Layout.Prefix+"/"), "/") // v1, latest, type, hardware, cohort
	if len(name) != 6 {
		return
	}
	g := Group{Cohort: name[4], Moves: sorted(found, len(others.Buckets))}
	g.SoftwareType, _ = releases.Unescape(name[2])
	g.HardwareVersion, _ = releases.Unescape(name[3])
	c.groups = append(c.groups, g)
}
