package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/git"
	scaffold "cairn/templates/project"

	"github.com/google/go-cmp/cmp"
)

// answers asks with what flags have said, and gives what is known then, and
// what was written to the terminal.
func answers(t *testing.T, given initOptions, flags []string, typed string) (initOptions, string, error) {
	t.Helper()
	var out bytes.Buffer
	said := func(flag string) bool { return strings.Contains(" "+strings.Join(flags, " ")+" ", " "+flag+" ") }
	err := given.ask(cli.NewAsker(t.Context(), strings.NewReader(typed), &out), said, "x/my-fleet")
	return given, out.String(), err
}

func TestAsk(t *testing.T) {
	same := cmp.AllowUnexported(initOptions{})
	for _, test := range []struct {
		name  string
		given initOptions
		flags []string
		typed string
		want  initOptions
		out   string
	}{
		{
			"fallbacks", initOptions{}, nil, "\nhttps://ota.example.com\n\n",
			initOptions{slug: "my-fleet", baseURL: "https://ota.example.com", to: "dir:public"},
			"Short name of the fleet, which firmware has in it [my-fleet]: ",
		},
		{
			"a bucket", initOptions{}, nil, "fridges\nhttps://ota.example.com\ns3://acme-ota\n\n  eu-central-1 \n",
			initOptions{slug: "fridges", baseURL: "https://ota.example.com", to: "s3://acme-ota", region: "eu-central-1"},
			"nothing for AWS: ",
		},
		{
			"a bucket elsewhere", initOptions{}, nil, "fridges\nhttps://ota.example.com\ns3://acme-ota\nhttps://s3.example.com\n\n",
			initOptions{slug: "fridges", baseURL: "https://ota.example.com", to: "s3://acme-ota", endpoint: "https://s3.example.com"},
			"Region of the bucket",
		},
		{
			"second thoughts", initOptions{}, nil, "a b\nfridges\nota.example.com\nhttps://ota.example.com\ns3://a/b\ns3://Acme!\ns3://acme-ota\nnowhere\n\n\neu-central-1\n",
			initOptions{slug: "fridges", baseURL: "https://ota.example.com", to: "s3://acme-ota", region: "eu-central-1"},
			"a bucket at AWS needs its region",
		},
		{
			"only what no flag says", initOptions{slug: "fridges", to: "s3://acme-ota", region: "eu-central-1"}, []string{"slug", "to", "region", "endpoint"},
			"https://ota.example.com\n",
			initOptions{slug: "fridges", baseURL: "https://ota.example.com", to: "s3://acme-ota", region: "eu-central-1"},
			"https://ota.example.com: ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, out, err := answers(t, test.given, test.flags, test.typed)
			if err != nil {
				t.Fatalf("%v after\n%s", err, out)
			}
			if diff := cmp.Diff(test.want, got, same); diff != "" {
				t.Errorf("(-want +got):\n%s\nafter\n%s", diff, out)
			}
			if !strings.Contains(out, test.out) {
				t.Errorf("asked\n%s", out)
			}
		})
	}
}

func TestAskWithoutAnswers(t *testing.T) {
	if _, _, err := answers(t, initOptions{}, nil, "fridges\n"); err == nil || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("got %v", err)
	}
	if _, out, err := answers(t, initOptions{slug: "a b"}, []string{"slug"}, "\n\n\n"); err == nil || out != "" {
		t.Errorf("a wrong flag is asked about: %v\n%s", err, out)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	silent, typist := io.Pipe()
	defer typist.Close()
	interrupt()
	a := cli.NewAsker(ctx, silent, io.Discard)
	if _, err := a.Ask("Well", "", func(string) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupt gives %v", err)
	}
}

// TestInitAtTerminal runs the program at a terminal of script(1).
func TestInitAtTerminal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fridges")
	cmd := exec.Command("script", "--quiet", "--return", "--command", "cairn init '"+dir+"'", os.DevNull)
	cmd.Stdin = strings.NewReader("\nhttps://ota.example.com\n\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "cairn.toml"))
	if err != nil || !strings.Contains(string(text), `slug = "fridges"`) || !strings.Contains(string(text), `to = "dir:public"`) {
		t.Errorf("%v: wrote %s\nand said %s", err, text, out)
	}
}

func TestOrigin(t *testing.T) {
	for remote, want := range map[string]scaffold.Origin{
		"git@github.com:acme/ota.git":                  {Host: "github.com", Path: "acme/ota"},
		"https://github.com/acme/ota":                  {Host: "github.com", Path: "acme/ota"},
		"https://me:secret@gitlab.com/acme/fw/ota.git": {Host: "gitlab.com", Path: "acme/fw/ota"},
		"ssh://git@gitlab.example.com:2222/acme/ota/":  {Host: "gitlab.example.com", Path: "acme/ota"},
		"/srv/git/ota.git":                             {},
		"../ota":                                       {},
		"../a:b":                                       {},
	} {
		if got := git.Origin(remote); got != want {
			t.Errorf("%s: %+v", remote, got)
		}
	}
}

// TestInitInterrupted is an init that is stopped before its last file, and run
// again.
func TestInitInterrupted(t *testing.T) {
	dir := t.TempDir()
	args := []string{"init", dir, "--slug", "fridges", "--base-url", "https://ota.example.com", "--to", "dir:public"}
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, args, &stdout, &stderr); code != exitInterrupted {
		t.Errorf("exit code %d, %s%s", code, &stdout, &stderr)
	}
	if code := run(t.Context(), args, &stdout, &stderr); code != exitDone || !strings.Contains(stdout.String(), "wrote "+filepath.Join(dir, "cairn.toml")) {
		t.Errorf("exit code %d, %s%s", code, &stdout, &stderr)
	}
}

// TestInitOnce begins one project many times at once: one of them is there then,
// and who began another one hears of it.
func TestInitOnce(t *testing.T) {
	dir := t.TempDir()
	results := make(chan string)
	const n = 8
	for i := range n {
		go func() {
			slug := fmt.Sprint("fleet-", i)
			if exec.Command("cairn", "init", dir, "--slug", slug, "--base-url", "https://ota.example.com", "--to", "dir:public").Run() != nil {
				slug = ""
			}
			results <- slug
		}()
	}
	var began []string
	for range n {
		if slug := <-results; slug != "" {
			began = append(began, slug)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "cairn.toml"))
	if err != nil || len(began) != 1 || !strings.Contains(string(text), fmt.Sprintf("slug = %q", began[0])) {
		t.Errorf("%q say that they began the project (%v):\n%s", began, err, text)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".cairn.toml.*")); left != nil {
		t.Errorf("left behind: %q", left)
	}
}
