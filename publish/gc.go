package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Garbage is the payloads of a store that may go: no release names them, and
// none has for long.
type Garbage struct {
	Payloads []UnreferencedPayload // ascending by key
	Young    int                   // so many more are unnamed, but not for long
	// Leftovers are the temporary files that writes have left which were cut
	// off before the instant; ascending.
	Leftovers []string

	remote *Remote
	gone   []string // unnamed, but not in the store any more; ascending
}

// UnreferencedPayload is a payload that no release names.
type UnreferencedPayload struct {
	Entry
	// Since is when it was put, or a publish found that no release names it,
	// whichever came last.
	Since time.Time
}

// FindGarbage finds the payloads that the fleet doesn't name, and that have
// been in the store without a name since before an instant. It goes by the
// state, and asks the store for these only: what the state doesn't know may be
// about to be named.
func FindGarbage(ctx context.Context, fleet *releases.Fleet, store Store, remote *Remote, before time.Time) (*Garbage, error) {
	const wayOut = "run 'cairn publish' first"
	switch {
	case remote.Problem != nil:
		return nil, fmt.Errorf("the state in %s can't be used: %w\n%s", store, remote.Problem, wayOut)
	case remote.State == nil:
		return nil, fmt.Errorf("nothing is published in %s below %q\n%s", store, fleet.Project.Prefix, wayOut)
	case remote.State.Doing != nil:
		return nil, fmt.Errorf("the last publish to %s did not end: what its answers name is not known\n%s", store, wayOut)
	}
	g := &Garbage{remote: remote}
	referenced := referencedPayloads(fleet)
	var old []KnownPayload
	for _, p := range remote.State.Live.Payloads {
		switch {
		case p.UnreferencedSince.IsZero() || referenced[p.Key]:
		case p.UnreferencedSince.After(before):
			g.Young++
		default:
			old = append(old, p)
		}
	}
	there := make([]*Entry, len(old))
	err := Each(ctx, atOnce(store, 0), len(old), func(ctx context.Context, i int) error {
		e, _, err := store.Stat(ctx, old[i].Key)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		there[i] = &e
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, e := range there {
		switch {
		case e == nil:
			g.gone = append(g.gone, old[i].Key)
		case e.Modified.IsZero() || e.Modified.After(before):
			g.Young++
		case e.Modified.After(old[i].UnreferencedSince):
			g.Payloads = append(g.Payloads, UnreferencedPayload{*e, e.Modified})
		default:
			g.Payloads = append(g.Payloads, UnreferencedPayload{*e, old[i].UnreferencedSince})
		}
	}
	if store.Traits().TempFiles {
		g.Leftovers, err = leftovers(ctx, store, remote.State.Prefix, func(e Entry) bool { return e.Modified.Before(before) })
	}
	return g, err
}

// referencedPayloads is the keys of the payloads that releases name.
func referencedPayloads(fleet *releases.Fleet) map[string]bool {
	layout, all := manifest.LayoutOf(fleet), map[string]bool{}
	for _, r := range fleet.Releases {
		for _, p := range r.Files() {
			if p.URL == "" {
				all[layout.PayloadKey(p.SHA256, p.Name)] = true
			}
		}
	}
	return all
}

// Len is the number of files that may go.
func (g *Garbage) Len() int { return len(g.Payloads) + len(g.Leftovers) }

func (g *Garbage) key(i int) string {
	if i < len(g.Payloads) {
		return g.Payloads[i].Key
	}
	return g.Leftovers[i-len(g.Payloads)]
}

// Apply deletes the garbage.
func (g *Garbage) Apply(ctx context.Context, store Store, opts ApplyOptions) error {
	opts = opts.complete(ctx, g.Len())
	opts.Progress.Phase.Store(int32(Deletions))
	return Each(ctx, atOnce(store, opts.Concurrency), g.Len(), func(_ context.Context, i int) error {
		err := store.Delete(opts.InFlight, g.key(i))
		if err == nil {
			opts.Progress.Done.Add(1)
		}
		return err
	})
}

func (g *Garbage) admissible() error { return nil }

func (g *Garbage) prepare(context.Context, time.Time) error { return nil }

func (g *Garbage) undoes(*Remote) error { return nil }

func (g *Garbage) recorded() bool { return len(g.gone) == 0 }

// states say that the garbage may be gone, so a publish asks the store for
// what it needs of it, and then that it is.
func (g *Garbage) states(time.Time) (during, after State) {
	going := map[string]bool{}
	for _, p := range g.Payloads {
		going[p.Key] = true
	}
	before := g.remote.State.Live
	mayBeGone, isGone := *before, *before
	mayBeGone.Payloads, isGone.Payloads = nil, nil
	for _, p := range before.Payloads {
		if slices.Contains(g.gone, p.Key) {
			continue
		}
		if !going[p.Key] {
			isGone.Payloads = append(isGone.Payloads, p)
		}
		p.Doubtful = p.Doubtful || going[p.Key]
		mayBeGone.Payloads = append(mayBeGone.Payloads, p)
	}
	during, after = *g.remote.State, *g.remote.State
	during.Live, after.Live, after.Lease = &mayBeGone, &isGone, nil
	during.Late = g.remote.late()
	after.Late = during.Late
	return during, after
}
