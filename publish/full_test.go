package publish_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases/fleettest"
)

// crowded is a store without room, but for what has.
type crowded struct {
	*memstore.Store
	has func(key string, content publish.Content, there bool) bool
}

func (s crowded) Put(ctx context.Context, key string, content publish.Content, header publish.Header) error {
	if _, _, err := s.Stat(ctx, key); !s.has(key, content, err == nil) {
		return publish.ErrFull
	}
	return s.Store.Put(ctx, key, content, header)
}

func (s crowded) PutIf(ctx context.Context, key string, content publish.Content, header publish.Header, etag string) (string, error) {
	if !s.has(key, content, etag != "") {
		return "", publish.ErrFull
	}
	return s.Store.PutIf(ctx, key, content, header, etag)
}

// stopping takes back alone what a world stops. Planned is called before it is
// carried out.
func stopping(store publish.Store, w *world, opts publish.RunOptions, planned func()) error {
	opts.Store, opts.Prefix, opts.Duration, opts.Clock = store, w.fleet.Project.Prefix, leaseTime, newClock(bob.now).clock()
	opts.Holder = publish.Lease{Holder: "bob", Nonce: "1"}
	_, err := publish.Run(ctx, opts, func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		e := edition(w)
		e.Stops = true
		p, err := e.Propose(ctx, store, remote, publish.ProposeOptions{Concurrency: 1})
		if err == nil {
			p = p.Stop()
		}
		planned()
		return p, err
	})
	return err
}

// offering is how many of a cohort's answers name a version.
func offering(t *testing.T, store publish.Store, cohort, version string) (n int) {
	t.Helper()
	for key, o := range snapshot(t, store) {
		if strings.Contains(key, "/"+cohort+"/") && strings.Contains(o.Body, `"version":"`+version+`"`) {
			n++
		}
	}
	return n
}

// TestAStopMakesDoWithoutRoom takes a release back in full stores: none, and
// one that keeps empty objects, or a state in the place of another one.
func TestAStopMakesDoWithoutRoom(t *testing.T) {
	isState := func(key string) bool { return strings.Contains(key, "/"+publish.StateFolder+"/") }
	for name, has := range map[string]func(key string, content publish.Content, there bool) bool{
		"nothing":            func(string, publish.Content, bool) bool { return false },
		"what is empty":      func(_ string, content publish.Content, _ bool) bool { return content.Size == 0 },
		"one state, not two": func(key string, _ publish.Content, there bool) bool { return isState(key) && !there },
	} {
		t.Run(name, func(t *testing.T) {
			store, _ := first(t)
			w := newWorld(t, "stopped", small(changed("abort in default")), fleettest.Start)
			stock(t, store, w)
			had := crowded{store, has}
			if err := stopping(had, w, publish.RunOptions{}, func() {}); !errors.Is(err, publish.ErrFull) {
				t.Fatalf("the store is not full: %v", err)
			}
			if err := stopping(had, w, publish.RunOptions{Full: true}, func() {}); !errors.Is(err, publish.ErrFull) {
				t.Fatalf("got %v", err)
			}
			if n := offering(t, store, "default", "1.1.0"); n > 0 {
				t.Errorf("%d answers still offer 1.1.0", n)
			}
			if state := read(t, store, w).State; (state != nil) != (name == "one state, not two") {
				t.Errorf("the state is %v", state)
			}
			if _, err := (attempt{now: bob.now.Add(time.Hour), name: "room"}).run(store, w); err != nil {
				t.Fatal(err)
			}
			holds(t, store, w)
		})
	}
}

// TestAStopGoesThroughALostRace takes a release back after another publisher
// has taken another one back: the rest would undo that, the stop does not.
func TestAStopGoesThroughALostRace(t *testing.T) {
	store, _ := first(t)
	stopped := newWorld(t, "stopped", small(changed("abort in default")), fleettest.Start)
	other := newWorld(t, "other", small(changed("abort in beta")), fleettest.Start)
	stock(t, store, stopped, other)
	if offering(t, store, "default", "1.1.0") == 0 || offering(t, store, "beta", "1.2.0") == 0 {
		t.Fatal("nothing is on offer")
	}
	race := sync.OnceFunc(func() {
		if _, err := (attempt{now: bob.now, name: "winner"}).run(store, other); err != nil {
			t.Error(err)
		}
	})
	if err := stopping(store, stopped, publish.RunOptions{}, race); err != nil {
		t.Fatal(err)
	}
	if n := offering(t, store, "default", "1.1.0") + offering(t, store, "beta", "1.2.0"); n > 0 {
		t.Errorf("%d answers offer what is stopped", n)
	}
	if n := len(read(t, store, stopped).State.Done.Stops); n != 2 {
		t.Errorf("%d stops are on record", n)
	}
}
