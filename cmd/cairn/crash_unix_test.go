//go:build unix

package main

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"cairn/publish"
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

// TestWhatADeadPublisherWritesLateIsMended kills one, and has a write of it land
// after another has published.
func TestWhatADeadPublisherWritesLateIsMended(t *testing.T) {
	b := newBucket(t)
	b.run("publish", "--at", before)
	was := b.contents()
	b.proxy.Inject(slowly(20 * time.Millisecond))
	cmd, _, _ := b.command("publish", "--at", after, "--concurrency", "4", "--lease", "1s")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for !b.unfinished() {
		time.Sleep(5 * time.Millisecond)
	}
	cmd.Process.Kill()
	_ = cmd.Wait()
	b.proxy.Inject(nil)
	time.Sleep(time.Until(b.state().Lease.Expires))
	next, land := b.fresh("--at", after), ""
	for key, o := range was {
		if o != next[key] && next[key].Body != "" && strings.Contains(key, "/latest/") {
			land = key
		}
	}
	publishAgain := func(want string, args ...string) {
		t.Helper()
		o := next[land]
		if err := b.store().Put(context.Background(), land, publish.BytesContent([]byte(o.Body)), o.Header); err != nil {
			t.Fatal(err)
		}
		cmd, _, stderr := b.command("publish", append(args, "--at", before)...)
		if err := cmd.Run(); err != nil || !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q: %v: %s", want, err, stderr)
		}
		b.holds(was)
	}
	publishAgain("a publisher that lost its lease may still write ")
	publishAgain("hint: publish once more after that")
	state := b.state()
	state.Late.Until = time.Now().Add(2 * time.Second).UTC()
	if err := b.store().Put(context.Background(), publish.StateKey("smartfridge"), publish.BytesContent(state.Encode()), publish.Header{}); err != nil {
		t.Fatal(err)
	}
	publishAgain("published again: 0 operations", "--settle")
	if late := b.state().Late; late != nil {
		t.Errorf("%d keys may still be written", late.Keys.Len())
	}
}
