package audit_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/audit"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/signing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
)

var ctx = context.Background()

var at = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)

// site is the site of the example, with some of its files changed.
func site(t testing.TB, changes map[string]string) *publish.Site {
	t.Helper()
	project := fstest.MapFS{}
	root := os.DirFS("../../examples/smartfridge")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(root, name)
		project[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range changes {
		project[name] = &fstest.MapFile{Data: []byte(text)}
	}
	f, err := releases.Load(project)
	if err != nil {
		t.Fatal(err)
	}
	return publish.NewSite(manifest.New(f, at), f.Cache, project)
}

func publishTo(store publish.Store, s *publish.Site) error { return publishSigned(store, s, nil) }

func publishSigned(store publish.Store, s *publish.Site, by *publish.Signing) error {
	opts := publish.RunOptions{
		Store: store, Prefix: s.Tree.Layout.Prefix, Duration: time.Minute, ApplyOptions: publish.ApplyOptions{Concurrency: 1},
		Clock: publish.Clock{Now: func() time.Time { return at }, Timeout: context.WithTimeout},
	}
	_, err := publish.Run(ctx, opts, func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		edition := publish.Edition{Site: s, At: at, Limits: publish.Limits{Allow: publish.GuardNames()}, Signing: by}
		return edition.Propose(ctx, store, remote, publish.ProposeOptions{})
	})
	return err
}

// published is a store that holds a site.
func published(t testing.TB, s *publish.Site) (*memstore.Store, *publish.State) {
	t.Helper()
	store := &memstore.Store{}
	if err := publishTo(store, s); err != nil {
		t.Fatal(err)
	}
	remote, err := publish.ReadState(ctx, store, s.Tree.Layout.Prefix)
	if err != nil {
		t.Fatal(err)
	}
	return store, remote.State
}

// run audits a store, and gives a line for each finding.
func run(t testing.TB, s *publish.Site, objects iter.Seq[audit.Object], store publish.Store, opts audit.Options) ([]string, *audit.Summary) {
	t.Helper()
	opts.Listing, opts.Layout = store.List(ctx, s.Tree.Layout.Prefix+"/"), s.Tree.Layout
	return lines(t, objects, audit.Store(store), opts)
}

func lines(t testing.TB, objects iter.Seq[audit.Object], source audit.Source, opts audit.Options) ([]string, *audit.Summary) {
	t.Helper()
	var all []string
	summary, err := audit.Run(ctx, objects, source, opts, func(f audit.Finding) {
		line := strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Kind, strings.TrimPrefix(f.Key, "smartfridge/v1/"), f.What))
		if f.ByHand {
			line += " (by hand)"
		}
		if f.Age > 0 {
			line += fmt.Sprintf(" (%s)", f.Age)
		}
		all = append(all, line)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, summary
}

const (
	folder = "smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/"
	patch  = "smartfridge/v1/payloads/2802929e732b703f1bc67e756c9ab507/stm32-fw-mp-from-1.0.0.patch"
	image  = "smartfridge/v1/payloads/db585b68ab69587ca3f2cb506c1bdea2/stm32-fw-mp.bin"
)

func TestNothingDiffers(t *testing.T) {
	s := site(t, nil)
	store, state := published(t, s)
	for name, objects := range map[string]iter.Seq[audit.Object]{"site": audit.OfSite(s), "state": audit.OfState(state)} {
		last := ""
		for o := range objects {
			if o.Key <= last {
				t.Fatalf("%s: %s comes after %s", name, o.Key, last)
			}
			last = o.Key
		}
		findings, summary := run(t, s, objects, store, audit.Options{Deep: true})
		if len(findings) > 0 || summary.Right != s.Len() || summary.Wrong != 0 || summary.Kept != 0 {
			t.Errorf("%s: %+v, %q", name, summary, findings)
		}
	}
}

func TestDifferences(t *testing.T) {
	s := site(t, nil)
	store, state := published(t, s)
	body := func(key string) []byte {
		t.Helper()
		o, err := s.Get(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(o); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	header := func(key string) publish.Header {
		layout := s.Tree.Layout
		at, _ := layout.Parse(key)
		return publish.HeaderOf(at, s.Cache)
	}
	put := func(key string, body []byte, h publish.Header) {
		t.Helper()
		if err := store.Put(ctx, key, publish.BytesContent(body), h); err != nil {
			t.Fatal(err)
		}
	}
	damage := func(key string, change func([]byte) []byte) {
		t.Helper()
		put(key, change(body(key)), header(key))
	}
	flip := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }

	damage("smartfridge/v1/cohorts/a3.txt", flip)
	damage(folder+"a3.txt", func(b []byte) []byte { return append(b, '\n') })
	damage(folder+"a3.json.br", func([]byte) []byte { return []byte("not brotli") })
	damage(folder+"a3.json.gz", func([]byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(body(folder + "a3.json"))
		_ = w.Close()
		return b.Bytes()
	})
	h := header(folder + "e3.json")
	h.ContentType, h.CacheControl = "text/plain", "max-age=60,Public"
	put(folder+"e3.json", body(folder+"e3.json"), h)
	damage(patch, flip)
	damage(image, func(b []byte) []byte { return b[1:] })
	if err := store.Delete(ctx, "smartfridge/v1/cohorts/00.txt"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"v1/.cairn-tmp-7", "v1/latest/mine", "v1/latest/stm32-fw/mp/beta/0.1/00.txt", "v1/payloads/00112233445566778899aabbccddeeff/old.bin", "zz", ".cairn/lock"} {
		put("smartfridge/"+key, []byte("x"), publish.Header{})
	}

	want := []string{
		"missing cohorts/00.txt",
		"differs cohorts/a3.txt is 22 bytes with MD5 …, should be 22 bytes with MD5 …",
		"stray latest/mine cairn did not make it (by hand)",
		"stray latest/stm32-fw/mp/beta/0.1/00.txt not in the tree any more",
		"sibling latest/stm32-fw/mp/beta/1.0.0/a3.json.br does not decode: brotli: …",
		"differs latest/stm32-fw/mp/beta/1.0.0/a3.json.gz is 477 bytes with MD5 …, should be …; it decodes to its body, so another encoder made it",
		"differs latest/stm32-fw/mp/beta/1.0.0/a3.txt is 110 bytes with MD5 …, should be 109 bytes with MD5 …",
		`headers latest/stm32-fw/mp/beta/1.0.0/e3.json Content-Type is "text/plain", should be "application/json"`,
		"differs payloads/2802929e732b703f1bc67e756c9ab507/stm32-fw-mp-from-1.0.0.patch is 138 bytes with MD5 …, should be 138 bytes with MD5 … (by hand)",
		"differs payloads/db585b68ab69587ca3f2cb506c1bdea2/stm32-fw-mp.bin is 127 bytes…, should be 128 bytes with MD5 …",
		"stray smartfridge/zz cairn did not make it (by hand)",
	}
	got, summary := run(t, s, audit.OfSite(s), store, audit.Options{Deep: true, Keep: true})
	compare(t, want, got)
	if summary.Wrong != len(want) || summary.Right != s.Len()-8 || summary.Kept != 1 {
		t.Errorf("%+v", summary)
	}
	// Without reading payloads, only their sizes tell.
	shallow := slices.Delete(slices.Clone(want), 8, 9)
	got, _ = run(t, s, audit.OfSite(s), store, audit.Options{Keep: true})
	compare(t, shallow, got)
	// The state tells as much, but for the headers of payloads.
	known := slices.Insert(slices.Clone(want), 8, "stray payloads/00112233445566778899aabbccddeeff/old.bin a payload that the state does not know")
	got, _ = run(t, s, audit.OfState(state), store, audit.Options{Deep: true})
	compare(t, known, got)
}

// compare compares lines, where … in the wanted ones stands for anything.
func compare(t testing.TB, want, got []string) {
	t.Helper()
	for i := range want {
		if i < len(got) && matches(want[i], got[i]) {
			got[i] = want[i]
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func matches(pattern, line string) bool {
	first, rest, any := strings.Cut(pattern, "…")
	if !any {
		return pattern == line
	}
	line, ok := strings.CutPrefix(line, first)
	for ok && !matches(rest, line) {
		if line == "" {
			return false
		}
		line = line[1:]
	}
	return ok
}

const stored = `version = "1.2.0"
[payload.stm32-fw.mp]
stored = "big.bin"
size = 5
sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
`

func TestStoredPayloads(t *testing.T) {
	s := site(t, map[string]string{"releases/1.2.0.toml": stored})
	store, _ := published(t, site(t, nil))
	objects := func(yield func(audit.Object) bool) {
		for o := range audit.OfSite(s) {
			if strings.Contains(o.Key, "/payloads/2c") && !yield(o) {
				return
			}
		}
	}
	const key = "payloads/2cf24dba5fb0a30e26e83b2ac5b9e29e/big.bin"
	for _, c := range []struct{ body, want string }{
		{"", "missing " + key + " (by hand)"},
		{"hell", "differs " + key + " is 4 bytes with MD5 …, should be 5 bytes (by hand)"},
		{"hallo", "differs " + key + " has sha256 d3751d33f9cd5049c4af2b462735457e4d3baf130bcbb87f389e349fbaeb20b9, should be 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 (by hand)"},
		{"hello", ""},
	} {
		if c.body != "" {
			if err := store.Put(ctx, "smartfridge/v1/"+key, publish.BytesContent([]byte(c.body)), publish.Header{}); err != nil {
				t.Fatal(err)
			}
		}
		got, _ := lines(t, objects, audit.Store(store), audit.Options{Deep: true})
		if c.want == "" {
			compare(t, nil, got)
		} else {
			compare(t, []string{c.want}, got)
		}
	}
}

// TestInDoubt audits against the state of a publish that did not end.
func TestInDoubt(t *testing.T) {
	s := site(t, nil)
	store, _ := published(t, s)
	next := site(t, map[string]string{"cohorts/beta.txt": "FRIDGE-0042\nFRIDGE-5001\n"})
	before, err := publish.ReadState(ctx, store, "smartfridge")
	if err != nil {
		t.Fatal(err)
	}
	plan := publish.NewPlan(next, before.State.Live, true)
	const done = 2 + 3 // two for the state
	n := 0
	store.Fault = func(op memstore.Op, _ string) (bool, error) {
		if op != memstore.Put && op != memstore.Delete {
			return true, nil
		}
		if n++; n > done {
			return false, errors.New("no more")
		}
		return true, nil
	}
	if publishTo(store, next) == nil {
		t.Fatal("no fault")
	}
	remote, err := publish.ReadState(ctx, store, "smartfridge")
	if err != nil {
		t.Fatal(err)
	}
	findings, summary := run(t, s, audit.OfState(remote.State), store, audit.Options{})
	if len(findings) > 0 || summary.InDoubt != plan.Len() {
		t.Errorf("%+v of %d operations, %q", summary, plan.Len(), findings)
	}
}

func TestFailingStore(t *testing.T) {
	s := site(t, nil)
	store, _ := published(t, s)
	broken := errors.New("broken")
	for _, failing := range []memstore.Op{memstore.List, memstore.Get, memstore.Stat} {
		store.Fault = func(op memstore.Op, key string) (bool, error) {
			if op == failing {
				return false, broken
			}
			return true, nil
		}
		_, err := audit.Run(ctx, audit.OfSite(s), audit.Store(store), audit.Options{
			Listing: store.List(ctx, "smartfridge/"), Layout: s.Tree.Layout,
		}, func(f audit.Finding) { t.Errorf("%s: %+v", failing, f) })
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", failing, err)
		}
	}
	store.Fault = nil
	interrupted, interrupt := context.WithCancel(ctx)
	interrupt()
	if _, err := audit.Run(interrupted, audit.OfSite(s), audit.Store(store), audit.Options{}, func(audit.Finding) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestSample(t *testing.T) {
	const all = 1000
	objects := func(yield func(audit.Object) bool) {
		for i := range all {
			if !yield(audit.Object{Key: fmt.Sprintf("%03d", i)}) {
				return
			}
		}
	}
	draw := func(n int, seed uint64) (keys []string) {
		for o := range audit.Sample(objects, all, n, rand.New(rand.NewPCG(seed, 0))) {
			keys = append(keys, o.Key)
		}
		return keys
	}
	one := draw(50, 1)
	if len(one) != 50 || !slices.IsSorted(one) || !slices.Equal(one, draw(50, 1)) || slices.Equal(one, draw(50, 2)) {
		t.Errorf("%d keys: %q", len(one), one)
	}
	if n := len(draw(all, 3)); n != all {
		t.Errorf("a sample of all has %d of %d keys", n, all)
	}
	withPayloads := func(yield func(audit.Object) bool) {
		objects(yield)
		for _, key := range []string{"p1", "p2"} {
			if !yield(audit.Object{Key: key, SHA256: "00"}) {
				return
			}
		}
	}
	var drawn []string
	for o := range audit.Sample(withPayloads, all, 3, rand.New(rand.NewPCG(1, 0))) {
		drawn = append(drawn, o.Key)
	}
	if len(drawn) != 5 || drawn[3] != "p1" || drawn[4] != "p2" {
		t.Errorf("a sample of 3 has %q, want 3 and both payloads", drawn)
	}
	seen := map[string]int{}
	for seed := range uint64(400) {
		for _, key := range draw(all/10, seed) {
			seen[key]++
		}
	}
	for o := range objects {
		if n := seen[o.Key]; n < 10 || n > 76 { // 40, and 5 or 6 standard deviations off
			t.Errorf("%s is in %d of 400 samples of a tenth", o.Key, n)
		}
	}
}

// signedBy is how the example is signed in these tests.
func signedBy(t testing.TB) *publish.Signing {
	t.Helper()
	const origin = "ota.example.com/smartfridge"
	online := signing.NewPrivate(origin, bytes.Repeat([]byte{11}, 32))
	keys := &signing.Keys{Origin: origin, Generation: 1, Threshold: 1, Issued: 1, Expires: 1 << 31, Online: []signing.Key{online.Key}}
	return &publish.Signing{
		Keys: keys, KeysNote: []byte("the keys"), Valid: 14 * 24 * time.Hour, Renew: 48 * time.Hour,
		Signers: []publish.Signer{func(_ context.Context, text []byte) ([]byte, error) { return online.Sign(text), nil }},
	}
}

// TestSignedForm looks at what is signed, by the definitions and by the state:
// as it was published, and with something wrong.
func TestSignedForm(t *testing.T) {
	s, by := site(t, nil), signedBy(t)
	layout := s.Tree.Layout
	store := &memstore.Store{}
	if err := publishSigned(store, s, by); err != nil {
		t.Fatal(err)
	}
	want, err := s.Tree.Signed()
	if err != nil {
		t.Fatal(err)
	}
	remote, err := publish.ReadState(ctx, store, layout.Prefix)
	if err != nil {
		t.Fatal(err)
	}
	kinds := func(at time.Time, state bool) (found []string) {
		t.Helper()
		objects := func(yield func(audit.Object) bool) {
			for o := range audit.OfSite(s) {
				if !yield(o) {
					return
				}
			}
			for _, o := range audit.OfSigned(layout, want, by, s.Cache, at) {
				if !yield(o) {
					return
				}
			}
		}
		if state {
			objects = audit.OfState(remote.State)
		}
		opts := audit.Options{Listing: store.List(ctx, ""), Layout: layout, Keep: !state}
		_, err := audit.Run(ctx, objects, audit.Store(store), opts, func(f audit.Finding) {
			found = append(found, string(f.Kind)+" "+strings.TrimPrefix(f.Key, layout.SignedFolder())+": "+f.What)
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for _, state := range []bool{false, true} {
		if found := kinds(at, state); len(found) > 0 {
			t.Errorf("state %v: %q", state, found)
		}
	}
	put := func(key, body string) {
		location, _ := layout.Parse(key)
		if err := store.Put(ctx, key, publish.BytesContent([]byte(body)), publish.HeaderOf(location, s.Cache)); err != nil {
			t.Fatal(err)
		}
	}
	has := func(what string, found []string, phrase string) {
		t.Helper()
		if len(found) != 1 || !strings.Contains(found[0], phrase) {
			t.Errorf("%s: %q, want %q", what, found, phrase)
		}
	}
	has("a head that is over", kinds(at.Add(15*24*time.Hour), false), "expired at 2026-12-16T12:00:00Z")
	part := want.Parts[2]
	put(layout.PartKey(part.Digest), strings.Repeat("x", len(part.Body)))
	for _, state := range []bool{false, true} {
		has("a part of the same length", kinds(at, state), "differs "+hex.EncodeToString(part.Digest[:16]))
	}
	put(layout.PartKey(part.Digest), string(part.Body))
	put(layout.KeysKey(), "the keyz")
	has("other keys", kinds(at, false), "differs keys.txt")
	put(layout.KeysKey(), "the keys")
	other := want.Latest
	want.Latest[0]++
	has("other answers", kinds(at, false), "head.txt: commits to other answers")
	want.Latest = other
	put(layout.HeadKey(), "cairn head 1\n")
	has("no head", kinds(at, false), "differs head.txt")
	has("no head", kinds(at, true), "differs head.txt")
}
