package edgetest

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/publish/dirstore"
	"cairn/publish/edge"
	"cairn/publish/edge/conformance"
	"cairn/publish/edge/conformance/conformancetest"
	"cairn/templates/edge/cloudflare"
)

// worker writes the Worker of a fleet.
func worker(t *testing.T, s *conformancetest.Sample, opts cloudflare.Options) string {
	t.Helper()
	files, err := cloudflare.Files(s.Fleet, opts)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// askWorkerd asks for all cases that get past workerd's own HTTP server, behind
// which there is nothing in a test. It answers 400 without a Host line, and 500
// with space at the end of that one: Cloudflare has other servers before it.
func askWorkerd(t *testing.T, url string, s *conformancetest.Sample) {
	t.Helper()
	cases := slices.DeleteFunc(conformance.Cases(s.Fleet, s.At), func(c conformance.Case) bool {
		return strings.Contains(c.Name, "client/space at the end")
	})
	ask(t, url, s, cases, []conformance.Feature{conformance.Hostless})
}

func TestCloudflareBucket(t *testing.T) {
	t.Parallel()
	s := conformancetest.Odd()
	dir := worker(t, s, cloudflare.Options{Bucket: "fridges"})
	askWorkerd(t, node(t, "worker.mjs", dir, "--bucket", published(t, s)), s)
}

func TestCloudflareOrigin(t *testing.T) {
	t.Parallel()
	s := smartfridge(t)
	origin := httptest.NewServer(edge.New(dirstore.New(published(t, s)), edge.Options{Layout: manifest.LayoutOf(s.Fleet), Cache: s.Fleet.Cache}))
	defer origin.Close()
	dir := worker(t, s, cloudflare.Options{Origin: origin.URL})
	askWorkerd(t, node(t, "worker.mjs", dir, "--origin", origin.URL), s)
}
