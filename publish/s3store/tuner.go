package s3store

import "time"

const (
	// startLimit and maxLimit are how many requests are under way at once
	// first and at most, where the store finds that out by itself.
	startLimit = 32
	maxLimit   = 256
	// rounds is how many times the limit are the answers that a rate is
	// measured by.
	rounds = 8
	// worth is how many times the rate must be where twice as many requests
	// at once are worth it.
	worth = 1.1
	// patience is how many answers there are at least between one request at
	// once and the next after the server has refused some.
	patience = 64
	// firstWait is how many rates are measured after twice the requests were
	// not worth it, before that is tried again. It doubles each time.
	firstWait = 4
)

// tuner finds out how many requests at once are best: twice as many as long as
// that pays, a quarter less each time that the server refuses, and from there
// one more a round or so up to what was tried last. So where a server takes so
// many requests a second and no more, their number stays close to that.
type tuner struct {
	limit int // requests at once, 1 or more
	best  int // the limit that paid last, or was refused
	max   int
	now   func() time.Time // nil tries nothing above best

	rate     float64 // answers a second at best
	wait     int     // rates until the next trial
	nextWait int
	answers  int       // since the limit, or what came of it, last changed
	began    time.Time // when the first round of them was over
}

func newTuner(concurrency int, now func() time.Time) tuner {
	if concurrency > 0 {
		return tuner{limit: concurrency, best: concurrency, max: concurrency}
	}
	return tuner{limit: startLimit, best: startLimit, max: maxLimit, now: now, nextWait: firstWait}
}

// refused is told of a server that has too much to do.
func (t *tuner) refused() {
	t.best = max(t.best, t.limit)
	t.limit = max(1, t.limit*3/4)
	t.answers = 0
}

// answered is told of each answer, and whether as many requests were under way
// as may be, or nearly: otherwise it says nothing about the limit.
func (t *tuner) answered(busy bool) {
	if !busy {
		t.answers = 0
		return
	}
	t.answers++
	switch {
	case t.limit < t.best:
		if t.answers >= max(t.limit, patience) {
			t.limit++
			t.answers = 0
		}
	case t.now == nil || t.best == t.max:
	case t.answers == t.limit:
		t.began = t.now()
	case t.answers == (1+rounds)*t.limit:
		t.measured(float64(rounds*t.limit) / t.now().Sub(t.began).Seconds())
		t.answers = 0
	}
}

// measured is told the answers a second at the limit.
func (t *tuner) measured(rate float64) {
	switch {
	case t.limit > t.best && rate < worth*t.rate:
		t.limit, t.wait = t.best, t.nextWait
		t.nextWait *= 2
	case t.limit == t.best && t.wait > 0:
		t.rate = rate
		t.wait--
	default:
		t.rate, t.best = rate, t.limit
		t.limit = min(2*t.limit, t.max)
	}
}
