package publish

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// DefaultConcurrency is how many requests are under way at once where nothing
// else is said.
const DefaultConcurrency = 32

// ApplyOptions say how a plan is carried out. The zero value works.
type ApplyOptions struct {
	Concurrency int       // requests at once; 0 is [DefaultConcurrency]
	Progress    *Progress // told how far it is; may be nil
	// WithoutStored goes on where payloads that should be in the store
	// already are missing, as they are in a fresh folder.
	WithoutStored bool
}

// Progress is how far the application of a plan is. It may be read at any
// time.
type Progress struct {
	Phase atomic.Int32 // a [Phase]
	Done  atomic.Int64 // operations
	Total atomic.Int64 // operations
}

// Apply carries out a plan, phase by phase. It stops at the first failure:
// nothing of a later phase is touched then, and another comparison finds what
// is left to do.
func (p *Plan) Apply(ctx context.Context, store Store, opts ApplyOptions) error {
	if len(p.Missing) > 0 && !opts.WithoutStored {
		return fmt.Errorf("stored payloads are not in %s, or not of the stated size:\n  %s", store, strings.Join(p.Missing, "\n  "))
	}
	progress := opts.Progress
	if progress == nil {
		progress = &Progress{}
	}
	progress.Total.Store(int64(p.Len()))
	for from := 0; from < len(p.ops); {
		phase, to := p.ops[from].phase, from
		for to < len(p.ops) && p.ops[to].phase == phase {
			to++
		}
		progress.Phase.Store(int32(phase))
		err := each(ctx, opts.Concurrency, to-from, func(ctx context.Context, i int) error {
			err := p.Op(from+i).apply(ctx, store)
			if err == nil {
				progress.Done.Add(1)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", phase, err)
		}
		from = to
	}
	return nil
}

func (o Op) apply(ctx context.Context, store Store) error {
	if o.Delete() {
		return store.Delete(ctx, o.Object.Key)
	}
	return store.Put(ctx, o.Object.Key, *o.Object.Content, o.Object.Header)
}

// each calls do for 0 to n-1, so many at once ([DefaultConcurrency] for 0), and
// stops at the first error.
func each(ctx context.Context, concurrency, n int, do func(ctx context.Context, i int) error) error {
	if concurrency == 0 {
		concurrency = DefaultConcurrency
	}
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
