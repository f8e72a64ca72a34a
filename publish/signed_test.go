package publish_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/releases/signing"
)

const origin = "ota.example.com/ota/small"

// keyring signs with an online key of its own, of a generation.
func keyring(generation byte) *publish.Signing {
	root := signing.NewPrivate(signing.RootName(origin), slices.Repeat([]byte{1}, ed25519.SeedSize))
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
}

func newSnapshots(t testing.TB, keys *publish.Signing, worlds ...*world) *snapshots {
	s := &snapshots{t: t, keys: keys, worlds: worlds}
	for _, w := range worlds {
		signed, err := w.site.Tree.Signed()
		if err != nil {
			t.Fatal(err)
		}
		s.signed = append(s.signed, signed)
	}
	return s
}

// device is a client that believes nothing but what is signed: it follows the
// head that it has read.
type device struct {
	layout  manifest.Layout
	objects map[string]object
	head    signing.Head
}

func (s *snapshots) device(objects map[string]object) (device, error) {
	d := device{layout: manifest.LayoutOf(s.worlds[0].fleet), objects: objects}
	note, there := objects[d.layout.HeadKey()]
	if !there {
		return d, errors.New("there is no head")
	}
	var err error
	d.head, err = s.keys.Keys.OpenHead([]byte(note.Body))
	return d, err
}

func (d *device) part(digest string) (string, error) {
	body, there := d.objects[d.layout.PartKey([32]byte([]byte(digest)))]
	switch sum := sha256.Sum256([]byte(body.Body)); {
	case !there:
		return "", fmt.Errorf("part %x is not there", digest)
	case string(sum[:]) != digest:
		return "", fmt.Errorf("part %x is another", digest)
	}
	return body.Body, nil
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return string(sum[:])
}

// walk finds the part that answers the first of some questions that has an
// entry at a place; "" where none has.
func (d *device) walk(root [32]byte, place string, questions ...string) (question, part string, err error) {
	digest, digits := string(root[:]), hex.EncodeToString([]byte(digestOf(place)))
	for depth := 0; ; depth++ {
		node, err := d.part(digest)
		switch {
		case err != nil:
			return "", "", err
		case node[0] == 'I':
			digest = node[1+32*manifest.Index(digits[depth:depth+1]):][:32]
			if digest == strings.Repeat("\x00", 32) {
				return "", "", nil
			}
			continue
		}
		for _, q := range questions {
			for entry := range slices.Chunk([]byte(node[1:]), 40) {
				if string(entry[:8]) == digestOf(q)[:8] {
					part, err := d.part(string(entry[8:]))
					return q, part, err
				}
			}
		}
		return "", "", nil
	}
}

// ask is the URL that a device is offered, "" for none.
func (d *device) ask(q *question) (string, error) {
	cohort := releases.DefaultCohort
	shard := "cohorts/" + d.layout.Shard(q.hash)
	_, list, err := d.walk(d.head.Cohorts, shard, shard)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(list) {
		if hash, slug, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); hash == q.hash {
			cohort = slug
		}
	}
	track := "latest/" + releases.Escape(q.target.SoftwareType) + "/" + releases.Escape(q.target.HardwareVersion) + "/" + cohort
	own, other := track+"/"+manifest.VersionSegment(q.version), track+"/"+manifest.OtherSegment
	found, row, err := d.walk(d.head.Latest, track, own, other)
	if err != nil || row == "" {
		return absent, err
	}
	bucket, width := manifest.Index(d.layout.Bucket(q.hash)), (d.layout.Buckets()+7)/8
	answer, planes := 0, int(row[1])
	for j := range planes {
		answer |= int(row[2+j*width+bucket/8]>>(bucket%8)&1) << j
	}
	if answer == 0 {
		return "", nil
	}
	fields := strings.Fields(strings.Split(row[2+planes*width:], "\n")[answer-1])
	if found == other && len(fields) > 3 {
		below, err := releases.Unescape(fields[3])
		if err != nil || !q.order.Below(q.version, below) {
			return "", err
		}
	}
	return fields[2], nil
}

// whole checks that the head leads to all of one of the worlds, whose payloads
// are there, and gives which; -1 where there is no head.
func (s *snapshots) whole(objects map[string]object, when string) int {
	s.t.Helper()
	d, err := s.device(objects)
	if _, there := objects[d.layout.HeadKey()]; !there {
		return -1
	}
	if err != nil {
		s.t.Fatalf("%s: %v", when, err)
	}
	i := slices.IndexFunc(s.signed, func(m *manifest.Signed) bool { return m.Latest == d.head.Latest && m.Cohorts == d.head.Cohorts })
	if i < 0 {
		s.t.Fatalf("%s: the head is of no world", when)
	}
	for _, p := range s.signed[i].Parts {
		if _, err := d.part(string(p.Digest[:])); err != nil {
			s.t.Fatalf("%s, in %s: %v", when, s.worlds[i].name, err)
		}
	}
	for _, b := range s.worlds[i].site.Tree.Bodies[1:] {
		if key, ours := strings.CutPrefix(string(b.Text), s.worlds[i].fleet.Project.BaseURL+"/"); ours {
			if o, there := objects[key]; !there || hex.EncodeToString([]byte(digestOf(o.Body))) != b.Payload.SHA256 {
				s.t.Fatalf("%s, in %s: payload %s is not there in full", when, s.worlds[i].name, key)
			}
		}
	}
	return i
}

// watch is a store in which no write takes devices that verify back to a world
// before the one that they saw, or to none.
func (s *snapshots) watch(store *memstore.Store, saw int, what string, wrote func(key string)) watched {
	objects := snapshot(s.t, store)
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
	}}
}

// concerns says whether a key is of what a device that verifies reads.
func (s *snapshots) concerns(key string) bool {
	at, ok := manifest.LayoutOf(s.worlds[0].fleet).Parse(key)
	return ok && (at.Class.Signed() || at.Class == manifest.Payload)
}

// agree asks for all that the model's devices ask for, in text, of a world that
// the head leads to.
func (s *snapshots) agree(m *model, objects map[string]object, i int) {
	s.t.Helper()
	d, err := s.device(objects)
	if err != nil {
		s.t.Fatal(err)
	}
	tree, asked := m.decoded(s.worlds[i]), 0
	for _, q := range m.questions {
		if q.form != manifest.Text {
			continue
		}
		c, _ := s.worlds[i].fleet.CohortOf(q.serial)
		want := q.askIn(tree, c.Slug, view{})
		got, err := d.ask(q)
		if err != nil || got != want {
			s.t.Fatalf("%s: %s is told %q, %v, signed, and %q", s.worlds[i].name, q, got, err, want)
		}
		asked++
	}
	if asked == 0 {
		s.t.Error("nobody asked")
	}
}

// TestSignedDevicesSeeOneSnapshot lets a publish fail at each of its writes, in
// either way. At every instant a device that verifies sees all of what was there
// before, or all of what is new.
func TestSignedDevicesSeeOneSnapshot(t *testing.T) {
	for _, change := range changes[1:] {
		t.Run(change.name, func(t *testing.T) {
			t.Parallel()
			signedOver(t, newWorld(t, "before", small(), fleettest.Start), newWorld(t, change.name, small(change.make), fleettest.Start))
		})
	}
	for seed := range uint64(fleettest.Rounds(1, 20)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			chain := randomChain(t, seed)
			signedOver(t, chain[0], chain[2])
		})
	}
}

func signedOver(t *testing.T, before, after *world) {
	keys := keyring(1)
	s, store := newSnapshots(t, keys, before, after), &memstore.Store{}
	m := newModel(t, before, after)
	stock(t, store, before, after)
	ada := attempt{now: fleettest.Start, name: "ada", signing: keys}
	if _, err := ada.run(store, before); err != nil {
		t.Fatal(err)
	}
	start := snapshot(t, store)
	s.agree(m, start, s.whole(start, "at the start"))

	later, writes, signed := attempt{now: fleettest.Start.Add(time.Hour), name: "bob", signing: keys}, 0, 0
	plan, err := later.run(s.watch(store, 0, "at first", func(key string) {
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
	early, late := max(1, signed/fleettest.Rounds(10, 1000)), max(1, (writes-signed)/fleettest.Rounds(2, 1000))
	for at := 0; at < writes; at += early {
		for _, persisted := range []bool{false, true} {
			s.fail(start, later, crash{at, persisted, at%2 == 0}, after)
		}
		if at > signed {
			early = late
		}
	}
}

// fail publishes a world with a crash, and then again.
func (s *snapshots) fail(start map[string]object, a attempt, c crash, w *world) {
	s.t.Helper()
	store, what := restore(s.t, start), fmt.Sprintf("%+v", c)
	store.Fault = c.fault()
	_, _ = a.run(store, w)
	store.Fault = nil
	left := snapshot(s.t, store)
	saw := s.whole(left, what)
	crashed, err := s.device(left)
	if err != nil {
		s.t.Fatal(err)
	}
	a.now = a.now.Add(2 * leaseTime)
	if _, err := a.run(s.watch(store, saw, what+", then", func(string) {}), w); err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	end := snapshot(s.t, store)
	d, err := s.device(end)
	if err != nil || s.whole(end, what) != len(s.worlds)-1 {
		s.t.Fatalf("%s: at the end devices are in another world, %v", what, err)
	}
	if d.head.Epoch < crashed.head.Epoch || d.head.Epoch == crashed.head.Epoch && d.head != crashed.head {
		s.t.Fatalf("%s: epoch %d comes after %d", what, d.head.Epoch, crashed.head.Epoch)
	}
	s.signedHolds(store, w, what)
	again, err := a.run(store, w)
	if err != nil || again.Len() > 0 {
		s.t.Fatalf("%s: another publish has %d operations, %v", what, again.Len(), err)
	}
}

// signedHolds says whether a store holds a world, and the state all that is there
// of the signed form, nothing of it in doubt.
func (s *snapshots) signedHolds(store publish.Store, w *world, what string) {
	s.t.Helper()
	now := snapshot(s.t, store)
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
	v1 := map[string]object{}
	for key, o := range now {
		if !strings.HasPrefix(key, layout.SignedFolder()) {
			v1[key] = o
		}
	}
	holds(s.t, restore(s.t, v1), w)
}
