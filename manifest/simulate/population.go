package simulate

import (
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"

	"cairn/manifest"
	"cairn/releases"

	"github.com/cespare/xxhash/v2"
)

// population is the devices, before their first poll. It is made as it is
// looked at: a million devices take no room.
type population struct {
	Options
	fleet    *releases.Fleet
	layout   manifest.Layout
	resolver *manifest.Resolver
	tree     *manifest.Tree // at the start
	targets  []manifest.Target
	versions versions
	members  []int            // of each cohort: how many devices it and those before it list
	index    *index           // who is in which cohort
	made     []Share[int32]   // what for: targets
	starts   [][]Share[int32] // versions, by cohort and target
}

// device is one of them.
type device struct {
	serial string
	hash   uint64
	cohort int32 // an index into the fleet's cohorts
	bucket int   // where it looks: its own, or [population.eagerBucket]
	target int32
	start  int32    // the version
	dice   rand.PCG // for all that happens to it later
}

func newPopulation(f *releases.Fleet, o Options) *population {
	p := &population{
		Options: o, fleet: f, layout: manifest.LayoutOf(f), resolver: manifest.NewResolver(f),
		tree: manifest.New(f, o.From), targets: manifest.Targets(f),
	}
	p.versions = versionsOf(f, p.tree.Known, o.Start)
	p.index = newIndex(f)
	listed := 0
	for _, c := range f.Cohorts {
		listed += c.Devices.Len()
		p.members = append(p.members, listed)
	}
	for i := range p.layout.Shards() {
		p.index.read(p.tree.Shard(i))
	}
	for i, t := range p.targets {
		weight := 0.0
		for _, s := range o.Targets {
			if s.Of == t {
				weight += s.Weight
			}
		}
		if len(o.Targets) == 0 {
			weight = 1
		}
		p.made = append(p.made, Share[int32]{int32(i), weight})
	}
	for _, c := range f.Cohorts {
		for _, t := range p.targets {
			p.starts = append(p.starts, p.startsOf(c, t))
		}
	}
	return p
}

// Listed is how many devices the cohorts of a fleet list.
func Listed(f *releases.Fleet) int {
	n := 0
	for _, c := range f.Cohorts {
		n += c.Devices.Len()
	}
	return n
}

// device is the i-th device: first those that cohorts list.
func (p *population) device(i int) device {
	var d device
	cohort := sort.SearchInts(p.members, i+1)
	if cohort < len(p.members) {
		c := p.fleet.Cohorts[cohort]
		d.serial = c.Devices.Serial(i - p.members[cohort] + c.Devices.Len())
	} else {
		d.dice.Seed(p.Seed, uint64(i))
		d.serial = "SIM-" + strings.ToUpper(strconv.FormatUint(d.dice.Uint64()>>4|1<<60, 16)[1:])
	}
	d.hash = xxhash.Sum64String(d.serial)
	d.cohort = p.index.cohortOf(d.hash)
	d.bucket = p.bucket(d.hash)
	if p.asksEagerly(d.serial) {
		d.bucket = p.eagerBucket()
	}
	d.dice.Seed(p.Seed, d.hash)
	d.target = pick(p.made, uniform(&d.dice))
	d.start = pick(p.starts[int(d.cohort)*len(p.targets)+int(d.target)], uniform(&d.dice))
	return d
}

// bucket is the place of the bucket that a hash is in.
func (p *population) bucket(hash uint64) int { return int(hash >> (64 - 4*p.layout.BucketDigits)) }

// eagerBucket is the place, behind all buckets, of devices that ask eagerly.
func (p *population) eagerBucket() int { return p.layout.Buckets() }

func (p *population) bucketName(bucket int) string {
	if bucket == p.eagerBucket() {
		return manifest.EagerBucket
	}
	return p.layout.BucketName(bucket)
}

func (p *population) eager() bool { return p.Eager > 0 && p.fleet.Project.Eager }

// asksEagerly says whether a device is one of those that do.
func (p *population) asksEagerly(serial string) bool {
	return p.eager() && float64(xxhash.Sum64String("eager/"+serial)>>11)/(1<<53) < p.Eager
}

// row is where a device is counted: with its cohort, or with those of its cohort
// that ask eagerly.
func (p *population) row(cohort, bucket, cohorts int) int {
	if bucket == p.eagerBucket() {
		return cohorts + cohort
	}
	return cohort
}

// startsOf is which versions the devices of a cohort run at the start.
func (p *population) startsOf(c *releases.Cohort, t manifest.Target) (shares []Share[int32]) {
	for _, s := range p.Options.Start {
		if _, named := p.versions.of[s.Of]; s.Of == Unknown && !named {
			unlisted := p.unlisted(t)
			for _, v := range unlisted {
				shares = append(shares, Share[int32]{v, s.Weight / float64(len(unlisted))})
			}
			continue
		}
		shares = append(shares, Share[int32]{p.versions.start(s.Of), s.Weight})
	}
	if len(shares) > 0 {
		return shares
	}
	base := int32(-1)
	fresh := map[string]bool{}
	for _, a := range c.Activations {
		n := releases.Buckets(a.Percent(p.From), p.layout.Buckets())
		switch {
		case a.Offers() && n == 0:
			fresh[a.Release.VersionOf(t.SoftwareType)] = true
		case a.Offers() && n == p.layout.Buckets() && a.Release.Payload(t.SoftwareType, t.HardwareVersion, "") != nil:
			base = max(base, p.versions.of[a.Release.VersionOf(t.SoftwareType)])
		}
	}
	rest := append(p.unlisted(t), p.versions.start(None))
	for _, v := range p.tree.Known[t] {
		if !fresh[v] {
			rest = append(rest, p.versions.of[v])
		}
	}
	if base >= 0 {
		shares = append(shares, Share[int32]{base, 9 * float64(len(rest))})
	}
	for _, v := range rest {
		shares = append(shares, Share[int32]{v, 1})
	}
	return shares
}

// unlisted are versions that nobody knows of a target.
func (p *population) unlisted(t manifest.Target) (all []int32) {
	for _, name := range manifest.Unlisted(p.fleet.Project.Order, p.tree.Known[t]) {
		all = append(all, p.versions.of[name])
	}
	return all
}

func uniform(dice *rand.PCG) float64 { return float64(dice.Uint64()>>11) / (1 << 53) }

// pick draws one, by a number from 0 to below 1.
func pick[T any](shares []Share[T], u float64) T {
	sum := 0.0
	for _, s := range shares {
		sum += s.Weight
	}
	u = float64(u * sum) // rounded, so that no machine fuses it with what follows
	last := 0
	for i, s := range shares {
		if s.Weight <= 0 {
			continue
		}
		if last = i; u < s.Weight {
			break
		}
		u -= s.Weight
	}
	return shares[last].Of
}
