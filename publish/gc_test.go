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
	remote := readState(t, store)
	var live *publish.Live
	var err error
	if remote.State == nil {
		live, err = publish.Scan(ctx, s, store, 1)
	} else {
		live, err = remote.State.Live.Confirm(ctx, s, store)
	}
	if err != nil {
		t.Fatal(err)
	}
	plan := publish.NewPlan(s, live, true)
	session, err := publish.Begin(ctx, store, remote, plan, publish.SessionOptions{Stamp: publish.Stamp{Published: now, At: now}})
	if err == nil {
		err = plan.Apply(ctx, store, publish.ApplyOptions{})
	}
	if err == nil {
		err = session.End(ctx, plan.Len(), now)
	}
	if err != nil {
		t.Fatal(err)
	}
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

// withGarbage is a store in which a payload is unnamed since day 1, another
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
	_, s := threeReleases(t, "2", "3")
	remote := readState(t, store)
	if _, err := publish.Begin(ctx, store, remote, publish.NewPlan(s, remote.State.Live, true), publish.SessionOptions{Stamp: publish.Stamp{Published: day(11)}}); err != nil {
		t.Fatal(err)
	}
	expect(readState(t, store), "did not end")
}

// collection is options under a clock that stands still.
func collection(now time.Time) publish.CollectOptions {
	return publish.CollectOptions{
		Lease: publish.Lease{Holder: "ada", Nonce: "1", Began: now, Expires: now.Add(time.Minute)},
		Now:   func() time.Time { return now },
	}
}

func TestCollect(t *testing.T) {
	store, fleet := withGarbage(t)
	g, err := publish.FindGarbage(ctx, fleet, store, readState(t, store), day(50))
	if err != nil {
		t.Fatal(err)
	}
	progress := &publish.Progress{}
	opts := collection(day(99))
	opts.Progress = progress
	if err := g.Collect(ctx, store, opts); err != nil {
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
		if !p.Unnamed.IsZero() {
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
		if err := g.Collect(ctx, store, collection(day(99))); err != nil {
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
			g, err := publish.FindGarbage(ctx, fleet, store, readState(t, store), day(50))
			if err != nil {
				t.Fatal(err)
			}
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
			opts := collection(day(99))
			opts.Concurrency = 1
			err = g.Collect(ctx, store, opts)
			store.Fault = nil
			if ops <= n {
				break
			}
			// A probe that is refused has been answered.
			if err == nil && !persisted {
				t.Errorf("fault %d is no error", n)
			}
			for _, p := range readState(t, store).State.Live.Payloads {
				if _, _, err := store.Stat(ctx, p.Key); errors.Is(err, fs.ErrNotExist) && !p.Perhaps {
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
			g, err = publish.FindGarbage(ctx, fleet, store, readState(t, store), day(50))
			if err == nil {
				err = g.Collect(ctx, store, collection(day(100)))
			}
			if there := payloadsThere(t, store); err != nil || len(there) != 1 || len(readState(t, store).State.Live.Payloads) != 1 {
				t.Errorf("fault %d: %q are there, %v", n, there, err)
			}
		}
	}
}

func TestCollectUnderALease(t *testing.T) {
	look := func(store publish.Store, fleet *releases.Fleet) *publish.Garbage {
		t.Helper()
		g, err := publish.FindGarbage(ctx, fleet, store, readState(t, store), day(50))
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	t.Run("taken", func(t *testing.T) {
		store, fleet := withGarbage(t)
		g := look(store, fleet)
		_, s := threeReleases(t, "1", "3")
		publishTo(t, store, s, day(60))
		if err := g.Collect(ctx, store, collection(day(99))); !errors.Is(err, publish.ErrMoved) {
			t.Errorf("%v", err)
		}
		if there := payloadsThere(t, store); len(there) != 3 {
			t.Errorf("%q are there", there)
		}
	})
	t.Run("run out", func(t *testing.T) {
		store, fleet := withGarbage(t)
		g := look(store, fleet)
		opts := collection(day(99))
		opts.Now = func() time.Time { return day(99).Add(time.Minute) }
		if err := g.Collect(ctx, store, opts); err == nil || !strings.Contains(err.Error(), "ran out") {
			t.Errorf("%v", err)
		}
		if there := payloadsThere(t, store); len(there) != 3 {
			t.Errorf("%q are there", there)
		}
	})
	t.Run("renewed", func(t *testing.T) {
		store, fleet := withGarbage(t)
		g := look(store, fleet)
		now, writes := day(99), 0
		opts := collection(now)
		opts.Concurrency = 1
		opts.Now = func() time.Time {
			now = now.Add(30 * time.Second)
			return now
		}
		store.Fault = func(op memstore.Op, _ string) (bool, error) {
			if op == memstore.Put {
				writes++
			}
			return true, nil
		}
		// The lease, the probe, a renewal before each of the two, the end.
		if err := g.Collect(ctx, store, opts); err != nil || writes != 5 {
			t.Errorf("%v, %d writes", err, writes)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		store, fleet := withGarbage(t)
		g := look(store, fleet)
		interrupted, interrupt := context.WithCancel(ctx)
		store.Fault = func(op memstore.Op, _ string) (bool, error) {
			if op == memstore.Delete {
				interrupt()
			}
			return true, nil
		}
		opts := collection(day(99))
		opts.Concurrency = 1
		if err := g.Collect(interrupted, store, opts); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		state := readState(t, store).State
		if there := payloadsThere(t, store); len(there) != 2 || state.Lease != nil || len(state.Live.Payloads) != 2 || state.Live.Payloads[0].Perhaps || state.Live.Payloads[1].Perhaps {
			t.Errorf("%q are there, %+v", there, state)
		}
	})
	t.Run("ignored", func(t *testing.T) {
		store, fleet := withGarbage(t)
		g := look(store, fleet)
		before := readState(t, store).State
		if err := g.Collect(ctx, unconditional{store}, collection(day(99))); !errors.Is(err, publish.ErrUnconditional) {
			t.Errorf("%v", err)
		}
		if after := readState(t, store).State; after.Lease != nil || len(after.Live.Payloads) != len(before.Live.Payloads) {
			t.Errorf("%+v", after)
		}
		opts := collection(day(99))
		opts.NoLock = true
		if err := g.Collect(ctx, unconditional{store}, opts); err != nil || len(payloadsThere(t, store)) != 1 {
			t.Errorf("without a lock: %v", err)
		}
	})
}

// unconditional is a store that ignores conditions.
type unconditional struct{ *memstore.Store }

func (u unconditional) PutIf(ctx context.Context, key string, content publish.Content, header publish.Header, _ string) (string, error) {
	return "", u.Put(ctx, key, content, header)
}
