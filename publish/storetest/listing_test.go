package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cairn/publish"
)

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
	_, _, err = store.Stat(ctx, "a")
	check("stat", err)
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
