package publish_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
)

var day0 = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)

func day(n int) time.Time { return day0.AddDate(0, 0, n) }

// threeReleases defines releases with a payload each, those that are left.
func threeReleases(t testing.TB, left ...string) (*releases.Fleet, *publish.Site) {
	t.Helper()
	project := fstest.MapFS{"cairn.toml": {Data: []byte("[project]\nslug = \"s\"\nbase_url = \"https://x\"\nbucket_digits = 1\ncohort_digits = 1\n")}}
	activations := ""
	for _, v := range left {
		project["releases/"+v+".toml"] = &fstest.MapFile{Data: fmt.Appendf(nil, "version = \"%s.0.0\"\n[payload.a.b]\nfile = \"%s.bin\"\n", v, v)}
		project["releases/"+v+".bin"] = &fstest.MapFile{Data: []byte("payload " + v)}
		activations += fmt.Sprintf("[activate.\"%s.0.0\"]\n", v)
	}
	project["cohorts/default.toml"] = &fstest.MapFile{Data: []byte(activations)}
	f, err := releases.Load(project)
	if err != nil {
		t.Fatal(err)
	}
	return f, publish.NewSite(manifest.New(f, day0), f.Cache, project)
}

// publishTo publishes a site by the state, as the command does.
func publishTo(t testing.TB, store publish.Store, s *publish.Site, now time.Time) {
	t.Helper()
	opts := collection(store, now)
	_, err := publish.Run(ctx, opts, func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		return editionOf(s, now).Propose(ctx, store, remote, publish.ProposeOptions{})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// editionOf is a site that no guard stops.
func editionOf(s *publish.Site, at time.Time) publish.Edition {
	return publish.Edition{Site: s, At: at, Limits: publish.Limits{Allow: publish.GuardNames()}}
}

func readState(t testing.TB, store publish.Store) *publish.Remote {
	t.Helper()
	remote, err := publish.ReadState(ctx, store, "s")
	if err != nil {
		t.Fatal(err)
	}
	return remote
}

// payloadsThere are the names of the payloads in a store.
func payloadsThere(t testing.TB, store publish.Store) []string {
	t.Helper()
	var names []string
	for e, err := range store.List(ctx, "s/v1/payloads/") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, path.Base(e.Key))
	}
	slices.Sort(names)
	return names
}

// withGarbage is a store in which a payload is unreferenced since day 1, another
// one since day 10, and a third is in use.
func withGarbage(t testing.TB) (*memstore.Store, *releases.Fleet) {
	t.Helper()
	now := day0
	store := &memstore.Store{Now: func() time.Time { return now }}
	_, all := threeReleases(t, "1", "2", "3")
	publishTo(t, store, all, now)
	now = day(1)
	_, two := threeReleases(t, "2", "3")
	publishTo(t, store, two, now)
	now = day(10)
	fleet, one := threeReleases(t, "3")
	publishTo(t, store, one, now)
	return store, fleet
}

func names(g *publish.Garbage) (names []string) {
	for _, p := range g.Payloads {
		names = append(names, path.Base(p.Key))
	}
	slices.Sort(names)
	return names
}

func TestFindGarbage(t *testing.T) {
	store, fleet := withGarbage(t)
	find := func(fleet *releases.Fleet, before time.Time) *publish.Garbage {
		t.Helper()
		g, err := publish.FindGarbage(ctx, fleet, store, readState(t, store), before)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	named, _ := threeReleases(t, "1", "3")
	for _, c := range []struct {
		fleet  *releases.Fleet
		before time.Time
		want   []string
		young  int
	}{
		{fleet, day(0), nil, 2},
		{fleet, day(1), []string{"1.bin"}, 1},
		{fleet, day(9), []string{"1.bin"}, 1},
		{fleet, day(10), []string{"1.bin", "2.bin"}, 0},
		{named, day(10), []string{"2.bin"}, 0}, // by definitions that are not published yet
	} {
		if g := find(c.fleet, c.before); !slices.Equal(names(g), c.want) || g.Young != c.young {
			t.Errorf("before %s: %q and %d younger, want %q and %d", c.before, names(g), g.Young, c.want, c.young)
		}
	}
	// What was put again is as young as that.
	g := find(fleet, day(10))
	store.Now = func() time.Time { return day(20) }
	if err := store.Put(ctx, g.Payloads[0].Key, publish.BytesContent([]byte("again")), publish.Header{}); err != nil {
		t.Fatal(err)
	}
	if again := find(fleet, day(10)); len(again.Payloads) != 1 || again.Young != 1 {
		t.Errorf("%q and %d younger", names(again), again.Young)
	}
	if again := find(fleet, day(20)); len(again.Payloads) != 2 || !again.Payloads[0].Since.Equal(day(20)) {
		t.Errorf("%+v", again.Payloads)
	}
}

func TestNoGarbageWithoutACertainState(t *testing.T) {
	store, fleet := withGarbage(t)
	expect := func(remote *publish.Remote, words string) {
		t.Helper()
		_, err := publish.FindGarbage(ctx, fleet, store, remote, day(99))
		if err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "cairn publish") {
			t.Errorf("%v, want %q", err, words)
		}
	}
	expect(&publish.Remote{}, "nothing is published")
	expect(&publish.Remote{Problem: errors.New("it is damaged")}, "it is damaged")
	_, s := threeReleases(t, "1", "2")
	store.Fault = crash{at: 2, dead: true}.fault()
	_, err := publish.Run(ctx, collection(store, day(11)), func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		return editionOf(s, day(11)).Propose(ctx, store, remote, publish.ProposeOptions{})
	})
	store.Fault = nil
	if !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	expect(readState(t, store), "did not end")
}

// collection is options under a clock that stands still.
func collection(store publish.Store, now time.Time) publish.RunOptions {
	return publish.RunOptions{
		Store: store, Prefix: "s", Holder: publish.Lease{Holder: "ada", Nonce: "1"}, Duration: leaseTime, Clock: newClock(now).clock(),
		ApplyOptions: publish.ApplyOptions{Progress: &publish.Progress{}, Concurrency: 1},
	}
}

// collect deletes what no release of a fleet has named since before an instant.
func collect(opts publish.RunOptions, fleet *releases.Fleet, before time.Time) error {
	_, err := publish.Run(ctx, opts, func(ctx context.Context, remote *publish.Remote) (*publish.Garbage, error) {
		return publish.FindGarbage(ctx, fleet, opts.Store, remote, before)
	})
	return err
}

func TestCollect(t *testing.T) {
	store, fleet := withGarbage(t)
	opts := collection(store, day(99))
	progress := opts.Progress
	if err := collect(opts, fleet, day(50)); err != nil {
		t.Fatal(err)
	}
	if there := payloadsThere(t, store); !slices.Equal(there, []string{"3.bin"}) || progress.Done.Load() != 2 || progress.Total.Load() != 2 {
		t.Errorf("%q are there, %d done", there, progress.Done.Load())
	}
	state := readState(t, store).State
	if len(state.Live.Payloads) != 1 || state.Lease != nil || state.Doing != nil || !state.Done.Published.Equal(day(10)) {
		t.Errorf("%+v", state)
	}
	// A release that names one again has it put again.
	_, s := threeReleases(t, "1", "3")
	publishTo(t, store, s, day(100))
	if there := payloadsThere(t, store); !slices.Equal(there, []string{"1.bin", "3.bin"}) {
		t.Errorf("%q are there", there)
	}
}

// TestWhatIsGoneIsForgotten deletes garbage by hand.
func TestWhatIsGoneIsForgotten(t *testing.T) {
	store, fleet := withGarbage(t)
	for _, p := range readState(t, store).State.Live.Payloads {
		if !p.UnreferencedSince.IsZero() {
			if err := store.Delete(ctx, p.Key); err != nil {
				t.Fatal(err)
			}
		}
	}
	writes := 0
	store.Fault = func(op memstore.Op, _ string) (bool, error) {
		if op == memstore.Put {
			writes++
		}
		return true, nil
	}
	for want := range 2 {
		g, err := publish.FindGarbage(ctx, fleet, store, readState(t, store), day(50))
		if err != nil || len(g.Payloads) > 0 {
			t.Fatalf("%+v, %v", g, err)
		}
		if err := collect(collection(store, day(99)), fleet, day(50)); err != nil {
			t.Fatal(err)
		}
		if n := len(readState(t, store).State.Live.Payloads); n != 1 || writes != 1 {
			t.Errorf("%d: %d payloads in the state, %d writes", want, n, writes)
		}
	}
}

// TestCollectFailing lets each of its operations fail, persisted or not: what
// the state says is true, and both a publish and a collection go on.
func TestCollectFailing(t *testing.T) {
	broken := errors.New("broken")
	for _, persisted := range []bool{false, true} {
		for n := 0; ; n++ {
			store, fleet := withGarbage(t)
			ops := 0
			store.Fault = func(op memstore.Op, _ string) (bool, error) {
				if op != memstore.Put && op != memstore.Delete {
					return true, nil
				}
				if ops++; ops == n+1 {
					return persisted, broken
				}
				return true, nil
			}
			err := collect(collection(store, day(99)), fleet, day(50))
			store.Fault = nil
			if ops <= n {
				break
			}
			// A probe that is refused has been answered.
			if err == nil && !persisted {
				t.Errorf("fault %d is no error", n)
			}
			for _, p := range readState(t, store).State.Live.Payloads {
				if _, _, err := store.Stat(ctx, p.Key); errors.Is(err, fs.ErrNotExist) && !p.Doubtful {
					t.Errorf("fault %d: the state has %s, the store hasn't", n, p.Key)
				}
			}
			if n%2 == 0 {
				_, s := threeReleases(t, "1", "2", "3")
				publishTo(t, store, s, day(100))
				if there := payloadsThere(t, store); len(there) != 3 {
					t.Errorf("fault %d: %q are there", n, there)
				}
				continue
			}
			err = collect(collection(store, day(100)), fleet, day(50))
			if there := payloadsThere(t, store); err != nil || len(there) != 1 || len(readState(t, store).State.Live.Payloads) != 1 {
				t.Errorf("fault %d: %q are there, %v", n, there, err)
			}
		}
	}
}

func TestCollectUnderALease(t *testing.T) {
	// deleting calls back at each deletion.
	deleting := func(store *memstore.Store, by func()) {
		store.Fault = func(op memstore.Op, _ string) (bool, error) {
			if op == memstore.Delete {
				by()
			}
			return true, nil
		}
	}
	t.Run("moved", func(t *testing.T) {
		store, fleet := withGarbage(t)
		_, s := threeReleases(t, "1", "3")
		opts, looked := collection(store, day(99)), 0
		_, err := publish.Run(ctx, opts, func(ctx context.Context, remote *publish.Remote) (*publish.Garbage, error) {
			g, err := publish.FindGarbage(ctx, fleet, store, remote, day(50))
			if looked++; looked == 1 {
				publishTo(t, store, s, day(60))
			}
			return g, err
		})
		if there := payloadsThere(t, store); err != nil || looked != 2 || !slices.Equal(there, []string{"1.bin", "3.bin"}) {
			t.Errorf("%v, looked %d times, %q are there", err, looked, there)
		}
	})
	t.Run("run out", func(t *testing.T) {
		store, fleet := withGarbage(t)
		clock := newClock(day(99))
		opts := collection(store, day(99))
		opts.Clock = clock.clock()
		deleting(store, func() { clock.set(day(99).Add(leaseTime)) })
		if err := collect(opts, fleet, day(50)); err == nil || !strings.Contains(err.Error(), "ran out") {
			t.Errorf("%v", err)
		}
		if there := payloadsThere(t, store); len(there) != 2 {
			t.Errorf("%q are there", there)
		}
	})
	t.Run("renewed", func(t *testing.T) {
		store, fleet := withGarbage(t)
		clock := newClock(day(99))
		opts := collection(store, day(99))
		opts.Clock = clock.clock()
		deleting(store, func() {
			clock.set(clock.Now().Add(leaseTime - time.Second))
			clock.renew()
		})
		if err := collect(opts, fleet, day(50)); err != nil {
			t.Errorf("%v", err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		store, fleet := withGarbage(t)
		interrupted, interrupt := context.WithCancel(ctx)
		deleting(store, interrupt)
		opts := collection(store, day(99))
		_, err := publish.Run(interrupted, opts, func(ctx context.Context, remote *publish.Remote) (*publish.Garbage, error) {
			return publish.FindGarbage(ctx, fleet, store, remote, day(50))
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		state := readState(t, store).State
		doubtful := 0
		for _, p := range state.Live.Payloads {
			if p.Doubtful {
				doubtful++
			}
		}
		if there := payloadsThere(t, store); len(there) != 2 || state.Lease != nil || doubtful != 2 || len(state.Live.Payloads) != 3 {
			t.Errorf("%q are there, %+v", there, state)
		}
	})
	t.Run("ignored", func(t *testing.T) {
		store, fleet := withGarbage(t)
		before := readState(t, store).State
		opts := collection(unconditional{store}, day(99))
		if err := collect(opts, fleet, day(50)); !errors.Is(err, publish.ErrUnconditional) {
			t.Errorf("%v", err)
		}
		if after := readState(t, store).State; after.Lease != nil || len(after.Live.Payloads) != len(before.Live.Payloads) {
			t.Errorf("%+v", after)
		}
		opts.NoLock = true
		if err := collect(opts, fleet, day(50)); err != nil || len(payloadsThere(t, store)) != 1 {
			t.Errorf("without a lock: %v", err)
		}
	})
}

// unconditional is a store that ignores conditions.
type unconditional struct{ *memstore.Store }

func (u unconditional) PutIf(ctx context.Context, key string, content publish.Content, header publish.Header, _ string) (string, error) {
	return "", u.Put(ctx, key, content, header)
}
