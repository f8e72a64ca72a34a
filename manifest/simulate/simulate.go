// Package simulate runs a fleet of devices through the schedule of its
// rollouts. Each polls as docs/contract.md section 1 says, in the trees that would be
// published, installs what it is offered, and runs that from then on. It is a
// function of its arguments: what looks like chance is drawn from a seed.
package simulate

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"cairn/manifest"
	"cairn/releases"

	"golang.org/x/sync/errgroup"
)

// Options say what is simulated.
type Options struct {
	Devices int    // in all: those that cohorts list, the others random
	Seed    uint64 // of serials, targets, versions at the start, and failures

	// Targets is what the devices are, by default each target alike.
	Targets []Share[manifest.Target]
	// Start is which versions they run at the start: "none" for none, and
	// "unknown" for some that no release has ([manifest.Unlisted]), unless a
	// version is called so. By
	// default 9 of 10 run the highest whole image that is rolled out to all of
	// their cohort then; the others, or all where there is none, are spread
	// evenly over the known versions, none and unlisted ones. Nobody runs a
	// release whose rollout has not begun.
	Start []Share[string]

	From  time.Time     // to the second
	For   time.Duration // over 0
	Poll  time.Duration // over 0: how long a device waits from one poll to the next
	Every time.Duration // from one publish to the next, whole seconds; 0 publishes at each change

	Install  time.Duration // from an offer until the device runs the release
	FailRate float64       // the share of updates that fail, at least 0 and below 1
	Gates    Gates
	Bricks   float64 // the share of updates to releases with gates after which a device is not heard of again, 0 to 1
	MaxHops  int     // so many updates may a device take; 0 for any number

	// Eager is the share of devices that ask eagerly, at each poll, 0 to 1. The
	// hash of the serial says which. It counts for nothing where the project has
	// no answers for them.
	Eager float64

	// Signed has each device of Settle ask for what is signed, too: it has to be
	// told the same. The fleet says who signs.
	Signed bool

	Done *atomic.Int64 // counts the devices that are done; may be nil
}

// Share is one of several things; weights are relative to their sum.
type Share[T any] struct {
	Of     T
	Weight float64
}

// Versions that a device can start with, beside those that have a name.
const (
	None    = "none"    // it states none
	Unknown = "unknown" // no release has it: below all known ones, between two, or above
)

// Run simulates a fleet in process. Its only error is that of the context.
func Run(ctx context.Context, f *releases.Fleet, o Options) (*Result, error) {
	if o.Gates == GatesPass {
		f = Through(f, o.From)
	}
	p := newPopulation(f, o)
	s := &simulation{population: p, grid: gridOf(o.For), publishes: publishes(f, o)}
	s.bricking = s.gated()
	if err := s.schedule(ctx); err != nil {
		return nil, err
	}
	workers := min(runtime.GOMAXPROCS(0), max(1, o.Devices/1000))
	parts := make([]*walker, workers)
	group, ctx := errgroup.WithContext(ctx)
	for i := range parts {
		parts[i] = newWalker(s)
		from, to := i*o.Devices/workers, (i+1)*o.Devices/workers
		group.Go(func() error { return parts[i].walkAll(ctx, from, to) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	whole := parts[0]
	for _, part := range parts[1:] {
		whole.add(part)
	}
	return s.result(whole), nil
}

// simulation is what all devices have in common.
type simulation struct {
	*population
	grid      grid
	publishes []time.Duration // instants since the start, ascending; the first is 0
	stages    [][][]stage     // by cohort and bucket, of devices that ask eagerly last; nil where no device is
	tables    []table         // by reach, then target
	bricking  map[int32]bool  // versions that may brick a device
}

// stage is what a bucket of a cohort has in reach from an instant on.
type stage struct {
	publish int32 // an index into publishes
	reach   int32
}

func (s *simulation) at(x stage) time.Duration { return s.publishes[x.publish] }

func (s *simulation) table(x stage, target int32) *table {
	return &s.tables[int(x.reach)*len(s.targets)+int(target)]
}
