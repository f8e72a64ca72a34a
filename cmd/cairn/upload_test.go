package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cairn/publish/storetest/proxy"
	"cairn/releases"
)

// sparse is a build of so many bytes that takes no room.
func (b *bucket) sparse(size int64) string {
	b.Helper()
	name := filepath.Join(b.TempDir(), "rootfs.img")
	f, err := os.Create(name)
	if err == nil {
		err = f.Truncate(size)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	return name
}

func uploadFlags(file string) []string {
	return []string{"--hardware-version", "mp", "--software-type", "stm32-fw", "--software-version", "2.0.0", file}
}

// A kill in the middle leaves the parts that are there, and no trace in the
// definitions. The next run sends the others.
func TestAnUploadOutlivesAKill(t *testing.T) {
	b := newBucket(t)
	const (
		size     = 64<<20 + 1
		parts    = 5
		there    = 1
		parallel = 4
	)
	file := b.sparse(size)
	cmd, _, stderr := b.command("upload-ota-payload", uploadFlags(file)...)
	killed, stuck := make(chan struct{}), make(chan struct{})
	var waiting atomic.Int32
	b.proxy.Inject(func(r *http.Request) proxy.Fault {
		if number, _ := strconv.Atoi(r.URL.Query().Get("partNumber")); number <= there {
			return proxy.Fault{}
		}
		// Once so many wait at once the others are done.
		if waiting.Add(1) == parallel {
			close(stuck)
		}
		<-killed
		return proxy.Fault{Reset: true}
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-stuck
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	close(killed)
	if _, err := os.Stat(filepath.Join(b.dir, "releases/2.0.0.toml")); err == nil {
		t.Error("the definitions name what is not there")
	}
	b.proxy.Inject(nil)
	b.proxy.Take()
	b.run("upload-ota-payload", uploadFlags(file)...)
	sent := 0
	for _, r := range b.proxy.Take() {
		if r.Method == http.MethodPut && strings.Contains(r.Query, "partNumber") {
			sent++
		}
	}
	if sent != parts-there {
		t.Errorf("sent %d parts of %d, where %d were there: %s", sent, parts, there, stderr)
	}
	if _, err := releases.Load(os.DirFS(b.dir)); err != nil {
		t.Error(err)
	}
	for e, err := range b.store().List(t.Context(), "") {
		if err != nil || e.Size != size {
			t.Errorf("the bucket has %+v, %v", e, err)
		}
	}
}

// A dry run writes nothing, and so takes no lock: it works in a project that can
// only be read, and while another edits.
func TestADryRunTakesNoLock(t *testing.T) {
	b := newBucket(t)
	root := rootCommand()
	root.SetContext(t.Context())
	unlock, err := (&globalOptions{dir: b.dir}).lock(root)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := append([]string{"-C", b.dir, "upload-ota-payload", "--dry-run"}, uploadFlags(b.sparse(9))...)
	if out, err := exec.CommandContext(ctx, "cairn", args...).CombinedOutput(); err != nil || !strings.Contains(string(out), "+++ b/releases/2.0.0.toml") {
		t.Errorf("%v\n%s", err, out)
	}
}
