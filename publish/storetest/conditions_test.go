package storetest_test

import (
	"bytes"
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

// A payload is never overwritten, whatever its size.
func (s suite) conditionsOnFiles(t *testing.T) {
	store := s.newStore(t)
	for _, size := range []int{10, 17 << 20} {
		one := random(size)
		two := bytes.Clone(one)
		two[0]++
		key := fmt.Sprintf("p/v1/payloads/%d", size)
		etag, err := store.PutIf(t.Context(), key, file(t, one), payload, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range []string{"", "0123456789abcdef0123456789abcdef"} {
			if _, err := store.PutIf(t.Context(), key, file(t, two), payload, tag); !errors.Is(err, publish.ErrCondition) {
				t.Errorf("%d bytes, if they are %q: %v", size, tag, err)
			}
			if get(t, store, key) != string(one) {
				t.Errorf("the %d bytes are others now", size)
			}
		}
		if _, err := store.PutIf(t.Context(), key, file(t, two), payload, etag); err != nil {
			t.Error(err)
		}
		if get(t, store, key) != string(two) {
			t.Errorf("the %d bytes are still the old ones", size)
		}
		if listed := list(t, store, ""); len(listed) != 1 {
			t.Errorf("listed %v", listed)
		}
		if err := store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
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
