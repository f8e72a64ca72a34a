package publish

import "cairn/manifest"

// folderPair is a folder as it is in the store and in the site: its place in
// the folders of each, -1 where it isn't there.
type folderPair struct {
	live, site     int32
	inLive, inSite *Folder // an empty one where it isn't there

	usual    Phase            // of its answers
	fallback *manifest.Folder // of the devices that look there; nil where nothing was there, or none does
	unread   []bool           // the buckets of the site that no device reads yet; nil for none
	only     map[uint16]bool  // the buckets that a plan may touch which takes releases back
}

// pair pairs the folders of the store and the site for a plan.
func (p *Plan) pair() {
	p.pairs = pairFolders(p.Live, p.Site.want)
	for i := range p.pairs {
		pair := &p.pairs[i]
		pair.usual = p.usualPhase(pair.folder())
		if pair.live >= 0 {
			pair.fallback = p.Site.fallback(pair.inLive)
		}
	}
}

// pairFolders goes through the folders of both, in order.
func pairFolders(live, site *Inventory) []folderPair {
	var all []folderPair
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
		p := folderPair{live: -1, site: -1, inLive: &Folder{}, inSite: &Folder{}}
		if order <= 0 {
			p.live, p.inLive = int32(l), &live.Folders[l]
			l++
		}
		if order >= 0 {
			p.site, p.inSite = int32(s), &site.Folders[s]
			s++
		}
		all = append(all, p)
	}
	return all
}

// folder is the folder itself, as the site or else the store has it.
func (p *folderPair) folder() *Folder {
	if p.site >= 0 {
		return p.inSite
	}
	return p.inLive
}

// bucketPair is a bucket of a folder in the store and in the site: its place in
// each of the folders, -1 where it isn't there, and its answers, of which the
// first is nothing.
type bucketPair struct {
	bucket    uint16
	live      int
	site      int
	was, want uint32
}

// cursor is a place among the buckets of both.
type cursor struct{ live, site int32 }

// over says whether no bucket is left.
func (p *folderPair) over(at cursor) bool {
	return int(at.live) == len(p.inLive.Buckets) && int(at.site) == len(p.inSite.Buckets)
}

// some goes through [spanBuckets] buckets from a place on, or those that are
// left, and gives the place of the next.
func (p *folderPair) some(at cursor, visit func(bucketPair)) cursor {
	was, want := p.inLive, p.inSite
	l, s := int(at.live), int(at.site)
	for n := 0; n < spanBuckets && (l < len(was.Buckets) || s < len(want.Buckets)); n++ {
		b := bucketPair{live: -1, site: -1}
		inLive := s == len(want.Buckets) || l < len(was.Buckets) && was.Buckets[l] <= want.Buckets[s]
		inSite := l == len(was.Buckets) || s < len(want.Buckets) && want.Buckets[s] <= was.Buckets[l]
		if inLive {
			b.bucket, b.live, b.was = was.Buckets[l], l, was.Answers[l]
			l++
		}
		if inSite {
			b.bucket, b.site, b.want = want.Buckets[s], s, want.Answers[s]
			s++
		}
		visit(b)
	}
	return cursor{int32(l), int32(s)}
}

// buckets goes through the buckets of both, in order.
func (p *folderPair) buckets(visit func(bucketPair)) {
	for at := (cursor{}); !p.over(at); {
		at = p.some(at, visit)
	}
}

// planPayloads plans the payloads that are not there as they shall be.
func (p *Plan) planPayloads() {
	for i := range p.Site.payloads {
		at := place{folder: payloadFolder, index: int32(i)}
		want := p.Site.object(at)
		reason := right
		switch l := p.Live.Payload(want.Key); {
		case l == nil:
			reason = New
		case l.Doubtful:
			reason = InDoubt
		case l.Size != want.Content.Size || l.MD5 != [16]byte{} && l.MD5 != want.Content.MD5:
			reason = Changed
		case p.headers && l.Header != Header{} && l.Header != want.Header:
			reason = HeadersChanged
		}
		if reason != right {
			p.add(Payloads, operation{place: at, reason: reason})
		}
	}
}

// usualPhase is that of a folder's answers, and of the siblings that go.
func (p *Plan) usualPhase(f *Folder) Phase {
	switch at := f.Location(p.Site.Tree.Layout); {
	case at.Class == manifest.CohortIndex:
		return Cohorts
	case at.VersionSegment == manifest.OtherSegment:
		return Fallbacks
	}
	return Versions
}

// unchanged is where no variant must be written or deleted.
var unchanged = [variants]Reason{right, right, right, right, right, right, right, right, right}

// compare gives for each variant of an answer why it must be written or
// deleted to become another.
func (p *Plan) compare(was, want uint32) *[variants]Reason {
	pair := [2]uint32{was, want}
	if reasons, ok := p.differs[pair]; ok {
		return reasons
	}
	reasons := new([variants]Reason)
	for i := range reasons {
		h, w := p.Live.Answers[was].Variants[i], p.Site.want.Answers[want].Variants[i]
		switch {
		case w.Presence == Absent && h.Presence == Absent:
			reasons[i] = right
		case w.Presence == Absent:
			reasons[i] = Gone
		case h.Presence == Absent:
			reasons[i] = New
		case h.Presence != Present:
			reasons[i] = InDoubt
		case h.Size != w.Size || h.MD5 != w.MD5:
			reasons[i] = Changed
		case p.headers && h.Header != w.Header:
			reasons[i] = HeadersChanged
		default:
			reasons[i] = right
		}
	}
	p.differs[pair] = reasons
	return reasons
}

// devices are those that share a folder's buckets.
type devices struct {
	target manifest.Target
	cohort string
	eager  bool
}

// devicesOf is those that look into a folder of answers, by its location.
func devicesOf(at manifest.Location) devices {
	return devices{at.Target, at.Cohort, at.Bucket == manifest.EagerBucket}
}

// findUnread marks the buckets that no device reads yet, for each folder of
// the site: the bucket's _other answer is certainly absent, and no device that
// the index sends there now is about to leave. Their answers may be written
// before the cohort index.
//
// Where nobody has asked who leaves, a target that is new to all cohorts is left
// out: no device can miss its answers, and one that changes cohorts must not
// find that of the cohort that it leaves.
func (p *Plan) findUnread() {
	layout := p.Site.Tree.Layout
	answered := map[manifest.Target]bool{}
	for i := range p.Live.Folders {
		if at := p.Live.Folders[i].Location(layout); at.VersionSegment == manifest.OtherSegment {
			answered[at.Target] = true
		}
	}
	index := p.Site.index()
	indexed := p.Live.Folder(index.Key, index.Digits) != nil
	left := map[string]bool{}
	for of := range p.Live.leaving {
		left[of.cohort] = true
	}
	unread := map[devices][]bool{}
	for _, pair := range p.pairs {
		f := p.Site.treeFolder(pair.site)
		if f == nil || f.VersionSegment != manifest.OtherSegment || p.Live.leaving == nil && indexed && !answered[f.Target] {
			continue
		}
		of := devices{f.Target, f.Cohort, pair.inSite.Digits == eagerDigits}
		marks := make([]bool, len(pair.inSite.Buckets))
		pair.buckets(func(b bucketPair) {
			if b.site >= 0 {
				there := p.Live.Answers[b.was].presence() >= MaybeChanged
				leaves := p.Live.leaving[cohortBucket{f.Cohort, b.bucket}] && !of.eager || left[f.Cohort] && of.eager
				marks[b.site] = !there && !leaves
			}
		})
		unread[of] = marks
	}
	for i := range p.pairs {
		pair := &p.pairs[i]
		if f := p.Site.treeFolder(pair.site); f != nil {
			pair.unread = unread[devices{f.Target, f.Cohort, pair.inSite.Digits == eagerDigits}]
		}
	}
}

// fallback is the _other folder of the devices that look into a folder of
// answers; nil for the cohort index, and where no device does any more.
func (s *Site) fallback(f *Folder) *manifest.Folder {
	at := f.Location(s.Tree.Layout)
	if at.Class != manifest.Answer || f.Digits != s.Tree.Layout.BucketDigits && f.Digits != eagerDigits {
		return nil
	}
	return s.Tree.Folder(s.Tree.Layout.AnswerFolder(at.Target, at.Cohort, manifest.OtherSegment))
}

// inOther is the place of a folder's bucket in that of _other; negative where no
// device looks into the bucket any more.
func inOther(fallback *manifest.Folder, f *Folder, bucket uint16) int {
	if fallback == nil {
		return -1
	}
	return fallback.IndexOf(manifest.Layout{BucketDigits: f.Digits}.BucketName(int(bucket)))
}

// outOfReach is the first of some versions whose release is not in reach of a
// folder's bucket any more; "" for none, and where no device looks into the
// bucket any more.
func outOfReach(fallback *manifest.Folder, f *Folder, bucket uint16, versions []string) string {
	if len(versions) == 0 {
		return ""
	}
	i := inOther(fallback, f, bucket)
	if i < 0 {
		return ""
	}
	for _, version := range versions {
		if !fallback.Reaches(i, version) {
			return version
		}
	}
	return ""
}
