package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"cairn/manifest"
	"cairn/releases"

	"github.com/cespare/xxhash/v2"
)

// cohort is one with the devices that stand for it.
type cohort struct {
	*releases.Cohort
	buckets map[int]string // a device in each bucket, of those that are asked
	edge    []string       // the devices on both sides of each percent edge
	rest    []string       // the other ones
}

// one is a device of the cohort, if any is.
func (c cohort) one() []string { return c.edge[:min(1, len(c.edge))] }

// members finds the devices that stand for each cohort. Of default these are
// made up: serials that no cohort lists.
func (g *generator) members() {
	buckets := g.layout.Buckets()
	for _, c := range g.fleet.Cohorts {
		m := cohort{Cohort: c, buckets: map[int]string{}}
		var edge []int
		if c.Slug == releases.DefaultCohort {
			edge = g.edges(c, slices.Collect(spread(buckets, buckets)))
			m.buckets = g.made(slices.AppendSeq(slices.Clone(edge), spread(buckets, mostBuckets)))
			g.anyone = m.buckets[0]
		} else {
			for b := range buckets {
				if _, in := c.Devices.Under(g.layout.BucketDigits, uint64(b)); len(in) > 0 {
					m.buckets[b] = c.Devices.Serial(int(slices.Min(in)))
				}
			}
			edge = g.edges(c, slices.Sorted(maps.Keys(m.buckets)))
		}
		for _, b := range slices.Sorted(maps.Keys(m.buckets)) {
			if slices.Contains(edge, b) {
				m.edge = append(m.edge, m.buckets[b])
			} else {
				m.rest = append(m.rest, m.buckets[b])
			}
		}
		g.cohorts = append(g.cohorts, m)
	}
}

func (g *generator) bucket(serial string) int {
	return int(xxhash.Sum64String(serial) >> (64 - 4*g.layout.BucketDigits))
}

// edges picks out of a cohort's buckets, which ascend, the first and the last
// one, and those on both sides of each edge: the last that a rollout covers,
// and the first that it doesn't.
func (g *generator) edges(c *releases.Cohort, buckets []int) []int {
	if len(buckets) == 0 {
		return nil
	}
	picked := []int{buckets[0], buckets[len(buckets)-1]}
	for _, a := range c.Activations {
		if !a.Offers() {
			continue
		}
		ranks := g.layout.Ranks(a.Seed)
		ranked := slices.SortedFunc(slices.Values(buckets), func(a, b int) int { return cmp.Compare(ranks[a], ranks[b]) })
		covered, _ := slices.BinarySearchFunc(ranked, releases.Buckets(a.Percent(g.at), g.layout.Buckets()), func(b, n int) int { return cmp.Compare(int(ranks[b]), n) })
		picked = append(picked, ranked[max(covered-1, 0):min(covered+1, len(ranked))]...)
	}
	slices.Sort(picked)
	return slices.Compact(picked)
}

// made makes up a serial in each of some buckets.
func (g *generator) made(buckets []int) map[int]string {
	wanted := map[int]bool{}
	for _, b := range buckets {
		wanted[b] = true
	}
	serials := map[int]string{}
	for i := 0; len(serials) < len(wanted); i++ {
		serial := fmt.Sprintf("CONFORMANCE-%d", i)
		if b := g.bucket(serial); wanted[b] && serials[b] == "" && !g.listed(serial) {
			serials[b] = serial
		}
	}
	return serials
}

func (g *generator) listed(serial string) bool {
	return g.cohortOf(manifest.Hash(serial)) != releases.DefaultCohort
}
