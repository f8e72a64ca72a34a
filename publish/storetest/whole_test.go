package storetest_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"cairn/publish"
)

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
