package publish_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/releases/signing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// world is a fleet at an instant, and every object that a store shall hold of
// it.
type world struct {
	name    string
	fleet   *releases.Fleet
	at      time.Time
	site    *publish.Site
	tree    map[string]object
	stored  map[string]string // by key, what must be in the store already
	version map[string]string // by payload URL, that of its release
}

func newWorld(t testing.TB, name string, f *releases.Fleet, at time.Time) *world {
	t.Helper()
	w := &world{name: name, fleet: f, at: at, stored: map[string]string{}, version: map[string]string{}}
	files, layout := fstest.MapFS{}, manifest.LayoutOf(f)
	for r, p := range f.Payloads() {
		image := fmt.Sprintf("%s for %s, %s after %q, build %d", p.SoftwareType, p.HardwareVersion, r.Version+" "+r.VersionOf(p.SoftwareType), p.From, p.Size%3)
		sha, sum := sha256.Sum256([]byte(image)), md5.Sum([]byte(image))
		p.Size, p.SHA256, p.MD5 = int64(len(image)), hex.EncodeToString(sha[:]), hex.EncodeToString(sum[:])
		switch {
		case p.File != "":
			p.File = "releases/" + p.SHA256
			files[p.File] = &fstest.MapFile{Data: []byte(image)}
		case p.URL != "" && r.VersionOf(p.SoftwareType) != r.Version:
			p.URL = "https://cdn.example.com/" + p.SHA256 + ".patch" // an image has one version, in every world
		case p.URL == "":
			w.stored[layout.PayloadKey(p.SHA256, p.Name)] = image
		}
		w.version[manifest.PayloadURL(f.Project, layout, p)] = r.VersionOf(p.SoftwareType)
	}
	w.site = publish.NewSite(manifest.New(f, at), f.Cache, files)
	w.tree = wanted(t, w.site)
	return w
}

// stock puts what the worlds say is in the store already.
func stock(t testing.TB, store publish.Store, worlds ...*world) {
	t.Helper()
	for _, w := range worlds {
		header := publish.HeaderOf(manifest.Location{Class: manifest.Payload}, w.fleet.Cache)
		for key, image := range w.stored {
			if err := store.Put(ctx, key, publish.BytesContent([]byte(image)), header); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// snapshot is [contents], quickly.
func snapshot(t testing.TB, store publish.Store) map[string]object {
	t.Helper()
	all := map[string]object{}
	for e, err := range store.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		o, err := store.Get(ctx, e.Key)
		if err != nil {
			t.Fatal(err)
		}
		all[e.Key] = object{text(o), o.Header}
	}
	return all
}

func text(o *publish.Stored) string {
	b := make([]byte, o.Size)
	_, _ = io.ReadFull(o, b)
	return string(b)
}

// ours says whether a key is of a tree, rather than of the state.
func ours(key string) bool { return !strings.Contains(key, "/"+publish.StateFolder+"/") }

// restore is a store of such contents.
func restore(t testing.TB, all map[string]object) *memstore.Store {
	t.Helper()
	store := &memstore.Store{}
	for key, o := range all {
		if err := store.Put(ctx, key, publish.BytesContent([]byte(o.Body)), o.Header); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// known is what is known of an object.
type known struct {
	publish.Variant
	offers string // of its answer
}

// variantsOf is what is known of each object of the folders, by its key.
func variantsOf(live *publish.Inventory) map[string]known {
	endings := [...]string{".below.txt", ".below.txt.br", ".below.txt.gz", ".json", ".json.br", ".json.gz", ".txt", ".txt.br", ".txt.gz"}
	all := map[string]known{}
	for _, f := range live.Folders {
		layout := manifest.Layout{BucketDigits: f.Digits}
		for i, answer := range f.Answers {
			for v, variant := range live.Answers[answer].Variants {
				if variant.Presence != publish.Absent {
					all[f.Key+layout.BucketName(int(f.Buckets[i]))+endings[v]] = known{variant, fmt.Sprint(live.Answers[answer].Offers)}
				}
			}
		}
	}
	return all
}

// states are some that a publish over another leaves behind, from its
// beginning to its end.
func states(t testing.TB, before, w *world) (all []*publish.State) {
	store := &memstore.Store{}
	stock(t, store, before, w)
	apply(t, before.site, store)
	p := compare(t, w.site, store)
	now := fleettest.Start.Add(time.Minute)
	stamp := publish.Stamp{Published: now, At: w.at, Encoder: publish.Encoder, Source: "ada", Rollouts: publish.RolloutsOf(w.fleet, w.at)}
	lease := publish.Lease{Holder: "ada", Nonce: "1", Began: now, Expires: now.Add(leaseTime)}
	back := publish.NewPlan(before.site, p.InDoubt(now), true)
	signed := &publish.KnownSigned{
		Head:     signing.Head{Origin: origin, Generation: 2, Epoch: 7, Issued: 6, Expires: 9, Latest: [32]byte{1}, Cohorts: [32]byte{2}},
		HeadNote: publish.KnownNote{Size: 292, MD5: [16]byte{3}}, KeysNote: publish.KnownNote{Size: 247, MD5: [16]byte{4}}, Doubtful: true,
		Parts: []publish.KnownPart{{Name: [16]byte{5}, Size: 2, Doubtful: true}, {Name: [16]byte{6}, Size: 3, UnnamedSince: now}},
	}
	for _, live := range []*publish.Inventory{p.InDoubt(now), back.InDoubt(now)} {
		live.Signed = signed
		all = append(all, &publish.State{Prefix: w.fleet.Project.Prefix, Live: live, Doing: &stamp, Lease: &lease, Late: &publish.Late{Until: now, Keys: live}})
	}
	return append(all, &publish.State{Prefix: w.fleet.Project.Prefix, Live: p.Result(now), Done: stamp})
}

func someStates(t testing.TB) (all []*publish.State) {
	for i := 1; i < len(changes); i += 3 {
		before := newWorld(t, "before", small(changes[i-1].make), fleettest.Start)
		all = append(all, states(t, before, newWorld(t, "after", small(changes[i].make), fleettest.Start))...)
	}
	chain := randomChain(t, 7)
	return append(all, states(t, chain[1], chain[2])...)
}

// halfway is the state of a publish that has not ended.
func halfway(t testing.TB) *publish.State {
	before := newWorld(t, "before", small(changed("release with must-pass-through")), fleettest.Start)
	return states(t, before, newWorld(t, "after", small(), fleettest.Start))[0]
}

func TestAStateComesBackAsItWas(t *testing.T) {
	t.Parallel()
	for _, s := range someStates(t) {
		b := s.Encode()
		if !bytes.Equal(b, s.Encode()) {
			t.Fatal("a state was encoded in two ways")
		}
		got, err := publish.DecodeState(b, s.Prefix)
		if err != nil {
			t.Fatal(err)
		}
		want := *s
		want.Live = got.Live
		if s.Late != nil {
			if a, b := variantsOf(s.Late.Keys), variantsOf(got.Late.Keys); !maps.Equal(a, b) || !s.Late.Until.Equal(got.Late.Until) {
				t.Fatalf("the late keys differ (-want +got):\n%s", cmp.Diff(a, b))
			}
			want.Late = got.Late
		}
		if diff := cmp.Diff(&want, got, cmp.AllowUnexported(publish.Inventory{}, publish.KnownSigned{}, publish.KnownPart{})); diff != "" {
			t.Fatalf("the state differs (-want +got):\n%s", diff)
		}
		if a, b := variantsOf(s.Live), variantsOf(got.Live); !maps.Equal(a, b) {
			t.Fatalf("the cells differ (-want +got):\n%s", cmp.Diff(a, b))
		}
		if diff := cmp.Diff(s.Live.Payloads, got.Live.Payloads); diff != "" {
			t.Fatalf("the payloads differ (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(s.Live.Signed, got.Live.Signed, cmp.AllowUnexported(publish.KnownSigned{}, publish.KnownPart{})); diff != "" {
			t.Fatalf("the signed form differs (-want +got):\n%s", diff)
		}
		interned(t, got.Live)
		if !bytes.Equal(b, got.Encode()) {
			t.Fatal("a state that was read is encoded otherwise than it was")
		}
	}
}

func TestAStateThatIsCutOffIsDamaged(t *testing.T) {
	b := halfway(t).Encode()
	for n := range b {
		if _, err := publish.DecodeState(b[:n], "ota/small"); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Fatalf("%d of %d bytes are a state: %v", n, len(b), err)
		}
	}
}

func TestAStateWithAnotherBitIsDamagedOrTheSame(t *testing.T) {
	t.Parallel()
	s := halfway(t)
	b, want := s.Encode(), variantsOf(s.Live)
	for i := range b {
		for bit := range 8 {
			spoilt := slices.Clone(b)
			spoilt[i] ^= 1 << bit
			if got, err := publish.DecodeState(spoilt, s.Prefix); err == nil && !maps.Equal(want, variantsOf(got.Live)) {
				t.Fatalf("bit %d of byte %d makes another state", bit, i)
			}
		}
	}
}

// compressed is a state as it is kept, of its JSON.
func compressed(text []byte) []byte {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	defer w.Close()
	return w.EncodeAll(text, nil)
}

func jsonOf(t testing.TB, s *publish.State) []byte {
	r, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := r.DecodeAll(s.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// spoil gives a JSON value with each of its parts in turn replaced.
func spoil(v any, by []any, yield func()) {
	each := func(set func(any), part any) {
		for _, x := range by {
			set(x)
			yield()
		}
		set(part)
		spoil(part, by, yield)
	}
	switch v := v.(type) {
	case map[string]any:
		for k, part := range v {
			each(func(x any) { v[k] = x }, part)
		}
	case []any:
		for i, part := range v {
			each(func(x any) { v[i] = x }, part)
		}
	}
}

// TestNoFaultInAStateGoesUnnoticed replaces each part of a state by what it
// can't be. What is read all the same must be fit to plan from.
func TestNoFaultInAStateGoesUnnoticed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "small", small(), fleettest.Start)
	s := halfway(t)
	var v any
	if err := json.Unmarshal(jsonOf(t, s), &v); err != nil {
		t.Fatal(err)
	}
	read, refused, n := 0, 0, 0
	spoil(v, []any{-1, 1, 100_000, "", nil}, func() {
		if n++; n%11 != 0 {
			return
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := publish.DecodeState(compressed(text), s.Prefix)
		if err != nil {
			refused++
			return
		}
		read++
		fit(t, got, w.site)
	})
	if read == 0 || refused < read {
		t.Errorf("%d states were read, %d refused", read, refused)
	}
}

// fit checks that a state can be planned from.
func fit(t testing.TB, s *publish.State, site *publish.Site) {
	t.Helper()
	for i, f := range s.Live.Folders {
		if f.Digits < 1 || f.Digits > 4 || len(f.Buckets) != len(f.Answers) || !strings.HasPrefix(f.Key, s.Prefix+"/v1/") {
			t.Fatalf("folder %q has %d digits, %d slots and %d kinds", f.Key, f.Digits, len(f.Buckets), len(f.Answers))
		}
		if i > 0 && f.Key < s.Live.Folders[i-1].Key {
			t.Fatalf("folder %q is out of order", f.Key)
		}
		for j, bucket := range f.Buckets {
			if int(bucket) >= 1<<(4*f.Digits) || j > 0 && bucket <= f.Buckets[j-1] || int(f.Answers[j]) >= len(s.Live.Answers) {
				t.Fatalf("folder %q has slot %d of kind %d", f.Key, bucket, f.Answers[j])
			}
		}
	}
	if k := s.Live.Signed; k != nil && !slices.IsSortedFunc(k.Parts, func(a, b publish.KnownPart) int { return bytes.Compare(a.Name[:], b.Name[:]) }) {
		t.Fatal("the signed parts are out of order")
	}
	p := publish.NewPlan(site, s.Live, true)
	for o := range p.Ops() {
		if !strings.HasPrefix(o.Object.Key, site.Tree.Layout.Prefix+"/v1/") {
			t.Fatalf("the plan touches %s", o.Object.Key)
		}
	}
	p.InDoubt(fleettest.Start)
	s.Encode()
}

func TestWhatIsNoStateOfThisPrefixIsRefused(t *testing.T) {
	state := string(jsonOf(t, halfway(t)))
	for _, test := range []struct{ text, want string }{
		{``, "damaged"},
		{`[]`, "damaged"},
		{`{}`, "not a state of cairn's"},
		{`{"format":"zip","prefix":"ota/small"}`, "not a state of cairn's"},
		{strings.Replace(state, `"prefix":"ota/small"`, `"prefix":"ota/other"`, 1), `another prefix, "ota/other"`},
		{strings.Replace(state, `"key":"ota/small/v1/`, `"key":"ota/sm/v1/`, 1), "outside the prefix"},
		{strings.Replace(state, `"key":"ota/small/v1/latest`, `"key":"ota/small/v1/later`, 1), "outside the prefix"},
		{strings.Replace(state, `"key":"ota/small/v1/payloads`, `"key":"ota/small2/v1/payloads`, 1), "outside the prefix"},
		{strings.Replace(state, `"presence":"`, `"presence":"////`, 1), "points at what isn't there"},
		{strings.Replace(state, `"variants":[`, `"variants":[0,`, 1), "points at what isn't there"},
		{strings.Replace(state, `"md5":"`, `"md5":"AAAA`, 1), "points at what isn't there"},
		{strings.Replace(state, `"headers":[{`, `"headers":[],"were":[{`, 1), "points at what isn't there"},
		{strings.Replace(state, `"digits":1`, `"digits":5`, 1), "points at what isn't there"},
		{strings.Replace(state, `"buckets":[[0,16]`, `"buckets":[[0,17]`, 1), "points at what isn't there"},
		{strings.Replace(state, `"buckets":[[0,16]`, `"buckets":[[0,8,7,8]`, 1), "out of order"},
		{strings.Replace(state, `"buckets":[[0,16]`, `"buckets":[[0,8,8]`, 1), "points at what isn't there"},
		{strings.Replace(state, `"buckets":[[0,16]`, `"buckets":[`+strings.Repeat(`[0,65536],`, 4097)+`[0,16]`, 1), "too much memory"},
		{strings.NewReplacer(`"groups":"0`, `"groups":"0`+strings.Repeat("0", 1<<16), `"folders":[`, `"folders":[`+strings.Repeat(`{"row":1},`, 4097)).Replace(state), "too much memory"},
		{strings.Replace(state, `"row":1,`, `"row":99,`, 1), "points at what isn't there"},
		{strings.Replace(state, `"groups":"0`, `"groups":"/`, 1), "points at what isn't there"},
		{strings.Replace(state, `"groups":"0`, `"groups":"00`, 1), "points at what isn't there"},
		{strings.Replace(state, `"groups":"0`, `"groups":"z`, 1), "points at what isn't there"},
		{strings.Replace(state, `"answers":[1,`, `"answers":[0,`, 1), "points at what isn't there"},
		{strings.Replace(state, `"answers":[1,`, `"answers":[99999,`, 1), "points at what isn't there"},
		{strings.Replace(state, "/mp/default/_none/", "/mp/default/_other/", 1), "out of order"},
		{strings.Replace(state, "/mp/default/_none/", "/zz/default/_none/", 1), "out of order"},
		{strings.Replace(state, `state 4"`, `state 3"`, 1), "an older cairn"},
	} {
		if _, err := publish.DecodeState(compressed([]byte(test.text)), "ota/small"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.60s…: %v, want %q", test.text, err, test.want)
		}
	}
	for _, newer := range []string{`{"format":"cairn state 5"}`, `{"format":"cairn state 10","answers":{},"lease":7}`} {
		if _, err := publish.DecodeState(compressed([]byte(newer)), "ota/small"); !errors.Is(err, publish.ErrNewerState) {
			t.Errorf("%s: %v", newer, err)
		}
	}
}

// olderState makes the state of a store one of an older cairn, whose objects
// were told in another way.
func olderState(t *testing.T, store publish.Store, prefix string) {
	t.Helper()
	object, err := store.Get(t.Context(), publish.StateKey(prefix))
	if err != nil {
		t.Fatal(err)
	}
	defer object.Close()
	b, err := io.ReadAll(object)
	if err != nil {
		t.Fatal(err)
	}
	s, err := publish.DecodeState(b, prefix)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(`state 4"`, `state 3"`, `"folders":[`, `"folders":"otherwise","were":[`).Replace(string(jsonOf(t, s)))
	if err := store.Put(t.Context(), publish.StateKey(prefix), publish.BytesContent(compressed([]byte(text))), publish.Header{}); err != nil {
		t.Fatal(err)
	}
}

func TestAnOlderStateTellsWhatWasPublished(t *testing.T) {
	w := newWorld(t, "small", small(), fleettest.Start)
	store := &memstore.Store{}
	if _, err := bob.run(store, w); err != nil {
		t.Fatal(err)
	}
	was := read(t, store, w)
	olderState(t, store, "ota/small")
	older := read(t, store, w)
	if !errors.Is(older.Problem, publish.ErrOlderState) || !older.Distrusted || !cmp.Equal(older.State.Done, was.State.Done) {
		t.Fatalf("it is read as %+v, %v", older.State, older.Problem)
	}
	if _, err := bob.run(store, w); err != nil {
		t.Fatal(err)
	}
	holds(t, store, w)
	if again := read(t, store, w); again.Problem != nil || !bytes.Equal(jsonOf(t, again.State), jsonOf(t, was.State)) {
		t.Errorf("it is written as %+v, %v", again.State, again.Problem)
	}
}

func TestAStateThatCannotBeUsedIsReplaced(t *testing.T) {
	w := newWorld(t, "small", small(), fleettest.Start)
	for _, state := range []string{"", "not a state", string(compressed([]byte(`{"format":"cairn state 1","prefix":"ota","kinds":[]}`))),
		string(compressed([]byte(`{"format":"cairn state 4","prefix":"ota"}`)))} {
		store := &memstore.Store{}
		if err := store.Put(ctx, publish.StateKey("ota/small"), publish.BytesContent([]byte(state)), publish.Header{}); err != nil {
			t.Fatal(err)
		}
		if remote := read(t, store, w); remote.State != nil || remote.Problem == nil {
			t.Errorf("%q is read as %+v, %v", state, remote.State, remote.Problem)
		}
		if _, err := bob.run(store, w); err != nil {
			t.Fatal(err)
		}
		holds(t, store, w)
	}
	store := &memstore.Store{}
	newer := publish.BytesContent(compressed([]byte(`{"format":"cairn state 5"}`)))
	if err := store.Put(ctx, publish.StateKey("ota/small"), newer, publish.Header{}); err != nil {
		t.Fatal(err)
	}
	if _, err := bob.run(store, w); !errors.Is(err, publish.ErrNewerState) {
		t.Errorf("over a newer state: %v", err)
	}
}

func TestTheStateOfAMillionAnswersIsSmall(t *testing.T) {
	f := fleettest.Large(1_000_000)
	site := publish.NewSite(manifest.New(f, fleettest.Start), f.Cache, nil)
	p := publish.NewPlan(site, &publish.Inventory{}, true)
	for done, live := range map[int]*publish.Inventory{0: p.InDoubt(fleettest.Start), p.Len(): p.Result(fleettest.Start)} {
		s := &publish.State{Prefix: f.Project.Prefix, Live: live}
		began := time.Now()
		b := s.Encode()
		encoded := time.Now()
		got, err := publish.DecodeState(b, s.Prefix)
		if err != nil {
			t.Fatal(err)
		}
		decoded := time.Now()
		again := publish.NewPlan(site, got.Live, true)
		planned := time.Now()
		if again.Len() != p.Len()-done {
			t.Errorf("after %d of %d operations %d are left", done, p.Len(), again.Len())
		}
		if len(b) > 200<<10 {
			t.Errorf("after %d operations the state has %d bytes", done, len(b))
		}
		t.Logf("%d objects, after %d: %d bytes; encoded in %v, decoded in %v, compared in %v",
			p.Len(), done, len(b), encoded.Sub(began), decoded.Sub(encoded), planned.Sub(decoded))
	}
}

func FuzzDecodeState(f *testing.F) {
	w := newWorld(f, "small", small(), fleettest.Start)
	before := newWorld(f, "before", small(changed("release with must-pass-through")), fleettest.Start)
	for _, s := range states(f, before, w) {
		f.Add(s.Encode())
		f.Add(jsonOf(f, s))
	}
	f.Add([]byte(`{"format":"cairn state 4","prefix":"ota/small","answers":{"headers":[{}],"offers":[null],"variants":[64],"presence":"Aw==","size":[0],"md5":"AAAAAAAAAAAAAAAAAAAAAA==","header":[0]},
"buckets":[[0,2]],"rows":[{"buckets":0,"groups":"00"}],"folders":[{"key":"ota/small/v1/latest/fw/mp/default/_other/","digits":1,"row":0,"answers":[1]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, state := range [][]byte{b, compressed(b)} {
			if s, err := publish.DecodeState(state, "ota/small"); err == nil {
				fit(t, s, w.site)
			}
		}
	})
}
