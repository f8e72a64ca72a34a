package project_test

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cairn/releases"
	"cairn/templates/project"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

func atAWS() project.Config {
	return project.Config{
		Slug: "fridges", Organization: "Acme", BaseURL: "https://ota.example.com",
		Publish: releases.Publish{To: "s3://acme-ota", Region: "eu-central-1"},
		GitHub:  true, GitLab: true, Branch: "main", Within: ".", Guards: []string{"exposure", "deletes"},
	}
}

func elsewhere() project.Config {
	c := atAWS()
	c.Publish.Endpoint, c.Publish.Region = "https://s3.example.com", ""
	return c
}

func inFolder() project.Config {
	c := atAWS()
	c.Within, c.Branch, c.Publish.Endpoint = "firmware/over the air #1", "release/1.x", "https://s3.eu-central-1.amazonaws.com"
	return c
}

func withLFS() project.Config {
	c := inFolder()
	c.LFS = true
	return c
}

func withSecondSigner() project.Config {
	c := elsewhere()
	c.GitLab, c.SecondSigner = false, true
	return c
}

func withGates() project.Config {
	c := atAWS()
	c.GitLab, c.Gates = false, true
	return c
}

func withBoth() project.Config {
	c := withSecondSigner()
	c.Gates = true
	return c
}

func files(t *testing.T, c project.Config) map[string]string {
	t.Helper()
	list, err := project.Files(c)
	if err != nil {
		t.Fatal(err)
	}
	if last := list[len(list)-1]; last.Name != releases.ProjectFile {
		t.Errorf("the last file is %s: one that is cut off before must be no project", last.Name)
	}
	all := map[string]string{}
	for _, f := range list {
		if shared := strings.HasPrefix(f.Name, ".git") && f.Name != ".gitignore"; f.Shared != shared {
			t.Errorf("%s: shared is %v", f.Name, f.Shared)
		}
		if strings.Contains(string(f.Content), "<no value>") || strings.Contains(string(f.Content), "[[") || !strings.HasSuffix(string(f.Content), "\n") {
			t.Errorf("%s is not well filled in:\n%s", f.Name, f.Content)
		}
		all[f.Name] = string(f.Content)
	}
	return all
}

// TestWorkflows holds each workflow to what a linter knows of it, and to what
// keeps credentials from those who should have none.
func TestWorkflows(t *testing.T) {
	for name, c := range map[string]project.Config{"AWS": atAWS(), "elsewhere": elsewhere(), "folder": inFolder(), "LFS": withLFS(), "second signer": withSecondSigner(), "gates": withGates(), "both": withBoth()} {
		t.Run(name, func(t *testing.T) {
			workflow := files(t, c)[".github/workflows/cairn.yml"]
			lint(t, workflow)
			var w struct {
				Permissions map[string]string
				Jobs        map[string]struct {
					If          string
					Needs       any
					Permissions map[string]string
					Environment string
					Concurrency map[string]string
					Steps       []struct {
						Uses string
						With map[string]string
						Env  map[string]string
						Run  string
					}
				}
			}
			parse(t, workflow, &w)
			if w.Permissions == nil || len(w.Permissions) > 0 {
				t.Errorf("top-level permissions are %v", w.Permissions)
			}
			permissions := map[string]map[string]string{}
			for name, job := range w.Jobs {
				permissions[name] = job.Permissions
				for _, s := range job.Steps {
					if action, version, _ := strings.Cut(s.Uses, "@"); s.Uses != "" && len(version) != 40 {
						t.Errorf("%s is not pinned to a commit: %s", action, version)
					}
					if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != "false" {
						t.Errorf("job %s leaves the token behind", name)
					}
					if strings.Contains(s.Run, "${{") {
						t.Errorf("job %s has an expression in a script:\n%s", name, s.Run)
					}
					for _, v := range s.Env {
						if (name == "publish" || name == "gates") && v == "${{ secrets.CAIRN_NOTIFY_SECRET }}" {
							continue
						}
						if name == "gates" && v == "${{ secrets.OTA_PUSH_TOKEN || github.token }}" {
							continue
						}
						if (name == "publish" || name == "second-signer" || name == "gates") && v == "${{ secrets.CAIRN_SIGN_KEY }}" {
							continue // no role of a cloud stands for that key
						}
						if secret := strings.Contains(v, "secrets."); secret && (name == "check" || c.SignsIn()) {
							t.Errorf("job %s sees %s", name, v)
						}
					}
				}
			}
			want := map[string]map[string]string{
				"check":   {"contents": "read"},
				"plan":    {"contents": "read", "pull-requests": "write"},
				"publish": {"contents": "read"},
			}
			environment := "cairn-publish"
			if c.SignsIn() {
				want["plan"]["id-token"], want["publish"]["id-token"] = "write", "write"
				environment = ""
			}
			if c.SecondSigner {
				want["second-signer"] = map[string]string{"contents": "read"}
				if signer := w.Jobs["second-signer"]; signer.Environment != project.SecondSigner || !strings.HasPrefix(w.Jobs["publish"].If, signer.If) {
					t.Errorf("the second signer has the environment %q, and runs if %s", signer.Environment, signer.If)
				}
			}
			if c.Gates {
				want["gates"] = map[string]string{"contents": "write"}
				if c.SignsIn() {
					want["gates"]["id-token"] = "write"
				}
				gates, publish := w.Jobs["gates"], w.Jobs["publish"]
				if gates.Environment != environment || !cmp.Equal(gates.Concurrency, publish.Concurrency) || !strings.Contains(gates.If, "github.ref == 'refs/heads/"+c.Branch+"'") {
					t.Errorf("gates has the environment %q, is one of %v, and runs if %s", gates.Environment, gates.Concurrency, gates.If)
				}
				if !strings.Contains(publish.If, "!cancelled()") || !strings.Contains(fmt.Sprint(publish.Needs), "gates") {
					t.Errorf("publish needs %v, and runs if %s", publish.Needs, publish.If)
				}
			}
			if diff := cmp.Diff(want, permissions); diff != "" {
				t.Errorf("permissions (-want +got):\n%s", diff)
			}
			if w.Jobs["publish"].Environment != environment {
				t.Errorf("publish has the environment %q", w.Jobs["publish"].Environment)
			}
			if !strings.Contains(w.Jobs["plan"].If, "head.repo.full_name == github.repository") {
				t.Errorf("a fork's pull request runs plan: %s", w.Jobs["plan"].If)
			}
			if !strings.Contains(w.Jobs["publish"].If, "github.ref == 'refs/heads/"+c.Branch+"'") {
				t.Errorf("another branch publishes: %s", w.Jobs["publish"].If)
			}
		})
	}
}

// lint runs actionlint.
func lint(t *testing.T, workflow string) {
	t.Helper()
	bin, err := filepath.Abs("../../.cache/bin/actionlint")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-shellcheck=", "-pyflakes=", "-no-color", "-")
	cmd.Stdin = strings.NewReader(workflow)
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) || len(out) == 0 && err != nil {
		t.Fatalf("%v: run \"make deps-test\" first", err)
	}
	if err != nil {
		t.Errorf("actionlint: %v\n%s", err, out)
	}
}

func parse(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
}

// TestLinter holds the linter itself to a mistake that it must see.
func TestLinter(t *testing.T) {
	bad := strings.Replace(files(t, atAWS())[".github/workflows/cairn.yml"], "github.ref ==", "github.reff ==", 1)
	cmd := exec.Command("../../.cache/bin/actionlint", "-no-color", "-")
	cmd.Stdin = strings.NewReader(bad)
	if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), `property "reff" is not defined`) {
		t.Errorf("actionlint said %s", out)
	}
}

func TestGitLabJobs(t *testing.T) {
	for name, c := range map[string]project.Config{"AWS": atAWS(), "elsewhere": elsewhere(), "folder": inFolder(), "LFS": withLFS()} {
		t.Run(name, func(t *testing.T) {
			var w map[string]any
			text := files(t, c)[".gitlab-ci.yml"]
			parse(t, text, &w)
			before := w[".cairn"].(map[string]any)["before_script"].([]any)
			if cd := `cd "$CI_PROJECT_DIR/` + c.Within + `"`; (c.Within != ".") != (before[0] == cd) {
				t.Errorf("jobs begin with %v", before)
			}
			check, plan := w["check"].(map[string]any), w["plan"].(map[string]any)
			if check["extends"] != ".cairn" || check["variables"] != nil {
				t.Errorf("check has more than it needs: %v", check)
			}
			want := map[bool]string{true: ".signed-in", false: ".cairn"}[c.SignsIn()]
			if plan["extends"] != want || w["publish"].(map[string]any)["extends"] != want {
				t.Errorf("plan extends %v, not %s", plan["extends"], want)
			}
			if c.SignsIn() != strings.Contains(text, "id_tokens") || c.SignsIn() == strings.Contains(text, "AWS_SECRET_ACCESS_KEY") {
				t.Errorf("the credentials are of the wrong kind:\n%s", text)
			}
		})
	}
}

// TestRead is a project as the loader reads it.
func TestRead(t *testing.T) {
	c := atAWS()
	c.Organization = "Größe \"&\" \\ \u007f \u2028 <b>"
	c.BaseURL = `https://ota.example.com/"a"`
	list, err := project.Files(c)
	if err != nil {
		t.Fatal(err)
	}
	fleet, err := releases.Load(folder(list))
	if err != nil {
		t.Fatal(err)
	}
	c.Publish.Status = releases.PublicStatus // of new projects
	if fleet.Project.Slug != c.Slug || fleet.Project.Organization != c.Organization || fleet.Project.BaseURL != c.BaseURL || fleet.Publish != c.Publish {
		t.Errorf("read back as %+v, %+v", fleet.Project, fleet.Publish)
	}
	again, err := project.Files(c)
	if diff := cmp.Diff(list, again); diff != "" || err != nil {
		t.Errorf("another time it differs: %s, %v", diff, err)
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		change func(*project.Config)
		want   string
	}{
		{func(c *project.Config) { c.Slug = "a b" }, `slug "a b" is not valid`},
		{func(c *project.Config) { c.Slug = "" }, "slug"},
		{func(c *project.Config) { c.Slug = strings.Repeat("a", 191) }, "slug has 191 characters"},
		{func(c *project.Config) { c.Organization = "\xff" }, `"\xff" is not UTF-8`},
		{func(c *project.Config) { c.BaseURL = "ota.example.com" }, "is no http or https URL"},
		{func(c *project.Config) { c.BaseURL = "https://a\nb" }, "printable ASCII"},
		{func(c *project.Config) { c.Publish.To = "" }, "is neither dir: nor s3://"},
		{func(c *project.Config) { c.Publish.To = "s3://a/b" }, "names more than a bucket"},
		{func(c *project.Config) { c.Publish.Endpoint = "s3.example.com" }, "endpoint"},
		{func(c *project.Config) { c.Publish.Region = "" }, "needs its region"},
		{func(c *project.Config) { c.Publish.Region = "${{ x }}" }, `region "${{ x }}" is none`},
		{func(c *project.Config) { c.Publish.To = "dir:public" }, "CI cannot publish to"},
		{func(c *project.Config) { c.Gates = true }, "no other workflow has one: --ci github"},
		{func(c *project.Config) { c.Branch = "it's" }, `branch "it's"`},
		{func(c *project.Config) { c.Branch = "" }, `branch ""`},
		{func(c *project.Config) { c.Within = "a${{ x }}" }, "workflows cannot name the folder"},
	} {
		c := atAWS()
		test.change(&c)
		if _, err := project.Files(c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v", test.want, err)
		}
	}
}

func TestIgnored(t *testing.T) {
	for to, want := range map[string]string{
		"dir:public": "/public/fridges/", "dir:./out/ota/": "/out/ota/fridges/", "dir:/srv/ota": "/public/fridges/", "dir:../x": "/public/fridges/",
		"dir:.": "/fridges/", "dir:releases": "/releases/fridges/", "dir:a b*[c]": `/a\ b\*\[c\]/fridges/`, "s3://acme-ota": "/public/fridges/",
	} {
		c := project.Config{Slug: "fridges", Publish: releases.Publish{To: to}}
		if got := c.Ignored(); got != want {
			t.Errorf("%s: ignored is %s", to, got)
		}
	}
}
