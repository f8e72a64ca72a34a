// Package shelltest presses TAB in real shells.
package shelltest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// setUp gives a folder with the program and a project, and what runs a command
// there.
func setUp(t *testing.T) func(name string, args ...string) string {
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "cairn"), "cairn/cmd/cairn").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.CopyFS(filepath.Join(dir, "fridge"), os.DirFS("../../../examples/smartfridge")); err != nil {
		t.Fatal(err)
	}
	return func(name string, args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + dir, "TERM=dumb", "HISTFILE=/dev/null", "LC_ALL=C.UTF-8"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
}

// typed runs a shell in a terminal, types a command line with TABs in it, and
// shows the screen until the command has written its last word.
const typed = `
zmodload zsh/zpty
zpty shell "$1"
zpty -w shell "$2; echo READ''Y"
zpty -r shell screen '*READY*'
zpty -w shell $'cairn -C fridge explain --current-version 1.0.0-\t --dev\tDEMO\t --software-type st\t --hardware-v\tev\t --at 2026-12-02T12:00:00Z; cairn -C fridge plan --to dir:fr\t --at 2026-12-02T12:00:00Z; echo DO""NE'
zpty -r shell screen '*DONE*'
zpty -w shell exit
while zpty -r shell rest; do :; done
print -r -- $screen
`

func TestTypedLines(t *testing.T) {
	run := setUp(t)
	for name, shell := range map[string]struct{ start, prepare string }{
		"zsh":                {"zsh -f -i", "autoload -U compinit; compinit -u -D; source <(cairn completion zsh)"},
		"bash":               {"bash --noprofile --norc -i", "source /usr/share/bash-completion/bash_completion; source <(cairn completion bash)"},
		"bash alone":         {"bash --noprofile --norc -i", "source <(cairn completion bash)"},
		"bash, loaded late":  {"bash --noprofile --norc -i", "source <(cairn completion bash); source /usr/share/bash-completion/bash_completion"},
		"bash, other breaks": {"bash --noprofile --norc -i", "COMP_WORDBREAKS=' '; source <(cairn completion bash)"},
	} {
		t.Run(name, func(t *testing.T) {
			screen := run("zsh", "-f", "-c", typed, "zsh", shell.start, shell.prepare)
			for _, want := range []string{"serial   DEMOSERIAL", "cohort   internal", "version  1.0.0-alpha", "dir:fridge, for 2026"} {
				if !strings.Contains(screen, want) {
					t.Errorf("the screen has no %q:\n%s", want, screen)
				}
			}
			if strings.Contains(screen, "not found") {
				t.Errorf("the shell complained:\n%s", screen)
			}
		})
	}
}

func TestFish(t *testing.T) {
	run := setUp(t)
	for line, want := range map[string]string{
		"cairn -C fridge explain --soft":                "--software-type\tits software `type`\n",
		"cairn -C fridge explain --current-version 1.1": "1.1.0\n",
		"cairn -C fridge explain --current-version=1.1": "--current-version=1.1.0\n",
		"cairn -C fridge explain --device-serial EVT":   "EVT-01\tin cohort internal\nEVT-02\tin cohort internal\n",
		"cairn -C fr": "fridge/\n",
		"cairn -C nowhere explain --current-version 1.1": "",
		"cairn completion z":                             "zsh\n",
		"cairn -C fridge simulate --start 1.1.0=1,1.0":   "1.1.0=1,1.0.0-alpha=\n1.1.0=1,1.0.0=\n",
	} {
		if got := run("fish", "--no-config", "-c", "cairn completion fish | source; complete -C '"+line+"'"); got != want {
			t.Errorf("%s: %q, not %q", line, got, want)
		}
	}
}

func TestManPagesFormat(t *testing.T) {
	run := setUp(t)
	if complaints := run("sh", "-c", "cairn man --out man && groff -K utf8 -man -ww -z man/*.1"); complaints != "" {
		t.Error(complaints)
	}
	if page := run("sh", "-c", "groff -K utf8 -man -Tascii -P -cbou man/cairn-plan.1"); !regexp.MustCompile(`\n       --detailed-exitcode\[=false\]\s+exit\s+with\s+0\s+where`).MatchString(page) {
		t.Error(page)
	}
}
