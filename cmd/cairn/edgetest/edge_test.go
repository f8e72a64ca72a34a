// Package edgetest asks the edges that cairn writes, in the runtimes that they
// are written for. Its folder has the npm packages that this needs, locked.
package edgetest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/publish/dirstore"
	"cairn/publish/edge/conformance"
	"cairn/publish/edge/conformance/conformancetest"
	"cairn/releases"
)

// smartfridge is the example, in the middle of a rollout.
func smartfridge(t *testing.T) *conformancetest.Sample {
	t.Helper()
	s, err := conformancetest.Load("smartfridge", os.DirFS("../../../examples/smartfridge"), time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// published is a folder with what devices get, and something beside it that
// they must not get.
func published(t *testing.T, s *conformancetest.Sample) string {
	t.Helper()
	dir := t.TempDir()
	if err := s.Publish(t.Context(), dirstore.New(dir)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{releases.ProjectFile, s.Fleet.Project.Prefix + "/.cairn/state"} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("hidden"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// installed says what is missing of the programs that a test needs, and of the
// npm packages.
func installed(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf(`%v: "make deps-edges" installs it, or says how`, err)
		}
	}
	if _, err := os.Stat("node_modules/.package-lock.json"); err != nil {
		t.Fatalf(`%v: "make deps-edges" installs it`, err)
	}
}

// node starts a program of this folder and gives the URL that it prints. It
// ends with the test.
func node(t *testing.T, script string, args ...string) string {
	t.Helper()
	installed(t, "node")
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	cmd := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = 10 * time.Second
	tmp := memory(t)
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "HOME="+tmp)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		timer := time.AfterFunc(20*time.Second, stop)
		err := cmd.Wait()
		timer.Stop()
		stop()
		os.RemoveAll(tmp)
		if t.Failed() || err != nil {
			t.Logf("node %s: %v\n%s", script, err, &stderr)
		}
	})
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("node %s prints no URL: %v", script, err)
	}
	go io.Copy(io.Discard, stdout)
	return strings.TrimSpace(url)
}

// memory is a new folder, in memory where there is such a thing. Miniflare
// keeps buckets and caches in files, and syncs each: with a disk it takes
// minutes for some thousands of objects.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "cairn-edge-")
	if err != nil {
		dir, err = os.MkdirTemp("", "cairn-edge-")
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// conform asks an edge for all cases of a fleet, but for those of features
// that it lacks.
func conform(t *testing.T, url string, s *conformancetest.Sample, without ...conformance.Feature) {
	t.Helper()
	ask(t, url, s, conformance.Cases(s.Fleet, s.At), without)
}

// ending is a case that ends its connection.
func ending(c conformance.Case) bool {
	return c.Proto == "HTTP/1.0" || slices.Contains(c.Headers, "Connection: close")
}

func ask(t *testing.T, url string, s *conformancetest.Sample, cases []conformance.Case, without []conformance.Feature) {
	t.Helper()
	ends := slices.DeleteFunc(slices.Clone(cases), func(c conformance.Case) bool { return !ending(c) })
	lasts := slices.DeleteFunc(slices.Clone(cases), ending)
	// workerd takes 5 s to close a connection: these are waited for side by side.
	// A new one that does not get its turn soon it closes without an answer: of the
	// others there are few at once.
	askTogether(t, url, s, ends, 128, without)
	askTogether(t, url, s, lasts, 8, without)
}

func askTogether(t *testing.T, url string, s *conformancetest.Sample, cases []conformance.Case, concurrency int, without []conformance.Feature) {
	t.Helper()
	start := time.Now()
	result, err := conformance.Run(t.Context(), url, cases, conformance.Options{
		Without:     without,
		Concurrency: concurrency,
		Timeout:     30 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range result.Failed {
		if i == 20 {
			break
		}
		t.Error(f)
	}
	if result.Passed == 0 || len(result.Failed) > 0 {
		t.Errorf("%d of %d cases failed", len(result.Failed), len(cases))
	}
	t.Logf("%s: %d cases passed in %s, left out: %v", s.Name, result.Passed, time.Since(start).Round(time.Second/10), result.LeftOut)
}
