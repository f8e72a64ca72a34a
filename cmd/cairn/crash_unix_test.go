//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAStoppedPublisherWritesNoMore stops one for longer than its lease lasts,
// while another publishes.
func TestAStoppedPublisherWritesNoMore(t *testing.T) {
	b := newBucket(t)
	b.proxy.Inject(slowly(20 * time.Millisecond))
	cmd, _, stderr := b.command("publish", "--at", after, "--concurrency", "4", "--lease", "1s")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for len(b.contents()) < 50 {
		time.Sleep(5 * time.Millisecond)
	}
	cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(100 * time.Millisecond) // a renewal may be on its way
	time.Sleep(time.Until(b.state().Lease.Expires) + 50*time.Millisecond)
	b.proxy.Inject(nil)
	b.run("publish", "--at", before)
	b.proxy.Take()
	cmd.Process.Signal(syscall.SIGCONT)
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(stderr.String(), "lease") ||
		!strings.Contains(stderr.String(), "read 'cairn plan'") || strings.Contains(stderr.String(), "run the command again") {
		t.Errorf("ended with %v: %s", cmd.ProcessState, stderr)
	}
	if n, _ := writes(b.proxy.Take()); n > 0 {
		t.Errorf("%d objects were written without a lease", n)
	}
	b.holds(b.fresh("--at", before))
}
