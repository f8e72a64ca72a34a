package publish_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
)

// TestSettleComesBeforeAFolderGoes has a cache that knows _other as it was, and
// devices that fall back to it once the folder of their version is gone.
func TestSettleComesBeforeAFolderGoes(t *testing.T) {
	store := &memstore.Store{}
	rollOut := func(f *releases.Fleet) { activation(f, "default", "1.2.0").Rollout.Fixed = 100 }
	before, after := newWorld(t, "before", small(), fleettest.Start), newWorld(t, "after", small(rollOut), fleettest.Start)
	apply(t, before.site, store)
	cached := contents(t, store)
	// astray counts the buckets in which a device on 1.1.0 is offered 1.1.0.
	astray := func() (n int) {
		now := contents(t, store)
		for key, o := range cached {
			folder := strings.Replace(key, "/_other/", "/1.1.0/", 1)
			if _, there := now[folder]; folder != key && !strings.HasSuffix(key, ".below.txt") && !there && strings.HasSuffix(o.Body, "/1.1.0.bin") {
				n++
			}
		}
		return n
	}
	full := errors.New("interrupted")
	for _, result := range []error{full, nil} {
		settled := 0
		err := compare(t, after.site, store).Apply(ctx, store, publish.ApplyOptions{BeforeDeletions: func(context.Context) error {
			settled++
			if n := astray(); n > 0 {
				t.Errorf("%d buckets go astray before caches have settled", n)
			}
			return result
		}})
		if !errors.Is(err, result) || settled != 1 {
			t.Fatalf("%v, settled %d times", err, settled)
		}
	}
	holds(t, store, after)
	if astray() == 0 {
		t.Error("no bucket can go astray, so nothing is tested")
	}
}
