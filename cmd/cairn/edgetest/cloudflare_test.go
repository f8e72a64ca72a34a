package edgetest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
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

// bindings is what wrangler says of each thing that a Worker has.
var bindings = regexp.MustCompile(`(?m)^env\.(\w+) `)

// bundle is what wrangler would upload of a Worker, which shall have such
// bindings.
func bundle(t *testing.T, dir string, want ...string) string {
	t.Helper()
	installed(t, "node")
	wrangler, err := filepath.Abs("node_modules/wrangler/bin/wrangler.js")
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "node", wrangler, "deploy", "--dry-run", "--outdir", out)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "WRANGLER_SEND_METRICS=false", "CI=true")
	said, err := cmd.CombinedOutput()
	if err != nil || bytes.Contains(said, []byte("WARNING")) {
		t.Fatalf("wrangler: %v\n%s", err, said)
	}
	var got []string
	for _, m := range bindings.FindAllSubmatch(said, -1) {
		got = append(got, string(m[1]))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("wrangler finds %v, want %v:\n%s", got, want, said)
	}
	return out
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
	for _, s := range []*conformancetest.Sample{conformancetest.Odd(), keyless(t)} {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			dir, want := worker(t, s, cloudflare.Options{Bucket: "fridges"}), []string{"BUCKET"}
			if s.Fleet.Project.Key != "" {
				want = append(want, "PROJECT_KEY")
			}
			tree := published(t, s)
			url := node(t, "worker.mjs", dir, bundle(t, dir, want...), tree)
			askWorkerd(t, url, s)
			sameKeys(t, url, s, tree)
		})
	}
}

// asked is told which key a device with direct keys would have asked for.
type asked struct {
	*httptest.ResponseRecorder
	key string
}

func (a *asked) Asked(key string) { a.key = key }

// sameKeys holds the keys that answers name, for logs, to those that "cairn serve"
// logs.
func sameKeys(t *testing.T, url string, s *conformancetest.Sample, tree string) {
	t.Helper()
	ours := edge.New(dirstore.New(tree), edge.Options{
		Layout: manifest.LayoutOf(s.Fleet), Order: s.Fleet.Project.Order, Cache: s.Fleet.Cache, Eager: s.Fleet.Project.Eager, Key: s.Fleet.Project.Key,
	})
	seen, folders := map[string]bool{}, map[string]bool{}
	for _, c := range conformance.Cases(s.Fleet, s.At) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+c.Target, nil)
		if err != nil || !strings.HasPrefix(c.Target, edge.LatestPath) || seen[c.Target] || len(seen) == 300 {
			continue
		}
		seen[c.Target] = true
		r.Header.Set("Memfault-Project-Key", s.Fleet.Project.Key)
		want := &asked{ResponseRecorder: httptest.NewRecorder()}
		ours.ServeHTTP(want, r)
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		if key := got.Header.Get("Cairn-Key"); key != want.key || got.StatusCode != want.Code {
			t.Errorf("%s: %d with the key %q, not %d with %q", c.Target, got.StatusCode, key, want.Code, want.key)
		}
		folders[path.Dir(want.key)] = true
	}
	t.Logf("%d questions, of %d folders", len(seen), len(folders))
	if len(folders) < 3 {
		t.Errorf("questions are for the folders %v only", folders)
	}
}

// keyless is a fleet whose devices need no key.
func keyless(t *testing.T) *conformancetest.Sample {
	t.Helper()
	s := conformancetest.Random(15)
	if s.Fleet.Project.Key != "" {
		t.Fatal("the fleet has a key")
	}
	return s
}

func TestCloudflareOrigin(t *testing.T) {
	for _, test := range []struct {
		*conformancetest.Sample
		missing int
	}{
		{smartfridge(t), http.StatusNotFound},
		{conformancetest.Odd(), http.StatusForbidden}, // as S3 has it without the right to list
	} {
		t.Run(test.Name, func(t *testing.T) {
			t.Parallel()
			s := test.Sample
			tree := edge.New(dirstore.New(published(t, s)), edge.Options{Layout: manifest.LayoutOf(s.Fleet), Order: s.Fleet.Project.Order, Cache: s.Fleet.Cache})
			origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tree.ServeHTTP(&renamed{w, test.missing}, r)
			}))
			t.Cleanup(origin.Close)
			dir := worker(t, s, cloudflare.Options{Origin: origin.URL})
			askWorkerd(t, node(t, "worker.mjs", dir, bundle(t, dir, "ORIGIN", "PROJECT_KEY")), s)
		})
	}
}

// renamed answers with another status for 404.
type renamed struct {
	http.ResponseWriter
	missing int
}

func (r *renamed) WriteHeader(status int) {
	if status == http.StatusNotFound {
		status = r.missing
	}
	r.ResponseWriter.WriteHeader(status)
}
