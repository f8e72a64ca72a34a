package edge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/edge"
	"cairn/publish/memstore"
)

// bucket is a store that counts what is read of it, and fails if it shall.
type bucket struct {
	*memstore.Store
	mu    sync.Mutex
	reads map[string]int
	fails atomic.Bool
}

func (b *bucket) Get(ctx context.Context, key string) (*publish.Stored, error) {
	b.mu.Lock()
	b.reads[key]++
	b.mu.Unlock()
	time.Sleep(5 * time.Millisecond) // as if it were far
	if b.fails.Load() {
		return nil, errors.New("out of order")
	}
	return b.Store.Get(ctx, key)
}

// taken is how often each key was read since the last call.
func (b *bucket) taken() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.reads
	b.reads = map[string]int{}
	return taken
}

func (b *bucket) put(t testing.TB, key, text string) {
	t.Helper()
	at, _ := manifest.Layout{Prefix: "smartfridge", BucketDigits: 2, CohortDigits: 2}.Parse(key)
	f, _ := site(t)
	if err := b.Store.Put(t.Context(), key, publish.BytesContent([]byte(text)), publish.HeaderOf(at, f.Cache)); err != nil {
		t.Fatal(err)
	}
}

// overBucket serves the example from a bucket. The clock is moved by hand.
func overBucket(t *testing.T) (base string, b *bucket, later func(time.Duration)) {
	f, s := site(t)
	b = &bucket{Store: &memstore.Store{}, reads: map[string]int{}}
	for o := range s.Objects() {
		if err := b.Store.Put(t.Context(), o.Key, *o.Content, o.Header); err != nil {
			t.Fatal(err)
		}
	}
	var passed atomic.Int64
	server := httptest.NewServer(edge.New(b, edge.Options{
		Layout: manifest.LayoutOf(f), Order: f.Project.Order, Cache: f.Cache, Key: f.Project.Key,
		Now: func() time.Time { return at.Add(time.Duration(passed.Load())) },
	}))
	t.Cleanup(server.Close)
	return server.URL, b, func(d time.Duration) { passed.Add(int64(d)) }
}

// TestABucketIsAskedOnceForWhatManyAsk has devices with a version, with none,
// and with one that nobody knows ask for both forms at once.
func TestABucketIsAskedOnceForWhatManyAsk(t *testing.T) {
	base, b, later := overBucket(t)
	_, s := site(t)
	direct := serve(t, s.Tree.Fleet, s)
	all := func() {
		var group sync.WaitGroup
		for i := range 240 {
			group.Go(func() {
				path := []string{textPath, jsonPath}[i%2] + query([]string{"FRIDGE-0042", "DEMOSERIAL"}[i/2%2], "mp", []string{"1.0.0", "", "0.0.1", "77.0.0"}[i/4%4])
				coding := []string{"identity", "br, gzip", "gzip"}[i/16%3]
				got, want := ask(t, base, "GET", path, "Accept-Encoding", coding), ask(t, direct, "GET", path, "Accept-Encoding", coding)
				if got.StatusCode != want.StatusCode || got.Header.Get("Content-Encoding") != want.Header.Get("Content-Encoding") || body(t, got) != body(t, want) || got.Header.Get("Age") == "" {
					t.Errorf("%s: %s, and straight from the definitions %s", path, got.Status, want.Status)
				}
			})
		}
		group.Wait()
	}
	all()
	first := b.taken()
	for key, n := range first {
		if n != 1 || strings.HasSuffix(key, ".br") || strings.HasSuffix(key, ".gz") {
			t.Errorf("%s was read %d times", key, n)
		}
	}
	if len(first) == 0 {
		t.Error("nothing was read")
	}
	if all(); len(b.taken()) > 0 {
		t.Error("something was read again within its lifetime")
	}
	later(s.Cache.Answers)
	all()
	for key, n := range b.taken() {
		if n != 1 || strings.Contains(key, "/cohorts/") {
			t.Errorf("%s was read %d times after the lifetime of answers", key, n)
		}
	}
}

// TestAStopIsSeenWithinTheLifetime replaces an answer, and takes a version
// folder away, in which nothing was before.
func TestAStopIsSeenWithinTheLifetime(t *testing.T) {
	base, b, later := overBucket(t)
	f, _ := site(t)
	key := "smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/" + bucketOf("FRIDGE-0042") + ".txt"
	for _, target := range []string{textPath + query("FRIDGE-0042", "mp", "1.0.0"), "/" + key} {
		b.put(t, key, "offered")
		later(time.Hour)
		if got := body(t, ask(t, base, "GET", target)); got != "offered" {
			t.Fatalf("%q is offered", got)
		}
		b.put(t, key, "")
		later(f.Cache.Answers - time.Second)
		r := ask(t, base, "GET", target)
		if age := r.Header.Get("Age"); body(t, r) != "offered" || age != fmt.Sprint(int(f.Cache.Answers.Seconds())-1) {
			t.Errorf("%s: not the answer from before, with an age of %s", target, age)
		}
		later(time.Second)
		if got := body(t, ask(t, base, "GET", target)); got != "" {
			t.Errorf("%s: %q is offered after the stop", target, got)
		}
	}
	const missing = "smartfridge/v1/latest/stm32-fw/mp/beta/3.3.3/00.txt"
	for want := range 2 {
		if r := ask(t, base, "GET", "/"+missing); (r.StatusCode == 200) != (want == 1) {
			t.Errorf("%s", r.Status)
		}
		b.put(t, missing, "there")
		b.taken()
		if ask(t, base, "GET", "/"+missing); len(b.taken()) > 0 {
			t.Error("that an answer is missing was not kept")
		}
		later(f.Cache.Answers)
	}
}

// TestWhatABucketFailsToGiveIsNotKept asks while it fails, and right after.
func TestWhatABucketFailsToGiveIsNotKept(t *testing.T) {
	base, b, _ := overBucket(t)
	target := textPath + query("FRIDGE-0042", "mp", "1.0.0")
	b.fails.Store(true)
	if r := ask(t, base, "GET", target); r.StatusCode != 503 {
		t.Errorf("%s while the bucket fails", r.Status)
	}
	b.fails.Store(false)
	if r := ask(t, base, "GET", target); r.StatusCode != 200 {
		t.Errorf("%s after it failed", r.Status)
	}
}

// TestAnswersFromTwoPublishesAreReadAgain keeps what the first of two answers
// said that go together, until both are replaced.
func TestAnswersFromTwoPublishesAreReadAgain(t *testing.T) {
	base, b, _ := overBucket(t)
	folder := "smartfridge/v1/latest/stm32-fw/mp/beta/_other/" + bucketOf("FRIDGE-0042")
	ask(t, base, "GET", textPath+query("FRIDGE-0042", "mp", "0.0.1")) // which reads what is for versions below
	b.put(t, folder+".below.txt", "9.0.0\nhttps://cdn.example.com/9.bin")
	b.put(t, folder+".json", `{"version":"9.0.0","artifacts":[{"url":"https://cdn.example.com/9.bin"}]}`)
	if r := ask(t, base, "GET", jsonPath+query("FRIDGE-0042", "mp", "0.0.1")); r.StatusCode != 200 || !strings.Contains(body(t, r), "9.0.0") {
		t.Errorf("%s between two publishes", r.Status)
	}
}
