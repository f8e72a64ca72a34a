package publish

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
)

// ApplyOptions say how a plan is carried out. The zero value works.
type ApplyOptions struct {
	Concurrency int       // requests at once; 0 is what the store takes
	Progress    *Progress // told how far it is; may be nil
	// BeforeDeletions is called before version folders are deleted: a cache
	// that has _other as it was would answer from it then, and might offer a
	// device what it runs. Nil goes on at once.
	BeforeDeletions func(ctx context.Context) error
	// InFlight carries the operations that have begun, so that an interrupt
	// may let them end; nil is the context of all.
	InFlight context.Context
}

// Progress is how far the application of a plan is. It may be read at any
// time.
type Progress struct {
	Phase atomic.Int32 // a [Phase]
	Done  atomic.Int64 // operations
	Total atomic.Int64 // operations
}

// complete gives the options that are left out, for so many operations.
func (o ApplyOptions) complete(ctx context.Context, operations int) ApplyOptions {
	if o.Progress == nil {
		o.Progress = &Progress{}
	}
	if o.InFlight == nil {
		o.InFlight = ctx
	}
	o.Progress.Total.Store(int64(operations))
	return o
}

// Apply carries out a plan, phase by phase. It stops at the first failure:
// nothing of a later phase is touched then, and another plan finds what is
// left to do.
func (p *Plan) Apply(ctx context.Context, store Store, opts ApplyOptions) error {
	opts = opts.complete(ctx, p.Len())
	for phase := range phases {
		n := p.phaseLen(phase)
		if n == 0 {
			continue
		}
		opts.Progress.Phase.Store(int32(phase))
		if phase == Deletions && opts.BeforeDeletions != nil {
			if err := opts.BeforeDeletions(ctx); err != nil {
				return fmt.Errorf("%s: %w", phase, err)
			}
		}
		if err := p.applyPhase(ctx, phase, n, store, opts); err != nil {
			return fmt.Errorf("%s: %w", phase, err)
		}
	}
	return nil
}

// applyPhase carries out the n operations of a phase.
func (p *Plan) applyPhase(ctx context.Context, phase Phase, n int, store Store, opts ApplyOptions) error {
	next, stop := iter.Pull(p.inPhase(phase))
	defer stop()
	var mu sync.Mutex
	return Each(ctx, atOnce(store, opts.Concurrency), n, func(context.Context, int) error {
		mu.Lock()
		o, _ := next()
		mu.Unlock()
		err := p.op(phase, o).apply(opts.InFlight, store)
		if err == nil {
			opts.Progress.Done.Add(1)
		}
		return err
	})
}

func (o Op) apply(ctx context.Context, store Store) error {
	switch {
	case o.Delete():
		return store.Delete(ctx, o.Object.Key)
	case o.Phase == Payloads && (o.Reason == New || o.Reason == InDoubt):
		return o.keep(ctx, store)
	}
	return store.Put(ctx, o.Object.Key, *o.Object.Content, o.Object.Header)
}

// keep puts a payload where none is: its key is its digest. What has not its
// size, though, is not the payload.
func (o Op) keep(ctx context.Context, store Store) error {
	err := PutNew(ctx, store, o.Object.Key, *o.Object.Content, o.Object.Header)
	if !errors.Is(err, ErrCondition) {
		return err
	}
	there, _, err := store.Stat(ctx, o.Object.Key)
	if err != nil || there.Size == o.Object.Content.Size {
		return err
	}
	return store.Put(ctx, o.Object.Key, *o.Object.Content, o.Object.Header)
}
