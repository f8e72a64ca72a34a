package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/s3store"
	"cairn/publish/storetest"

	"go.yaml.in/yaml/v3"
)

// workflow is a project in a git repository whose workflow runs here: each
// script of each job, in a fresh clone, with the cairn that it installs, on a
// real bucket. Actions and expressions are this test's own.
type workflow struct {
	*testing.T
	server      *storetest.S3Server
	origin, dir string                       // a bare repository, and the one that people work in
	home        string                       // of these people
	ca          string                       // a file: who signed for the server that has cairn
	signKey     map[string]string            // the secret CAIRN_SIGN_KEY, by the job that sees it
	outputs     map[string]map[string]string // of jobs that have run
	before      map[string]func()            // what happens before a step, by its name
	Defaults    struct {
		Run struct {
			Directory string `yaml:"working-directory"`
		}
	}
	Jobs map[string]struct {
		Outputs map[string]string
		Steps   []step
	}
}

type step struct {
	ID, Name, Uses, Run string
	If                  string
	Directory           string `yaml:"working-directory"`
	With, Env           map[string]string
}

func newWorkflow(t *testing.T, flags ...string) *workflow {
	t.Helper()
	t.Parallel()
	w := &workflow{T: t, server: storetest.S3(t), origin: filepath.Join(t.TempDir(), "origin.git"), dir: filepath.Join(t.TempDir(), "fleet"), home: t.TempDir(),
		signKey: map[string]string{}, outputs: map[string]map[string]string{}}
	w.git("", "init", "--quiet", "--bare", "--initial-branch=main", w.origin)
	w.git("", "clone", "--quiet", w.origin, w.dir)
	w.command(w.dir, "cairn", append([]string{"init", "over the air", "--slug", "fridges", "--base-url", "https://ota.example.com", "--to", "s3://" + w.server.Bucket,
		"--endpoint", w.server.Endpoint, "--region", w.server.Region, "--branch", "main", "--ci", "github"}, flags...)...)
	text, err := os.ReadFile(filepath.Join(w.dir, ".github/workflows/cairn.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, w); err != nil {
		t.Fatal(err)
	}
	w.edit("cairn.toml", "bucket_digits = 2", "bucket_digits = 1")
	w.edit("cairn.toml", "cohort_digits = 2", "cohort_digits = 1")
	w.serveCairn()
	w.commit("Start")
	return w
}

// serveCairn puts a program that runs cairn where CI gets it, and that into the
// project. It is small, so that each job has it soon.
func (w *workflow) serveCairn() {
	w.Helper()
	bin, err := exec.LookPath("cairn")
	if err != nil {
		w.Fatal(err)
	}
	program := fmt.Appendf(nil, "#!/bin/sh\nexec '%s' \"$@\"\n", bin)
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.Write(program) }))
	w.Cleanup(server.Close)
	w.ca = filepath.Join(w.TempDir(), "ca.pem")
	if err := os.WriteFile(w.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o644); err != nil {
		w.Fatal(err)
	}
	w.edit("ci/install-cairn.sh", `CAIRN_URL=""`, fmt.Sprintf("CAIRN_URL=%q", server.URL))
	w.edit("ci/install-cairn.sh", `CAIRN_SHA256=""`, fmt.Sprintf(`CAIRN_SHA256="%x"`, sha256.Sum256(program)))
}

func (w *workflow) path(name string) string { return filepath.Join(w.dir, "over the air", name) }

func (w *workflow) edit(name, old, new string) {
	w.Helper()
	text, err := os.ReadFile(w.path(name))
	if err != nil || !strings.Contains(string(text), old) {
		w.Fatalf("%s has no %q: %v", name, old, err)
	}
	w.write(name, strings.Replace(string(text), old, new, 1))
}

func (w *workflow) write(name, text string) {
	w.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
}

func (w *workflow) command(dir, name string, args ...string) string {
	w.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+w.home, "XDG_CONFIG_HOME="+w.home, "AppData="+w.home)
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (w *workflow) git(dir string, args ...string) string {
	w.Helper()
	return w.command(dir, "git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
}

// commit pushes what there is to main, and gives its commit.
func (w *workflow) commit(message string) string {
	w.Helper()
	w.git(w.dir, "add", ".")
	w.git(w.dir, "commit", "--quiet", "--message", message)
	w.git(w.dir, "push", "--quiet", "origin", "HEAD:main")
	return w.git(w.dir, "rev-parse", "HEAD")
}

// job runs the scripts of a job for a commit, up to the step named last, and
// gives their output and the folder that is RUNNER_TEMP.
func (w *workflow) job(name, commit, flag, last string) (output, temp string, err error) {
	w.Helper()
	temp = w.TempDir()
	clone := filepath.Join(temp, "clone")
	if err := os.Mkdir(filepath.Join(temp, "output"), 0o755); err != nil {
		w.Fatal(err)
	}
	expressions := map[string]string{
		"${{ inputs.allow }}":                           "",
		"${{ inputs.rescan }}":                          "false",
		"${{ secrets.OTA_PLAN_KEY_ID }}":                w.server.AccessKey,
		"${{ secrets.OTA_PLAN_KEY_SECRET }}":            w.server.SecretKey,
		"${{ secrets.OTA_PUBLISH_KEY_ID }}":             w.server.AccessKey,
		"${{ secrets.OTA_PUBLISH_KEY_SECRET }}":         w.server.SecretKey,
		"${{ secrets.CAIRN_SIGN_KEY }}":                 w.signKey[name],
		"${{ secrets.CAIRN_NOTIFY_SECRET }}":            "",
		"${{ secrets.OTA_PUSH_TOKEN || github.token }}": "a token",
	}
	for of, outputs := range w.outputs {
		for output, value := range outputs {
			expressions["${{ needs."+of+".outputs."+output+" }}"] = value
		}
	}
	if flag == "rescan" {
		expressions["${{ inputs.rescan }}"] = "true"
	} else {
		expressions["${{ inputs.allow }}"] = flag
	}
	var path []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(dir, "cairn")); err != nil {
			path = append(path, dir)
		}
	}
	var all bytes.Buffer
	for _, s := range w.Jobs[name].Steps {
		if err != nil && s.If != "${{ !cancelled() }}" {
			continue
		}
		if happens := w.before[s.Name]; happens != nil {
			happens()
		}
		if strings.HasPrefix(s.Uses, "actions/checkout@") {
			ref := commit
			if s.With["ref"] != "" {
				ref = s.With["ref"]
			}
			w.git("", "clone", "--quiet", w.origin, clone)
			w.git(clone, "checkout", "--quiet", "--detach", ref)
			continue
		} else if s.Uses != "" {
			w.Fatalf("job %s uses %s", name, s.Uses)
		}
		added, _ := os.ReadFile(filepath.Join(temp, "path"))
		path = append(strings.Fields(string(added)), path...)
		script := filepath.Join(temp, "script")
		if err := os.WriteFile(script, []byte(s.Run), 0o644); err != nil {
			w.Fatal(err)
		}
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", script)
		cmd.Dir = filepath.Join(clone, cmp.Or(s.Directory, w.Defaults.Run.Directory))
		cmd.Env = []string{"PATH=" + strings.Join(path, string(filepath.ListSeparator)), "HOME=" + temp, "CURL_CA_BUNDLE=" + w.ca,
			"RUNNER_TEMP=" + temp, "GITHUB_PATH=" + filepath.Join(temp, "path"), "GITHUB_STEP_SUMMARY=" + filepath.Join(temp, "summary"), "GITHUB_OUTPUT=" + filepath.Join(temp, "output", s.ID)}
		for key, value := range s.Env {
			v, ok := expressions[value]
			if !ok {
				w.Fatalf("job %s has the expression %s", name, value)
			}
			cmd.Env = append(cmd.Env, key+"="+v)
		}
		cmd.Stdout, cmd.Stderr = &all, &all
		if failed := cmd.Run(); failed != nil {
			err = failed
			continue
		}
		if s.Name == last {
			break
		}
		w.output(name, s.ID, filepath.Join(temp, "output", s.ID))
	}
	return all.String(), temp, err
}

// output takes what a step has put out, as far as its job does.
func (w *workflow) output(job, step, file string) {
	w.Helper()
	if step == "" {
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		w.Fatal(err)
	}
	w.outputs[job] = map[string]string{}
	for name, expression := range w.Jobs[job].Outputs {
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			if expression == "${{ steps."+step+".outputs."+key+" }}" {
				w.outputs[job][name] = value
			}
		}
	}
}

func (w *workflow) succeeds(name, commit, flag, last string, want ...string) (temp string) {
	w.Helper()
	out, temp, err := w.job(name, commit, flag, last)
	if err != nil || slices.ContainsFunc(want, func(s string) bool { return !strings.Contains(out, s) }) {
		w.Fatalf("job %s: %v, and it should say %q\n%s", name, err, want, out)
	}
	return temp
}

func (w *workflow) fails(name, commit, flag, want string) {
	w.Helper()
	if out, _, err := w.job(name, commit, flag, ""); err == nil || !strings.Contains(out, want) {
		w.Fatalf("job %s: %v, and it should say %q\n%s", name, err, want, out)
	}
}

// source is what the state in the bucket says was published last.
func (w *workflow) source() string {
	w.Helper()
	return w.published().Source
}

// published is what was published last, as the state in the bucket says.
func (w *workflow) published() publish.Stamp {
	w.Helper()
	store, err := s3store.New(s3store.Config{
		Endpoint: w.server.Endpoint, Region: w.server.Region, Bucket: w.server.Bucket,
		Credentials: s3store.StaticCredentials(w.server.AccessKey, w.server.SecretKey, ""),
	})
	if err != nil {
		w.Fatal(err)
	}
	remote, err := publish.ReadState(w.Context(), store, "fridges")
	if err != nil || remote.State == nil {
		w.Fatal("nothing is published: ", err, remote.Problem)
	}
	return remote.State.Done
}

// TestWorkflow is the life of a project in CI, from its first commit to an
// abort.
func TestWorkflow(t *testing.T) {
	w := newWorkflow(t)
	first := w.git(w.dir, "rev-parse", "HEAD")
	w.succeeds("check", first, "", "")
	w.succeeds("publish", first, "", "", " new, ", "keys right")
	if got := w.source(); got != first {
		t.Errorf("published %s, not %s", got, first)
	}

	// A pull request that releases something.
	w.git(w.dir, "checkout", "--quiet", "-b", "release")
	w.write("releases/1.0.0.toml", "version = \"1.0.0\"\n[payload.main-fw.mp]\nfile = \"image.bin\"\n")
	w.write("releases/image.bin", "an image")
	w.write("cohorts/default.toml", "[activate.\"1.0.0\"]\nrollout = 50\n")
	w.git(w.dir, "add", ".")
	w.git(w.dir, "commit", "--quiet", "--message", "Release")
	w.git(w.dir, "push", "--quiet", "origin", "release")
	proposed := w.git(w.dir, "rev-parse", "HEAD")
	w.succeeds("check", proposed, "", "")
	temp := w.succeeds("plan", proposed, "", "Plan")
	for _, name := range []string{"plan.md", "summary"} {
		text, err := os.ReadFile(filepath.Join(temp, name))
		if err != nil || !strings.HasPrefix(string(text), "<!-- cairn plan: fridges -->\n") || !strings.Contains(string(text), "1.0.0") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	if got := w.source(); got != first {
		t.Errorf("a pull request published %s", got)
	}

	// It is merged. An old run that starts again publishes that, too.
	w.git(w.dir, "push", "--quiet", "origin", "HEAD:main")
	w.succeeds("publish", first, "", "", "keys right")
	if got := w.source(); got != proposed {
		t.Errorf("published %s, not %s", got, proposed)
	}
	w.succeeds("publish", proposed, "", "", " unchanged\n")
	w.succeeds("publish", proposed, "rescan", "", "listed")

	// The guard stops a publish; a flag lets it through once.
	w.edit("cairn.toml", "max_exposure_increase = 25", "max_exposure_increase = 10")
	w.edit("cohorts/default.toml", "rollout = 50", "rollout = 100")
	wide := w.commit("Roll out")
	w.fails("publish", wide, "", "--allow exposure")
	w.succeeds("publish", wide, "exposure,deletes", "", "keys right")

	// Answers are signed from here on, which takes the key.
	keys := t.TempDir()
	w.command(w.dir, "cairn", "-C", "over the air", "keys", "init", "--root", keys+"/root.key", "--spare", keys+"/spare.key", "--online", keys+"/online.key")
	wide = w.commit("Sign")
	w.succeeds("check", wide, "", "")
	w.succeeds("plan", wide, "", "Plan")
	w.fails("publish", wide, "", "there is no key to sign with")
	key, err := os.ReadFile(keys + "/online.key")
	if err != nil {
		t.Fatal(err)
	}
	w.signKey["publish"] = strings.TrimSpace(string(key))
	w.succeeds("publish", wide, "", "", "keys right")

	// Definitions that are at fault, and a program that is not the pinned one.
	w.edit("cohorts/default.toml", "rollout = 100", "rollout = 130")
	bad := w.commit("Mistype")
	for _, job := range []string{"check", "plan", "publish"} {
		w.fails(job, bad, "", "rollout 130 is over 100 percent")
	}
	w.edit("ci/install-cairn.sh", `CAIRN_SHA256="`, `CAIRN_SHA256="0`)
	w.fails("publish", w.commit("Another"), "", "is not the file whose checksum is CAIRN_SHA256")
	w.edit("ci/install-cairn.sh", `CAIRN_URL="`, `CAIRN_URL=""; X="`)
	w.fails("publish", w.commit("None"), "", "write into CAIRN_URL where CI gets cairn")
	if got := w.source(); got != wide {
		t.Errorf("published %s, not %s", got, wide)
	}
}

// TestSecondSigner runs the two jobs that have to sign both.
func TestSecondSigner(t *testing.T) {
	w := newWorkflow(t, "--second-signer", "--gates")
	// Both jobs work out the epoch of the head from the second that it is signed in,
	// if that is another one than the last head's: no two runs of CI are in one.
	w.before = map[string]func(){"Sign": func() { time.Sleep(time.Second) }}
	key := func(name string) string {
		text, err := os.ReadFile(filepath.Join(w.home, "cairn", "ota.example.com_fridges", name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	w.signKey["publish"], w.signKey["second-signer"] = key("online.key"), key("second.key")
	first := w.git(w.dir, "rev-parse", "HEAD")
	w.succeeds("check", first, "", "")
	w.succeeds("plan", first, "", "Plan")
	w.succeeds("second-signer", first, "", "")
	w.succeeds("publish", first, "", "", " new, ", "keys right")

	// What the second signer has not seen is not published, with whatever key.
	w.succeeds("second-signer", first, "", "")
	w.write("releases/1.0.0.toml", "version = \"1.0.0\"\n[payload.main-fw.mp]\nfile = \"image.bin\"\n")
	w.write("releases/image.bin", "an image")
	w.write("cohorts/default.toml", "[activate.\"1.0.0\"]\nrollout = 5\n")
	second := w.commit("Release")
	w.fails("publish", second, "", "by none of the keys that count, or of another text")
	w.succeeds("second-signer", second, "", "")
	w.succeeds("publish", second, "", "", "keys right")

	// One key for both is too few.
	w.signKey["second-signer"] = w.signKey["publish"]
	w.write("cohorts/default.toml", "[activate.\"1.0.0\"]\nrollout = 20\n")
	third := w.commit("Go on")
	w.succeeds("second-signer", third, "", "")
	w.fails("publish", third, "", "it is signed by 1 of the keys that count, and needs 2")
	if got := w.source(); got != second {
		t.Errorf("published %s, not %s", got, second)
	}

	// A gate stops at once what it can without the second key; both jobs sign the rest.
	w.signKey["second-signer"] = key("second.key")
	w.git(w.dir, "revert", "--no-edit", "HEAD")
	w.gate()
	w.waits("1.1.0")
	w.says(false)
	fourth := w.commit("Roll out")
	w.succeeds("second-signer", fourth, "", "")
	w.succeeds("publish", fourth, "", "", "keys right")
	w.wantPercent("default", "1.1.0", 13)
	w.succeeds("gates", fourth, "", "", "aborted", "unsigned, as you ask")
	w.wantPercent("default", "1.1.0", 0)
	w.succeeds("second-signer", fourth, "", "")
	w.succeeds("publish", fourth, "", "", "keys right")
	if now, _ := w.main(); w.source() != now {
		t.Errorf("published %s, not %s", w.source(), now)
	}

	// What goes on is signed by both.
	w.pull()
	w.waits("1.2.0")
	w.says(true)
	fifth := w.commit("A good one")
	for _, job := range []string{"gates", "second-signer", "publish"} {
		w.succeeds(job, fifth, "", "")
	}
	w.wantPercent("default", "1.2.0", 25)
}
