package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Work is what a run carries out: a [Proposal], or [Garbage].
type Work interface {
	// Len is the number of operations.
	Len() int
	// Apply carries them out.
	Apply(ctx context.Context, store Store, opts ApplyOptions) error
	// admissible is an error where the work must not be carried out.
	admissible() error
	// prepare makes what must be ready before anything is written.
	prepare(ctx context.Context, now time.Time) error
	// states are what the state says while the work goes on, or after it was
	// cut off, and what it says at the end.
	states(now time.Time) (during, after State)
	// undoes is an error where the work brings back what another publisher has
	// taken back since a state was read.
	undoes(before *Remote) error
	// recorded says whether the state needn't be written if there is no
	// operation.
	recorded() bool
}

// RunOptions say how a run writes to a store.
type RunOptions struct {
	Store  Store
	Prefix string // of the keys
	// Holder says who takes the lease: all but its times.
	Holder   Lease
	Duration time.Duration // of the lease, from when it is taken or renewed
	Clock    Clock
	// NoLock sends no condition with any request: then nothing keeps two
	// publishers apart.
	NoLock bool
	// Full makes do without room in the store, for a plan that takes releases
	// back, and without lock. Where that leaves keys empty or away it gives
	// [ErrFull], and they stay in doubt.
	Full bool
	// Unrecorded keeps no state, and removes one that is there: for a folder
	// to look at, which is what its files are.
	Unrecorded bool
	// DryRun writes nothing.
	DryRun bool
	// Held is called where somebody else holds the lease. It waits a while and
	// gives nil, or gives the error that ends the run. Nil gives the error.
	Held func(*HeldError) error
	// Moved is called before all begins anew, since somebody else has written
	// in the meantime; it may be nil.
	Moved func(error)
	ApplyOptions
}

// StatePuts is how many puts a run takes beside those of its operations, as
// long as its lease need not be renewed: to begin, to probe and to end.
const StatePuts = 3

// Run reads the state, finds what is to be done, takes the lease, carries it
// out, and records that. It gives what was found also where it fails. An
// interrupt lets the requests under way end and gives the lease back. The next
// run goes on from wherever this one stops.
func Run[W Work](ctx context.Context, opts RunOptions, find func(context.Context, *Remote) (W, error)) (W, error) {
	const attempts = 3 // somebody else may write between the plan and the lease
	if opts.Full {
		opts.NoLock, opts.Store = true, &full{Store: opts.Store}
	}
	room, _ := opts.Store.(*full)
	if opts.NoLock {
		opts.Store = Unconditional(opts.Store)
	}
	var first *Remote
	for attempt := 1; ; attempt++ {
		var work W
		remote, err := opts.turn(ctx)
		if err != nil {
			return work, err
		}
		if first == nil {
			first = remote
		}
		if work, err = find(ctx, remote); err != nil {
			return work, err
		}
		if err = work.undoes(first); err == nil {
			err = opts.carryOut(ctx, remote, work, room)
		}
		if !errors.Is(err, ErrMoved) || attempt == attempts {
			return work, err
		}
		if opts.Moved != nil {
			opts.Moved(err)
		}
	}
}

// turn reads the state, when nobody else publishes any more.
func (o *RunOptions) turn(ctx context.Context) (*Remote, error) {
	if o.Unrecorded {
		return &Remote{}, nil
	}
	for {
		now := o.Clock.Now()
		remote, err := ReadState(ctx, o.Store, o.Prefix)
		if err != nil {
			return nil, err
		}
		remote.read = now
		lease := remote.Held(o.Clock.Now())
		if lease == nil {
			return remote, nil
		}
		held := &HeldError{*lease, o.Store, now}
		if o.Held == nil {
			return nil, held
		}
		if err := o.Held(held); err != nil {
			return nil, err
		}
	}
}

func (o *RunOptions) carryOut(ctx context.Context, remote *Remote, work Work, room *full) error {
	// What has begun comes to its end in an interrupt, the lease included.
	inFlight, abandon := context.WithCancelCause(context.WithoutCancel(ctx))
	defer abandon(nil)
	apply := o.ApplyOptions
	apply.InFlight = inFlight
	if o.Unrecorded {
		if o.DryRun {
			return nil
		}
		if err := o.Store.Delete(ctx, StateKey(o.Prefix)); err != nil {
			return err
		}
		return work.Apply(ctx, o.Store, apply)
	}
	if err := work.admissible(); err != nil || o.DryRun {
		return err
	}
	now := o.Clock.Now()
	if err := work.prepare(ctx, now); err != nil {
		return err
	}
	if work.Len() == 0 && work.recorded() {
		return nil
	}
	during, after := work.states(now)
	record := newRecord(o.Store, remote, o.NoLock)
	if work.Len() == 0 && !after.tells(remote) {
		return record.write(ctx, &after)
	}
	lease := o.Holder
	lease.Began, lease.Expires = now, now.Add(o.Duration)
	during.Lease = &lease
	held, err := hold(inFlight, record, during, o.Clock, abandon)
	if err != nil {
		return err
	}
	sent := &sentStore{Store: Checked(o.Store, held.check), lost: held.check}
	err = work.Apply(ctx, sent, apply)
	var untold error // which is no reason to doubt the rest
	if err == nil && after.tells(remote) {
		untold = after.tell(inFlight, sent, remote, room != nil)
	}
	held.stop()
	if err == nil && room != nil && room.cut.Load() {
		err = ErrFull
	}
	if err != nil {
		after = during
		after.Lease = nil
	}
	if len(sent.late) > 0 {
		after.Late = during.Late.and(during.Live, o.Clock.Now().Add(LongestRequest))
	}
	last, cancel := o.Clock.Timeout(context.WithoutCancel(ctx), o.Duration)
	defer cancel()
	switch e := record.write(last, &after); {
	case errors.Is(e, ErrMoved):
		return &LostError{e, sent.late} // which is not to plan again
	case e != nil:
		return errors.Join(err, fmt.Errorf("the lease could not be given back: %w\nit runs out within %s; 'cairn unlock' takes it away", e, o.Duration))
	}
	return cmp.Or(err, untold)
}
