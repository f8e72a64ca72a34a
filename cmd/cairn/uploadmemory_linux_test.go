//go:build !race

package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"cairn/publish/storetest/proxy"
)

// Memory is not a matter of the payload's size. What detects races takes memory
// of its own.
func TestAnUploadTakesLittleMemory(t *testing.T) {
	b := newBucket(t)
	cmd, _, stderr := b.command("upload-ota-payload", uploadFlags(b.sparse(96<<20))...)
	started, peak := make(chan struct{}), 0
	b.proxy.Inject(func(r *http.Request) proxy.Fault {
		// All is sent by then. What wait4 tells later begins with the size of
		// this process.
		if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
			<-started
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			_, rest, _ := strings.Cut(string(text), "VmHWM:")
			fmt.Sscan(rest, &peak)
		}
		return proxy.Fault{}
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	const most = 64 << 10
	t.Logf("it took %d KiB", peak)
	if peak == 0 || peak > most {
		t.Errorf("that is none, or over %d", most)
	}
}
