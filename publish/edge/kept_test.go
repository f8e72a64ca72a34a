package edge_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"cairn/publish"
	"cairn/publish/dirstore"
)

// TestAnswersAreNeverOld asks for an answer over and over while it changes.
func TestAnswersAreNeverOld(t *testing.T) {
	f, s := site(t)
	root := t.TempDir()
	store := dirstore.New(root)
	put := func(key string, body string) {
		t.Helper()
		if err := store.Put(t.Context(), key, publish.BytesContent([]byte(body)), publish.Header{}); err != nil {
			t.Fatal(err)
		}
	}
	for o := range s.Objects() {
		if err := store.Put(t.Context(), o.Key, *o.Content, o.Header); err != nil {
			t.Fatal(err)
		}
	}
	base := serve(t, f, store)
	key := "smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/" + bucketOf("FRIDGE-0042") + ".txt"
	check := func(want string) {
		t.Helper()
		for _, target := range []string{textPath + query("FRIDGE-0042", "mp", "1.0.0"), "/" + key} {
			for range 2 {
				if got := body(t, ask(t, base, "GET", target)); got != want {
					t.Fatalf("%s: %q, want %q", target, got, want)
				}
			}
		}
	}
	check(body(t, ask(t, base, "GET", "/"+key)))
	for _, content := range []string{"one", "two", "", "six", "one", ""} {
		put(key, content)
		check(content)
	}
	if err := os.WriteFile(filepath.Join(root, key), []byte("in place"), 0o644); err != nil {
		t.Fatal(err)
	}
	check("in place")
	if err := store.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if r := ask(t, base, "GET", "/"+key); r.StatusCode != 404 {
		t.Errorf("%s after it was deleted", r.Status)
	}
	if r := ask(t, base, "GET", textPath+query("FRIDGE-0042", "mp", "1.0.0")); r.StatusCode != 204 {
		t.Errorf("%s after it was deleted", r.Status)
	}
}

// TestFormsOfOneFileHaveTheirOwnHeaders has links of both forms to one file, as
// a store makes them of what is alike.
func TestFormsOfOneFileHaveTheirOwnHeaders(t *testing.T) {
	f, _ := site(t)
	store := dirstore.New(t.TempDir())
	base := serve(t, f, store)
	folder := "smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/00"
	for ending, contentType := range map[string]string{".txt": "text/plain; charset=utf-8", ".json": "application/json", ".txt.gz": "text/plain; charset=utf-8"} {
		if err := store.Put(t.Context(), folder+ending, publish.BytesContent(nil), publish.Header{}); err != nil {
			t.Fatal(err)
		}
		if r := ask(t, base, "GET", "/"+folder+ending); r.Header.Get("Content-Type") != contentType || (ending == ".txt.gz") != (r.Header.Get("Content-Encoding") == "gzip") {
			t.Errorf("%s: %v", ending, r.Header)
		}
	}
}

// replaced is a store in which a file is replaced after a first look at it.
type replaced struct {
	*dirstore.Store
	change func()
}

func (r *replaced) Get(ctx context.Context, key string) (*publish.Stored, error) {
	if r.change != nil {
		r.change()
		r.change = nil
	}
	return r.Store.Get(ctx, key)
}

// TestReplacedWhileItIsRead has two keys that are links to one file. What takes
// its place at one of them is not for the other.
func TestReplacedWhileItIsRead(t *testing.T) {
	f, _ := site(t)
	store := dirstore.New(t.TempDir())
	put := func(key, body string) {
		if err := store.Put(t.Context(), key, publish.BytesContent([]byte(body)), publish.Header{}); err != nil {
			t.Fatal(err)
		}
	}
	const one, two = "smartfridge/v1/latest/a/b/default/_none/00.txt", "smartfridge/v1/latest/a/b/default/_none/01.txt"
	put(one, "old")
	put(two, "old")
	base := serve(t, f, &replaced{store, func() { put(one, "new") }})
	for _, tt := range [][2]string{{one, "new"}, {two, "old"}, {one, "new"}, {two, "old"}} {
		if got := body(t, ask(t, base, "GET", "/"+tt[0])); got != tt[1] {
			t.Errorf("%s: %q, want %q", tt[0], got, tt[1])
		}
	}
}
