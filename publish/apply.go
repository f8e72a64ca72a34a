package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// DefaultConcurrency is how many requests are under way at once where nothing
// else is said.
const DefaultConcurrency = 32

// ApplyOptions say how a plan is carried out. The zero value works.
type ApplyOptions struct {
	Concurrency int       // requests at once; 0 is what the store takes
	Progress    *Progress // told how far it is; may be nil
	// WithoutStored goes on where payloads that should be in the store
	// already are missing, as they are in a fresh folder.
	WithoutStored bool
	// Hold is asked before each operation whether it may still begin, and by
	// a store, through [Held], before it sends what had to wait. Its error
	// ends the application; nil lets all begin.
	Hold func() error
	// Settle is called before version folders are deleted: a cache that has
	// _other as it was would answer from it then, and might offer a device what
	// it runs. Nil goes on at once.
	Settle func(ctx context.Context) error
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

	mu    sync.Mutex
	low   int          // so many are done from the first on
	ahead map[int]bool // and these beyond
}

// Low is how many operations are done, from the first on without a gap.
func (p *Progress) Low() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.low
}

func (p *Progress) did(i int) {
	p.Done.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if i != p.low {
		if p.ahead == nil {
			p.ahead = map[int]bool{}
		}
		p.ahead[i] = true
		return
	}
	for p.low++; p.ahead[p.low]; p.low++ {
		delete(p.ahead, p.low)
	}
}

// Apply carries out a plan, phase by phase. It stops at the first failure:
// nothing of a later phase is touched then, and another plan finds what is
// left to do.
func (p *Plan) Apply(ctx context.Context, store Store, opts ApplyOptions) error {
	if len(p.Missing) > 0 && !opts.WithoutStored {
		return fmt.Errorf("stored payloads are not in %s, or not of the stated size:\n  %s", store, strings.Join(p.Missing, "\n  "))
	}
	progress := opts.Progress
	if progress == nil {
		progress = &Progress{}
	}
	progress.Total.Store(int64(p.Len()))
	inFlight := opts.InFlight
	if inFlight == nil {
		inFlight = ctx
	}
	inFlight = WithHold(inFlight, opts.Hold)
	concurrency := opts.Concurrency
	if concurrency == 0 {
		concurrency = store.Traits().Parallel
	}
	for from := 0; from < len(p.ops); {
		phase, to := p.ops[from].phase, from
		for to < len(p.ops) && p.ops[to].phase == phase {
			to++
		}
		progress.Phase.Store(int32(phase))
		if phase == Deletions && opts.Settle != nil {
			if err := opts.Settle(ctx); err != nil {
				return fmt.Errorf("%s: %w", phase, err)
			}
		}
		err := each(ctx, concurrency, to-from, func(_ context.Context, i int) error {
			if err := Held(inFlight); err != nil {
				return err
			}
			if err := p.Op(from+i).apply(inFlight, store); err != nil {
				return err
			}
			progress.did(from + i)
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: %w", phase, err)
		}
		from = to
	}
	return nil
}

// holding is what a context has the hold under.
type holding struct{}

// WithHold has [Held] ask under a context; nil asks nobody.
func WithHold(ctx context.Context, hold func() error) context.Context {
	return context.WithValue(ctx, holding{}, hold)
}

// Held is the error of whoever must be asked before something is written under
// a context; nil where it may be, or nobody must.
func Held(ctx context.Context) error {
	if hold, _ := ctx.Value(holding{}).(func() error); hold != nil {
		return hold()
	}
	return nil
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
	_, err := store.PutIf(ctx, o.Object.Key, *o.Object.Content, o.Object.Header, "")
	if !errors.Is(err, ErrCondition) {
		return err
	}
	there, _, err := store.Stat(ctx, o.Object.Key)
	if err != nil || there.Size == o.Object.Content.Size {
		return err
	}
	return store.Put(ctx, o.Object.Key, *o.Object.Content, o.Object.Header)
}

// each calls do for 0 to n-1, so many at once, and stops at the first error.
func each(ctx context.Context, concurrency, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(concurrency, n) {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return context.Cause(ctx)
				}
				if err := do(ctx, i); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}
