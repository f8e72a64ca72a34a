package citest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// gitLab runs gitlab-ci-local in a clone, which holds the file to GitLab's
// schema first.
func (f *fleet) gitLab(net *internet, dir string, variables map[string]string, args ...string) (string, error) {
	f.Helper()
	bin, err := filepath.Abs("node_modules/.bin/gitlab-ci-local")
	if err != nil {
		f.Fatal(err)
	}
	if _, err := os.Stat(bin); err != nil {
		f.Fatal("this test needs npm packages: run make deps-edges, or npm ci in cmd/cairn/citest")
	}
	args = append(args, "--force-shell-executor", "--state-dir", "../state", "--variable", "CI_PROJECT_DIR="+dir, "--variable", "CI_REPOSITORY_URL="+f.origin)
	for name, value := range variables {
		args = append(args, "--variable", name+"="+value)
	}
	if variables["CI_PIPELINE_SOURCE"] == "merge_request_event" {
		args = append(args, "--unset-variable", "CI_COMMIT_BRANCH")
	}
	cmd := exec.Command(bin, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"HOME=" + f.TempDir(), "PATH=" + os.Getenv("PATH"), "TMPDIR=" + f.TempDir()}, net.environment...)
	out, err := cmd.CombinedOutput()
	if !strings.Contains(string(out), "json schema validated") {
		f.Errorf("the schema was not looked at:\n%s", out)
	}
	return string(out), err
}

func (f *fleet) succeeds(net *internet, dir string, variables map[string]string, job string, want ...string) {
	f.Helper()
	out, err := f.gitLab(net, dir, variables, job)
	if err != nil || slices.ContainsFunc(want, func(s string) bool { return !strings.Contains(out, s) }) {
		f.Fatalf("job %s: %v, and it should say %q\n%s", job, err, want, out)
	}
}

// mergeRequest has the variables of a merge request's pipeline.
func mergeRequest(from string) map[string]string {
	return map[string]string{
		"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
		"CI_MERGE_REQUEST_PROJECT_ID": "1", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": from,
	}
}

// release writes a release with an activation.
func (f *fleet) release() {
	f.write("releases/1.0.0.toml", "version = \"1.0.0\"\n[payload.main-fw.mp]\nfile = \"image.bin\"\n")
	f.write("releases/image.bin", "an image")
	f.write("cohorts/default.toml", "[activate.\"1.0.0\"]\nrollout = 50\n")
}

// TestGitLab is the life of a project on GitLab, with keys for a service other
// than AWS.
func TestGitLab(t *testing.T) {
	f := newFleet(t, "--ci", "gitlab", "--endpoint", "https://s3.example.com")
	f.edit("cairn.toml", "https://s3.example.com", f.server.Endpoint)
	first := f.commit("main")
	net := newInternet(t, map[string]http.Handler{downloads: http.HandlerFunc(download)})
	keys := map[string]string{"OTA_PUBLISH_KEY_ID": f.server.AccessKey, "OTA_PUBLISH_KEY_SECRET": f.server.SecretKey}
	f.succeeds(net, f.clone("main", first), keys, "publish", " new, ", "keys right")
	if got := f.source(); got != first {
		t.Errorf("published %s, not %s", got, first)
	}

	// A merge request. Meanwhile main moves on, which its plan must know.
	f.git(f.dir, "checkout", "--quiet", "-b", "release")
	f.release()
	proposed := f.commit("release")
	f.git(f.dir, "checkout", "--quiet", "main")
	f.write("cohorts/beta.toml", "devices = [\"A1\"]\n")
	f.commit("main")
	request := mergeRequest("1")
	request["OTA_PLAN_KEY_ID"], request["OTA_PLAN_KEY_SECRET"] = f.server.AccessKey, f.server.SecretKey
	dir := f.clone("release", proposed)
	f.succeeds(net, dir, request, "check", "no fault")
	f.succeeds(net, dir, request, "plan")
	plan, err := os.ReadFile(filepath.Join(dir, "plan.md"))
	if err != nil || !strings.Contains(string(plan), "1.0.0") || !strings.Contains(string(plan), "beta") {
		t.Errorf("%v: the plan is\n%s", err, plan)
	}
	if got := f.source(); got != first {
		t.Errorf("a merge request published %s", got)
	}

	// What runs when: not the plan of a fork, nor a publish of anything but main.
	for from, want := range map[string][]string{"1": {"check", "plan"}, "2": {"check"}} {
		if got := f.jobs(net, dir, mergeRequest(from)); !slices.Equal(got, want) {
			t.Errorf("a merge request from project %s runs %v", from, got)
		}
	}
	if got := f.jobs(net, dir, nil); len(got) > 0 {
		t.Errorf("a branch runs %v", got)
	}

	// It is merged. An old job that starts again publishes that, too.
	f.git(f.dir, "merge", "--quiet", "--no-edit", "release")
	f.git(f.dir, "push", "--quiet", "origin", "HEAD:main")
	merged := f.git(f.dir, "rev-parse", "HEAD")
	keys["OTA_RESCAN"] = "true"
	f.succeeds(net, f.clone("main", first), keys, "publish", "listed", "keys right")
	if got := f.source(); got != merged {
		t.Errorf("published %s, not %s", got, merged)
	}
}

// jobs are those of a pipeline.
func (f *fleet) jobs(net *internet, dir string, variables map[string]string) (names []string) {
	f.Helper()
	out, err := f.gitLab(net, dir, variables, "--list")
	if err != nil {
		f.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"check", "plan", "publish"} {
		if strings.Contains(out, "\n"+name+" ") {
			names = append(names, name)
		}
	}
	return names
}

// TestGitLabIdentity publishes with short-lived credentials, for a token that
// says which job this is.
func TestGitLabIdentity(t *testing.T) {
	f := newFleet(t, "--ci", "gitlab")
	f.edit("cairn.toml", "region =", fmt.Sprintf("endpoint = %q\nregion =", f.server.Endpoint))
	head := f.commit("main")
	var asked atomic.Int32
	sts := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("Action") != "AssumeRoleWithWebIdentity" || r.FormValue("WebIdentityToken") != "a token" ||
			r.FormValue("RoleArn") != "arn:aws:iam::1:role/publish" || r.FormValue("RoleSessionName") != "cairn-publish" {
			t.Errorf("STS was asked for %v", r.Form)
		}
		asked.Add(1)
		fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>`+
			`<AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken></SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>`+
			`</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, f.server.AccessKey, f.server.SecretKey)
	})
	net := newInternet(t, map[string]http.Handler{downloads: http.HandlerFunc(download), "sts." + f.server.Region + ".amazonaws.com": sts})
	f.succeeds(net, f.clone("main", head), map[string]string{"OTA_ID_TOKEN": "a token", "OTA_PUBLISH_ROLE": "arn:aws:iam::1:role/publish"}, "publish", " new, ", "keys right")
	if got := f.source(); got != head || asked.Load() == 0 {
		t.Errorf("published %s, not %s; STS was asked %d times", got, head, asked.Load())
	}
}

// TestGitLabGates puts the lines of docs/adoption.md into the job that publishes.
func TestGitLabGates(t *testing.T) {
	f := newFleet(t, "--ci", "gitlab", "--endpoint", "https://s3.example.com")
	f.edit("cairn.toml", "https://s3.example.com", f.server.Endpoint)
	docs, err := os.ReadFile("../../../docs/adoption.md")
	if err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(string(docs), "\n```yaml\n    - ")
	lines, _, _ = strings.Cut(lines, "```\n")
	f.edit("../.gitlab-ci.yml", "    - now=$", "    - "+lines+"    - now=$")
	f.edit("cairn.toml", "[cache]", "[gate.crashes]\nsource = \"file\"\nfile = \"crashes.json\"\nmin_devices = 100\nmax_age = \"2000000h\"\n\n[cache]")
	f.write("crashes.json", `{"ok": true, "devices": 1000, "at": "2026-01-05T12:00:00Z"}`)
	f.release()
	f.write("cohorts/default.toml", "[activate.\"1.0.0\"]\nrollout = [ { at = 2026-01-05T09:00:00Z, percent = 20 }, { after = \"1h\", percent = 40, gate = \"crashes\" } ]\n")
	first := f.commit("main")
	net := newInternet(t, map[string]http.Handler{downloads: http.HandlerFunc(download)})
	keys := map[string]string{"OTA_PUBLISH_KEY_ID": f.server.AccessKey, "OTA_PUBLISH_KEY_SECRET": f.server.SecretKey}
	f.succeeds(net, f.clone("main", first), keys, "publish", "goes to 40 %", " new, ", "keys right")
	if title := f.git(f.origin, "log", "-1", "--format=%s", "main"); !strings.HasPrefix(title, "ota(default): 1.0.0 goes to 40 %") {
		t.Errorf("main ends with %q", title)
	}
	if head := f.git(f.origin, "rev-parse", "main"); f.source() != head {
		t.Errorf("published %s, not %s", f.source(), head)
	}
}
