package s3store_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"cairn/publish"
	"cairn/publish/s3store"
)

// counted counts the requests that reach a server.
type counted struct {
	next http.RoundTripper
	sent atomic.Int64
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.sent.Add(1)
	return c.next.RoundTrip(r)
}

// TestWhatWaitedIsNotSentAfterAll has a lease run out while requests wait for
// their turn, as they do when the machine stood still.
func TestWhatWaitedIsNotSentAfterAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &counted{next: &simulated{latency: time.Minute}}
		store := open(t, s3store.Config{Region: "eu-test-1", Bucket: "fleet", Transport: server, Concurrency: 2})
		lost := errors.New("the lease ran out")
		expires := time.Now().Add(30 * time.Second)
		held := store.Checked(func() error {
			if time.Now().Before(expires) {
				return nil
			}
			return lost
		})
		var g errgroup.Group
		var refused atomic.Int64
		for _, key := range []string{"a", "b", "c", "d", "e"} {
			g.Go(func() error {
				err := held.Put(t.Context(), key, publish.BytesContent([]byte(key)), publish.Header{})
				if errors.Is(err, lost) {
					refused.Add(1)
					return nil
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		if server.sent.Load() != 2 || refused.Load() != 3 {
			t.Errorf("%d were sent, %d refused, of 5", server.sent.Load(), refused.Load())
		}
		if d := time.Since(expires.Add(-30 * time.Second)); d > 2*time.Minute {
			t.Errorf("it took %v to give up", d)
		}
	})
}
