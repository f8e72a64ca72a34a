package edgetest

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/publish/edge/conformance"
	"cairn/publish/edge/conformance/conformancetest"
)

// TestCaddyFolder runs the configuration of docs/edge-caddy.md that serves a
// folder alone, but for its address and folder.
func TestCaddyFolder(t *testing.T) {
	installed(t, "caddy")
	s := conformancetest.Odd()
	page, err := os.ReadFile("../../../docs/edge-caddy.md")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	config := ""
	for _, block := range strings.Split(string(page), "```caddyfile\n")[1:] {
		if block, _, _ := strings.Cut(block, "```"); strings.Contains(block, "file_server") {
			config = "{\n\tadmin off\n}\n" + strings.NewReplacer("ota.example.com", "http://"+address, "/srv/public", published(t, s)).Replace(block)
		}
	}
	home := t.TempDir()
	name := filepath.Join(home, "Caddyfile")
	if err := os.WriteFile(name, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd := exec.Command("caddy", "run", "--config", name, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+home)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if r, err := http.Get("http://" + address + "/"); err == nil {
			r.Body.Close()
			break
		} else if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	// What stands beside a file for other codings has no Content-Encoding there.
	cases := slices.DeleteFunc(conformance.Cases(s.Fleet, s.At), func(c conformance.Case) bool {
		return !slices.Contains(c.Needs, conformance.Signed) && !slices.Contains(c.Needs, conformance.Hidden)
	})
	ask(t, "http://"+address, s, cases, nil)
}
