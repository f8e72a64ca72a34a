package simulate

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"cairn/releases"

	"golang.org/x/sync/errgroup"
)

// Settle has a fleet ask a published tree until nothing moves any more. Time
// stands still: the definitions as of From must lead each device to the same
// version. The options that are about time count for nothing. Devices that ask
// alike ask once, so many requests at a time.
func Settle(ctx context.Context, f *releases.Fleet, o Options, source Source, requests int) (*Result, error) {
	o.For, o.Every = 0, 0
	p := newPopulation(f, o)
	s := &settling{
		simulation: &simulation{population: p, grid: gridOf(0), publishes: publishes(f, o)},
		asker:      asker{source: source, layout: p.layout, project: f.Project},
		requests:   requests,
	}
	if err := s.schedule(ctx); err != nil {
		return nil, err
	}
	if err := s.readIndex(ctx); err != nil {
		return nil, err
	}
	if err := s.gather(ctx); err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(requests)
	for _, c := range s.crowds {
		group.Go(func() error {
			err := s.walk(ctx, c)
			if o.Done != nil {
				o.Done.Add(int64(c.devices))
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return s.result(), nil
}

// settling is a fleet before a published tree.
type settling struct {
	*simulation // by the definitions, at one instant
	asker       asker
	requests    int
	live        *index   // the cohorts, as they are published
	crowds      []*crowd // in the order of their first devices
}

// crowd is devices that ask for the same keys.
type crowd struct {
	who
	serial  string // of the first of them
	devices int
	path    []string // the versions that they ran
	loops   bool
	same    bool   // they were offered what they run
	problem string // why there was no proper answer, or ""
}

// who is what a device's keys depend on, and its cohort by the definitions.
type who struct{ cohort, defined, target, start, bucket int32 }

// readIndex reads the shards that the devices read.
func (s *settling) readIndex(ctx context.Context) error {
	shards := map[int]bool{}
	for i := 0; i < s.Devices && len(shards) < s.layout.Shards(); i++ {
		shards[int(s.device(i).hash>>(64-4*s.layout.CohortDigits))] = true
	}
	names := slices.Sorted(maps.Keys(shards))
	bodies := make([][]byte, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.requests)
	for i, shard := range names {
		group.Go(func() (err error) {
			bodies[i], err = s.asker.get(ctx, s.layout.CohortKey(s.layout.ShardName(shard)))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("read the cohort index: %w", err)
	}
	s.live = newIndex(s.fleet)
	for _, body := range bodies {
		s.live.read(body)
	}
	return nil
}

// gather finds the devices that are alike.
func (s *settling) gather(ctx context.Context) error {
	crowds := map[who]*crowd{}
	for i := range s.Devices {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		d := s.device(i)
		w := who{s.live.cohortOf(d.hash), d.cohort, d.target, d.start, int32(d.bucket)}
		c := crowds[w]
		if c == nil {
			c = &crowd{who: w, serial: d.serial, path: []string{s.versions.names[d.start]}}
			crowds[w] = c
			s.crowds = append(s.crowds, c)
		}
		c.devices++
	}
	return nil
}

// walk has a crowd ask until it is offered nothing more.
func (s *settling) walk(ctx context.Context, c *crowd) error {
	bucket := s.bucketName(int(c.bucket))
	for {
		runs := c.path[len(c.path)-1]
		a, err := s.asker.answer(ctx, s.targets[c.target], s.live.slugs[c.cohort], runs, bucket)
		if err == nil && a.problem == "" && s.Signed {
			a.problem, err = s.distrust(ctx, c, runs, a.url)
		}
		if err != nil {
			return err
		}
		c.problem, c.same = a.problem, a.version != "" && a.version == runs
		if a.problem != "" || a.version == "" || c.same {
			return nil
		}
		c.loops = slices.Contains(c.path, a.version)
		c.path = append(c.path, a.version)
		if c.loops {
			return nil
		}
	}
}

// judge notes what a crowd fails, and gives what becomes of it.
func (s *settling) judge(c *crowd, f *findings) fate {
	note := func(check Check, path []string, why string) {
		f.note(check, c.devices, func() Finding {
			return Finding{c.serial, s.live.slugs[c.cohort], s.targets[c.target], s.From, path, why}
		})
	}
	const published = "so says what is published"
	cohort := s.fleet.Cohort(s.live.slugs[c.cohort])
	checked := cohort == nil || cohort.VersionCheck
	order := s.fleet.Project.Order
	placed := func(name string) bool {
		v, named := s.versions.of[name]
		return order.Check(name) == nil && (!named || v >= s.versions.ordered)
	}
	for i, v := range c.path[1:] {
		if from := c.path[i]; checked && placed(from) && placed(v) && order.Compare(v, from) < 0 {
			note(Down, c.path[:i+2], published)
			break
		}
	}
	if s.MaxHops > 0 && len(c.path)-1 > s.MaxHops {
		note(Hops, c.path, s.whyHops())
	}
	table := s.table(s.stages[c.defined][c.bucket][0], c.target)
	end, expected := table.end(c.start), table.fates[c.start]
	arrived := s.versions.names[end] == c.path[len(c.path)-1]
	switch {
	case c.problem != "":
		note(Answer, c.path, c.problem)
	case c.same:
		note(Same, c.path, published)
	case c.loops:
		note(Loop, c.path, published)
	case expected == circling:
		note(Elsewhere, c.path, "by the definitions it loops")
	case !arrived:
		note(Elsewhere, c.path, fmt.Sprintf("by the definitions it ends with %s, in cohort %s", Label(s.versions.names[end]), s.fleet.Cohorts[c.defined].Slug))
	case expected == stuck:
		note(Stuck, c.path, s.whyStuck(table, c.target, c.start))
	default:
		return table.fates[end]
	}
	return stuck
}

// result counts the devices after each poll.
func (s *settling) result() *Result {
	r := &Result{Project: s.fleet.Project.Slug, Devices: s.Devices, Seed: s.Seed, Requests: s.asker.requests.Load()}
	v := s.versions
	longest := 1
	for _, c := range s.crowds {
		longest = max(longest, len(c.path))
		for _, name := range c.path {
			v.add(name)
		}
	}
	t := newTally(2*len(s.live.slugs), len(v.names), longest+1)
	var f findings
	var fates [circling + 1]int64
	by := map[string]int64{}
	for _, c := range s.crowds {
		fate := s.judge(c, &f)
		fates[fate] += int64(c.devices)
		if fate == kept {
			by[s.why(s.table(s.stages[c.defined][c.bucket][0], c.target), c.target, c.start)] += int64(c.devices)
		}
		r.Updates += int64(c.devices * (len(c.path) - 1))
		row := int32(s.row(int(c.cohort), int(c.bucket), len(s.live.slugs)))
		t.count(row, v.of[c.path[0]], 0, int32(c.devices))
		for i, name := range c.path[1:] {
			t.move(row, v.of[c.path[i]], v.of[name], i+1, int32(c.devices))
		}
	}
	for i := range longest + 1 {
		r.Points = append(r.Points, Point{At: s.From, Polls: i, Row: true})
	}
	r.Failures = f.failed()
	r.setFates(fates, by)
	r.setCohorts(s.live.slugs, v.names, &t)
	return r
}
