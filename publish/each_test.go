package publish_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cairn/publish"
)

// TestEachHasAsManyAtOnceAsThereMayBe lets that number rise and fall meanwhile.
func TestEachHasAsManyAtOnceAsThereMayBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := []int{1, 7, 7, 3, 3, 12, 1, 1, 2}
		start := time.Now()
		second := func() int { return min(int(time.Since(start)/time.Second), len(limits)-1) }
		var mu sync.Mutex
		var begun []int
		now, most := 0, make([]int, len(limits))
		err := publish.Each(t.Context(), func() int { return limits[second()] }, 3000, func(_ context.Context, i int) error {
			mu.Lock()
			now++
			most[second()] = max(most[second()], now)
			begun = append(begun, i)
			mu.Unlock()
			time.Sleep(20 * time.Millisecond)
			mu.Lock()
			now--
			mu.Unlock()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(most, limits) {
			t.Errorf("%v at once, want %v", most, limits)
		}
		for i, b := range begun {
			if b < i-12 || b > i+12 {
				t.Fatalf("%d began as the %dth", b, i)
			}
		}
	})
}

func TestEachStopsAtTheFirstError(t *testing.T) {
	wrong := errors.New("wrong")
	var after atomic.Int64
	err := publish.Each(t.Context(), func() int { return 4 }, 1000, func(ctx context.Context, i int) error {
		if i == 5 {
			return wrong
		}
		if i > 5 {
			after.Add(1)
			<-ctx.Done()
		}
		return nil
	})
	if !errors.Is(err, wrong) || after.Load() > 4 {
		t.Errorf("%v, after %d others", err, after.Load())
	}
}
