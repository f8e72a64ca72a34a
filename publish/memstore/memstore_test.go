package memstore_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
)

func TestFault(t *testing.T) {
	var store memstore.Store
	put := func(key, body string) error {
		return store.Put(t.Context(), key, publish.BytesContent([]byte(body)), publish.Header{})
	}
	if err := put("a", "old"); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for _, apply := range []bool{false, true} {
		store.Fault = func(op memstore.Op, key string) (bool, error) {
			if op == memstore.Get {
				return true, nil
			}
			return apply, broken
		}
		want := int64(len("old"))
		if apply {
			want = int64(len("newer"))
		}
		if err := put("a", "newer"); err != broken {
			t.Errorf("put: %v", err)
		}
		if o, err := store.Get(t.Context(), "a"); err != nil || o.Size != want {
			t.Errorf("apply %v: %d bytes, %v; want %d", apply, o.Size, err, want)
		}
		if err := store.Delete(t.Context(), "a"); err != broken {
			t.Errorf("delete: %v", err)
		}
		if _, err := store.Get(t.Context(), "a"); errors.Is(err, fs.ErrNotExist) != apply {
			t.Errorf("apply %v: %v", apply, err)
		}
		for _, err := range store.List(t.Context(), "") {
			if err != broken {
				t.Errorf("list: %v", err)
			}
		}
	}
}

func TestChanged(t *testing.T) {
	var changes []string
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	store := memstore.Store{
		Changed: func(op memstore.Op, key string) { changes = append(changes, string(op)+" "+key) },
		Now:     func() time.Time { return now },
	}
	ctx := context.Background()
	for _, body := range []string{"one", "one", "two"} {
		for _, key := range []string{"a", "b"} {
			if err := store.Put(ctx, key, publish.BytesContent([]byte(body)), publish.Header{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 {
		if err := store.Delete(ctx, "a"); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"put a", "put b", "delete a"}; !slices.Equal(changes, want) {
		t.Errorf("changes %q, want %q", changes, want)
	}
	for e, err := range store.List(ctx, "") {
		if err != nil || !e.Modified.Equal(now) {
			t.Errorf("listed %v, %v", e, err)
		}
	}
}
