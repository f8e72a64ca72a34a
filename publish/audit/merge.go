package audit

import (
	"iter"
	"path"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/publish"
)

// task is a key to look at, or one of which all is known already.
type task struct {
	object   Object
	known    bool
	findings []Finding
	age      time.Duration // how old the answer was, or unstated
}

// tasks puts the objects beside the listing. What is in doubt, or kept, is
// counted only.
func (a *audit) tasks(objects iter.Seq[Object]) iter.Seq2[task, error] {
	return func(yield func(task, error) bool) {
		l := newListing(a.opts.Listing)
		defer l.stop()
		for o := range objects {
			for l.before(o.Key) {
				if !a.stray(l.take(), yield) {
					return
				}
			}
			t := task{object: o}
			if a.opts.Listing != nil && !l.at(o.Key) {
				t = known(o.missing())
				a.opts.Done.Add(1)
			} else {
				l.take()
			}
			if l.err != nil {
				break
			}
			if o.InDoubt {
				a.summary.InDoubt++
				a.opts.Done.Add(1)
			} else if !yield(t, nil) {
				return
			}
		}
		for l.more && l.err == nil {
			if !a.stray(l.take(), yield) {
				return
			}
		}
		if l.err != nil {
			yield(task{}, l.err)
		}
	}
}

func known(f Finding) task { return task{known: true, findings: []Finding{f}, age: unstated} }

// stray says what a key is that no object has.
func (a *audit) stray(key string, yield func(task, error) bool) bool {
	f := Finding{Kind: Stray, Key: key}
	at, ours := a.opts.Layout.ParseAny(key)
	switch {
	case strings.HasPrefix(key, a.opts.Layout.Prefix+"/"+publish.StateFolder+"/"):
		return true
	case strings.HasPrefix(path.Base(key), publish.TempPrefix):
		a.summary.Leftovers++
		return true
	case !ours:
		f.What, f.ByHand = "cairn did not make it", true
	case at.Class.Signed() && a.opts.Keep:
		return true
	case at.Class != manifest.Payload:
		f.What = "not in the tree any more"
	case a.opts.Keep:
		a.summary.Kept++
		return true
	default:
		f.What = "a payload that the state does not know"
	}
	return yield(known(f), nil)
}

// listing is a listing with its next entry.
type listing struct {
	next func() (publish.Entry, error, bool)
	stop func()

	entry publish.Entry
	err   error
	more  bool
}

func newListing(of iter.Seq2[publish.Entry, error]) *listing {
	if of == nil {
		of = func(func(publish.Entry, error) bool) {}
	}
	l := &listing{}
	l.next, l.stop = iter.Pull2(of)
	l.take()
	return l
}

func (l *listing) at(key string) bool { return l.more && l.err == nil && l.entry.Key == key }

func (l *listing) before(key string) bool { return l.more && l.err == nil && l.entry.Key < key }

// take gives the key of the entry, and goes on to the next one.
func (l *listing) take() string {
	key := l.entry.Key
	l.entry, l.err, l.more = l.next()
	return key
}
