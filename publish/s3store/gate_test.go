package s3store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cairn/publish"
	"cairn/publish/s3store"
)

// simulated is a server that takes a time for each request, does some at once,
// and refuses those that are more than it bears.
type simulated struct {
	latency time.Duration
	workers chan struct{} // as many as it has room for; nil is any number
	bears   int64         // requests at once; 0 is any number

	inFlight, most, refusals atomic.Int64
}

func (s *simulated) RoundTrip(r *http.Request) (*http.Response, error) {
	n := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	return s.answer(s.bears == 0 || n <= s.bears)
}

func (s *simulated) answer(takes bool) (*http.Response, error) {
	status, body := http.StatusOK, ""
	if !takes {
		s.refusals.Add(1)
		status, body = http.StatusServiceUnavailable, "<Error><Code>SlowDown</Code></Error>"
	}
	if s.workers != nil {
		s.workers <- struct{}{}
		defer func() { <-s.workers }()
	}
	time.Sleep(s.latency)
	return &http.Response{
		StatusCode: status,
		Body:       io.NopCloser(strings.NewReader(body)),
		Header:     http.Header{"Last-Modified": {time.Time{}.Format(http.TimeFormat)}},
	}, nil
}

// putMany puts n objects, as many at once as the store takes.
func putMany(t *testing.T, store *s3store.Store, n int) {
	t.Helper()
	atOnce := func() int { return store.Traits().Parallel }
	err := publish.Each(t.Context(), atOnce, n, func(ctx context.Context, i int) error {
		return store.Put(ctx, fmt.Sprint(i), publish.BytesContent(nil), publish.Header{})
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheLimitFollowsTheServer(t *testing.T) {
	for _, test := range []struct {
		name        string
		concurrency int
		clock       func() time.Time
		latency     time.Duration
		workers     int
		puts        int
		min, max    int           // the limit after the run
		atMost      time.Duration // that it takes
	}{
		{"far away", 0, time.Now, 20 * time.Millisecond, 1 << 20, 6000, 256, 256, 900 * time.Millisecond},
		{"far away, without a clock", 0, nil, 20 * time.Millisecond, 1 << 20, 1600, 32, 32, time.Second},
		{"far away, fixed", 100, time.Now, 20 * time.Millisecond, 1 << 20, 1600, 100, 100, 500 * time.Millisecond},
		{"near and slow", 0, time.Now, time.Millisecond, 2, 3000, 32, 64, 2 * time.Second},
		{"near and slow, fixed", 3, time.Now, time.Millisecond, 2, 1000, 3, 3, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := simulated{latency: test.latency, workers: make(chan struct{}, test.workers)}
				store := open(t, s3store.Config{Region: "eu-test-1", Bucket: "fleet", Transport: &server, Concurrency: test.concurrency, Now: test.clock})
				start := time.Now()
				putMany(t, store, test.puts)
				if d := time.Since(start); d > test.atMost {
					t.Errorf("it took %v, want at most %v", d, test.atMost)
				}
				if got := store.Traits().Parallel; got < test.min || got > test.max {
					t.Errorf("the limit is %d, want %d to %d", got, test.min, test.max)
				}
				if most := server.most.Load(); most > int64(test.max) {
					t.Errorf("%d requests at once", most)
				}
			})
		})
	}
}

func TestRefusalsOfOneRoundLowerTheLimitOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := simulated{latency: 20 * time.Millisecond, bears: 1}
		store := open(t, s3store.Config{Region: "eu-test-1", Bucket: "fleet", Transport: &server})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		for i := range 32 {
			go store.Put(ctx, fmt.Sprint(i), publish.BytesContent(nil), publish.Header{})
		}
		<-ctx.Done()
		synctest.Wait()
		if n := server.refusals.Load(); n != 31 {
			t.Errorf("%d refusals", n)
		}
		if got := store.Traits().Parallel; got != 24 {
			t.Errorf("the limit is %d, want 24", got)
		}
	})
}

func TestTheLimitRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := simulated{latency: 20 * time.Millisecond, bears: 10}
		store := open(t, s3store.Config{Region: "eu-test-1", Bucket: "fleet", Transport: &server, Now: time.Now})
		putMany(t, store, 1000)
		if got := store.Traits().Parallel; got > 11 {
			t.Errorf("the limit is %d where 10 are borne", got)
		}
		if n := server.refusals.Load(); n > 150 {
			t.Errorf("%d of 1000 requests were refused", n)
		}
		server.bears = 0
		putMany(t, store, 7000)
		if got := store.Traits().Parallel; got != 256 {
			t.Errorf("the limit is %d where all are borne", got)
		}
	})
}

// metered is a server that takes so many requests a second and refuses the
// others, as S3 does below a prefix.
type metered struct {
	simulated
	perSecond float64

	mu     sync.Mutex
	room   float64 // requests that it takes now
	filled time.Time
}

func (m *metered) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	now := time.Now()
	m.room = min(m.room+m.perSecond*now.Sub(m.filled).Seconds(), m.perSecond/10)
	m.filled = now
	takes := m.room >= 1
	if takes {
		m.room--
	}
	m.mu.Unlock()
	return m.answer(takes)
}

// TestALimitedRateIsUsed counts the seconds that puts take where a server takes
// 3,500 in each, near and far away.
func TestALimitedRateIsUsed(t *testing.T) {
	const perSecond, seconds = 3500, 10
	for _, latency := range []time.Duration{5 * time.Millisecond, 20 * time.Millisecond, 36 * time.Millisecond} {
		t.Run(latency.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := metered{simulated: simulated{latency: latency}, perSecond: perSecond}
				store := open(t, s3store.Config{Region: "eu-test-1", Bucket: "fleet", Transport: &server, Now: time.Now})
				start := time.Now()
				putMany(t, store, perSecond*seconds)
				share := seconds / time.Since(start).Seconds()
				if share < 0.93 {
					t.Errorf("%.3f of what the server gives is used", share)
				}
				if n := server.refusals.Load(); n > perSecond*seconds/40 {
					t.Errorf("%d of %d requests were refused", n, perSecond*seconds)
				}
			})
		})
	}
}

// A caller that gives up while it waits leaves its place to others.
func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := simulated{latency: time.Hour}
		store := open(t, s3store.Config{Region: "eu-test-1", Bucket: "fleet", Transport: &server, Concurrency: 1})
		put := func(ctx context.Context) error {
			return store.Put(ctx, "a", publish.BytesContent(nil), publish.Header{})
		}
		go put(t.Context())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if err := put(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if d := time.Since(start); d != time.Minute {
			t.Errorf("it took %v", d)
		}
		if err := put(t.Context()); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d != 2*time.Hour {
			t.Errorf("it took %v", d)
		}
	})
}

func TestADeadServerEndsWithAnErrorThatSaysSo(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for _, test := range []struct {
		name      string
		transport roundTripper
		want      string
		min, max  time.Duration
	}{
		{"refuses connections", func(*http.Request) (*http.Response, error) { return nil, refused }, "after 10 attempts: ", 10 * time.Second, 30 * time.Second},
		{"accepts none", func(*http.Request) (*http.Response, error) {
			time.Sleep(10 * time.Second)
			return nil, refused
		}, "after 4 attempts: ", 30 * time.Second, 45 * time.Second},
		{"has another name", func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "s3.example.com", IsNotFound: true}}
		}, `put "a": Put "https://`, 0, time.Second},
		{"was sent a file that can't be read", func(*http.Request) (*http.Response, error) {
			return nil, &fs.PathError{Op: "read", Path: "payload.bin", Err: errors.New("input/output error")}
		}, "input/output error", 0, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := open(t, s3store.Config{Region: "eu-test-1", Bucket: "fleet", Transport: test.transport})
				start := time.Now()
				err := store.Put(t.Context(), "a", publish.BytesContent(nil), publish.Header{})
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%v, want %q in it", err, test.want)
				}
				if d := time.Since(start); d < test.min || d > test.max {
					t.Errorf("it took %v, want %v to %v", d, test.min, test.max)
				}
			})
		})
	}
}

func TestPausesEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
		store := open(t, s3store.Config{Region: "eu-test-1", Bucket: "fleet", Transport: server})
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		start := time.Now()
		if err := store.Delete(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if d := time.Since(start); d != 8*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}
