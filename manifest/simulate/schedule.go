package simulate

import (
	"cmp"
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"cairn/manifest"
	"cairn/releases"

	"github.com/cespare/xxhash/v2"
)

// publishes are the instants at which a publish changes the tree, since the
// start, ascending; the first is 0. They are those of the schedule's changes,
// or with Options.Every the first publish after each.
func publishes(f *releases.Fleet, o Options) []time.Duration {
	buckets := manifest.LayoutOf(f).Buckets()
	instants := []time.Duration{0}
	for _, c := range f.Cohorts {
		for _, a := range c.Activations {
			for change := range a.Changes(o.From, buckets) {
				at := change.At.Sub(o.From)
				if at > o.For {
					break
				}
				if o.Every > 0 {
					at = (at + o.Every - 1) / o.Every * o.Every
				}
				if at <= o.For {
					instants = append(instants, at)
				}
			}
		}
	}
	slices.Sort(instants)
	return slices.Compact(instants)
}

// reach is releases that the devices of a cohort can have: those of some of
// its activations. Where it occurs first is where a tree answers for it.
type reach struct {
	cohort  int32
	publish int32
	bucket  int
	has     []uint16 // the activations, by index
}

// schedule fills in the stages of all buckets and the tables of all reaches.
func (s *simulation) schedule(ctx context.Context) error {
	var all []reach
	for i, c := range s.fleet.Cohorts {
		stages, reaches := s.stagesOf(c, int32(len(all)))
		for j := range reaches {
			reaches[j].cohort = int32(i)
		}
		s.stages = append(s.stages, stages)
		all = append(all, reaches...)
	}
	s.tables = make([]table, len(all)*len(s.targets))
	byPublish := map[int32][]int{}
	for id, r := range all {
		byPublish[r.publish] = append(byPublish[r.publish], id)
	}
	thin := s.thin()
	for _, publish := range slices.Sorted(maps.Keys(byPublish)) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		tree := s.tree
		if publish > 0 {
			tree = manifest.New(thin, s.From.Add(s.publishes[publish]))
		}
		for _, id := range byPublish[publish] {
			for t := range s.targets {
				s.tables[id*len(s.targets)+t] = s.tableOf(tree, all[id], t)
			}
		}
	}
	return nil
}

// stagesOf is what each bucket of a cohort has in reach over time. What
// buckets have in common is numbered from first on.
func (s *simulation) stagesOf(c *releases.Cohort, first int32) ([][]stage, []reach) {
	type gain struct {
		publish    int32
		activation uint16
	}
	n := s.layout.Buckets()
	present := s.present(c)
	gains := make([][]gain, n)
	for i, a := range c.Activations {
		if !a.Offers() {
			continue
		}
		byRank := make([]int, n)
		for bucket := range byRank {
			byRank[bucket] = bucket
		}
		if releases.Buckets(a.Percent(s.From), n) < n {
			for bucket, rank := range s.layout.Ranks(a.Seed) {
				byRank[rank] = bucket
			}
		}
		in := 0
		for publish, at := range s.publishes {
			for more := releases.Buckets(a.Percent(s.From.Add(at)), n); in < more; in++ {
				if bucket := byRank[in]; present[bucket] {
					gains[bucket] = append(gains[bucket], gain{int32(publish), uint16(i)})
				}
			}
		}
	}
	stages := make([][]stage, n)
	var reaches []reach
	ids := map[string]int32{}
	for bucket := range stages {
		if !present[bucket] {
			continue
		}
		slices.SortStableFunc(gains[bucket], func(a, b gain) int { return cmp.Compare(a.publish, b.publish) })
		var has []uint16
		rest := gains[bucket]
		for publish := int32(0); ; publish = rest[0].publish {
			for len(rest) > 0 && rest[0].publish == publish {
				has, rest = append(has, rest[0].activation), rest[1:]
			}
			slices.Sort(has)
			var key []byte
			for _, a := range has {
				key = binary.BigEndian.AppendUint16(key, a)
			}
			id, seen := ids[string(key)]
			if !seen {
				id = int32(len(reaches))
				ids[string(key)] = id
				reaches = append(reaches, reach{publish: publish, bucket: bucket, has: slices.Clone(has)})
			} else if publish < reaches[id].publish {
				reaches[id].publish, reaches[id].bucket = publish, bucket
			}
			stages[bucket] = append(stages[bucket], stage{publish, first + id})
			if len(rest) == 0 {
				break
			}
		}
	}
	return stages, reaches
}

// present is the buckets in which a cohort may have a device.
func (s *simulation) present(c *releases.Cohort) []bool {
	present := make([]bool, s.layout.Buckets())
	for _, d := range c.Devices {
		present[s.bucket(xxhash.Sum64String(d.Serial))] = true
	}
	if c.Slug == releases.DefaultCohort {
		for i := range present {
			present[i] = true
		}
	}
	return present
}

// thin is the fleet with one device for each bucket that a cohort has one in:
// its trees have the same answers, and no long cohort index.
func (s *simulation) thin() *releases.Fleet {
	f := *s.fleet
	f.Cohorts = nil
	for _, c := range s.fleet.Cohorts {
		thin := *c
		thin.Devices = nil
		seen := map[int]bool{}
		for _, d := range c.Devices {
			if b := s.bucket(xxhash.Sum64String(d.Serial)); !seen[b] {
				seen[b] = true
				thin.Devices = append(thin.Devices, d)
			}
		}
		f.Cohorts = append(f.Cohorts, &thin)
	}
	return &f
}
