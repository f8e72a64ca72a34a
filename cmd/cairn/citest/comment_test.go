package citest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

type comment struct {
	ID   int    `json:"id"`
	Body string `json:"body"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

// comments is GitHub's API for those of pull request 7, a page each.
func comments(t *testing.T, all *[]comment) http.Handler {
	mux := http.NewServeMux()
	body := func(r *http.Request) string {
		var sent comment
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || r.Header.Get("Authorization") != "token a token" {
			t.Errorf("%s: %v, as %q", r.URL, err, r.Header.Get("Authorization"))
		}
		return sent.Body
	}
	mux.HandleFunc("GET /repos/acme/ota/issues/7/comments", func(w http.ResponseWriter, r *http.Request) {
		page := 0
		fmt.Sscan(r.FormValue("page"), &page)
		if page+1 < len(*all) {
			w.Header().Set("Link", fmt.Sprintf(`<https://api.github.com%s?page=%d>; rel="next"`, r.URL.Path, page+1))
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode((*all)[page:min(page+1, len(*all))])
	})
	mux.HandleFunc("POST /repos/acme/ota/issues/7/comments", func(w http.ResponseWriter, r *http.Request) {
		c := comment{ID: 100 + len(*all), Body: body(r)}
		c.User.Login = "github-actions[bot]"
		*all = append(*all, c)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, "{}")
	})
	mux.HandleFunc("PATCH /repos/acme/ota/issues/comments/{id}", func(w http.ResponseWriter, r *http.Request) {
		for i := range *all {
			if fmt.Sprint((*all)[i].ID) == r.PathValue("id") {
				(*all)[i].Body = body(r)
			}
		}
		fmt.Fprint(w, "{}")
	})
	return mux
}

// step is one of a job at GitHub that runs a script.
type step struct{ Name, Run string }

// lastStep is that of a job in the workflow of a fleet.
func lastStep(t *testing.T, f *fleet, job, name string) step {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, ".github/workflows/cairn.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var workflow struct {
		Jobs map[string]struct{ Steps []step }
	}
	if err := yaml.Unmarshal(text, &workflow); err != nil {
		t.Fatal(err)
	}
	steps := workflow.Jobs[job].Steps
	last := steps[len(steps)-1]
	if last.Name != name {
		t.Fatalf("the last step is %q", last.Name)
	}
	return last
}

// TestComment runs the step that comments: there is one comment, however often
// it runs, and those of others stay as they are.
func TestComment(t *testing.T) {
	f := newFleet(t, "--ci", "github")
	last := lastStep(t, f, "plan", "Comment")
	all := make([]comment, 2)
	all[0].ID, all[0].Body, all[0].User.Login = 1, "<!-- cairn plan: fridges -->\na quotation", "somebody"
	all[1].ID, all[1].Body, all[1].User.Login = 2, "<!-- cairn plan: ovens -->\nof another project", "github-actions[bot]"
	net := newInternet(t, map[string]http.Handler{"api.github.com": comments(t, &all)})
	for i, plan := range []string{"@first", "second \"$(x)\" `y` 中\n", strings.Repeat("| long |\n", 6000)} {
		plan = "<!-- cairn plan: fridges -->\n" + plan
		tmp := t.TempDir()
		if err := os.WriteFile(filepath.Join(tmp, "plan.md"), []byte(plan), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", last.Run)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + tmp, "RUNNER_TEMP=" + tmp, "GITHUB_REPOSITORY=acme/ota", "NUMBER=7", "GH_TOKEN=a token"}, net.environment...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		want := []string{"<!-- cairn plan: fridges -->\na quotation", "<!-- cairn plan: ovens -->\nof another project", plan}
		var got []string
		for _, c := range all {
			got = append(got, c.Body)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("run %d (-want +got):\n%s", i, diff)
		}
	}
}
