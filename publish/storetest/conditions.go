package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"cairn/publish"
)

const lockKey = "p/.cairn/lock"

func (s suite) conditions(t *testing.T) {
	store := s.newStore(t)
	write := func(body, etag string) (string, error) {
		return store.PutIf(t.Context(), lockKey, publish.BytesContent([]byte(body)), header, etag)
	}
	refused := func(body, etag, want string) {
		t.Helper()
		if _, err := write(body, etag); !errors.Is(err, publish.ErrCondition) {
			t.Errorf("%s if it is %q: %v", body, etag, err)
		}
		if want != "" {
			if got := get(t, store, lockKey); got != want {
				t.Errorf("it is %q, want %q", got, want)
			}
		}
	}
	refused("none", "0123456789abcdef0123456789abcdef", "")
	one, err := write("one", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, store, lockKey); got != "one" {
		t.Errorf("it is %q, want %q", got, "one")
	}
	refused("two", "", "one")
	refused("two", "0123456789abcdef0123456789abcdef", "one")
	two, err := write("two", one)
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, store, lockKey); got != "two" {
		t.Errorf("it is %q, want %q", got, "two")
	}
	refused("three", one, "two")
	if err := store.Delete(t.Context(), lockKey); err != nil {
		t.Fatal(err)
	}
	refused("three", two, "")
	if _, err := write("", ""); err != nil {
		t.Error(err)
	}
	refused("again", "", "")
}

// oneOfMany has many writers that each want to be the next, in rounds.
func (s suite) oneOfMany(t *testing.T) {
	store := s.newStore(t)
	etag := ""
	for round := range 5 {
		var mu sync.Mutex
		var wg sync.WaitGroup
		var winners []string
		for i := range 8 {
			wg.Go(func() {
				body := fmt.Sprintf("%d of round %d", i, round)
				tag, err := store.PutIf(t.Context(), lockKey, publish.BytesContent([]byte(body)), header, etag)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					winners = append(winners, tag)
				case !errors.Is(err, publish.ErrCondition):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(winners) != 1 {
			t.Fatalf("round %d has %d winners", round, len(winners))
		}
		etag = winners[0]
	}
}
