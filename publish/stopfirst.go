package publish

import (
	"context"
	"crypto/md5"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync/atomic"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/signing"
)

// Stop is what of a proposal takes back the releases that the definitions stop
// (aborted in a cohort, or withdrawn), and nothing else: for when the rest
// cannot be published. It puts no payload and none but the answers of buckets
// that offer such a release. They offer instead what was on offer before and
// still is, as far as its payloads are there; else nothing.
//
// Signed devices get what is on offer without the stopped releases at once, in
// the cohorts in which the head that is there has them.
func (p *Proposal) Stop() *Proposal {
	tree := manifest.New(p.before(), p.Edition.At)
	site := NewSite(tree, p.Site.Cache, nil)
	stop := *p
	stop.Edition.Site, stop.whole = site, p.Site.Tree.Fleet
	stop.Edition.Rollouts = append(RolloutsOf(tree.Fleet, p.Edition.At), p.unknown()...)
	plan := &Plan{Site: site, Live: p.Live, headers: p.headers, differs: map[[2]uint32]*[variants]Reason{}, unchecked: p.unchecked}
	plan.pair()
	plan.only = plan.stopped()
	for i := range plan.pairs {
		pair := &plan.pairs[i]
		if at := pair.folder().Location(site.Tree.Layout); at.Class == manifest.Answer {
			pair.only = plan.only[devicesOf(at)]
		}
		plan.planFolder(i)
	}
	plan.planRendered(true)
	stop.Plan = plan
	by := p.Edition.Signing
	if by == nil || p.Live.Signed.there == (signing.Head{}) {
		return &stop
	}
	unlisted := *tree
	unlisted.Fleet = tree.Fleet.Unlisted()
	want, err := unlisted.SignedStop()
	if stop.Unsigned = err; err != nil {
		return &stop
	}
	none := want.Cohorts
	want.Cohorts = p.Live.Signed.there.Cohorts
	want.Parts = slices.DeleteFunc(want.Parts, func(p manifest.Part) bool { return p.Digest == none && want.Latest != none })
	if stop.Unsigned = plan.planSigned(by, want, p.now()); stop.Unsigned == nil {
		stop.NoRoom = want.NoRoom
	}
	return &stop
}

// Stops says whether the plan takes releases back and does nothing else.
func (p *Plan) Stops() bool { return p.only != nil }

// before is the fleet as it is, but at the keys where it was, and with no more on
// offer than was before.
func (p *Proposal) before() *releases.Fleet {
	fleet := *p.Site.Tree.Fleet
	fleet.Cohorts = nil
	was := p.burnedIn()
	fleet.Project.BaseURL, fleet.Project.BucketDigits, fleet.Project.CohortDigits = was.BaseURL, was.BucketDigits, was.CohortDigits
	fleet.Project.Eager = was.Eager
	there := map[*releases.Release]bool{}
	for _, r := range fleet.Releases {
		there[r] = p.payloadsThere(r)
	}
	for _, c := range p.Site.Tree.Fleet.Cohorts {
		cohort := *c
		cohort.Activations = nil
		if p.unchecked != nil && !slices.Contains(p.unchecked, c.Slug) {
			cohort.VersionCheck = true
		}
		for _, a := range c.Activations {
			a.NotEager = a.NotEager || a.PausedAt(p.Edition.At)
			if was := p.percentBefore(c.Slug, a); a.Offers() {
				if c.Partial || was == 0 || !there[a.Release] {
					continue
				}
				a.Rollout = releases.Rollout{Fixed: min(was, a.Percent(p.Edition.At))}
				a.Paused = time.Time{}
			}
			cohort.Activations = append(cohort.Activations, a)
		}
		fleet.Cohorts = append(fleet.Cohorts, &cohort)
	}
	return &fleet
}

// unknown is what is on record of cohorts whose definitions are not known in
// full, without what they stop: to the next publish it is on offer.
func (p *Proposal) unknown() (all []Rollout) {
	stops := p.stops()
	for _, r := range p.Remote.Rollouts() {
		c := p.Site.Tree.Fleet.Cohort(r.Cohort)
		if c != nil && c.Partial && !slices.ContainsFunc(stops[r.Cohort], func(a releases.Activation) bool { return a.Release.Version == r.Version }) {
			all = append(all, r)
		}
	}
	return all
}

// payloadsThere says whether the store has all payloads of a release.
func (p *Proposal) payloadsThere(r *releases.Release) bool {
	return !slices.ContainsFunc(r.Files(), func(of *releases.Payload) bool {
		if of.URL != "" {
			return false
		}
		l := p.Live.Payload(p.Site.Tree.Layout.PayloadKey(of.SHA256, of.Name))
		return l == nil || l.Doubtful || l.Size != of.Size
	})
}

// percentBefore is how far an activation was rolled out before, in percent.
// Where that is not on record, what is not above any offer counts as it is now.
func (p *Proposal) percentBefore(cohort string, a releases.Activation) (percent float64) {
	if p.Remote.State == nil {
		order := p.Site.Tree.Fleet.Project.Order
		for _, answer := range p.Live.Answers {
			if slices.ContainsFunc(answer.Offers, func(offer string) bool { return order.Compare(a.Release.Version, offer) <= 0 }) {
				return 100
			}
		}
		return 0
	}
	for _, b := range p.Remote.Rollouts() {
		if b.Cohort == cohort && b.Version == a.Release.Version && b.Seed == a.Seed {
			percent = max(percent, b.Percent)
		}
	}
	return percent
}

// stopped is the buckets in which a device may be offered a release that the
// definitions stop, for each of the devices that share them.
func (p *Plan) stopped() map[devices]map[uint16]bool {
	all := map[devices]map[uint16]bool{}
	p.offeringStopped(func(d devices, f *Folder, buckets []uint16) {
		fallback, unknown := p.Site.fallback(f), p.Site.Tree.Fleet.Cohort(d.cohort).Partial // who reads it
		for _, bucket := range buckets {
			if !unknown && inOther(fallback, f, bucket) < 0 {
				continue
			}
			if all[d] == nil {
				all[d] = map[uint16]bool{}
			}
			all[d][bucket] = true
		}
	})
	return all
}

// Unstopped is how many answers would go on offering a release that the
// definitions stop, since other edits have moved their devices or keys.
func (p *Plan) Unstopped() (n int) {
	p.offeringStopped(func(d devices, _ *Folder, buckets []uint16) {
		for _, bucket := range buckets {
			if !p.only[d][bucket] {
				n++
			}
		}
	})
	return n
}

// offeringStopped goes through the folders in which answers offer what the
// definitions stop, with the buckets of these.
func (p *Plan) offeringStopped(visit func(d devices, f *Folder, buckets []uint16)) {
	stops := p.stops()
	for i := range p.Live.Folders {
		f := &p.Live.Folders[i]
		at := f.Location(p.Site.Tree.Layout)
		if at.Class != manifest.Answer || len(stops[at.Cohort]) == 0 {
			continue
		}
		versions := map[string]bool{}
		for _, a := range stops[at.Cohort] {
			versions[a.Release.VersionOf(at.Target.SoftwareType)] = true
		}
		var buckets []uint16
		for j, answer := range f.Answers {
			if slices.ContainsFunc(p.Live.Answers[answer].Offers, func(v string) bool { return versions[v] }) {
				buckets = append(buckets, f.Buckets[j])
			}
		}
		if len(buckets) > 0 {
			visit(devicesOf(at), f, buckets)
		}
	}
}

// stops is the activations that the definitions stop, for each cohort.
func (p *Plan) stops() map[string][]releases.Activation {
	all := map[string][]releases.Activation{}
	for _, c := range p.Site.Tree.Fleet.Cohorts {
		for _, a := range c.Activations {
			if !a.Offers() {
				all[c.Slug] = append(all[c.Slug], a)
			}
		}
	}
	return all
}

// touches says whether the plan may touch a bucket of a folder.
func (p *Plan) touches(pair *folderPair, bucket uint16) bool {
	return p.only == nil || pair.only[bucket]
}

// StopsHold reads some answers of the buckets that a stopped release reached
// first, and says whether all are as the inventory has them: one that is not,
// such as by a state that was restored from a backup, casts doubt on all. So does
// a head that is another; one that is not leaves little to doubt, and few are
// read.
func (p *Plan) StopsHold(ctx context.Context, store Store, concurrency int) (bool, error) {
	const perFolder = 4
	most := 256
	if p.signed != nil && p.Live.Signed.HeadNote != (KnownNote{}) {
		head, err := readSmall(ctx, store, p.Site.Tree.Layout.HeadKey())
		if err != nil || noteOf(head) != p.Live.Signed.HeadNote {
			return false, err
		}
		most = 4
	}
	samples := p.stopSamples(perFolder)
	if len(samples) > most {
		for i := range most {
			samples[i] = samples[i*len(samples)/most]
		}
		samples = samples[:most]
	}
	var wrong atomic.Bool
	err := Each(ctx, atOnce(store, concurrency), len(samples), func(ctx context.Context, i int) error {
		object, err := store.Get(ctx, samples[i].key)
		if errors.Is(err, fs.ErrNotExist) {
			wrong.Store(true)
			return nil
		}
		if err != nil {
			return err
		}
		defer object.Close()
		body, err := io.ReadAll(io.LimitReader(object, samples[i].want.Size+1))
		if err == nil && md5.Sum(body) != samples[i].want.MD5 {
			wrong.Store(true)
		}
		return err
	})
	return !wrong.Load(), err
}

// sample is an answer that is to be read.
type sample struct {
	key  string
	want Variant
}

// stopSamples are some answers of each folder, in whose buckets the rollouts of the
// stopped releases began.
func (p *Plan) stopSamples(perFolder int) (samples []sample) {
	text := variantOf(textForm, 0)
	stops, layout := p.stops(), p.Site.Tree.Layout
	orders := map[string][]uint16{} // of the buckets, by the seed of a rollout
	for i := range p.Live.Folders {
		f := &p.Live.Folders[i]
		at := f.Location(layout)
		if at.Class != manifest.Answer || f.Digits != layout.BucketDigits {
			continue
		}
		for _, a := range stops[at.Cohort] {
			if orders[a.Seed] == nil {
				orders[a.Seed] = inOrder(layout.Ranks(a.Seed))
			}
			for _, j := range f.firstOf(orders[a.Seed], perFolder) {
				if v := p.Live.Answers[f.Answers[j]].Variants[text]; v.Presence == Present {
					samples = append(samples, sample{f.key(j, text), v})
				}
			}
		}
	}
	return samples
}

// inOrder is the buckets by their ranks.
func inOrder(ranks []uint16) []uint16 {
	buckets := make([]uint16, len(ranks))
	for bucket, rank := range ranks {
		buckets[rank] = uint16(bucket)
	}
	return buckets
}

// firstOf is the places of the buckets that come first in an order, so many at
// most.
func (f *Folder) firstOf(order []uint16, most int) (places []int) {
	for _, bucket := range order {
		if len(places) == most {
			break
		}
		if i, found := slices.BinarySearch(f.Buckets, bucket); found {
			places = append(places, i)
		}
	}
	return places
}
