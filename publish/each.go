package publish

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// DefaultConcurrency is how many requests are under way at once where nothing
// else is said.
const DefaultConcurrency = 32

// atOnce is the given number of operations at once, or where that is 0 what
// the store takes.
func atOnce(store Store, operations int) func() int {
	return func() int { return cmp.Or(operations, store.Traits().Parallel) }
}

// Each calls do for 0 to n-1, in this order, as many at once as parallel gives
// at that time, 1 or more. It stops at the first error. There are no more
// goroutines than that: each that waits would cost the others time.
func Each(ctx context.Context, parallel func() int, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	var mu sync.Mutex
	var workers int
	// count changes the number of workers by one, if it is too small or too
	// large.
	count := func(by int) bool {
		mu.Lock()
		defer mu.Unlock()
		change := (parallel()-workers)*by > 0
		if change {
			workers += by
		}
		return change
	}
	var work func() error
	work = func() error {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if count(1) {
				group.Go(work)
			}
			if err := do(ctx, i); err != nil || count(-1) {
				return err
			}
		}
		return nil
	}
	if count(1) {
		group.Go(work)
	}
	return group.Wait()
}
