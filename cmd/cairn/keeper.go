package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/user"
	"sync"
	"time"

	"cairn/publish"
)

func newLease(now time.Time, duration time.Duration) publish.Lease {
	l := publish.Lease{Holder: "unknown", Host: "unknown", PID: os.Getpid(), Nonce: rand.Text(), Began: now, Expires: now.Add(duration)}
	if u, err := user.Current(); err == nil {
		l.Holder = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		l.Host = h
	}
	return l
}

// keeper renews a lease while work goes on.
type keeper struct {
	quit, done chan struct{}

	mu      sync.Mutex
	expires time.Time
	lost    error
}

// keep renews the lease of a session at each third of its duration. Where that
// fails for so long that the lease runs out, or somebody else has taken it,
// it abandons the requests under way.
func keep(ctx context.Context, session *publish.Session, progress *publish.Progress, lease publish.Lease, duration time.Duration, abandon func(error)) *keeper {
	k := &keeper{quit: make(chan struct{}), done: make(chan struct{}), expires: lease.Expires}
	go func() {
		defer close(k.done)
		tick := time.NewTicker(duration / 3)
		defer tick.Stop()
		for {
			select {
			case <-k.quit:
				return
			case <-tick.C:
			}
			if err := k.renew(ctx, session, progress.Low(), duration); err != nil {
				abandon(err)
				return
			}
		}
	}()
	return k
}

// renew gives an error where the lease is lost.
func (k *keeper) renew(ctx context.Context, session *publish.Session, done int, duration time.Duration) error {
	now := wallClock()
	ctx, cancel := context.WithDeadline(ctx, k.expires)
	defer cancel()
	err := session.Renew(ctx, done, now, now.Add(duration))
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case err == nil:
		k.expires = now.Add(duration)
	case errors.Is(err, publish.ErrMoved):
		k.lost = fmt.Errorf("lost the lease: %w", err)
	case !wallClock().Before(k.expires):
		k.lost = fmt.Errorf("the lease ran out, and could not be renewed: %w", err)
	}
	return k.lost
}

// hold is an error once the lease is lost or has run out: also after the
// process has been stopped for a while.
func (k *keeper) hold() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lost == nil && !wallClock().Before(k.expires) {
		k.lost = errors.New("the lease ran out")
	}
	return k.lost
}

// stop ends the renewals.
func (k *keeper) stop() {
	close(k.quit)
	<-k.done
}

// wallClock leaves out the monotonic reading, which stands still while the
// machine sleeps.
func wallClock() time.Time { return time.Now().UTC().Round(0) }
