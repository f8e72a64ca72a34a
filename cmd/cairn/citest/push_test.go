package citest

import (
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repositories serves the git repositories of a folder as GitHub does, to whoever
// has a token.
func repositories(f *fleet, dir, token string) http.Handler {
	f.Helper()
	backend := &cgi.Handler{
		Path: filepath.Join(f.git("", "--exec-path"), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=x"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user == "" || password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
			http.Error(w, "no token", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	})
}

// TestPush runs the step that pushes what gates decide, as it gets its token to
// GitHub: checkout has left none behind.
func TestPush(t *testing.T) {
	f := newFleet(t, "--ci", "github", "--gates")
	last := lastStep(t, f, "gates", "Push")
	first := f.commit("main")
	net := newInternet(t, map[string]http.Handler{"github.com": repositories(f, filepath.Dir(f.origin), "right")})
	push := func(token string) (commit, output string, err error) {
		dir := f.clone("main", first)
		f.git(dir, "remote", "set-url", "origin", "https://github.com/"+filepath.Base(f.origin))
		f.git(dir, "commit", "--quiet", "--allow-empty", "--message", "Decide")
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", last.Run)
		cmd.Dir = filepath.Join(dir, "over the air")
		cmd.Env = append([]string{"PATH=" + filepath.Dir(f.cairn) + ":" + os.Getenv("PATH"), "HOME=" + f.TempDir(), "GH_TOKEN=" + token, "GIT_TERMINAL_PROMPT=0",
			"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com"}, net.environment...)
		for _, variable := range net.environment {
			if ca, ok := strings.CutPrefix(variable, "CURL_CA_BUNDLE="); ok {
				cmd.Env = append(cmd.Env, "GIT_SSL_CAINFO="+ca)
			}
		}
		out, err := cmd.CombinedOutput()
		return f.git(dir, "rev-parse", "HEAD"), string(out), err
	}
	if _, out, err := push("wrong"); err == nil || !strings.Contains(out, "::error title=Not pushed::") {
		t.Fatalf("with a wrong token: %v\n%s", err, out)
	}
	for _, other := range []string{"", "Somebody pushes meanwhile"} {
		if other != "" {
			f.git(f.dir, "commit", "--quiet", "--allow-empty", "--message", other)
			f.git(f.dir, "push", "--quiet", "--force", "origin", "HEAD:main")
		}
		commit, out, err := push("right")
		if err != nil || f.git(f.origin, "rev-parse", "main") != commit {
			t.Fatalf("%v\n%s", err, out)
		}
		if log := f.git(f.origin, "log", "--format=%s", "main"); !strings.Contains(log, "Decide") || !strings.Contains(log, other) {
			t.Fatalf("main has\n%s", log)
		}
	}
}
