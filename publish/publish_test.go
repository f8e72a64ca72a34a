package publish_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
)

var ctx = context.Background()

// site is the site of the example at an instant, with some of its files
// changed; a file whose text is empty is gone.
func site(t testing.TB, at string, changes map[string]string) *publish.Site {
	t.Helper()
	project := fstest.MapFS{}
	root := os.DirFS("../examples/smartfridge")
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
		if text == "" {
			delete(project, name)
		}
	}
	f, err := releases.Load(project)
	if err != nil {
		t.Fatal(err)
	}
	instant, err := time.Parse(time.DateOnly, at)
	if err != nil {
		t.Fatal(err)
	}
	return publish.NewSite(manifest.New(f, instant), f.Cache, project)
}

func compare(t testing.TB, s *publish.Site, store publish.Store) *publish.Plan {
	t.Helper()
	live, err := publish.Scan(ctx, s, store, 4)
	if err != nil {
		t.Fatal(err)
	}
	return publish.NewPlan(s, live, store.Traits().Headers)
}

func apply(t testing.TB, s *publish.Site, store publish.Store) *publish.Plan {
	t.Helper()
	p := compare(t, s, store)
	if err := p.Apply(ctx, store, publish.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	return p
}

type object struct {
	Body   string
	Header publish.Header
}

// contents reads a whole store.
func contents(t testing.TB, store publish.Store) map[string]object {
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
		b, err := io.ReadAll(o)
		if err != nil {
			t.Fatal(err)
		}
		all[e.Key] = object{string(b), o.Header}
	}
	return all
}

// wanted is what a store shall hold of a site.
func wanted(t testing.TB, s *publish.Site) map[string]object {
	t.Helper()
	all := map[string]object{}
	for o := range s.Objects() {
		r, err := o.Content.Reader()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[o.Key] = object{string(b), o.Header}
	}
	return all
}

func TestPublishMakesTheStoreTheSite(t *testing.T) {
	t.Parallel()
	store := &memstore.Store{}
	var last *publish.Site
	for _, at := range []string{"2026-11-01", "2026-12-01", "2026-12-03", "2026-12-10", "2026-12-02"} {
		last = site(t, at, nil)
		apply(t, last, store)
		if diff := cmp.Diff(wanted(t, last), contents(t, store)); diff != "" {
			t.Fatalf("%s: the store differs (-want +got):\n%s", at, diff)
		}
		if p := compare(t, last, store); p.Len() != 0 || p.Unchanged() != last.Len() {
			t.Errorf("%s: a second publish has %d operations, %d unchanged of %d", at, p.Len(), p.Unchanged(), last.Len())
		}
	}
}

func TestWhatIsNotCairnsIsLeftAlone(t *testing.T) {
	s := site(t, "2026-12-02", nil)
	foreign := map[string]string{
		"smartfridge/v1/latest/readme.txt":       "mine",
		"smartfridge/v1/cohorts/00.txt.bak":      "mine",
		"smartfridge/notes":                      "mine",
		"smartfridge/v1/payloads/short/file.bin": "mine",
	}
	others := map[string]string{
		"smartfridge2/v1/cohorts/00.txt": "another project",
		"smartfridge/.cairn/state":       "cairn's own",
		"index.html":                     "mine",
	}
	kept := "smartfridge/v1/payloads/00112233445566778899aabbccddeeff/old.bin"
	leftover := "smartfridge/v1/latest/stm32-fw/" + publish.TempPrefix + "17"
	stale := "smartfridge/v1/latest/stm32-fw/mp/default/0.8/00.txt"
	store := &memstore.Store{}
	put := func(key, text string) {
		t.Helper()
		if err := store.Put(ctx, key, publish.BytesContent([]byte(text)), publish.Header{}); err != nil {
			t.Fatal(err)
		}
	}
	for key, text := range foreign {
		put(key, text)
	}
	for key, text := range others {
		put(key, text)
	}
	put(kept, "payload")
	put(leftover, "half")
	put(stale, "https://old")
	p := apply(t, s, store)
	if want := slices.Sorted(mapKeys(foreign)); !slices.Equal(p.Live.Foreign, want) {
		t.Errorf("foreign keys %q, want %q", p.Live.Foreign, want)
	}
	if p.Kept() != 1 || counts(p)[publish.Leftover] != 1 || counts(p)[publish.Gone] != 1 {
		t.Errorf("%d kept, %d left over, %d gone", p.Kept(), counts(p)[publish.Leftover], counts(p)[publish.Gone])
	}
	got := contents(t, store)
	for _, all := range []map[string]string{foreign, others, {kept: "payload"}} {
		for key, text := range all {
			if got[key].Body != text {
				t.Errorf("%s is %q now", key, got[key].Body)
			}
		}
	}
	for _, key := range []string{leftover, stale} {
		if _, ok := got[key]; ok {
			t.Errorf("%s is still there", key)
		}
	}
}

// TestDigitsThatChanged leaves no answer of the tree with other digits behind.
func TestDigitsThatChanged(t *testing.T) {
	text, err := os.ReadFile("../examples/smartfridge/cairn.toml")
	if err != nil {
		t.Fatal(err)
	}
	fewer := strings.Replace(string(text), "[project]", "[project]\nbucket_digits = 1\ncohort_digits = 1", 1)
	store := &memstore.Store{}
	for _, changes := range []map[string]string{nil, {"cairn.toml": fewer}, nil} {
		s := site(t, "2026-12-02", changes)
		if p := apply(t, s, store); len(p.Live.Foreign) > 0 {
			t.Errorf("%d keys of cairn's own are foreign, such as %s", len(p.Live.Foreign), p.Live.Foreign[0])
		}
		if diff := cmp.Diff(wanted(t, s), contents(t, store)); diff != "" {
			t.Fatalf("the store differs (-want +got):\n%s", diff)
		}
	}
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestNoAnswerNamesAPayloadThatIsNotThere stops a publish after each of its
// operations in turn.
func TestNoAnswerNamesAPayloadThatIsNotThere(t *testing.T) {
	t.Parallel()
	store := &memstore.Store{}
	names := func() {
		t.Helper()
		all := contents(t, store)
		for key, o := range all {
			if payload, ok := strings.CutPrefix(o.Body, "https://ota.example.com/"); ok {
				if _, there := all[payload]; !there {
					t.Fatalf("%s names %s, which is not there", key, payload)
				}
			}
		}
	}
	for _, at := range []string{"2026-12-02", "2026-12-10"} {
		s := site(t, at, nil)
		p := compare(t, s, store)
		for n := 0; n < p.Len(); n += 97 {
			done := 0
			store.Fault = func(op memstore.Op, key string) (bool, error) {
				if op == memstore.Put || op == memstore.Delete {
					if done++; done > n {
						return n%2 == 0, errors.New("no more")
					}
				}
				return true, nil
			}
			err := compare(t, s, store).Apply(ctx, store, publish.ApplyOptions{Concurrency: 1})
			store.Fault = nil
			names()
			if err == nil {
				break
			}
		}
		apply(t, s, store)
		if diff := cmp.Diff(wanted(t, s), contents(t, store)); diff != "" {
			t.Fatalf("the store differs (-want +got):\n%s", diff)
		}
	}
}

func TestPhasesAreInOrder(t *testing.T) {
	store := &memstore.Store{}
	apply(t, site(t, "2026-12-02", nil), store)
	s := site(t, "2026-12-10", map[string]string{"cohorts/beta.txt": "FRIDGE-0042\nFRIDGE-5001\n"})
	p := compare(t, s, store)
	seen := map[publish.Phase]int{}
	last := publish.Payloads
	for o := range p.Ops() {
		if o.Phase < last {
			t.Fatalf("%s %s comes after %s", o.Phase, o.Object.Key, last)
		}
		last = o.Phase
		seen[o.Phase]++
		moved := "/" + manifest.Hash("FRIDGE-5001")[:2] + "."
		if strings.Contains(o.Object.Key, "/beta/") && strings.Contains(o.Object.Key, moved) && o.Phase != publish.NewBuckets && o.Phase != publish.NewFallbacks {
			t.Errorf("%s is of the %s, though the bucket is new to the cohort", o.Object.Key, o.Phase)
		}
	}
	for _, phase := range []publish.Phase{publish.NewBuckets, publish.Cohorts, publish.Versions, publish.Fallbacks, publish.Deletions} {
		if seen[phase] == 0 {
			t.Errorf("no operation in phase %q", phase)
		}
	}
}

const storedRelease = `version = "1.2.0"
[payload.stm32-fw.mp]
stored = "big.bin"
size = 5
sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
`

func TestStoredPayloadsMustBeThere(t *testing.T) {
	s := site(t, "2026-12-02", map[string]string{"releases/1.2.0.toml": storedRelease})
	key := "smartfridge/v1/payloads/2cf24dba5fb0a30e26e83b2ac5b9e29e/big.bin"
	store := &memstore.Store{}
	for _, body := range []string{"", "hell"} {
		if body != "" {
			if err := store.Put(ctx, key, publish.BytesContent([]byte(body)), publish.Header{}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := attempt{now: day0}.run(store, &world{fleet: &releases.Fleet{Project: releases.Project{Prefix: "smartfridge"}}, site: s})
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("with %q in its place: %v", body, err)
		}
		if n := len(contents(t, store)); n > 1 {
			t.Errorf("%d objects were written all the same", n)
		}
	}
	if err := store.Put(ctx, key, publish.BytesContent([]byte("hello")), publish.Header{}); err != nil {
		t.Fatal(err)
	}
	apply(t, s, store)
}

func TestPayloadThatChangedMeanwhile(t *testing.T) {
	project := fstest.MapFS{
		"cairn.toml":        {Data: []byte("[project]\nslug = \"s\"\nbase_url = \"https://x\"\n")},
		"releases/1.toml":   {Data: []byte("version = \"1.0.0\"\n[payload.a.b]\nfile = \"fw.bin\"\n")},
		"releases/fw.bin":   {Data: []byte("one")},
		"cohorts/beta.toml": {Data: []byte("[activate.\"1.0.0\"]\n")},
	}
	f, err := releases.Load(project)
	if err != nil {
		t.Fatal(err)
	}
	s := publish.NewSite(manifest.New(f, time.Time{}), f.Cache, project)
	project["releases/fw.bin"] = &fstest.MapFile{Data: []byte("two")}
	store := &memstore.Store{}
	if err := compare(t, s, store).Apply(ctx, store, publish.ApplyOptions{}); err == nil {
		t.Fatal("a payload was published under the digest of another")
	}
	if all := contents(t, store); len(all) != 0 {
		t.Errorf("%d objects were written all the same", len(all))
	}
}

func TestObjects(t *testing.T) {
	s := site(t, "2026-12-02", nil)
	last, siblings := "", 0
	for o := range s.Objects() {
		if o.Key <= last {
			t.Fatalf("%s comes after %s", o.Key, last)
		}
		last = o.Key
		got, err := s.Get(ctx, o.Key)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(got)
		if err != nil || int64(len(b)) != o.Content.Size || got.Header != o.Header {
			t.Fatalf("%s: got %d bytes, %+v, %v", o.Key, len(b), got.Header, err)
		}
		if o.Header.ContentEncoding == "" {
			continue
		}
		siblings++
		var r io.Reader = brotli.NewReader(bytes.NewReader(b))
		stem, isBrotli := strings.CutSuffix(o.Key, ".br")
		if !isBrotli {
			stem = strings.TrimSuffix(o.Key, ".gz")
			if r, err = gzip.NewReader(bytes.NewReader(b)); err != nil {
				t.Fatal(err)
			}
		}
		decoded, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		identity, err := s.Get(ctx, stem)
		if err != nil {
			t.Fatal(err)
		}
		plain, _ := io.ReadAll(identity)
		if !bytes.Equal(plain, decoded) {
			t.Errorf("%s does not decode to its body", o.Key)
		}
		if saved := len(plain) - len(b); saved < 64 || saved*10 < len(plain) {
			t.Errorf("%s saves only %d of %d bytes", o.Key, saved, len(plain))
		}
	}
	if siblings == 0 {
		t.Error("no siblings at all")
	}
	for _, key := range []string{"", "smartfridge", "smartfridge/v1/cohorts/zz.txt", "smartfridge/v1/latest/stm32-fw/mp/default/_other/00.txt.gz", "x/v1/cohorts/00.txt"} {
		if _, err := s.Get(ctx, key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", key, err)
		}
	}
}
