package publish_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/manifest/device"
	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/releases/signing"
)

const origin = "ota.example.com/ota/small"

var root = signing.NewPrivate(signing.RootName(origin), slices.Repeat([]byte{1}, ed25519.SeedSize))

// keyring signs with an online key of its own, of a generation.
func keyring(generation byte) *publish.Signing {
	online := signing.NewPrivate(origin, slices.Repeat([]byte{10 + generation}, ed25519.SeedSize))
	keys := &signing.Keys{Origin: origin, Generation: uint32(generation), Threshold: 1, Issued: 1, Expires: math.MaxUint32, Online: []signing.Key{online.Key}}
	note := &signing.Note{Text: keys.Text()}
	if err := note.Add([]signing.Key{root.Key}, root.Sign(note.Text)); err != nil {
		panic(err)
	}
	return &publish.Signing{
		Keys: keys, KeysNote: note.Bytes(), Valid: 14 * 24 * time.Hour, Renew: 48 * time.Hour,
		Signers: []publish.Signer{func(_ context.Context, text []byte) ([]byte, error) { return online.Sign(text), nil }},
	}
}

// snapshots is the signed form of some worlds, and what devices read of it.
type snapshots struct {
	t      testing.TB
	keys   *publish.Signing
	worlds []*world
	signed []*manifest.Signed
	heads  map[string]signing.Head // that verify, by their notes
	sums   map[string][32]byte     // by what was summed
}

func newSnapshots(t testing.TB, keys *publish.Signing, worlds ...*world) *snapshots {
	s := &snapshots{t: t, keys: keys, worlds: worlds, heads: map[string]signing.Head{}, sums: map[string][32]byte{}}
	for _, w := range worlds {
		signed, err := w.site.Tree.Signed()
		if err != nil {
			t.Fatal(err)
		}
		s.signed = append(s.signed, signed)
	}
	return s
}

// head is the head that is there, if it verifies.
func (s *snapshots) head(objects map[string]object) (signing.Head, error) {
	note, there := objects[manifest.LayoutOf(s.worlds[0].fleet).HeadKey()]
	if !there {
		return signing.Head{}, errors.New("there is no head")
	}
	if head, known := s.heads[note.Body]; known {
		return head, nil
	}
	head, err := s.keys.Keys.OpenHead([]byte(note.Body))
	if err == nil {
		s.heads[note.Body] = head
	}
	return head, err
}

// sum is the SHA-256 of what is asked about again and again.
func (s *snapshots) sum(body string) [32]byte {
	sum, known := s.sums[body]
	if !known {
		sum = sha256.Sum256([]byte(body))
		s.sums[body] = sum
	}
	return sum
}

// device is one that a question is of. It believes nothing but what is signed, and
// remembers what it has seen.
func (s *snapshots) device(q *question) *device.Device {
	f := s.worlds[0].fleet
	return &device.Device{
		Layout: manifest.LayoutOf(f), Order: f.Project.Order, Origin: origin, Roots: []signing.Key{root.Key}, RootThreshold: 1,
		Device: manifest.Device{Serial: q.serial, Target: q.target, CurrentVersion: q.version, Eager: q.bucket == manifest.EagerBucket},
	}
}

// poll is what a device is told: the URL that it is offered, "" for none, and
// [absent] where it has to try again later.
func poll(t testing.TB, d *device.Device, objects map[string]object, when string) string {
	t.Helper()
	return told(t, d, d.Poll(from(objects)), when)
}

// from has a device fetch what is there.
func from(objects map[string]object) device.Fetch {
	return func(key string) ([]byte, int, error) {
		o, there := objects[key]
		if !there {
			return nil, http.StatusNotFound, nil
		}
		return []byte(o.Body), http.StatusOK, nil
	}
}

func told(t testing.TB, d *device.Device, answer device.Answer, when string) string {
	t.Helper()
	switch {
	case answer.Status == device.Install, answer.Status == device.UpToDate:
		return answer.URL
	case answer.Status == device.RetryLater && strings.Contains(answer.Reason.Error(), "there is no answer for"):
		return absent
	}
	t.Fatalf("%s: %s is told %s: %v", when, d.Serial, answer.Status, answer.Reason)
	return ""
}

// whole checks that the head leads to all of one of the worlds, whose payloads
// are there, and gives which; -1 where there is no head.
func (s *snapshots) whole(objects map[string]object, when string) int {
	s.t.Helper()
	layout := manifest.LayoutOf(s.worlds[0].fleet)
	if _, there := objects[layout.HeadKey()]; !there {
		return -1
	}
	head, err := s.head(objects)
	if err != nil {
		s.t.Fatalf("%s: %v", when, err)
	}
	i := slices.IndexFunc(s.signed, func(m *manifest.Signed) bool { return m.Latest == head.Latest && m.Cohorts == head.Cohorts })
	if i < 0 {
		s.t.Fatalf("%s: the head is of no world", when)
	}
	for _, p := range s.signed[i].Parts {
		if o, there := objects[layout.PartKey(p.Digest)]; !there || s.sum(o.Body) != p.Digest {
			s.t.Fatalf("%s, in %s: part %x is not there, or another", when, s.worlds[i].name, p.Digest)
		}
	}
	for _, b := range s.worlds[i].site.Tree.Bodies[1:] {
		if key, ours := strings.CutPrefix(string(b.Text), s.worlds[i].fleet.Project.BaseURL+"/"); ours {
			if o, there := objects[key]; !there || fmt.Sprintf("%x", s.sum(o.Body)) != b.Payload.SHA256 {
				s.t.Fatalf("%s, in %s: payload %s is not there in full", when, s.worlds[i].name, key)
			}
		}
	}
	return i
}

// watch is a store in which no write takes devices that verify back to a world
// before the one that they saw, or to none.
//
// Some devices have polled before, and poll after each write: nothing is ever
// refused, and each is told what it is to be told in the world that is there.
func (s *snapshots) watch(store *memstore.Store, objects map[string]object, saw int, what string, some []*asker, wrote func(key string)) watched {
	var devices []device.Device
	for _, a := range some {
		devices = append(devices, *a.Device)
	}
	return watched{store, func(key, how string) {
		if wrote(key); !s.concerns(key) {
			return
		}
		delete(objects, key)
		if o, err := store.Get(ctx, key); err == nil {
			objects[key] = object{text(o), o.Header}
		}
		now := s.whole(objects, what+" after "+how+" of "+key)
		if now < saw {
			s.t.Fatalf("%s: after %s devices are back in %s", what, key, s.worlds[now].name)
		}
		saw = now
		for i := range devices {
			if got := poll(s.t, &devices[i], objects, what+" after "+how+" of "+key); got != some[i].want[now] {
				s.t.Fatalf("%s after %s of %s: %+v is told %q, not %q", what, how, key, devices[i].Device, got, some[i].want[now])
			}
		}
	}}
}

// concerns says whether a key is of what a device that verifies reads.
func (s *snapshots) concerns(key string) bool {
	at, ok := manifest.LayoutOf(s.worlds[0].fleet).Parse(key)
	return ok && (at.Class.Signed() || at.Class == manifest.Payload)
}

// agree asks for all that the model's devices ask for, in text, of a world that
// the head leads to. It gives some of the devices, with what each is told in
// every world.
func (s *snapshots) agree(m *model, objects map[string]object, i int) (some []*asker) {
	s.t.Helper()
	head, err := s.head(objects)
	if err != nil {
		s.t.Fatal(err)
	}
	var asked []*asker
	var trees []map[string]string
	for _, w := range s.worlds {
		trees = append(trees, m.decoded(w))
	}
	for _, q := range m.questions {
		if q.form != manifest.Text {
			continue
		}
		a := &asker{s.device(q), nil}
		for j, w := range s.worlds {
			c, _ := w.fleet.CohortOf(q.serial)
			a.want = append(a.want, q.askIn(trees[j], c.Slug, view{}))
		}
		if got := told(s.t, a.Device, s.device(q).Follow(head, from(objects)), s.worlds[i].name); got != a.want[i] {
			s.t.Fatalf("%s: %s is told %q, signed, and %q", s.worlds[i].name, q, got, a.want[i])
		}
		asked = append(asked, a)
	}
	for j := 0; j < len(asked); j += max(1, len(asked)/6) {
		poll(s.t, asked[j].Device, objects, s.worlds[i].name)
		some = append(some, asked[j])
	}
	if len(some) == 0 {
		s.t.Error("nobody asked")
	}
	return some
}

// asker is a device that polls again and again, with what it is to be told in
// each of the worlds.
type asker struct {
	*device.Device
	want []string
}

// TestSignedDevicesSeeOneSnapshot lets a publish fail at each write up to the
// head, and some after it, in either way. At every instant a device that verifies
// sees all of what was there before, or all of what is new.
func TestSignedDevicesSeeOneSnapshot(t *testing.T) {
	for _, change := range changes[1:] {
		t.Run(change.name, func(t *testing.T) {
			t.Parallel()
			signedOver(t, newWorld(t, "before", small(), fleettest.Start), newWorld(t, change.name, small(change.make), fleettest.Start), fleettest.Rounds(4, 1000), fleettest.Rounds(1, 2))
		})
	}
	t.Run("random", func(t *testing.T) {
		t.Parallel()
		chain := randomChain(t, 0)
		signedOver(t, chain[0], chain[2], fleettest.Rounds(2, 10), fleettest.Rounds(1, 2))
	})
}

// TestSignedDevicesSeeOneSnapshotAtEveryWrite does so at each write of a publish,
// to the very last, of a fleet with little in it.
func TestSignedDevicesSeeOneSnapshotAtEveryWrite(t *testing.T) {
	for _, name := range []string{"abort in default", "roll out", "the first release leaves", "all devices leave", "other image"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			every := fleettest.Rounds(2, 1000)
			signedOver(t, newWorld(t, "before", small(tiny), fleettest.Start), newWorld(t, name, small(tiny, changed(name)), fleettest.Start), every, every)
		})
	}
}

// tiny leaves one hardware version, two releases, and two devices in a cohort.
func tiny(f *releases.Fleet) {
	f.Software, f.Releases, f.Cohorts = nil, f.Releases[:2], f.Cohorts[:2]
	f.Releases[0].Payloads = f.Releases[0].Payloads[:1]
	for _, c := range f.Cohorts {
		c.Activations = c.Activations[:2]
	}
	f.Cohorts[0].Devices = releases.DevicesOf(serialsNamed("beta", 2)...)
}

// signedOver lets a publish fail at so many writes up to the head, and at so many
// after it.
func signedOver(t *testing.T, before, after *world, upTo, behind int) {
	keys := keyring(1)
	s, store := newSnapshots(t, keys, before, after), &memstore.Store{}
	m := newModel(t, before, after)
	stock(t, store, before, after)
	ada := attempt{now: fleettest.Start, name: "ada", signing: keys}
	if _, err := ada.run(store, before); err != nil {
		t.Fatal(err)
	}
	start := snapshot(t, store)
	some := s.agree(m, start, s.whole(start, "at the start"))

	later, writes, signed := attempt{now: fleettest.Start.Add(time.Hour), name: "bob", signing: keys}, 0, 0
	plan, err := later.run(s.watch(store, snapshot(t, store), 0, "at first", some, func(key string) {
		if writes++; s.concerns(key) {
			signed = writes
		}
	}), after)
	if err != nil {
		t.Fatal(err)
	}
	end := snapshot(t, store)
	if s.signed[0].Latest == s.signed[1].Latest && s.signed[0].Cohorts == s.signed[1].Cohorts {
		return
	}
	s.agree(m, end, s.whole(end, "at the end"))
	if plan.Len() == 0 || s.whole(end, "at the end") != 1 {
		t.Error("nothing was signed")
	}
	t.Logf("%d writes, of them %d up to the head", writes, signed)
	for at := 0; at < writes; {
		for _, persisted := range []bool{false, true} {
			s.fail(start, later, crash{at, persisted, at%2 == 0}, after, some)
		}
		if at < signed {
			at += max(1, signed/upTo)
		} else {
			at += max(1, (writes-signed)/behind)
		}
	}
}

// fail publishes a world with a crash, and then again.
func (s *snapshots) fail(start map[string]object, a attempt, c crash, w *world, some []*asker) {
	s.t.Helper()
	store, what := restore(s.t, start), fmt.Sprintf("%+v", c)
	store.Fault = c.fault()
	_, _ = a.run(store, w)
	store.Fault = nil
	left := snapshot(s.t, store)
	saw := s.whole(left, what)
	crashed, err := s.head(left)
	if err != nil {
		s.t.Fatal(err)
	}
	a.now = a.now.Add(2 * leaseTime)
	if _, err := a.run(s.watch(store, left, saw, what+", then", some, func(string) {}), w); err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	end := snapshot(s.t, store)
	head, err := s.head(end)
	if err != nil || s.whole(end, what) != len(s.worlds)-1 {
		s.t.Fatalf("%s: at the end devices are in another world, %v", what, err)
	}
	if head.Epoch < crashed.Epoch || head.Epoch == crashed.Epoch && head != crashed {
		s.t.Fatalf("%s: epoch %d comes after %d", what, head.Epoch, crashed.Epoch)
	}
	s.signedHolds(end, w, what)
	again, err := a.run(store, w)
	if err != nil || again.Len() > 0 {
		s.t.Fatalf("%s: another publish has %d operations, %v", what, again.Len(), err)
	}
}

// signedHolds says whether objects are those of a world, and the state all that is there
// of the signed form, nothing of it in doubt.
func (s *snapshots) signedHolds(now map[string]object, w *world, what string) {
	s.t.Helper()
	state := stateIn(s.t, now, w)
	if state.Live.Signed == nil || state.Live.Signed.Doubtful || state.Doing != nil {
		s.t.Fatalf("%s: the state is %+v, doing %v", what, state.Live.Signed, state.Doing)
	}
	known := map[string]bool{}
	layout := manifest.LayoutOf(w.fleet)
	for _, p := range state.Live.Signed.Parts {
		key := layout.SignedFolder() + hex.EncodeToString(p.Name[:])
		known[key] = true
		if p.Doubtful && !p.UnnamedSince.IsZero() {
			continue // nobody needs to know
		}
		if o, there := now[key]; p.Doubtful || !there || int64(len(o.Body)) != p.Size {
			s.t.Fatalf("%s: %s is %+v after the state, and there %v", what, key, p, there)
		}
		named := slices.ContainsFunc(s.signed, func(m *manifest.Signed) bool { return m.Named(p.Name) != nil })
		if !named {
			s.t.Fatalf("%s: %s is of no world", what, key)
		}
	}
	for key, o := range now {
		at, ok := layout.Parse(key)
		switch {
		case !ok || !at.Class.Signed():
		case at.Class == manifest.SignedPart && !known[key]:
			s.t.Fatalf("%s: the state does not know %s", what, key)
		case o.Header != publish.HeaderOf(at, w.fleet.Cache):
			s.t.Fatalf("%s: %s has %+v", what, key, o.Header)
		}
	}
	maps.DeleteFunc(now, func(key string, _ object) bool { return strings.HasPrefix(key, layout.SignedFolder()) })
	holdsAll(s.t, now, w)
}
