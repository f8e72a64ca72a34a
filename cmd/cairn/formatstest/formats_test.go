// Package formatstest lets the clients that rendered files are for read them.
package formatstest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/edge"
	"cairn/releases"
)

// The image of 1.0.0 for mp in examples/smartfridge, which has to be passed
// through.
const sum = "db585b68ab69587ca3f2cb506c1bdea2694b0040c0a4b52cc1b2da507a1044a7"

// serve serves the example with all that comes with cairn, and gives the URL below
// which the files are.
func serve(t *testing.T) string {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	// systemd-pull 252 now and then waits for ever on a connection that stays
	// open, at any server.
	server.Config.SetKeepAlivesEnabled(false)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../../examples/smartfridge")); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, releases.ProjectFile)
	toml, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(toml), "https://ota.example.com", server.URL, 1) +
		"\n[format.electron]\npath = \"latest.yml\"\n[format.sysupdate]\npath = \"SHA256SUMS\"\n"
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := releases.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	site := publish.NewSite(manifest.New(f, time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC)), f.Cache, os.DirFS(dir))
	handler = edge.New(site, edge.Options{Layout: manifest.LayoutOf(f), Order: f.Project.Order, Cache: f.Cache})
	return server.URL + "/smartfridge/v1/rendered"
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func TestElectronUpdater(t *testing.T) {
	if got := run(t, "node", "electron.mjs", serve(t)+"/electron/stm32-fw/mp/default"); got != "1.0.0 "+sum+"\n" {
		t.Errorf("electron-updater has %s", got)
	}
}

// TestSystemdPull downloads as systemd-sysupdate does, which Debian 12 does not
// have: by this program.
func TestSystemdPull(t *testing.T) {
	folder := serve(t) + "/sysupdate/stm32-fw/mp/default/"
	response, err := http.Get(folder + "SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	list := make([]byte, 1000)
	n, _ := response.Body.Read(list)
	digest, name, ok := strings.Cut(strings.TrimSuffix(string(list[:n]), "\n"), " *")
	if !ok || digest != sum {
		t.Fatalf("SHA256SUMS is %q", list[:n])
	}
	to := filepath.Join(t.TempDir(), "image.raw")
	run(t, "/lib/systemd/systemd-pull", "raw", "--direct", "--verify=checksum", folder+name, to)
	image, err := os.ReadFile(to)
	if err != nil || len(image) != 128 {
		t.Errorf("%d bytes, %v", len(image), err)
	}
}
