package citest

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/publish/storetest"
)

// program is cairn, built once.
var program = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "cairn")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "cairn")
	if out, err := exec.Command("go", "build", "-o", name, "cairn/cmd/cairn").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return os.ReadFile(name)
})

// downloads is the host where CI gets cairn.
const downloads = "downloads.example.com"

// fleet is a new project in a git repository, which is published to a real
// bucket.
type fleet struct {
	*testing.T
	server      *storetest.S3Server
	cairn       string // the program
	origin, dir string // a bare repository, and the one that people work in
}

// newFleet starts a project with flags for what concerns CI.
func newFleet(t *testing.T, flags ...string) *fleet {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	f := &fleet{T: t, server: storetest.S3(t), cairn: filepath.Join(tmp, "bin", "cairn"), origin: filepath.Join(tmp, "origin.git"), dir: filepath.Join(tmp, "fleet")}
	if err := os.Mkdir(filepath.Dir(f.cairn), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.cairn, bin, 0o755); err != nil {
		t.Fatal(err)
	}
	f.git("", "init", "--quiet", "--bare", "--initial-branch=main", f.origin)
	f.git("", "clone", "--quiet", f.origin, f.dir)
	f.command(f.dir, f.cairn, append([]string{"init", "over the air", "--slug", "fridges", "--base-url", "https://ota.example.com",
		"--to", "s3://" + f.server.Bucket, "--region", f.server.Region, "--branch", "main"}, flags...)...)
	f.edit("cairn.toml", "bucket_digits = 2", "bucket_digits = 1")
	f.edit("cairn.toml", "cohort_digits = 2", "cohort_digits = 1")
	f.edit("ci/install-cairn.sh", `CAIRN_URL=""`, `CAIRN_URL="https://`+downloads+`/cairn"`)
	f.edit("ci/install-cairn.sh", `CAIRN_SHA256=""`, fmt.Sprintf(`CAIRN_SHA256="%x"`, sha256.Sum256(bin)))
	return f
}

// download gives cairn to CI.
func download(w http.ResponseWriter, _ *http.Request) {
	bin, _ := program()
	w.Write(bin)
}

func (f *fleet) path(name string) string { return filepath.Join(f.dir, "over the air", name) }

func (f *fleet) edit(name, old, new string) {
	f.Helper()
	text, err := os.ReadFile(f.path(name))
	if err != nil || !strings.Contains(string(text), old) {
		f.Fatalf("%s has no %q: %v", name, old, err)
	}
	f.write(name, strings.Replace(string(text), old, new, 1))
}

func (f *fleet) write(name, text string) {
	f.Helper()
	if err := os.WriteFile(f.path(name), []byte(text), 0o644); err != nil {
		f.Fatal(err)
	}
}

func (f *fleet) command(dir, name string, args ...string) string {
	f.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		f.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (f *fleet) git(dir string, args ...string) string {
	f.Helper()
	return f.command(dir, "git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
}

// commit pushes what there is to a branch, and gives its commit.
func (f *fleet) commit(branch string) string {
	f.Helper()
	f.git(f.dir, "add", ".")
	f.git(f.dir, "commit", "--quiet", "--message", "x")
	f.git(f.dir, "push", "--quiet", "origin", "HEAD:"+branch)
	return f.git(f.dir, "rev-parse", "HEAD")
}

// clone is a fresh one, with a branch checked out at a commit.
func (f *fleet) clone(branch, commit string) string {
	f.Helper()
	dir := filepath.Join(f.TempDir(), "clone")
	f.git("", "clone", "--quiet", f.origin, dir)
	f.git(dir, "checkout", "--quiet", "-B", branch, commit)
	return dir
}

// source is what the state in the bucket says was published last.
func (f *fleet) source() string {
	f.Helper()
	store, err := s3store.New(s3store.Config{
		Endpoint: f.server.Endpoint, Region: f.server.Region, Bucket: f.server.Bucket,
		Credentials: s3store.StaticCredentials(f.server.AccessKey, f.server.SecretKey, ""),
	})
	if err != nil {
		f.Fatal(err)
	}
	remote, err := publish.ReadState(f.Context(), store, "fridges")
	if err != nil || remote.State == nil {
		f.Fatal("nothing is published: ", err, remote.Problem)
	}
	return remote.State.Done.Source
}
