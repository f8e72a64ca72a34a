package publish_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

// noted is a store that notes what is done to it.
type noted struct {
	*memstore.Store
	did []string
}

func (n *noted) Put(ctx context.Context, key string, content publish.Content, header publish.Header) error {
	n.did = append(n.did, "put "+key)
	return n.Store.Put(ctx, key, content, header)
}

func (n *noted) PutIf(ctx context.Context, key string, content publish.Content, header publish.Header, etag string) (string, error) {
	n.did = append(n.did, "put "+key)
	return n.Store.PutIf(ctx, key, content, header, etag)
}

func (n *noted) Delete(ctx context.Context, key string) error {
	n.did = append(n.did, "delete "+key)
	return n.Store.Delete(ctx, key)
}

// TestEachOperationIsCarriedOutOnceAndInOrder plans on random fleets with enough
// buckets for many spans, from one day to another and from one fleet to another.
func TestEachOperationIsCarriedOutOnceAndInOrder(t *testing.T) {
	t.Parallel()
	of := func(seed uint64) *releases.Fleet {
		f := fleettest.Random(seed)
		f.Project.Prefix, f.Project.BucketDigits = "ota/random", 2
		return f
	}
	moved := 0
	for seed := range uint64(fleettest.Rounds(2, 6)) {
		before := newWorld(t, "before", of(seed), fleettest.Start)
		for name, after := range map[string]*world{
			"later":   newWorld(t, "later", of(seed), fleettest.Start.Add(40*time.Hour)),
			"another": newWorld(t, "another", of(seed+100), fleettest.Start),
		} {
			t.Run(fmt.Sprint(seed, " ", name), func(t *testing.T) {
				store := &memstore.Store{}
				stock(t, store, before, after)
				apply(t, before.site, store)
				had := snapshot(t, store)
				plan := compare(t, after.site, store)

				want, shall := map[string]bool{}, wanted(t, after.site)
				for key, o := range shall {
					if had[key] != o {
						want["put "+key] = true
					}
				}
				for key := range had {
					if _, stays := shall[key]; !stays && !strings.Contains(key, "/payloads/") {
						want["delete "+key] = true
					}
				}
				var ops []string
				got := map[string]bool{}
				var last publish.Op
				puts, deletes, bytes := 0, 0, int64(0)
				for op := range plan.Ops() {
					what := "put " + op.Object.Key
					if op.Delete() {
						what = "delete " + op.Object.Key
						deletes++
					} else {
						puts++
						bytes += op.Object.Content.Size
					}
					if op.Phase < last.Phase || op.Phase == last.Phase && op.Reason == publish.Withdraws && last.Reason != publish.Withdraws && len(ops) > 0 {
						t.Errorf("%s (%s, %s) comes after %s (%s, %s)", what, op.Phase, op.Reason, last.Object.Key, last.Phase, last.Reason)
					}
					ops, got[what], last = append(ops, what), true, op
				}
				if diff := cmp.Diff(want, got); diff != "" || len(got) != len(ops) {
					t.Fatalf("%d operations on %d keys: %s", len(ops), len(got), diff)
				}
				if p, d, b := plan.Totals(); p != puts || d != deletes || b != bytes || plan.Len() != len(ops) {
					t.Errorf("it says %d puts of %d bytes and %d deletions, %d in all, and has %d, %d and %d, %d", p, b, d, plan.Len(), puts, bytes, deletes, len(ops))
				}
				journal := &noted{Store: store}
				if err := plan.Apply(ctx, journal, publish.ApplyOptions{Concurrency: 1}); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(journal.did, ops) {
					t.Errorf("what is carried out is not what was planned:\n%s", cmp.Diff(ops, journal.did))
				}
				moved += len(ops)
			})
		}
	}
	if moved < 5_000 {
		t.Errorf("only %d operations", moved)
	}
}
