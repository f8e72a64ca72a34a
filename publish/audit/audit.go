// Package audit compares what is live with what should be: in a store, or
// through a CDN as devices see it. It only reads, and imports no store and
// nothing of templates or cmd.
package audit

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cairn/manifest"
	"cairn/publish"
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

// Ages are how old the answers of caches were that said so, in no order.
type Ages []time.Duration

// Max is the highest age, 0 where there is none.
func (a Ages) Max() time.Duration { return slices.Max(append(a, 0)) }

// Median is the age that half of the answers do not exceed, 0 where there is
// none.
func (a Ages) Median() time.Duration {
	if len(a) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(a))[(len(a)-1)/2]
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
	if opts.Done == nil {
		opts.Done = new(atomic.Int64)
	}
	a := &audit{source: source, opts: opts, report: report, summary: &Summary{}}
	if err := a.merge(ctx, objects); err != nil {
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

// task is a key to look at, or one of which all is known already.
type task struct {
	object   Object
	known    bool
	findings []Finding
	age      time.Duration // how old the answer was, or unstated
}

// merge puts the objects beside the listing, and looks at them.
func (a *audit) merge(ctx context.Context, objects iter.Seq[Object]) error {
	next, stop := iter.Pull(objects)
	defer stop()
	object, more := next()
	listing := a.opts.Listing
	if listing == nil {
		listing = func(func(publish.Entry, error) bool) {}
	}
	for entry, err := range listing {
		for err == nil && more && object.Key < entry.Key {
			err = a.missing(ctx, object)
			object, more = next()
		}
		switch {
		case err != nil:
			return err
		case !more || object.Key != entry.Key:
			err = a.stray(ctx, entry.Key)
		default:
			err = a.present(ctx, object)
			object, more = next()
		}
		if err != nil {
			return err
		}
	}
	rest := a.missing
	if a.opts.Listing == nil {
		rest = a.present
	}
	for more {
		if err := rest(ctx, object); err != nil {
			return err
		}
		object, more = next()
	}
	return a.look(ctx)
}

// present is an object to look at.
func (a *audit) present(ctx context.Context, o Object) error {
	return a.expect(ctx, task{object: o})
}

// missing is an object that the listing lacks.
func (a *audit) missing(ctx context.Context, o Object) error {
	return a.expect(ctx, task{object: o, known: true, findings: []Finding{o.missing()}, age: unstated})
}

// expect has an object be looked at, or only counts it where it is in doubt.
func (a *audit) expect(ctx context.Context, t task) error {
	if t.known || t.object.InDoubt {
		a.opts.Done.Add(1)
	}
	if t.object.InDoubt {
		a.summary.InDoubt++
		return nil
	}
	return a.wait(ctx, t)
}

// stray says what a key is that no object has. Payloads that are kept are
// counted only.
func (a *audit) stray(ctx context.Context, key string) error {
	f := Finding{Kind: Stray, Key: key}
	at, ours := a.opts.Layout.ParseAny(key)
	switch {
	case strings.HasPrefix(key, a.opts.Layout.Prefix+"/"+publish.StateFolder+"/"):
		return nil
	case strings.HasPrefix(path.Base(key), publish.TempPrefix):
		a.summary.Leftovers++
		return nil
	case !ours:
		f.What, f.ByHand = "cairn did not make it", true
	case at.Class.Signed() && a.opts.Keep:
		return nil
	case at.Class != manifest.Payload:
		f.What = "not in the tree any more"
	case a.opts.Keep:
		a.summary.Kept++
		return nil
	default:
		f.What = "a payload that the state does not know"
	}
	return a.wait(ctx, task{known: true, findings: []Finding{f}, age: unstated})
}

// wait adds a task to those that wait, which are looked at in portions: so the
// report is in order, and little is held.
func (a *audit) wait(ctx context.Context, t task) error {
	const portion = 1 << 12
	if a.waiting = append(a.waiting, t); len(a.waiting) < portion {
		return nil
	}
	return a.look(ctx)
}

// look looks at the keys that wait, and reports.
func (a *audit) look(ctx context.Context) error {
	atOnce := func() int { return cmp.Or(a.opts.Concurrency, a.source.Traits().Parallel) }
	err := publish.Each(ctx, atOnce, len(a.waiting), func(ctx context.Context, i int) (err error) {
		t := &a.waiting[i]
		if t.known {
			return nil
		}
		t.findings, t.age, err = a.inspect(ctx, t.object)
		a.opts.Done.Add(1)
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range a.waiting {
		if len(t.findings) == 0 {
			a.summary.Right++
		} else {
			a.summary.Wrong++
		}
		if t.age >= 0 {
			a.summary.Ages = append(a.summary.Ages, t.age)
		}
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
