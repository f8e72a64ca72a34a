// Package audit compares what is live with what should be: in a store, or
// through a CDN as devices see it. It only reads.
package audit

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"sync/atomic"
	"time"

	"cairn/manifest"
	"cairn/publish"

	"golang.org/x/sync/errgroup"
)

// Kind is what is wrong with a key.
type Kind string

// The kinds.
const (
	Differs Kind = "differs" // other content
	Stale   Kind = "stale?"  // other content, out of a cache: it may have been right
	Sibling Kind = "sibling" // it does not decode to the body that it stands for
	Headers Kind = "headers" // other headers
	Missing Kind = "missing"
	Refused Kind = "refused" // a status that tells neither
	Stray   Kind = "stray"   // there, though it should not be
)

// Finding is one thing that is wrong with a key.
type Finding struct {
	Kind Kind
	Key  string
	What string // what is there, and what should be
	// ByHand says that no publish mends it.
	ByHand bool
	// Age is how long a cache had kept the answer; 0 where it came from none,
	// or none said so.
	Age time.Duration
}

// Summary is what an audit came to.
type Summary struct {
	Right, Wrong int // keys
	InDoubt      int // keys of which nothing certain is known
	Kept         int // payloads that no release names
	Leftovers    int // temporary files of writes that are under way, or were cut off
	Ages         Ages
}

// Options say how an audit is made. The zero value works.
type Options struct {
	// Listing is what is there, ascending by key. Nil looks for no strays.
	Listing iter.Seq2[publish.Entry, error]
	// Layout is that of the keys in the listing.
	Layout manifest.Layout
	// Keep takes payloads that should not be there for kept, not for strays.
	Keep bool
	// Deep reads payloads, too: otherwise only their sizes are looked at.
	Deep bool
	// Concurrency is requests at once; 0 is what the source takes.
	Concurrency int
	// Done counts the objects that have been looked at; it may be nil.
	Done *atomic.Int64
}

// Run compares the objects that should be there, ascending by key, with those
// of a source. It reports what is wrong in the order of the keys. An error is
// about the source as a whole.
func Run(ctx context.Context, objects iter.Seq[Object], source Source, opts Options, report func(Finding)) (*Summary, error) {
	if opts.Concurrency == 0 {
		opts.Concurrency = source.Traits().Parallel
	}
	if opts.Done == nil {
		opts.Done = new(atomic.Int64)
	}
	a := &audit{source: source, opts: opts, report: report, summary: &Summary{}}
	for t, err := range a.tasks(objects) {
		if err != nil {
			return nil, err
		}
		// In portions, so that the report is in order and little is held.
		const portion = 1 << 12
		if a.waiting = append(a.waiting, t); len(a.waiting) == portion {
			if err := a.look(ctx); err != nil {
				return nil, err
			}
		}
	}
	if err := a.look(ctx); err != nil {
		return nil, err
	}
	return a.summary, nil
}

type audit struct {
	source  Source
	opts    Options
	report  func(Finding)
	summary *Summary
	waiting []task
}

// look looks at the keys that wait, and reports.
func (a *audit) look(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(a.opts.Concurrency)
	for i := range a.waiting {
		t := &a.waiting[i]
		if t.known {
			continue
		}
		group.Go(func() (err error) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			t.findings, t.age, err = a.inspect(ctx, t.object)
			a.opts.Done.Add(1)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, t := range a.waiting {
		if len(t.findings) == 0 {
			a.summary.Right++
		} else {
			a.summary.Wrong++
		}
		a.summary.Ages.add(t.age)
		for _, f := range t.findings {
			a.report(f)
		}
	}
	a.waiting = a.waiting[:0]
	return nil
}

// inspect looks at one object, and says how old the answer was.
func (a *audit) inspect(ctx context.Context, o Object) (findings []Finding, age time.Duration, err error) {
	headers := a.source.Traits().Headers
	err = a.source.Look(ctx, o.Key, !o.payload() || o.Small || a.opts.Deep, func(answer *Answer) error {
		s, err := o.read(answer)
		findings, age = o.compare(s, headers), answer.Age
		return err
	})
	var status *StatusError
	switch {
	case errors.As(err, &status):
		kind := Refused
		if errors.Is(err, fs.ErrNotExist) {
			kind = Missing
		}
		return []Finding{o.finding(kind, status.Age, status.Status)}, status.Age, nil
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{o.missing()}, unstated, nil
	}
	return findings, age, err
}
