package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/storetest/proxy"
)

// verify runs the command against the bucket, and gives what it wrote.
func (b *bucket) verify(args ...string) (stdout, stderr string, code int) {
	cmd, out, err := b.command("verify", args...)
	_ = cmd.Run()
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// TestVerifyHeaders damages what only a bucket has.
func TestVerifyHeaders(t *testing.T) {
	b := newBucket(t)
	b.run("publish", "--at", before)
	const key = "smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/a.json"
	put := func(key, body string, h publish.Header) {
		t.Helper()
		if err := b.store().Put(context.Background(), key, publish.BytesContent([]byte(body)), h); err != nil {
			t.Fatal(err)
		}
	}
	all := b.contents()
	for key, change := range map[string]func(*publish.Header){
		key:         func(h *publish.Header) { h.CacheControl = "public, max-age=31536000" },
		key + ".gz": func(h *publish.Header) { h.ContentEncoding = "" },
		"smartfridge/v1/payloads/db585b68ab69587ca3f2cb506c1bdea2/stm32-fw-mp.bin": func(h *publish.Header) { h.CacheControl = "" },
	} {
		o := all[key]
		change(&o.Header)
		put(key, o.Body, o.Header)
	}
	const want = `headers  smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/a.json  Cache-Control is "public, max-age=31536000", should be "public, max-age=60"
headers  smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/a.json.gz  Content-Encoding is "", should be "gzip"
headers  smartfridge/v1/payloads/db585b68ab69587ca3f2cb506c1bdea2/stm32-fw-mp.bin  Cache-Control is "", should be "public, max-age=31536000, immutable"
`
	stdout, stderr, code := b.verify("--at", before)
	if !strings.HasPrefix(stdout, want) || !strings.Contains(stdout, "s3://"+b.name+": ") || code != exitFailed || !strings.HasPrefix(stderr, "cairn: 3 of ") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if stdout, stderr, code = b.verify("--state"); code != exitFailed || !strings.Contains(stderr, "cairn: 3 of ") {
		t.Errorf("the state: exit code %d\n%s%s", code, stdout, stderr)
	}
	b.run("publish", "--at", before, "--rescan")
	if stdout, stderr, code = b.verify("--at", before); code != exitDone {
		t.Errorf("after a rescan: exit code %d\n%s%s", code, stdout, stderr)
	}
}

// TestVerifyWhilePublishing says that differences are to be expected, and
// leaves what is in doubt.
func TestVerifyWhilePublishing(t *testing.T) {
	b := newBucket(t)
	b.run("publish", "--at", before)
	b.proxy.Inject(slowly(20 * time.Millisecond))
	cmd, _, _ := b.command("publish", "--at", after, "--concurrency", "1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for b.state().Lease == nil {
		time.Sleep(10 * time.Millisecond)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	b.proxy.Inject(nil)
	stdout, stderr, code := b.verify("--state")
	if code != exitDone || !strings.Contains(stdout, " in doubt") || !strings.Contains(stderr, "has been publishing to s3://"+b.name) {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	cmd, _, refused := b.command("gc", "--older-than", "90d")
	if cmd.Run() == nil || !strings.Contains(refused.String(), "has been publishing") {
		t.Errorf("gc: %s", refused)
	}
	b.run("unlock", "--yes")
	if _, stderr, _ = b.verify("--state"); !strings.Contains(stderr, "did not end") {
		t.Errorf("%s", stderr)
	}
	cmd, _, refused = b.command("gc", "--older-than", "90d")
	if cmd.Run() == nil || !strings.Contains(refused.String(), "did not end") {
		t.Errorf("gc: %s", refused)
	}
}

// TestVerifyInterrupted stops at once.
func TestVerifyInterrupted(t *testing.T) {
	b := openBucket(t)
	b.run("publish", "--at", before)
	b.proxy.Take()
	ctx, interrupt := context.WithCancel(t.Context())
	b.proxy.Inject(func(r *http.Request) proxy.Fault {
		if strings.Contains(r.URL.Path, "/v1/latest/") {
			interrupt()
		}
		return proxy.Fault{}
	})
	t.Setenv("AWS_ACCESS_KEY_ID", b.server.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", b.server.SecretKey)
	var stdout, stderr strings.Builder
	code := run(ctx, []string{"-C", b.dir, "verify", "--to", "s3://" + b.name, "--at", before}, &stdout, &stderr)
	requests := b.proxy.Take()
	if n, ofState := writes(requests); n+ofState > 0 || len(requests) > 400 {
		t.Errorf("%d requests, %d of them write", len(requests), n+ofState)
	}
	if code != exitInterrupted || stdout.Len() > 0 || !strings.HasPrefix(stderr.String(), "cairn: interrupted") {
		t.Errorf("exit code %d: %s%s", code, &stdout, &stderr)
	}
}
