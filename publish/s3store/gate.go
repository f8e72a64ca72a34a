package s3store

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// gate lets so many requests through at once, each until its answer begins.
// The others wait in line.
type gate struct {
	next http.RoundTripper
	now  func() time.Time // the clock of this machine, or nil

	mu       sync.Mutex
	tuner    tuner
	inFlight int
	waiting  []chan int64 // each gets the number of its request
	last     int64        // number of the request that was let through last
	lowered  int64        // what last was when the limit was lowered
	full     int64        // what last was when nearly as many as may be were under way

	// skew is how much later it is at the server than here, in nanoseconds, by
	// its last refusal.
	skew atomic.Int64
}

// checkedGate asks whether a request may be sent when it is its turn: it may
// have waited for long.
type checkedGate struct {
	*gate
	check func() error // or nil
}

// RoundTrip sends a request when it is its turn.
func (g checkedGate) RoundTrip(r *http.Request) (*http.Response, error) {
	number, err := g.enter(r.Context())
	if err == nil && g.check != nil {
		if err = g.check(); err != nil {
			g.leave(number, nil)
		}
	}
	if err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	var answer *http.Response
	if r, err = inMemory(r); err == nil {
		answer, err = g.next.RoundTrip(r)
	}
	if err == nil && answer.StatusCode == http.StatusForbidden && g.now != nil {
		if there, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
			g.skew.Store(int64(there.Sub(g.now())))
		}
	}
	g.leave(number, answer)
	return answer, err
}

// inMemory is a request whose body, if it is a small one, net/http can see to
// be in memory: it sends that with the header, in one write instead of two.
func inMemory(r *http.Request) (*http.Request, error) {
	const small = 64 << 10
	if r.Body == nil || r.ContentLength <= 0 || r.ContentLength > small {
		return r, nil
	}
	defer r.Body.Close()
	b := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, b); err != nil {
		return nil, err
	}
	known := *r
	known.Body = io.NopCloser(bytes.NewReader(b))
	return &known, nil
}

// limit is how many requests are let through at once now.
func (g *gate) limit() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tuner.limit
}

func (g *gate) enter(ctx context.Context) (number int64, err error) {
	turn := make(chan int64, 1)
	g.mu.Lock()
	g.waiting = append(g.waiting, turn)
	g.admit()
	g.mu.Unlock()
	select {
	case number := <-turn:
		return number, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, turn); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	} else {
		g.inFlight--
		g.admit()
	}
	return 0, ctx.Err()
}

// leave makes place after the answer to a request, nil where there was none.
func (g *gate) leave(number int64, answer *http.Response) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case answer == nil:
	case answer.StatusCode == http.StatusTooManyRequests, answer.StatusCode == http.StatusServiceUnavailable:
		// Those that were under way together are one refusal.
		if number > g.lowered {
			g.tuner.refused()
			g.lowered = g.last
		}
	default:
		// Answers may come all together, and leave none under way for a moment.
		g.tuner.answered(g.last-g.full < int64(g.tuner.limit))
	}
	g.inFlight--
	g.admit()
}

// admit lets those through whose turn it is.
func (g *gate) admit() {
	for len(g.waiting) > 0 && g.inFlight < g.tuner.limit {
		g.inFlight++
		g.last++
		if 4*g.inFlight >= 3*g.tuner.limit {
			g.full = g.last
		}
		g.waiting[0] <- g.last
		g.waiting = g.waiting[1:]
	}
}
