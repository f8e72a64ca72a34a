package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/publish/storetest/proxy"
	"cairn/releases/fleettest"
)

const (
	before = "2026-12-02T12:00:00Z"
	after  = "2026-12-08T12:00:00Z"
)

// slowly makes each request take a while, so that a publish can be disturbed.
func slowly(d time.Duration) func(*http.Request) proxy.Fault {
	return func(*http.Request) proxy.Fault { return proxy.Fault{Delay: d} }
}

func TestRequestsAreThoseOfWhatChangedAndSixMore(t *testing.T) {
	b := newBucket(t)
	for _, row := range []struct {
		at      string
		changed bool
	}{{before, true}, {before, false}, {"2026-12-05T12:00:00Z", true}, {after, true}, {after, false}, {before, true}} {
		b.proxy.Take()
		said := b.run("publish", "--at", row.at)
		requests := b.proxy.Take()
		n, _ := writes(requests)
		switch {
		case !row.changed && len(requests) > 2:
			t.Errorf("%s: %d requests to change nothing", row.at, len(requests))
		case row.changed && (n == 0 || len(requests) > n+6):
			t.Errorf("%s: %d requests to change %d objects", row.at, len(requests), n)
		}
		t.Logf("%s: %d requests, %d of them for what changed: %s", row.at, len(requests), n, said)
	}
}

// TestKilledAtAnyInstant kills the program many times, on its way between two
// trees. Then one run makes the bucket what a fresh publish makes it.
func TestKilledAtAnyInstant(t *testing.T) {
	b := newBucket(t)
	want := b.fresh("--at", after)
	random := rand.New(rand.NewPCG(1, 2))
	halfway, ended, rounds := 0, 0, fleettest.Rounds(10, 50)
	for i := range rounds {
		at := []string{before, after}[i%2]
		cmd, _, stderr := b.command("publish", "--at", at, "--concurrency", "8")
		var requests atomic.Int64
		last, enough := 1+random.Int64N(300), make(chan struct{})
		b.proxy.Inject(func(*http.Request) proxy.Fault {
			if requests.Add(1) == last {
				close(enough)
			}
			return proxy.Fault{Delay: 2 * time.Millisecond}
		})
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			<-enough
			cmd.Process.Kill()
		}()
		if cmd.Wait() == nil {
			ended++
		} else if !strings.Contains(cmd.ProcessState.String(), "killed") {
			t.Fatalf("%d: %v: %s", i, cmd.ProcessState, stderr)
		}
		time.Sleep(30 * time.Millisecond) // what it sent is still on its way
		if b.unfinished() {
			halfway++
			b.run("unlock", "--yes")
		}
	}
	b.proxy.Inject(nil)
	b.run("publish", "--at", after)
	b.holds(want)
	if s := b.state(); s.Lease != nil || s.Doing != nil {
		t.Errorf("the state still has a lease %v of %v", s.Lease, s.Doing)
	}
	t.Logf("%d of %d were killed halfway, %d came to their end", halfway, rounds, ended)
	if halfway < rounds*3/5 {
		t.Errorf("only %d of %d were killed halfway", halfway, rounds)
	}
}

// unfinished says whether a publisher has died with the lease.
func (b *bucket) unfinished() bool {
	s := b.state()
	return s != nil && s.Lease != nil
}

// TestFaultsOnTheWay breaks a sixth of all requests in every way there is.
func TestFaultsOnTheWay(t *testing.T) {
	b := newBucket(t)
	want := b.fresh("--at", after)
	faults := []proxy.Fault{
		{Status: http.StatusInternalServerError}, {Status: http.StatusServiceUnavailable}, {Status: http.StatusTooManyRequests},
		{Reset: true}, {Lost: true}, {Truncated: true}, {Delay: 50 * time.Millisecond},
	}
	var n, broken atomic.Int64
	b.proxy.Inject(func(*http.Request) proxy.Fault {
		i := int(n.Add(1))
		if i%6 != 0 {
			return proxy.Fault{}
		}
		broken.Add(1)
		return faults[i/6%len(faults)]
	})
	for _, at := range []string{before, after, before, after} {
		b.run("publish", "--at", at)
	}
	b.run("publish", "--at", after, "--rescan")
	b.proxy.Inject(nil)
	b.holds(want)
	if broken.Load() < 100 {
		t.Errorf("only %d requests were broken", broken.Load())
	}
	if said := b.run("publish", "--at", after); !strings.Contains(said, fmt.Sprintf("s3://%s: %d unchanged", b.name, len(want))) {
		t.Errorf("something is left: %s", said)
	}
}

// TestLostAnswersToTheState loses the answers to the writes of the state itself.
func TestLostAnswersToTheState(t *testing.T) {
	b := newBucket(t)
	want := b.fresh("--at", before)
	var puts atomic.Int64
	b.proxy.Inject(func(r *http.Request) proxy.Fault {
		lost := r.Method == "PUT" && strings.HasSuffix(r.URL.Path, ".cairn/state") && puts.Add(1)%2 == 1
		return proxy.Fault{Lost: lost}
	})
	b.run("publish", "--at", before)
	b.holds(want)
	if s := b.state(); s.Lease != nil || s.Doing != nil {
		t.Errorf("the state still has a lease %v of %v", s.Lease, s.Doing)
	}
}

func TestASecondPublisherIsRefused(t *testing.T) {
	b := newBucket(t)
	b.run("publish", "--at", before)
	b.proxy.Inject(slowly(20 * time.Millisecond))
	first, _, said := b.command("publish", "--at", after, "--concurrency", "4")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	for !b.unfinished() {
		time.Sleep(5 * time.Millisecond)
	}
	second, _, stderr := b.command("publish", "--at", before)
	if err := second.Run(); err == nil || second.ProcessState.ExitCode() != exitFailed {
		t.Errorf("the second one ended with %v", second.ProcessState)
	}
	for _, want := range []string{fmt.Sprintf("(process %d) has been publishing to s3://%s since ", first.Process.Pid, b.name), "its lease runs out at", "cairn unlock"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q in %s", want, stderr)
		}
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first one ended with %v: %s", err, said)
	}
	b.holds(b.fresh("--at", after))
}

// TestRecallsWaitForTheirTurn recalls two releases while somebody else publishes
// them: neither recall takes the other one back.
func TestRecallsWaitForTheirTurn(t *testing.T) {
	b := newBucket(t)
	b.proxy.Inject(slowly(20 * time.Millisecond))
	first, _, said := b.command("publish", "--at", after, "--concurrency", "4")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	for !b.unfinished() {
		time.Sleep(5 * time.Millisecond)
	}
	b.edit("cairn.toml", "dir:public", "s3://"+b.name)
	var stderr [2]bytes.Buffer
	var recalls sync.WaitGroup
	for i, version := range []string{"1.0.0", "1.1.0"} {
		recalls.Go(func() {
			recall := exec.Command("cairn", "-C", b.dir, "withdraw", version, "--reason", "hot", "--publish")
			recall.Env, recall.Stderr = first.Env, &stderr[i]
			if err := recall.Run(); err != nil {
				t.Errorf("%s: %v: %s", version, err, &stderr[i])
			}
		})
	}
	recalls.Wait()
	if err := first.Wait(); err != nil {
		t.Errorf("the first one ended with %v: %s", err, said)
	}
	for _, want := range []string{fmt.Sprintf("(process %d) has been publishing", first.Process.Pid), "\nwaiting for it\n"} {
		if all := stderr[0].String() + stderr[1].String(); strings.Count(all, want) != 1 {
			t.Errorf("no %q, or more than one, in %s", want, all)
		}
	}
	for _, r := range b.state().Done.Rollouts {
		if r.Version != "1.0.0-alpha" {
			t.Errorf("cohort %s is offered %s still", r.Cohort, r.Version)
		}
	}
}

// TestTwoAtOnce lets two publishers with different plans begin together: what
// is there in the end is the whole of one of them.
func TestTwoAtOnce(t *testing.T) {
	b := newBucket(t)
	trees := map[string]map[string]stored{before: b.fresh("--at", before), after: b.fresh("--at", after)}
	for range fleettest.Rounds(2, 5) {
		ends := make(chan string, 2)
		for at := range trees {
			go func() {
				cmd, _, stderr := b.command("publish", "--at", at, "--concurrency", "8")
				err := cmd.Run()
				if err != nil && !strings.Contains(stderr.String(), "has been publishing") && !strings.Contains(stderr.String(), "somebody else has published") {
					t.Errorf("%s: %v: %s", at, err, stderr)
				}
				if err != nil {
					at = ""
				}
				ends <- at
			}()
		}
		last := ""
		for range trees {
			if at := <-ends; at != "" {
				last = at
			}
		}
		if last == "" {
			t.Error("both were refused")
			continue
		}
		b.holds(trees[b.state().Done.At.Format(time.RFC3339)])
	}
}

func TestInterruptGivesTheLeaseBack(t *testing.T) {
	b := newBucket(t)
	b.proxy.Inject(slowly(20 * time.Millisecond))
	cmd, _, stderr := b.command("publish", "--at", before, "--concurrency", "4")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for len(b.contents()) < 50 {
		time.Sleep(5 * time.Millisecond)
	}
	cmd.Process.Signal(os.Interrupt)
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("ended with %v", cmd.ProcessState)
	}
	if !strings.Contains(stderr.String(), "cairn: interrupted\n") || !strings.Contains(stderr.String(), "operations done; run the command again to go on") {
		t.Errorf("said %s", stderr)
	}
	s := b.state()
	if s.Lease != nil || s.Doing == nil {
		t.Errorf("the state has a lease %v of %v", s.Lease, s.Doing)
	}
	done := len(b.contents())
	b.proxy.Inject(nil)
	b.proxy.Take()
	b.run("publish", "--at", before)
	want := b.fresh("--at", before)
	b.holds(want)
	// All that had been done was on record: nothing of it is done again.
	if n, _ := writes(b.proxy.Take()); done+n < len(want) || n == 0 {
		t.Errorf("%d were done before, %d after, of %d", done, n, len(want))
	}
}

// TestALongPublishRenewsItsLease is one that takes longer than its lease.
func TestALongPublishRenewsItsLease(t *testing.T) {
	b := newBucket(t)
	b.proxy.Inject(slowly(20 * time.Millisecond))
	b.proxy.Take()
	b.run("publish", "--at", before, "--concurrency", "4", "--lease", "1s")
	if _, ofState := writes(b.proxy.Take()); ofState < 5 {
		t.Errorf("the state was written %d times", ofState)
	}
	b.holds(b.fresh("--at", before))
}

// TestAStoreThatRefusesConditions: --no-lock sends none, whatever the command.
func TestAStoreThatRefusesConditions(t *testing.T) {
	b := newBucket(t)
	var conditions atomic.Int32
	b.proxy.Inject(func(r *http.Request) proxy.Fault {
		if r.Method != http.MethodPut || r.Header.Get("If-Match") == "" && r.Header.Get("If-None-Match") == "" {
			return proxy.Fault{}
		}
		conditions.Add(1)
		return proxy.Fault{Status: http.StatusNotImplemented, Code: "NotImplemented"}
	})
	cmd, _, stderr := b.command("publish", "--at", before)
	if err := cmd.Run(); err == nil || !strings.Contains(stderr.String(), "the store refuses conditions") || !strings.Contains(stderr.String(), "--no-lock") {
		t.Errorf("ended with %v: %s", err, stderr)
	}
	conditions.Store(0)
	b.run("publish", "--at", before, "--no-lock")
	b.holds(b.fresh("--at", before, "--no-lock"))
	file := filepath.Join(t.TempDir(), "stm32-fw.bin")
	if err := os.WriteFile(file, []byte("an image"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.run("upload-ota-payload", append(uploadFlags(file), "--no-lock")...)
	if n := conditions.Load(); n > 0 {
		t.Errorf("%d requests have a condition, with --no-lock", n)
	}
	if err := os.WriteFile(file, []byte("another image"), 0o644); err != nil {
		t.Fatal(err)
	}
	flags := append([]string{"--hardware-version", "mp", "--software-type", "stm32-fw", "--software-version", "2.0.1"}, file)
	b.run("upload-ota-payload", flags...)
}

func TestAStoreThatIgnoresConditionsIsRefused(t *testing.T) {
	b := newBucket(t)
	b.proxy.Signer = proxy.Signer{AccessKey: b.server.AccessKey, SecretKey: b.server.SecretKey, Region: b.server.Region}
	b.proxy.Inject(func(*http.Request) proxy.Fault { return proxy.Fault{Unconditional: true} })
	cmd, _, stderr := b.command("publish", "--at", before)
	if err := cmd.Run(); err == nil || !strings.Contains(stderr.String(), "the store ignores conditions") || !strings.Contains(stderr.String(), "--no-lock") {
		t.Errorf("ended with %v: %s", err, stderr)
	}
	if n := len(b.contents()); n > 0 || b.state() != nil {
		t.Errorf("%d objects were written all the same, and the state %v", n, b.state())
	}
	b.run("publish", "--at", before, "--no-lock")
	b.holds(b.fresh("--at", before, "--no-lock"))
}
