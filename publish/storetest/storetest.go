// Package storetest holds what every store must do, as a suite of tests, and
// an S3 server to run it against.
package storetest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"cairn/publish"
)

// Option says what a store does differently.
type Option func(*suite)

// NoHeaders is the option for a store that keeps neither headers nor entity
// tags.
func NoHeaders() Option { return func(s *suite) { s.noHeaders = true } }

// Run tests what newStore makes, an empty store each time.
func Run(t *testing.T, newStore func(t *testing.T) publish.Store, options ...Option) {
	s := suite{newStore: newStore}
	for _, o := range options {
		o(&s)
	}
	for _, test := range []struct {
		name string
		run  func(suite, *testing.T)
	}{
		{"PutGet", suite.putGet},
		{"Headers", suite.headers},
		{"ETags", suite.etags},
		{"Missing", suite.missing},
		{"Delete", suite.delete},
		{"Keys", suite.keys},
		{"ListOrder", suite.listOrder},
		{"ListPrefixes", suite.listPrefixes},
		{"ListPages", suite.listPages},
		{"ListStops", suite.listStops},
		{"Cancelled", suite.cancelled},
		{"WholeObjects", suite.wholeObjects},
		{"NewObjects", suite.newObjects},
		{"LargeFile", suite.largeFile},
		{"Seek", suite.seek},
		{"ChangedFile", suite.changedFile},
		{"ReadersOutliveObjects", suite.readersOutliveObjects},
		{"Conditions", suite.conditions},
		{"OneOfMany", suite.oneOfMany},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(s, t) })
	}
}

type suite struct {
	newStore  func(t *testing.T) publish.Store
	noHeaders bool
}

func (s suite) putGet(t *testing.T) {
	store := s.newStore(t)
	for _, body := range []string{"one", "", "three", "four, which is longer", "", ""} {
		put(t, store, "p/v1/latest/fw/mp/default/_other/00.txt", body)
		if got := get(t, store, "p/v1/latest/fw/mp/default/_other/00.txt"); got != body {
			t.Errorf("got %q, want %q", got, body)
		}
	}
	if got := list(t, store, ""); len(got) != 1 {
		t.Errorf("one object, put again and again, is %v", got)
	}
	for n := range 40 {
		put(t, store, fmt.Sprintf("p/sizes/%d", n), strings.Repeat("x", n))
	}
	for n := range 40 {
		if got := get(t, store, fmt.Sprintf("p/sizes/%d", n)); got != strings.Repeat("x", n) {
			t.Errorf("got %q, want %d bytes", got, n)
		}
	}
}

func (s suite) headers(t *testing.T) {
	store := s.newStore(t)
	for i, h := range []publish.Header{
		{ContentType: "text/plain; charset=utf-8", CacheControl: "public, max-age=60"},
		{ContentType: "application/json", ContentEncoding: "br", CacheControl: "no-cache"},
		{ContentType: "application/json", ContentEncoding: "gzip"},
		{ContentType: "application/octet-stream", CacheControl: "public, max-age=31536000, immutable"},
	} {
		for _, body := range []string{"body", "", "\x1f\x8b\x08, but not gzip", strings.Repeat("x", 1<<20)} {
			key := fmt.Sprintf("h/%d/%d", i, len(body))
			if err := store.Put(t.Context(), key, publish.BytesContent([]byte(body)), h); err != nil {
				t.Fatal(err)
			}
			o, err := store.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			want := h
			if s.noHeaders {
				want = publish.Header{}
			}
			if diff := cmp.Diff(want, o.Header); diff != "" {
				t.Errorf("%s (-want +got):\n%s", key, diff)
			}
			if got, err := io.ReadAll(o); err != nil || string(got) != body {
				t.Errorf("%s: got %d bytes, %v; want %d", key, len(got), err, len(body))
			}
			o.Close()
		}
	}
}

func (s suite) etags(t *testing.T) {
	store := s.newStore(t)
	for _, body := range []string{"", "body", "other"} {
		put(t, store, "e", body)
		sum := md5.Sum([]byte(body))
		want := publish.Entry{Key: "e", Size: int64(len(body)), ETag: hex.EncodeToString(sum[:])}
		if s.noHeaders {
			want.ETag = ""
		}
		o, err := store.Get(t.Context(), "e")
		if err != nil {
			t.Fatal(err)
		}
		o.Close()
		listed := list(t, store, "e")
		if len(listed) != 1 {
			t.Fatalf("listed %v", listed)
		}
		for _, got := range []publish.Entry{o.Entry, listed[0]} {
			got.Modified = want.Modified
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("entry (-want +got):\n%s", diff)
			}
		}
	}
}

func (s suite) missing(t *testing.T) {
	store := s.newStore(t)
	put(t, store, "a/b/file", "x")
	for _, key := range []string{"none", "a", "a/b", "a/b/fil", "a/b/file2", "a/b/file/below", "a/b/file/far/below", "a/c/file"} {
		o, err := store.Get(t.Context(), key)
		if err == nil {
			o.Close()
			t.Errorf("got %q", key)
		} else if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), key) {
			t.Errorf("get %q: %v", key, err)
		}
		if err := store.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	if got := get(t, store, "a/b/file"); got != "x" {
		t.Errorf("got %q", got)
	}
}

func (s suite) delete(t *testing.T) {
	store := s.newStore(t)
	for _, key := range []string{"d/a/1", "d/a/2", "d/b/c/1", "e"} {
		put(t, store, key, key)
	}
	for _, step := range []struct {
		key  string
		want []string
	}{
		{"d/b/c/1", []string{"d/a/1", "d/a/2", "e"}},
		{"d/b/c/1", []string{"d/a/1", "d/a/2", "e"}},
		{"e", []string{"d/a/1", "d/a/2"}},
		{"d/a/1", []string{"d/a/2"}},
		{"d/a/2", nil},
		{"d/a/2", nil},
	} {
		if err := store.Delete(t.Context(), step.key); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, keys(list(t, store, ""))); diff != "" {
			t.Errorf("after delete %s (-want +got):\n%s", step.key, diff)
		}
	}
	put(t, store, "d/a/1", "again")
	if got := get(t, store, "d/a/1"); got != "again" {
		t.Errorf("got %q", got)
	}
	var g errgroup.Group
	for i := range 64 {
		g.Go(func() error {
			key := fmt.Sprintf("f/g/%d", i)
			return errors.Join(
				store.Put(t.Context(), key, publish.BytesContent([]byte(key)), header),
				store.Delete(t.Context(), key),
			)
		})
	}
	if err := g.Wait(); err != nil {
		t.Errorf("puts and deletes in one folder: %v", err)
	}
}

func (s suite) keys(t *testing.T) {
	store := s.newStore(t)
	long := strings.Repeat("Abc-0.9_xyz", 20)[:200]
	want := []string{
		"-", "A-Z.a_z-09/-/-.-", "_none/_other/_2e", "a..b/...", "ota/.cairn/state", "p/1.0.0_2bb/ff.json.br",
		"ota/.cairn/.cairn-lock", long, strings.Join([]string{"v1/latest", long, long, long, "ff.txt"}, "/"),
	}
	for _, key := range want {
		put(t, store, key, key)
	}
	for _, key := range want {
		if got := get(t, store, key); got != key {
			t.Errorf("%q: got %q", key, got)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, keys(list(t, store, ""))); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

var tricky = []string{
	"a-b/x", "a.b/x", "a/b", "a/c/d", "a/c-d", "a/c.d", "a/c/e/f", "a0", "aZ/x", "a_b/x", "ab", "a/c0",
	"ota/x", "ota-1/x", "ota2/x", "ota.txt", "B/x", "-/x", "0",
}

func (s suite) listOrder(t *testing.T) {
	store := s.newStore(t)
	if got := list(t, store, ""); got != nil {
		t.Errorf("an empty store lists %v", got)
	}
	for _, key := range tricky {
		put(t, store, key, strings.Repeat("x", len(key)))
	}
	want := slices.Sorted(slices.Values(tricky))
	got := list(t, store, "")
	if diff := cmp.Diff(want, keys(got)); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	for _, e := range got {
		if e.Size != int64(len(e.Key)) {
			t.Errorf("%s has size %d", e.Key, e.Size)
		}
	}
}

func (s suite) listPrefixes(t *testing.T) {
	store := s.newStore(t)
	for _, key := range tricky {
		put(t, store, key, "")
	}
	prefixes := []string{"", "ot", "ota", "ota/", "ota2", "a", "a/", "a/c", "a/c/", "a/c/e", "a/c/e/f", "a/c/e/f/", "a-", "a.b/x", "x", "a/x/", "0"}
	for _, prefix := range prefixes {
		var want []string
		for _, key := range slices.Sorted(slices.Values(tricky)) {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		if diff := cmp.Diff(want, keys(list(t, store, prefix))); diff != "" {
			t.Errorf("list %q (-want +got):\n%s", prefix, diff)
		}
	}
}

// A page of ListObjectsV2 has 1000 keys.
const pages = 2345

func (s suite) listPages(t *testing.T) {
	store := s.newStore(t)
	want := fill(t, store)
	if diff := cmp.Diff(want, keys(list(t, store, "many/"))); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

func (s suite) listStops(t *testing.T) {
	store := s.newStore(t)
	want := fill(t, store)
	for _, n := range []int{1, 999, 1000, 1001} {
		var got []string
		for e, err := range store.List(t.Context(), "many/") {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, e.Key); len(got) == n {
				break
			}
		}
		if diff := cmp.Diff(want[:n], got); diff != "" {
			t.Errorf("first %d (-want +got):\n%s", n, diff)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen, errs := 0, []error(nil)
	for _, err := range store.List(ctx, "many/") {
		if err != nil {
			errs = append(errs, err)
		} else if seen++; seen == 10 {
			cancel()
		}
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("list, cancelled after 10 keys: %d keys, errors %v", seen, errs)
	}
}

func (s suite) cancelled(t *testing.T) {
	store := s.newStore(t)
	put(t, store, "a", "old")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check := func(op string, err error) {
		t.Helper()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", op, err)
		}
	}
	_, err := store.Get(ctx, "a")
	check("get", err)
	check("put", store.Put(ctx, "a", publish.BytesContent([]byte("new")), header))
	check("put", store.Put(ctx, "b", publish.BytesContent(nil), header))
	check("delete", store.Delete(ctx, "a"))
	for _, err = range store.List(ctx, "") {
		break
	}
	check("list", err)
	if diff := cmp.Diff([]string{"a"}, keys(list(t, store, ""))); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if got := get(t, store, "a"); got != "old" {
		t.Errorf("got %q", got)
	}
}

func (s suite) wholeObjects(t *testing.T) {
	store := s.newStore(t)
	bodies := map[string]bool{}
	for i := range 8 {
		bodies[strings.Repeat(fmt.Sprint(i), 10_000)] = true
	}
	for body := range bodies {
		put(t, store, "w/one", body)
	}
	var writers, readers errgroup.Group
	for body := range bodies {
		writers.Go(func() error {
			for range 10 {
				if err := store.Put(t.Context(), "w/one", publish.BytesContent([]byte(body)), header); err != nil {
					return err
				}
			}
			return nil
		})
	}
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() error {
			for {
				select {
				case <-done:
					return nil
				default:
				}
				o, err := store.Get(t.Context(), "w/one")
				if err != nil {
					return err
				}
				got, err := io.ReadAll(o)
				o.Close()
				if err != nil {
					return err
				}
				if !bodies[string(got)] {
					return fmt.Errorf("read %d bytes that nobody wrote", len(got))
				}
			}
		})
	}
	if err := writers.Wait(); err != nil {
		t.Error(err)
	}
	close(done)
	if err := readers.Wait(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"w/one"}, keys(list(t, store, "w/"))); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	// A store must not have learned something wrong about them, either.
	for body := range bodies {
		put(t, store, "w/after", body)
		if got := get(t, store, "w/after"); got != body {
			t.Errorf("got %.9q…, want %.9q…", got, body)
		}
	}
}

// A new object is there with its own content from the first instant, also
// where another had that content before.
func (s suite) newObjects(t *testing.T) {
	store := s.newStore(t)
	const n = 200
	done := make(chan struct{})
	var reader errgroup.Group
	reader.Go(func() error {
		for i := 0; i < n; {
			select {
			case <-done:
				return nil
			default:
			}
			o, err := store.Get(t.Context(), fmt.Sprintf("n/%d", i))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			got, err := io.ReadAll(o)
			o.Close()
			if err != nil {
				return err
			}
			if want := fmt.Sprintf("one %d", i); string(got) != want {
				return fmt.Errorf("got %q, want %q", got, want)
			}
			i++
		}
		return nil
	})
	for i := range n {
		put(t, store, "n/other", fmt.Sprintf("one %d", i))
		put(t, store, "n/other", fmt.Sprintf("two %d", i))
		put(t, store, fmt.Sprintf("n/%d", i), fmt.Sprintf("one %d", i))
	}
	close(done)
	if err := reader.Wait(); err != nil {
		t.Error(err)
	}
}

func (s suite) largeFile(t *testing.T) {
	store := s.newStore(t)
	// 40 MiB and a bit are three parts of 16 MiB.
	body := random(40<<20 + 12345)
	content := file(t, body)
	key := "p/v1/payloads/0123456789abcdef0123456789abcdef/stm32-fw-mp.bin"
	for range 2 {
		if err := store.Put(t.Context(), key, content, payload); err != nil {
			t.Fatal(err)
		}
	}
	o, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	got, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, body) {
		t.Errorf("read %d bytes that are not the %d written", len(got), len(body))
	}
	if !s.noHeaders {
		if diff := cmp.Diff(payload, o.Header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	}
	if listed := list(t, store, ""); len(listed) != 1 || listed[0].Size != int64(len(body)) {
		t.Errorf("listed %v", listed)
	}

	var ranges errgroup.Group
	for i := range 4 {
		ranges.Go(func() error {
			o, err := store.Get(t.Context(), key)
			if err != nil {
				return err
			}
			defer o.Close()
			at := i*10<<20 + 17
			if _, err := o.Seek(int64(at), io.SeekStart); err != nil {
				return err
			}
			got := make([]byte, 1<<20)
			if _, err := io.ReadFull(o, got); err != nil {
				return err
			}
			if !bytes.Equal(got, body[at:at+len(got)]) {
				return fmt.Errorf("other bytes at %d", at)
			}
			return nil
		})
	}
	if err := ranges.Wait(); err != nil {
		t.Error(err)
	}
}

func (s suite) seek(t *testing.T) {
	store := s.newStore(t)
	body := "0123456789abcdefghijklmnopqrstuvwxyz"
	put(t, store, "s", body)
	o, err := store.Get(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, step := range []struct {
		offset int64
		whence int
		at     int64
		read   string
	}{
		{0, io.SeekEnd, 36, ""},
		{0, io.SeekStart, 0, "0123"},
		{0, io.SeekCurrent, 4, "4567"},
		{2, io.SeekCurrent, 10, "abcd"},
		{-4, io.SeekCurrent, 10, "abcdef"},
		{-3, io.SeekEnd, 33, "xyz"},
		{100, io.SeekStart, 100, ""},
		{35, io.SeekStart, 35, "z"},
		{0, io.SeekStart, 0, body},
	} {
		at, err := o.Seek(step.offset, step.whence)
		if err != nil || at != step.at {
			t.Fatalf("seek %d from %d: at %d, %v; want %d", step.offset, step.whence, at, err, step.at)
		}
		got := make([]byte, len(step.read))
		if _, err := io.ReadFull(o, got); err != nil || string(got) != step.read {
			t.Fatalf("at %d: got %q, %v; want %q", at, got, err, step.read)
		}
	}
	if n, err := o.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read %d bytes at the end, %v", n, err)
	}
	if _, err := o.Seek(-1, io.SeekStart); err == nil {
		t.Error("seek before the start")
	}

	put(t, store, "empty", "")
	if o, err = store.Get(t.Context(), "empty"); err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, whence := range []int{io.SeekEnd, io.SeekStart} {
		if at, err := o.Seek(0, whence); at != 0 || err != nil {
			t.Errorf("seek in an empty object: %d, %v", at, err)
		}
		if got, err := io.ReadAll(o); len(got) != 0 || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
	}
}

// A file that isn't what was planned must not be published.
func (s suite) changedFile(t *testing.T) {
	store := s.newStore(t)
	put(t, store, "p/old", "old")
	for _, size := range []int{10, 17 << 20} {
		body := random(size)
		other := bytes.Clone(body)
		other[size-1]++
		for what, now := range map[string][]byte{"other bytes": other, "shorter": body[:size-1], "longer": append(other, 'x'), "empty": nil} {
			content := file(t, now)
			content.Size, content.MD5 = int64(size), md5.Sum(body)
			for _, key := range []string{"p/old", "p/new"} {
				if err := store.Put(t.Context(), key, content, payload); err == nil {
					t.Errorf("%s of %d bytes, %s: put", key, size, what)
				} else if !strings.Contains(err.Error(), key) {
					t.Errorf("error %q doesn't name %s", err, key)
				}
			}
		}
	}
	content := file(t, nil)
	content.Open = func() (io.ReadSeekCloser, error) { return nil, fs.ErrPermission }
	if err := store.Put(t.Context(), "p/new", content, payload); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("content that can't be opened: %v", err)
	}
	if diff := cmp.Diff([]string{"p/old"}, keys(list(t, store, ""))); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if got := get(t, store, "p/old"); got != "old" {
		t.Errorf("got %d bytes", len(got))
	}
}

func (s suite) readersOutliveObjects(t *testing.T) {
	store := s.newStore(t)
	put(t, store, "r", "first")
	o, err := store.Get(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	put(t, store, "r", "2nd")
	if got, err := io.ReadAll(o); err != nil || string(got) != "first" {
		t.Errorf("got %q, %v", got, err)
	}
}

var (
	header  = publish.Header{ContentType: "text/plain; charset=utf-8", CacheControl: "public, max-age=60"}
	payload = publish.Header{ContentType: "application/octet-stream", CacheControl: "public, max-age=31536000, immutable"}
)

func put(t *testing.T, store publish.Store, key, body string) {
	t.Helper()
	if err := store.Put(t.Context(), key, publish.BytesContent([]byte(body)), header); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, store publish.Store, key string) string {
	t.Helper()
	o, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	body, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	if o.Key != key || o.Size != int64(len(body)) {
		t.Errorf("got %d bytes at %q, entry says %d at %q", len(body), key, o.Size, o.Key)
	}
	return string(body)
}

func list(t *testing.T, store publish.Store, prefix string) []publish.Entry {
	t.Helper()
	var entries []publish.Entry
	for e, err := range store.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

func keys(entries []publish.Entry) []string {
	var keys []string
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	return keys
}

// fill puts objects for some pages and returns their keys, sorted.
func fill(t *testing.T, store publish.Store) []string {
	t.Helper()
	var g errgroup.Group
	g.SetLimit(16)
	var want []string
	for i := range pages {
		key := fmt.Sprintf("many/%d/%d.txt", i%7, i)
		want = append(want, key)
		g.Go(func() error { return store.Put(t.Context(), key, publish.BytesContent(nil), header) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	return want
}

var randomBytes = sync.OnceValue(func() []byte {
	b := make([]byte, 41<<20)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
})

func random(n int) []byte { return bytes.Clone(randomBytes()[:n]) }

// file is content in a file.
func file(t *testing.T, body []byte) publish.Content {
	t.Helper()
	name := filepath.Join(t.TempDir(), "payload.bin")
	if err := os.WriteFile(name, body, 0o644); err != nil {
		t.Fatal(err)
	}
	content := publish.BytesContent(body)
	content.Bytes = nil
	content.Open = func() (io.ReadSeekCloser, error) { return os.Open(name) }
	return content
}
