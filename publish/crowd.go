package publish

import (
	"slices"

	"cairn/manifest"
	"cairn/releases"
)

// Crowd is devices that look for their answers in one cohort before a publish,
// and in one after it: those that stay, or those that change from one to the
// other.
type Crowd struct {
	From, To string
	Buckets  []uint16 // ascending
	Devices  []int    // in each of the buckets; nil where nobody lists them
	// Of is how many devices, or else buckets, there are in the cohort that a
	// share is of: in To after the publish, in From before it.
	OfFrom, OfTo int
	// Hashes are those of devices that change; nil for those that stay.
	Hashes []string
	Eager  bool // those of a cohort that ask eagerly: they have one bucket, whichever they are in
}

// EagerCrowd is the devices of a cohort that ask eagerly. They are among those
// of the other crowds, and nobody knows how many they are.
func EagerCrowd(cohort string) Crowd {
	return Crowd{From: cohort, To: cohort, Buckets: eagerBuckets, OfFrom: 1, OfTo: 1, Eager: true}
}

// Stays says whether the devices stay where they are.
func (c *Crowd) Stays() bool { return c.From == c.To }

// Weight is how many devices there are in the i-th bucket: 1 where nobody
// lists them.
func (c *Crowd) Weight(i int) int {
	if c.Devices == nil {
		return 1
	}
	return c.Devices[i]
}

// Len is how many devices there are, or else buckets.
func (c *Crowd) Len() (n int) {
	for i := range c.Buckets {
		n += c.Weight(i)
	}
	return n
}

// Crowds are all devices: those that stay, cohort by cohort, then those that
// change.
func (p *Plan) Crowds() []Crowd {
	if p.crowds == nil {
		p.crowds = p.findCrowds()
	}
	return p.crowds
}

func (p *Plan) findCrowds() (all []Crowd) {
	layout := p.Site.Tree.Layout
	before, after := map[string]int{}, map[string]int{}
	var changing []Crowd
	left := map[string][]int{} // by cohort, the devices that join it in each bucket
	for _, r := range p.Live.relocated {
		counts := make([]int, layout.Buckets())
		if left[r.To] == nil {
			left[r.To] = make([]int, layout.Buckets())
		}
		for _, hash := range r.Hashes {
			bucket := manifest.Index(layout.Bucket(hash))
			counts[bucket]++
			left[r.To][bucket]++
		}
		before[r.From] += len(r.Hashes)
		crowd := Crowd{From: r.From, To: r.To, Hashes: r.Hashes}
		crowd.fill(counts)
		changing = append(changing, crowd)
	}
	for _, c := range p.Site.Tree.Fleet.Cohorts {
		counts := make([]int, layout.Buckets())
		for bucket := range counts {
			counts[bucket] = layout.Devices(c, bucket)
		}
		after[c.Slug] = c.Devices.Len()
		crowd := Crowd{From: c.Slug, To: c.Slug}
		if c.Slug == releases.DefaultCohort {
			for bucket := range layout.Buckets() {
				crowd.Buckets = append(crowd.Buckets, uint16(bucket))
			}
			before[c.Slug], after[c.Slug] = len(crowd.Buckets), len(crowd.Buckets)
		} else {
			for bucket, n := range left[c.Slug] {
				counts[bucket] -= n
			}
			crowd.fill(counts)
			before[c.Slug] += crowd.Len()
		}
		if len(crowd.Buckets) > 0 {
			all = append(all, crowd)
		}
	}
	if p.Live.relocated == nil {
		changing = p.dropped()
		for _, c := range changing {
			before[c.From] += len(c.Buckets)
		}
	}
	all = append(all, changing...)
	for i := range all {
		all[i].OfFrom, all[i].OfTo = before[all[i].From], after[all[i].To]
	}
	return all
}

// dropped is the devices that find nothing in their cohort any more, as far as
// that is known by its buckets: the default one is theirs then.
func (p *Plan) dropped() (all []Crowd) {
	l := p.Site.Tree.Layout
	for i := range p.Live.Folders {
		f := &p.Live.Folders[i]
		at := f.Location(l)
		if at.Class != manifest.Answer || at.VersionSegment != manifest.OtherSegment || at.Cohort == releases.DefaultCohort || f.Digits != l.BucketDigits {
			continue
		}
		want := p.Site.want.Folder(f.Key, f.Digits)
		for _, bucket := range f.Buckets {
			if _, known := p.Site.Tree.Known[at.Target]; !known || want.Answer(bucket) != 0 {
				continue
			}
			j := slices.IndexFunc(all, func(c Crowd) bool { return c.From == at.Cohort })
			if j < 0 {
				j = len(all)
				all = append(all, Crowd{From: at.Cohort, To: releases.DefaultCohort})
			}
			if k, found := slices.BinarySearch(all[j].Buckets, bucket); !found {
				all[j].Buckets = slices.Insert(all[j].Buckets, k, bucket)
			}
		}
	}
	return all
}

// fill sets the buckets in which there are devices.
func (c *Crowd) fill(counts []int) {
	for bucket, n := range counts {
		if n > 0 {
			c.Buckets = append(c.Buckets, uint16(bucket))
			c.Devices = append(c.Devices, n)
		}
	}
}

// Found is what devices find at a place.
type Found struct {
	// Offers is the versions that they are offered: one, or none where they
	// are up to date; more where it is in doubt.
	Offers []string
	// Missing says that there is no answer at all.
	Missing bool
	// Answer is what they read, whether they take it or not.
	Answer *Answer
}

// Sight is what devices of one cohort find that run one version.
type Sight struct {
	in         *Inventory
	own, other *Folder
	takes      func(offer string) bool // of _other, where own isn't there
	found      map[uint32]*Found
}

// At is what they find in a bucket: the same value in all buckets where they
// find the same. It is not to be changed.
func (s *Sight) At(bucket uint16) *Found {
	if i := s.own.Answer(bucket); i != 0 {
		return s.at(i, false)
	}
	return s.at(s.other.Answer(bucket), true)
}

func (s *Sight) at(answer uint32, other bool) *Found {
	key := answer << 1
	if other {
		key |= 1
	}
	found, ok := s.found[key]
	if !ok {
		a := &s.in.Answers[answer]
		found = &Found{Offers: a.Offers, Missing: a.Text().Presence == Absent, Answer: a}
		if other && s.takes != nil {
			found.Offers = slices.DeleteFunc(slices.Clone(a.Offers), func(offer string) bool { return !s.takes(offer) })
		}
		s.found[key] = found
	}
	return found
}

// Sights are what the devices of a crowd find before and after that look into a
// version folder: an escaped version's, or [manifest.NoneSegment]. For
// [manifest.OtherSegment] it is what is there for the versions below it.
func (p *Plan) Sights(c *Crowd, t manifest.Target, segment string) (before, after *Sight) {
	project := &p.Site.Tree.Fleet.Project
	version, err := releases.Unescape(segment)
	listed := err == nil && segment != manifest.NoneSegment && segment != manifest.OtherSegment
	takes := func(offer string) bool {
		return project.Order.Check(version) == nil && project.Order.Compare(version, offer) < 0
	}
	sight := func(in *Inventory, cohort string, checked bool) *Sight {
		l := p.Site.Tree.Layout
		if c.Eager {
			l.BucketDigits = eagerDigits
		}
		s := &Sight{in: in, found: map[uint32]*Found{}}
		s.own = in.Folder(l.AnswerFolder(t, cohort, segment), l.BucketDigits)
		s.other = in.Folder(l.AnswerFolder(t, cohort, manifest.OtherSegment), l.BucketDigits)
		if listed && checked {
			s.takes = takes
		}
		return s
	}
	return sight(p.Live, c.From, p.wasChecked(c.From)), sight(p.Site.want, c.To, p.Site.checks(c.To))
}

// folderVersions are the versions that have a folder in the store.
func (p *Plan) folderVersions() map[manifest.Target][]string {
	if p.versions == nil {
		p.versions = map[manifest.Target][]string{}
		for i := range p.Live.Folders {
			at := p.Live.Folders[i].Location(p.Site.Tree.Layout)
			version, err := releases.Unescape(at.VersionSegment)
			if err == nil && at.VersionSegment != manifest.NoneSegment && at.VersionSegment != manifest.OtherSegment {
				p.versions[at.Target] = append(p.versions[at.Target], version)
			}
		}
	}
	return p.versions
}

// wasChecked says whether a cohort served no lower versions before; what is not
// on record is taken to be as it is.
func (p *Plan) wasChecked(cohort string) bool {
	if p.unchecked == nil {
		return p.Site.checks(cohort)
	}
	return !slices.Contains(p.unchecked, cohort)
}

// uncheckedIn is the cohorts of a fleet that serve lower versions, too.
func uncheckedIn(f *releases.Fleet) []string {
	all := []string{}
	for _, c := range f.Cohorts {
		if !c.VersionCheck {
			all = append(all, c.Slug)
		}
	}
	return all
}

// checks says whether a cohort serves no lower versions.
func (s *Site) checks(cohort string) bool {
	c := s.Tree.Fleet.Cohort(cohort)
	return c == nil || c.VersionCheck
}

// Versions are those that devices of a target may run: known to the definitions,
// with a folder in the store, or remembered, in the order of the definitions.
func (p *Plan) Versions(t manifest.Target) []string {
	versions := slices.Concat(p.Site.Tree.Known[t], p.folderVersions()[t])
	for _, r := range p.remembered {
		if r.Target == t {
			versions = append(versions, r.Version)
		}
	}
	order := p.Site.Tree.Fleet.Project.Order
	slices.SortFunc(versions, order.Compare)
	return slices.Compact(versions)
}
