package publish

import (
	"path"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/releases"
)

// NewPlan plans what makes a store hold a site, from what is known of the
// store. Headers says whether the store keeps any.
func NewPlan(site *Site, live *Live, headers bool) *Plan {
	if len(live.Kinds) == 0 {
		live = &Live{Kinds: make([]Kind, 1)}
	}
	p := &Plan{Site: site, Live: live}
	for _, s := range site.Tree.Stored {
		key := site.Tree.Layout.PayloadKey(s.SHA256, s.Name)
		if l := live.Payload(key); l == nil || l.Perhaps || l.Size != s.Size {
			p.Missing = append(p.Missing, key)
		}
	}
	d := differ{plan: p, headers: headers, memo: map[[2]uint32][cells]step{}}
	p.pairs = pairs(live, site.live)
	// Counted first, they need no second copy to be sorted: a first publish
	// has millions.
	var begin [int(phases)*urgencies + 1]int
	rank := func(o op) int { return int(o.phase)*urgencies + o.reason.urgency() }
	d.all(func(o op) { begin[rank(o)+1]++ })
	for i := range begin[1:] {
		begin[i+1] += begin[i]
	}
	p.ops = make([]op, begin[len(begin)-1])
	d.all(func(o op) {
		p.ops[begin[rank(o)]] = o
		begin[rank(o)]++
		p.count[o.reason]++
	})
	return p
}

// pair is a folder as it is in the store and in the site, nil where it isn't.
type pair struct {
	live, site       *Folder
	liveRow, siteRow int32
}

// pairs goes through the folders of both, in order.
func pairs(live, site *Live) []pair {
	var all []pair
	l, s := 0, 0
	for l < len(live.Folders) || s < len(site.Folders) {
		order := 0
		switch {
		case l == len(live.Folders):
			order = 1
		case s == len(site.Folders):
			order = -1
		default:
			order = compareFolders(live.Folders[l], site.Folders[s])
		}
		p := pair{liveRow: -1, siteRow: -1}
		if order <= 0 {
			p.live, p.liveRow = &live.Folders[l], int32(l)
			l++
		}
		if order >= 0 {
			p.site, p.siteRow = &site.Folders[s], int32(s)
			s++
		}
		all = append(all, p)
	}
	return all
}

// slots goes through the buckets of both: their places in the one and the
// other, -1 where it isn't there.
func (p pair) slots(visit func(live, site int)) {
	var ls, ss []uint16
	if p.live != nil {
		ls = p.live.Slots
	}
	if p.site != nil {
		ss = p.site.Slots
	}
	l, s := 0, 0
	for l < len(ls) || s < len(ss) {
		switch {
		case s == len(ss) || l < len(ls) && ls[l] < ss[s]:
			visit(l, -1)
			l++
		case l == len(ls) || ss[s] < ls[l]:
			visit(-1, s)
			s++
		default:
			visit(l, s)
			l, s = l+1, s+1
		}
	}
}

// differ compares what is there with what shall be.
type differ struct {
	plan    *Plan
	headers bool
	memo    map[[2]uint32][cells]step // by the kinds of both
	fresh   map[devices][]bool        // by slot of the site: no device finds an answer there yet
}

// step is what has to be done about a cell.
type step uint8

const (
	nothing step = iota
	create
	replace
	restamp
	settle
	drop
)

// devices are those that share a folder's buckets.
type devices struct {
	target manifest.Target
	cohort string
}

// all visits each operation, the answers in the order of their keys.
func (d *differ) all(visit func(op)) {
	site, live := d.plan.Site, d.plan.Live
	for i := range site.payloads {
		want := site.object(ref{row: payloadRow, slot: int32(i)})
		o := op{row: payloadRow, slot: int32(i), phase: Payloads}
		switch l := live.Payload(want.Key); {
		case l == nil:
			visit(o)
		case l.Perhaps:
			o.reason = InDoubt
			visit(o)
		case l.Size != want.Content.Size || l.MD5 != [16]byte{} && l.MD5 != want.Content.MD5:
			o.reason = Changed
			visit(o)
		case d.headers && l.Header != Header{} && l.Header != want.Header:
			o.reason = HeadersChanged
			visit(o)
		}
	}
	if d.fresh == nil {
		d.findFresh()
	}
	for _, p := range d.plan.pairs {
		d.folder(p, visit)
	}
	for i := range live.Leftovers {
		visit(op{row: leftoverRow, slot: int32(i), phase: Deletions, reason: Leftover, gone: true})
	}
}

// findFresh finds the buckets that are new to a cohort: where _other isn't
// there for certain no device is sent to them yet, or none that is about to
// leave. Where nobody has asked who leaves, those of a target that is new to all
// cohorts are not among them: no device can miss an answer, and one that changes
// cohorts doesn't find that of the cohort that it leaves.
func (d *differ) findFresh() {
	site, live := d.plan.Site, d.plan.Live
	d.fresh = map[devices][]bool{}
	targetOf := func(other string) string { return path.Dir(path.Dir(path.Dir(other))) }
	known := map[string]bool{}
	for _, f := range live.Folders {
		if path.Base(f.Key) == manifest.OtherSegment {
			known[targetOf(f.Key)] = true
		}
	}
	indexed := live.Folder(site.Tree.Layout.CohortsFolder(), site.Tree.Layout.CohortDigits) != nil
	for _, p := range d.plan.pairs {
		if p.site == nil || p.siteRow == 0 {
			continue
		}
		f := &site.Tree.Folders[p.siteRow-1]
		if f.VersionSegment != manifest.OtherSegment || live.leaving == nil && indexed && !known[targetOf(f.Key)] {
			continue
		}
		fresh := make([]bool, len(f.Buckets))
		p.slots(func(l, s int) {
			if s >= 0 {
				there := l >= 0 && live.Kinds[p.live.Kinds[l]].presence() >= Doubtful
				fresh[s] = !there && !live.leaving[place{f.Cohort, f.Buckets[s]}]
			}
		})
		d.fresh[devices{f.Target, f.Cohort}] = fresh
	}
}

// folder visits the operations on a folder.
func (d *differ) folder(p pair, visit func(op)) {
	site := d.plan.Site
	var fresh []bool
	if p.siteRow > 0 {
		folder := &site.Tree.Folders[p.siteRow-1]
		fresh = d.fresh[devices{folder.Target, folder.Cohort}]
	}
	phase := d.phase(p)
	var others *manifest.Folder
	if p.live != nil && p.live.Digits == site.Tree.Layout.BucketDigits {
		others = site.others(p.live.Key)
	}
	p.slots(func(l, s int) {
		var was, shall uint32
		if l >= 0 {
			was = p.live.Kinds[l]
		}
		if s >= 0 {
			shall = p.site.Kinds[s]
		}
		steps := d.compare(was, shall)
		if steps == ([cells]step{}) {
			return
		}
		for cell, step := range steps {
			o := op{row: p.siteRow, slot: int32(s), cell: uint8(cell), phase: phase}
			switch step {
			case nothing:
				continue
			case create:
				o.reason = New
			case replace:
				o.reason = Changed
			case restamp:
				o.reason = HeadersChanged
			case settle:
				o.reason = InDoubt
			case drop:
				o.row, o.slot, o.reason, o.gone = p.liveRow, int32(l), Gone, true
				if cell%len(encodings) == 0 && phase != Fallbacks {
					o.phase = Deletions
				}
			}
			if s >= 0 && o.phase != Deletions && fresh != nil && fresh[s] {
				o.phase = NewBuckets
				if phase == Fallbacks {
					o.phase = NewFallbacks
				}
			}
			if l >= 0 && step != create && step != restamp && outOfReach(others, p.live.Slots[l], d.plan.Live.Kinds[was][cell].Offers) != "" {
				o.reason = Withdraws
			}
			visit(o)
		}
	})
}

// phase is that of a folder's answers, and of the siblings that go.
func (d *differ) phase(p pair) Phase {
	f := p.site
	if f == nil {
		f = p.live
	}
	switch {
	case f.Key == d.plan.Site.Tree.Layout.CohortsFolder():
		return Cohorts
	case path.Base(f.Key) == manifest.OtherSegment:
		return Fallbacks
	}
	return Versions
}

// compare says what to do about each cell of a kind that shall be another.
func (d *differ) compare(was, shall uint32) [cells]step {
	at := [2]uint32{was, shall}
	if steps, ok := d.memo[at]; ok {
		return steps
	}
	var steps [cells]step
	have, want := &d.plan.Live.Kinds[was], &d.plan.Site.live.Kinds[shall]
	for i := range steps {
		h, w := have[i], want[i]
		switch {
		case w.Presence == Absent && h.Presence == Absent:
		case w.Presence == Absent:
			steps[i] = drop
		case h.Presence == Absent:
			steps[i] = create
		case h.Presence != Present:
			steps[i] = settle
		case h.Size != w.Size || h.MD5 != w.MD5:
			steps[i] = replace
		case d.headers && h.Header != w.Header:
			steps[i] = restamp
		}
	}
	d.memo[at] = steps
	return steps
}

// others is the _other folder of the devices that look into the folder of
// answers at a key; nil where there are none any more.
func (s *Site) others(key string) *manifest.Folder {
	return s.Tree.Folder(path.Dir(strings.TrimSuffix(key, "/")) + "/" + manifest.OtherSegment + "/")
}

// outOfReach is the first of the versions, a line each, whose release is not
// in reach of a bucket any more; "" for none, and where no device looks into
// the bucket any more.
func outOfReach(others *manifest.Folder, bucket uint16, offers string) string {
	if others == nil || offers == "" {
		return ""
	}
	i, found := slices.BinarySearch(others.Buckets, bucket)
	if !found {
		return ""
	}
	for version := range strings.SplitSeq(offers, "\n") {
		if version != "" && !others.Reaches(i, version) {
			return version
		}
	}
	return ""
}

// names says whether a release names the payload at a key.
func (s *Site) names(key string) bool {
	layout := s.Tree.Layout
	for _, all := range [][]*releases.Payload{s.Tree.Payloads, s.Tree.Stored} {
		_, found := slices.BinarySearchFunc(all, key, func(p *releases.Payload, key string) int {
			return strings.Compare(layout.PayloadKey(p.SHA256, p.Name), key)
		})
		if found {
			return true
		}
	}
	return false
}
