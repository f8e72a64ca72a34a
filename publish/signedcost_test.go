package publish_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/releases/signing"
)

// counter counts the requests that a store gets, by kind.
type counter struct {
	mu     sync.Mutex
	of     map[memstore.Op]int
	before int  // requests up to the head, that one included
	head   bool // it was put
}

func count(store *memstore.Store) *counter {
	c := &counter{of: map[memstore.Op]int{}}
	store.Fault = func(op memstore.Op, key string) (bool, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.of[op]++
		if !c.head {
			c.before++
		}
		c.head = c.head || op == memstore.Put && strings.HasSuffix(key, "/head.txt")
		return true, nil
	}
	return c
}

func (c *counter) all() (n int) {
	for _, of := range c.of {
		n += of
	}
	return n
}

// TestWhatSigningCosts counts requests: one where nothing changed, 5 for a
// renewal, and n + parts + 5 for n objects.
func TestWhatSigningCosts(t *testing.T) {
	keys, store := keyring(1), &memstore.Store{}
	before, after := newWorld(t, "before", small(), fleettest.Start), newWorld(t, "after", small(changed("abort in default")), fleettest.Start)
	publishAt := func(now time.Time, w *world, signing *publish.Signing) (*publish.Plan, *counter) {
		t.Helper()
		c, at := count(store), *w
		at.at = now
		p, err := attempt{now: now, name: "ada", signing: signing}.run(store, &at)
		if err != nil {
			t.Fatal(err)
		}
		store.Fault = nil
		return p, c
	}
	now := fleettest.Start
	publishAt(now, before, keys)
	step := func(what string, after time.Duration, w *world, signing *publish.Signing, want func(p *publish.Plan) int) *publish.Plan {
		t.Helper()
		now = now.Add(after)
		p, c := publishAt(now, w, signing)
		if n := want(p); c.all() != n {
			t.Errorf("%s: %v, want %d for %d operations", what, c.of, n, p.Len())
		}
		return p
	}
	one := func(*publish.Plan) int { return 1 }
	changed := func(p *publish.Plan) int { return p.Len() + publish.StatePuts + 1 }
	if p := step("an abort", time.Hour, after, keys, changed); phaseLen(p, publish.SignedParts) == 0 || phaseLen(p, publish.SignedHead) != 1 || phaseLen(p, publish.SignedKeys) != 0 {
		t.Errorf("%d parts, %d heads", phaseLen(p, publish.SignedParts), phaseLen(p, publish.SignedHead))
	}
	step("nothing", time.Hour, after, keys, one)
	step("nothing, a moment before the head is renewed", 47*time.Hour-time.Second, after, keys, one)
	step("a renewal that also deletes what no head leads to", time.Second, after, keys, func(p *publish.Plan) int {
		if n := phaseLen(p, publish.OldParts); n == 0 || p.Len() != n+1 {
			t.Errorf("a renewal has %d operations, %d deletions", p.Len(), n)
		}
		return phaseLen(p, publish.OldParts) + 5
	})
	step("a renewal", 48*time.Hour, after, keys, func(*publish.Plan) int { return 5 })
	step("new keys", time.Hour, after, keyring(2), func(p *publish.Plan) int { return 6 })
	step("nothing", time.Hour, after, keyring(2), one)
	step("without signing", time.Hour, before, nil, changed)
	s := newSnapshots(t, keyring(2), after)
	if s.whole(snapshot(t, store), "unsigned") != 0 {
		t.Error("what is published unsigned changes what is signed")
	}
}

func phaseLen(p *publish.Plan, phase publish.Phase) (n int) {
	for o := range p.Ops() {
		if o.Phase == phase {
			n++
		}
	}
	return n
}

// TestSigningFailsBeforeAnythingIsWritten has no key, a wrong one, one that fails, keys of an
// older generation, and a clock that is off.
func TestSigningFailsBeforeAnythingIsWritten(t *testing.T) {
	store, w := first(t)
	failing := errors.New("the token is locked")
	for _, test := range []struct {
		name, want string
		change     func(*publish.Signing)
	}{
		{"no key", "no key to sign with", func(s *publish.Signing) { s.Signers = nil }},
		{"another key", "signing the head", func(s *publish.Signing) { s.Signers = keyring(3).Signers }},
		{"a token", "the token is locked", func(s *publish.Signing) {
			s.Signers = []publish.Signer{func(context.Context, []byte) ([]byte, error) { return nil, failing }}
		}},
		{"too few keys", "signing the head", func(s *publish.Signing) { s.Keys.Threshold = 2 }},
	} {
		before, keys := contents(t, store), keyring(1)
		test.change(keys)
		if _, err := (attempt{now: bob.now, name: "bob", signing: keys}).run(store, w); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
		unchanged(t, before, store)
	}
	if _, err := (attempt{now: bob.now, name: "bob", signing: keyring(2)}).run(store, w); err != nil {
		t.Fatal(err)
	}
	before := contents(t, store)
	if _, err := (attempt{now: bob.now, name: "bob", signing: keyring(1)}).run(store, w); err == nil || !strings.Contains(err.Error(), "generation 2 is published") {
		t.Errorf("older keys: %v", err)
	}
	for _, skew := range []time.Duration{-6 * time.Minute, 6 * time.Minute, -4 * time.Minute} {
		_, err := attempt{now: bob.now, name: "bob", signing: keyring(3)}.run(dated{store, bob.now.Add(skew)}, w)
		if off := skew.Abs() > 5*time.Minute; off != (err != nil) || off && !strings.Contains(err.Error(), "set the clock") {
			t.Errorf("a clock that is %s off: %v", skew, err)
		}
		if err != nil {
			unchanged(t, before, store)
		}
	}
}

// dated is a store with a clock.
type dated struct {
	*memstore.Store
	date time.Time
}

func (d dated) Get(ctx context.Context, key string) (*publish.Stored, error) {
	object, err := d.Store.Get(ctx, key)
	if err == nil {
		object.Date = d.date
	}
	return object, err
}

// TestALostStateGoesByTheHead reads the head where the state is lost: its epoch
// goes on, what is right is left, and what is not is put again.
func TestALostStateGoesByTheHead(t *testing.T) {
	keys, store := keyring(1), &memstore.Store{}
	w := newWorld(t, "small", small(), fleettest.Start)
	layout := manifest.LayoutOf(w.fleet)
	s := newSnapshots(t, keys, w)
	publishNow := func(now time.Time, keys *publish.Signing) *publish.Plan {
		t.Helper()
		if err := store.Delete(ctx, publish.StateKey(w.fleet.Project.Prefix)); err != nil {
			t.Fatal(err)
		}
		p, err := attempt{now: now, name: "ada", signing: keys}.run(store, w)
		if err != nil {
			t.Fatal(err)
		}
		s.keys = keys
		s.whole(snapshot(t, store), "at the end")
		s.signedHolds(snapshot(t, store), w, "at the end")
		return p
	}
	head := func() signing.Head {
		h, err := s.head(snapshot(t, store))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	publishNow(fleettest.Start, keys)
	first := head()
	if p := publishNow(fleettest.Start.Add(time.Hour), keys); p.Len() != 0 {
		t.Errorf("%d operations where all is right", p.Len())
	}
	put := func(key, body string) {
		at, _ := layout.Parse(key)
		if err := store.Put(ctx, key, publish.BytesContent([]byte(body)), publish.HeaderOf(at, w.fleet.Cache)); err != nil {
			t.Fatal(err)
		}
	}
	wrong := layout.PartKey(s.signed[0].Parts[3].Digest)
	for _, encrypted := range []bool{false, true} {
		store.Encrypted = encrypted
		put(wrong, strings.Repeat("x", len(s.signed[0].Parts[3].Body)))
		if err := store.Delete(ctx, layout.PartKey(s.signed[0].Parts[0].Digest)); err != nil {
			t.Fatal(err)
		}
		if p := publishNow(fleettest.Start.Add(2*time.Hour), keys); phaseLen(p, publish.SignedParts) != 2 {
			t.Errorf("%d parts are put for one that is wrong and one that is gone", phaseLen(p, publish.SignedParts))
		}
	}
	store.Encrypted = false
	if head() != first {
		t.Error("a head was signed though nothing changed")
	}
	put(layout.HeadKey(), "forged")
	if p := publishNow(fleettest.Start.Add(-time.Hour), keys); phaseLen(p, publish.SignedHead) != 1 {
		t.Error("a forged head was left")
	}
	if again := head(); again.Epoch != again.Issued {
		t.Errorf("epoch %d of a head at %d", again.Epoch, again.Issued)
	}
	publishNow(fleettest.Start.Add(3*time.Hour), keyring(2))
	if h := head(); h.Generation != 2 {
		t.Errorf("the head is of generation %d", h.Generation)
	}
}

// TestWhatTheHeadLeadsToOutlivesACrash lets a publish die before its head is
// put. However late the next one is, what the head led to until then stays.
func TestWhatTheHeadLeadsToOutlivesACrash(t *testing.T) {
	keys, store := keyring(1), &memstore.Store{}
	before, after := newWorld(t, "before", small(), fleettest.Start), newWorld(t, "after", small(changed("withdraw one")), fleettest.Start)
	s := newSnapshots(t, keys, before, after)
	a := attempt{now: fleettest.Start, name: "ada", signing: keys}
	if _, err := a.run(store, before); err != nil {
		t.Fatal(err)
	}
	failed := false
	store.Fault = func(op memstore.Op, key string) (bool, error) {
		failed = failed || op == memstore.Put && strings.HasSuffix(key, "/head.txt")
		if failed {
			return false, errCrash
		}
		return true, nil
	}
	a.now = a.now.Add(time.Hour)
	if _, err := a.run(store, after); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	store.Fault = nil
	a.now = a.now.Add(25 * time.Hour)
	p, err := a.run(store, after)
	if err != nil || phaseLen(p, publish.SignedHead) != 1 || phaseLen(p, publish.OldParts) != 0 {
		t.Errorf("%d heads, %d old parts go, %v", phaseLen(p, publish.SignedHead), phaseLen(p, publish.OldParts), err)
	}
	a.now = a.now.Add(25 * time.Hour)
	next := *before
	if p, err = a.run(store, &next); err != nil || phaseLen(p, publish.SignedParts) != 0 {
		t.Errorf("%d parts are put again, %v", phaseLen(p, publish.SignedParts), err)
	}
	s.signedHolds(snapshot(t, store), &next, "at the end")
}

// TestAHeadThatIsPutBackIsSignedAnew has somebody put an older head back, which
// says the same, or take it away. To list what is there shows it.
func TestAHeadThatIsPutBackIsSignedAnew(t *testing.T) {
	keys, store := keyring(1), &memstore.Store{}
	w := newWorld(t, "small", small(), fleettest.Start)
	s, layout := newSnapshots(t, keys, w), manifest.LayoutOf(w.fleet)
	a := attempt{now: fleettest.Start, name: "ada", signing: keys}
	publishNow := func(rescan bool) signing.Head {
		t.Helper()
		a.rescan = rescan
		if _, err := a.run(store, w); err != nil {
			t.Fatal(err)
		}
		h, err := s.head(snapshot(t, store))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	publishNow(false)
	old := snapshot(t, store)[layout.HeadKey()]
	a.now = a.now.Add(49 * time.Hour)
	renewed := publishNow(false)
	if err := store.Put(ctx, layout.HeadKey(), publish.BytesContent([]byte(old.Body)), old.Header); err != nil {
		t.Fatal(err)
	}
	again := publishNow(true)
	if again.Epoch <= renewed.Epoch {
		t.Errorf("epoch %d comes after %d", again.Epoch, renewed.Epoch)
	}
	if err := store.Delete(ctx, layout.HeadKey()); err != nil {
		t.Fatal(err)
	}
	if last := publishNow(true); last.Epoch <= again.Epoch {
		t.Errorf("epoch %d comes after %d", last.Epoch, again.Epoch)
	}
	if same := publishNow(true); same.Epoch != publishNow(true).Epoch {
		t.Error("a head was signed though it is right")
	}
	s.signedHolds(snapshot(t, store), w, "at the end")
}

// TestEpochsGoUp publishes with clocks that are set back.
func TestEpochsGoUp(t *testing.T) {
	keys, store, last := keyring(1), &memstore.Store{}, signing.Head{}
	for i, change := range []int{0, 1, 2, 5, 6} {
		w := newWorld(t, changes[change].name, small(changes[change].make), fleettest.Start.Add(-time.Duration(i)*time.Hour))
		if _, err := (attempt{now: w.at, name: "ada", signing: keys}).run(store, w); err != nil {
			t.Fatal(err)
		}
		head, err := newSnapshots(t, keys, w).head(snapshot(t, store))
		if err != nil {
			t.Fatal(err)
		}
		if head.Epoch <= last.Epoch || head.Issued != uint32(w.at.Unix()) || head.Expires != head.Issued+14*24*3600 {
			t.Errorf("%+v comes after %+v", head, last)
		}
		last = head
	}
}

// TestAStopIsSigned takes a release back alone: the cohort index that devices
// verify stays as it is until the rest is published.
func TestAStopIsSigned(t *testing.T) {
	keys, store := keyring(1), &memstore.Store{}
	before := newWorld(t, "before", small(), fleettest.Start)
	after := newWorld(t, "after", small(changed("abort in default"), changed("devices change places")), fleettest.Start)
	stopped := newWorld(t, "stopped", small(changed("abort in default")), fleettest.Start)
	stock(t, store, before, after)
	if _, err := (attempt{now: fleettest.Start, name: "ada", signing: keys}).run(store, before); err != nil {
		t.Fatal(err)
	}
	s := newSnapshots(t, keys, before, after)
	was, err := s.head(snapshot(t, store))
	if err != nil {
		t.Fatal(err)
	}
	clock := newClock(bob.now)
	opts := publish.RunOptions{Store: store, Prefix: after.fleet.Project.Prefix, Holder: publish.Lease{Holder: "bob", Nonce: "1"}, Duration: leaseTime, Clock: clock.clock()}
	_, err = publish.Run(ctx, opts, func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		e := edition(after)
		e.Signing, e.Stops = keys, true
		p, err := e.Propose(ctx, store, remote, publish.ProposeOptions{Concurrency: 1})
		if err != nil {
			return nil, err
		}
		return p.Stop(), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	objects := snapshot(t, store)
	is, err := s.head(objects)
	if err != nil {
		t.Fatal(err)
	}
	if is.Cohorts != was.Cohorts || is.Latest == was.Latest || is.Epoch <= was.Epoch {
		t.Errorf("before %+v\nafter %+v", was, is)
	}
	m := newModel(t, before, after, stopped)
	offered := map[string]int{}
	for _, q := range m.questions {
		if q.form != manifest.Text {
			continue
		}
		got := poll(t, s.device(q), objects, "after the stop")
		c, _ := before.fleet.CohortOf(q.serial)
		if want := q.askIn(m.decoded(stopped), c.Slug, view{}); c.Slug == "default" && m.version[got] == "1.1.0" {
			t.Errorf("%s is still offered 1.1.0, want %q", q, want)
		}
		offered[m.version[got]]++
	}
	if offered["1.0.0"] == 0 || offered["1.1.0"] == 0 || offered["1.2.0"] == 0 {
		t.Errorf("devices are offered %v", offered)
	}
	if _, err := (attempt{now: bob.now.Add(time.Minute), name: "bob", signing: keys}).run(store, after); err != nil {
		t.Fatal(err)
	}
	if s.whole(snapshot(t, store), "after the rest") != 1 {
		t.Error("the rest is not signed")
	}
}

// TestWhatCannotBeSignedHoldsNoStopUp stops a release with keys that are older
// than those that are published, and beside a payload that a row has no room for.
func TestWhatCannotBeSignedHoldsNoStopUp(t *testing.T) {
	huge := func(f *releases.Fleet) {
		p := image("mp", "3.0.0", "")
		p.File, p.URL = "", "https://cdn.example.com/huge"
		r := &releases.Release{Version: "3.0.0", Payloads: []*releases.Payload{p}}
		f.Releases = append(f.Releases, r)
		c := f.Cohort("beta")
		c.Activations = append(c.Activations, releases.Activation{Release: r, Rollout: releases.Rollout{Fixed: 100}, Seed: "huge"})
	}
	before := newWorld(t, "before", small(), fleettest.Start)
	for _, test := range []struct {
		name   string
		keys   *publish.Signing
		make   func(*releases.Fleet)
		signed bool // the stop is
	}{
		{"older keys", keyring(1), changed("abort in default"), false},
		{"a huge payload", keyring(2), func(f *releases.Fleet) { changed("abort in default")(f); huge(f) }, true},
	} {
		store, f := &memstore.Store{}, small(test.make)
		if _, err := (attempt{now: fleettest.Start, name: "ada", signing: keyring(2)}).run(store, before); err != nil {
			t.Fatal(err)
		}
		newWorld(t, test.name, f, fleettest.Start) // which makes the payloads
		for _, p := range f.Payloads() {
			if p.URL == "https://cdn.example.com/huge" {
				p.Size = 1 << 32
			}
		}
		site := publish.NewSite(manifest.New(f, fleettest.Start), f.Cache, nil)
		e := publish.Edition{Site: site, At: fleettest.Start, Rollouts: publish.RolloutsOf(f, fleettest.Start), Limits: publish.Limits{Allow: publish.GuardNames()}, Signing: test.keys}
		if _, err := e.Propose(ctx, store, read(t, store, before), publish.ProposeOptions{}); err == nil {
			t.Errorf("%s: it is proposed though it cannot be signed", test.name)
		}
		e.Stops = true
		p, err := e.Propose(ctx, store, read(t, store, before), publish.ProposeOptions{})
		if err != nil || p.Unsigned == nil || !p.Stoppable(false) {
			t.Fatalf("%s: %v", test.name, err)
		}
		stop := p.Stop()
		if stop.Len() == 0 || (stop.Head() != nil) != test.signed || (stop.Unsigned == nil) != test.signed {
			t.Errorf("%s: %d operations, head %+v, %v", test.name, stop.Len(), stop.Head(), stop.Unsigned)
		}
	}
}

// TestAStopInACrowd stops a release that hid so many partial rollouts that a row
// has no room for what devices fall back to. The stop goes out, signed: devices
// get what there is room for, and the others nothing.
func TestAStopInACrowd(t *testing.T) {
	t.Parallel()
	crowd := func(f *releases.Fleet) {
		f.Project.BucketDigits = 2
		c := f.Cohort("default")
		for i := range 141 {
			version, percent := fmt.Sprintf("2.%d.0", i), 99-0.7*float64(i)
			if i == 140 {
				version, percent = "9.0.0", 100
			}
			p := image("mp", version, "")
			p.File, p.URL = "", "https://cdn.example.com/"+version
			r := &releases.Release{Version: version, Payloads: []*releases.Payload{p}}
			f.Releases = append(f.Releases, r)
			c.Activations = append(c.Activations, releases.Activation{Release: r, Rollout: releases.Rollout{Fixed: percent}, Seed: "one"})
		}
	}
	keys, store := keyring(1), &memstore.Store{}
	before := newWorld(t, "before", small(crowd), fleettest.Start)
	if _, err := (attempt{now: fleettest.Start, name: "ada", signing: keys}).run(store, before); err != nil {
		t.Fatal(err)
	}
	after := newWorld(t, "after", small(crowd, func(f *releases.Fleet) { activation(f, "default", "9.0.0").Aborted = "it smokes" }), fleettest.Start)
	e := edition(after)
	e.Signing, e.Stops = keys, true
	told := 0
	opts := publish.RunOptions{Store: store, Prefix: after.fleet.Project.Prefix, Holder: publish.Lease{Nonce: "1"}, Duration: leaseTime, Clock: newClock(bob.now).clock()}
	_, err := publish.Run(ctx, opts, func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		p, err := e.Propose(ctx, store, remote, publish.ProposeOptions{})
		if err != nil || p.Unsigned == nil || !p.Stoppable(false) {
			t.Fatalf("%v, signed as it is though a row has no room", err)
		}
		stop := p.Stop()
		if stop.Unsigned != nil || stop.NoRoom == nil || !strings.Contains(stop.NoRoom.Error(), "different answers") {
			t.Errorf("unsigned: %v; no room: %v", stop.Unsigned, stop.NoRoom)
		}
		told++
		return stop, nil
	})
	if err != nil || told != 1 {
		t.Fatal(err)
	}
	objects, s := snapshot(t, store), newSnapshots(t, keys, before)
	got := map[string]int{}
	for i := range 600 {
		q := &question{serial: fmt.Sprint("SN-", i), target: manifest.Target{SoftwareType: "fw", HardwareVersion: "mp"}, version: "1.0.0", form: manifest.Text}
		url := poll(t, s.device(q), objects, "after the stop")
		if strings.Contains(url, "9.0.0") {
			t.Fatalf("%s is still offered 9.0.0", q.serial)
		}
		c, want, _ := after.site.Tree.Find("default", after.site.Tree.Layout.LooksIn(manifest.Device{Serial: q.serial}), manifest.Device{Serial: q.serial, Target: q.target, CurrentVersion: q.version})
		if url != "" && url != string(want.Text) {
			t.Fatalf("%s gets %q, want %q (%v)", q.serial, url, want.Text, c)
		}
		got[url]++
	}
	if len(got) < 80 || got[""] == 0 {
		t.Errorf("devices get %d answers, %d of them none", len(got), got[""])
	}
}

// TestAnAbortOfAMillion counts the requests until devices that verify are told
// that the newest release of a fleet with a million answers is aborted.
func TestAnAbortOfAMillion(t *testing.T) {
	t.Parallel()
	f, keys, store := fleettest.Large(1_000_000), keyring(1), &memstore.Store{}
	site := publish.NewSite(manifest.New(f, fleettest.Start), f.Cache, nil)
	e := publish.Edition{Site: site, At: fleettest.Start, Limits: publish.Limits{Guard: f.Guard}, Rollouts: publish.RolloutsOf(f, fleettest.Start), Signing: keys}
	opts := publish.RunOptions{Store: signedOnly{store}, Prefix: f.Project.Prefix, Holder: publish.Lease{Nonce: "1"}, Duration: leaseTime, Clock: newClock(fleettest.Start).clock()}
	run := func() (*publish.Proposal, *counter) {
		c := count(store)
		p, err := publish.Run(ctx, opts, func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
			return e.Propose(ctx, opts.Store, remote, publish.ProposeOptions{})
		})
		if err != nil {
			t.Fatal(err)
		}
		return p, c
	}
	run()
	activation(f, "default", "1.19.0").Aborted = "it smokes"
	opts.Clock, opts.Holder.Nonce = newClock(fleettest.Start.Add(time.Hour)).clock(), "2"
	e.At = fleettest.Start.Add(time.Hour)
	e.Site, e.Rollouts = publish.NewSite(manifest.New(f, e.At), f.Cache, nil), publish.RolloutsOf(f, e.At)
	p, c := run()
	t.Logf("%d operations, %d of them parts: the head is request %d", p.Len(), phaseLen(p.Plan, publish.SignedParts), c.before)
	if c.before > 30 || !c.head || c.before != p.Head().Requests {
		t.Errorf("devices that verify know of it after %d requests, and the plan says %d", c.before, p.Head().Requests)
	}
}

// TestTheWidestAbort withdraws a release that all hardware versions offer in all
// cohorts, to other devices each: each track has a bin and two rows that change,
// whatever the number of buckets and versions.
func TestTheWidestAbort(t *testing.T) {
	for _, answers := range []int{20_000, 200_000} {
		f := fleettest.Large(answers)
		signed, err := manifest.New(f, fleettest.Start).Signed()
		if err != nil {
			t.Fatal(err)
		}
		was := map[[32]byte]bool{}
		for _, p := range signed.Parts {
			was[p.Digest] = true
		}
		f.Releases[len(f.Releases)-1].Withdrawn = "it smokes"
		after, err := manifest.New(f, fleettest.Start).Signed()
		if err != nil {
			t.Fatal(err)
		}
		changed := 0
		for _, p := range after.Parts {
			if !was[p.Digest] {
				changed++
			}
		}
		tracks := len(manifest.Targets(f)) * len(f.Cohorts)
		const rows, above = 2, 1 + 16 // the row of most versions, and that of the one with a delta
		t.Logf("%d answers, %d tracks: %d parts of %d", answers, tracks, changed, len(after.Parts))
		if most := tracks*(1+rows) + above; changed > most || changed < tracks {
			t.Errorf("%d answers: %d parts change in %d tracks, over %d", answers, changed, tracks, most)
		}
	}
}

// signedOnly is a store that forgets the answers of the unsigned tree, of which
// there are too many to keep.
type signedOnly struct{ *memstore.Store }

func (s signedOnly) Put(ctx context.Context, key string, c publish.Content, h publish.Header) error {
	if ours(key) && !strings.Contains(key, "/v1/signed/") {
		return nil
	}
	return s.Store.Put(ctx, key, c, h)
}
