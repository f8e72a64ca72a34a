// Package disttest makes releases, and installs them as CI does. It imports
// nothing of the program.
package disttest

import (
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// cloned makes a clone of the project's last commit.
func cloned(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cairn")
	run(t, ".", nil, "git", "clone", "--quiet", "../../..", dir)
	return dir
}

func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, err := try(dir, env, name, args...)
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out
}

func try(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestDistIsReproducible(t *testing.T) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	var sums []string
	var dir string
	for range 2 {
		dir = cloned(t)
		run(t, dir, nil, "make", "dist", "PLATFORMS="+platform+" windows/arm64")
		text, err := os.ReadFile(filepath.Join(dir, ".cache/dist/SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, string(text))
	}
	if sums[0] != sums[1] {
		t.Errorf("two clones gave\n%s\nand\n%s", sums[0], sums[1])
	}
	for _, name := range []string{"cairn_windows_arm64.exe\n", "share/man/man1/cairn-plan.1\n", "share/fish/vendor_completions.d/cairn.fish\n"} {
		if !strings.Contains(sums[0], name) {
			t.Errorf("no %q in\n%s", name, sums[0])
		}
	}
	dist := filepath.Join(dir, ".cache/dist")
	run(t, dist, nil, "sha256sum", "--check", "--strict", "SHA256SUMS")

	bin := filepath.Join(dist, "cairn_"+strings.ReplaceAll(platform, "/", "_"))
	var version struct{ Version, Commit, Contract string }
	if err := json.Unmarshal([]byte(run(t, dir, nil, bin, "version", "--json")), &version); err != nil {
		t.Fatal(err)
	}
	commit := strings.TrimSpace(run(t, dir, nil, "git", "rev-parse", "HEAD"))
	if version.Commit != commit || version.Version == "(devel)" || version.Contract != "v1, revision 2" {
		t.Errorf("%s, built from %s, says %+v", bin, commit, version)
	}

	var parts struct {
		BOMFormat  string
		Components []struct{ Name string }
	}
	text, err := os.ReadFile(bin + ".cdx.json")
	if err != nil || json.Unmarshal(text, &parts) != nil || parts.BOMFormat != "CycloneDX" {
		t.Fatalf("%.200s: %v", text, err)
	}
	if !strings.Contains(fmt.Sprint(parts.Components), "github.com/minio/minio-go/v7") {
		t.Errorf("a library is missing in %v", parts.Components)
	}
}

// steps are the shell steps of action.yml.
func steps(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Runs struct{ Steps []struct{ Run string } }
	}
	if err := yaml.Unmarshal(text, &action); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range action.Runs.Steps {
		all = append(all, s.Run)
	}
	return all
}

func TestActionRunsWhatItsChecksumPins(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "built")
	run(t, "../../..", nil, "go", "build", "-o", bin, "./cmd/cairn")
	program, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(program) }))
	defer server.Close()
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	action := func(sum, args string) (string, error) {
		env := []string{
			"RUNNER_TEMP=" + filepath.Join(dir, sum[:8]), "RUNNER_OS=Linux", "GITHUB_PATH=" + filepath.Join(dir, "path"), "CURL_CA_BUNDLE=" + ca,
			"CAIRN_URL=" + server.URL, "CAIRN_SHA256=" + sum, "CAIRN_ARGS=" + args,
		}
		for _, s := range steps(t) {
			if out, err := try("../../../examples/smartfridge", env, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s); err != nil || strings.Contains(s, "CAIRN_ARGS") {
				return out, err
			}
		}
		return "", fmt.Errorf("no step runs cairn")
	}
	if out, err := action(fmt.Sprintf("%x", sha256.Sum256(program)), "check\n--format json"); err != nil || !strings.HasPrefix(out, "{") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := action(fmt.Sprintf("%x", sha256.Sum256([]byte("another"))), "check"); err == nil || !strings.Contains(out, "::error title=cairn::") {
		t.Errorf("another checksum: %v: %s", err, out)
	}
}
