package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The picture in the README is what the program prints.
func TestThePictureIsOfThisProgram(t *testing.T) {
	cairn := filepath.Join(t.TempDir(), "cairn")
	if out, err := exec.Command("go", "build", "-o", cairn, "../../cmd/cairn").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	steps, err := record(cairn, "first-minutes.sh")
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../../docs/first-minutes.svg")
	if err != nil {
		t.Fatal(err)
	}
	if drawn := draw(steps); !bytes.Equal(drawn, committed) {
		shown := func(svg []byte) []string { return regexp.MustCompile(`(?m)^<text.*$`).FindAllString(string(svg), -1) }
		t.Errorf("docs/first-minutes.svg is not what the program prints; \"make recording\" makes it anew:\n%s", cmp.Diff(shown(committed), shown(drawn)))
	}
}

func TestLongLinesWrapAsInATerminal(t *testing.T) {
	for line, want := range map[string]string{"": "", "abc": "abc", "abcd": "abc|d", "→→→→→→": "→→→|→→→", "abc→": "abc|→"} {
		if got := strings.Join(wrap(line, 3), "|"); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestAScriptThatFailsIsNoRecording(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script.sh")
	if err := os.WriteFile(script, []byte("echo begun\nfalse\necho never"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := record("cairn", script); err == nil || !strings.Contains(err.Error(), "begun") || strings.Contains(err.Error(), "never") {
		t.Errorf("got %v, want an error that tells what was printed before", err)
	}
}
