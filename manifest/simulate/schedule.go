package simulate

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// publishes are the instants at which a publish changes the tree, since the
// start, ascending; the first is 0. They are those of the schedule's changes,
// or with Options.Every the first publish after each.
func publishes(f *releases.Fleet, o Options) []time.Duration {
	buckets := manifest.LayoutOf(f).Buckets()
	instants := []time.Duration{0}
	for _, c := range f.Cohorts {
		for _, a := range c.Activations {
			add := func(t time.Time) {
				at := t.Sub(o.From)
				if o.Every > 0 {
					at = (at + o.Every - 1) / o.Every * o.Every
				}
				if at <= o.For {
					instants = append(instants, at)
				}
			}
			for change := range a.Changes(o.From, buckets) {
				if change.At.Sub(o.From) > o.For {
					break
				}
				add(change.At)
			}
			if o.Eager > 0 && f.Project.Eager && a.Paused.After(o.From) {
				add(a.Paused)
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
// buckets have in common is numbered from first on, in the order in which it
// occurs.
func (s *simulation) stagesOf(c *releases.Cohort, first int32) (stages [][]stage, reaches []reach) {
	n := s.layout.Buckets()
	present := s.present(c)
	queues := make([][]int, len(c.Activations)) // buckets that each does not cover yet
	for i, a := range c.Activations {
		queues[i] = s.inOrder(a)
	}
	has := make([][]uint16, n) // the activations that cover each bucket
	ids := map[string]int32{}
	stages = make([][]stage, n+1)
	enter := func(publish, bucket int, has []uint16) {
		key := keyOf(has)
		id, seen := ids[key]
		if !seen {
			id = int32(len(reaches))
			ids[key] = id
			reaches = append(reaches, reach{publish: int32(publish), bucket: bucket, has: slices.Clone(has)})
		}
		stages[bucket] = append(stages[bucket], stage{int32(publish), first + id})
	}
	eagerly := "none" // of the publish before
	for publish, at := range s.publishes {
		changed := map[int]bool{}
		if publish == 0 {
			changed = present
		}
		for i, a := range c.Activations {
			gained := max(0, releases.Buckets(a.Percent(s.From.Add(at)), n)-n+len(queues[i]))
			for _, bucket := range queues[i][:min(gained, len(queues[i]))] {
				if present[bucket] {
					has[bucket], changed[bucket] = append(has[bucket], uint16(i)), true
				}
			}
			queues[i] = queues[i][min(gained, len(queues[i])):]
		}
		for _, bucket := range slices.Sorted(maps.Keys(changed)) {
			slices.Sort(has[bucket])
			enter(publish, bucket, has[bucket])
		}
		if s.eager() && len(present) > 0 {
			has := coversEager(c, s.From.Add(at))
			if key := keyOf(has); key != eagerly {
				enter(publish, s.eagerBucket(), has)
				eagerly = key
			}
		}
	}
	return stages, reaches
}

// coversEager is the activations that cover devices that ask eagerly.
func coversEager(c *releases.Cohort, at time.Time) (has []uint16) {
	for i, a := range c.Activations {
		if a.Offers() && a.CoversEager(at) {
			has = append(has, uint16(i))
		}
	}
	return has
}

// inOrder is the buckets in the order in which an activation covers them; none
// where it offers nothing.
func (s *simulation) inOrder(a releases.Activation) []int {
	if !a.Offers() {
		return nil
	}
	buckets := make([]int, s.layout.Buckets())
	for bucket := range buckets {
		buckets[bucket] = bucket
	}
	if releases.Buckets(a.Percent(s.From), len(buckets)) < len(buckets) {
		for bucket, rank := range s.layout.Ranks(a.Seed) {
			buckets[rank] = bucket
		}
	}
	return buckets
}

// keyOf tells activations, ascending, from all others.
func keyOf(activations []uint16) string {
	key, _ := binary.Append(nil, binary.BigEndian, activations) // of a fixed size
	return string(key)
}

// present is the buckets in which a cohort may have a device.
func (s *simulation) present(c *releases.Cohort) map[int]bool {
	present := map[int]bool{}
	for bucket := range s.layout.Buckets() {
		if c.Slug == releases.DefaultCohort || s.layout.Devices(c, bucket) > 0 {
			present[bucket] = true
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
		var one []string
		for bucket := range s.layout.Buckets() {
			if _, in := c.Devices.Under(s.layout.BucketDigits, uint64(bucket)); len(in) > 0 {
				one = append(one, c.Devices.Serial(int(in[0])))
			}
		}
		thin.Devices = releases.DevicesOf(one...)
		f.Cohorts = append(f.Cohorts, &thin)
	}
	return &f
}
