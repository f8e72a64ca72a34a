package publish_test

import (
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
)

// TestTagsThatAreNoMD5: a scan of a right bucket finds nothing to do, whenever
// encryption was switched on or off.
func TestTagsThatAreNoMD5(t *testing.T) {
	t.Parallel()
	s := site(t, "2026-12-02", nil)
	for _, test := range []struct {
		name         string
		first, after bool // encrypted when the first and the second half are put
	}{{"encrypted", true, true}, {"switched on", false, true}, {"switched off", true, false}, {"never", false, false}} {
		t.Run(test.name, func(t *testing.T) {
			var puts int
			clock := time.Unix(0, 0)
			store := &memstore.Store{Encrypted: test.first}
			store.Now = func() time.Time {
				puts, clock = puts+1, clock.Add(time.Second)
				if puts == s.Len()/2 {
					store.Encrypted = test.after
				}
				return clock
			}
			if err := compare(t, s, store).Apply(ctx, store, publish.ApplyOptions{Concurrency: 1}); err != nil {
				t.Fatal(err)
			}
			if p := compare(t, s, store); p.Len() != 0 {
				t.Errorf("%d operations on what is right: %v", p.Len(), p)
			}
			changed := site(t, "2026-12-08", nil)
			want := compare(t, changed, fresh(t, s))
			if p := compare(t, changed, store); p.Len() != want.Len() {
				t.Errorf("%d operations, not the %d that it takes", p.Len(), want.Len())
			}
		})
	}
}

// fresh is a store that holds a site.
func fresh(t *testing.T, s *publish.Site) *memstore.Store {
	t.Helper()
	store := &memstore.Store{}
	apply(t, s, store)
	return store
}
