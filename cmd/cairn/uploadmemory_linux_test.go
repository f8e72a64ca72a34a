package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cairn/publish/storetest/proxy"
)

// Memory is not a matter of the payload's size.
func TestAnUploadTakesLittleMemory(t *testing.T) {
	b := newBucket(t)
	// The program as users have it: what detects races takes memory of its own.
	program := filepath.Join(t.TempDir(), "cairn")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd, _, stderr := b.command("upload-ota-payload", uploadFlags(b.sparse(256<<20))...)
	cmd.Path = program
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
