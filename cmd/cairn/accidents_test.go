package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// accident begins one in a fresh copy a of fleet: WHAT.
func accident(ts *testscript.TestScript, _ bool, args []string) {
	ts.Logf("accident: %s", args[0])
	ts.Check(os.RemoveAll(ts.MkAbs("a")))
	ts.Check(os.CopyFS(ts.MkAbs("a"), os.DirFS(ts.MkAbs("fleet"))))
}

// stops makes sure that an accident comes to an end at a step, with a phrase,
// and that devices see what they saw before: STEP PHRASE [FLAG…].
func stops(ts *testscript.TestScript, _ bool, args []string) {
	step, phrase, flags := args[0], args[1], args[2:]
	if len(flags) == 0 {
		flags = []string{"--at", "2026-12-01T12:00:00Z"}
	}
	run := func(succeeds bool, phrase string, command ...string) {
		err := ts.Exec("cairn", append(append([]string{"-C", "a"}, command...), flags...)...)
		said := ts.ReadFile("stdout") + ts.ReadFile("stderr")
		if (err == nil) != succeeds || !regexp.MustCompile(phrase).MatchString(said) {
			ts.Fatalf("cairn %s: %v, want success: %v, and %q in:\n%s", command, err, succeeds, phrase, said)
		}
	}
	before := answersIn(ts, "a/public/fleet")
	switch step {
	case "check":
		run(false, phrase, "check")
		run(false, phrase, "plan")
		run(false, phrase, "publish")
	case "warning":
		run(true, phrase, "check")
		run(false, phrase, "check", "--strict")
	case "guard":
		run(true, "stopped by guards", "plan")
		run(false, phrase, "publish")
	case "plan":
		run(true, phrase, "plan")
	case "verify":
		run(false, phrase, "verify")
		run(true, "", "publish", "--rescan")
		before = answersIn(ts, "fleet/public/fleet")
	case "mended", "harmless":
		run(true, phrase, "publish")
		before = answersIn(ts, "fleet/public/fleet")
	default:
		ts.Fatalf("no step %q", step)
	}
	if after := answersIn(ts, "a/public/fleet"); len(before) == 0 || !maps.Equal(before, after) {
		ts.Fatalf("devices were moved: %d keys before, %d after, or others", len(before), len(after))
	}
}

// answersIn is what a device can see in a folder: all but the state.
func answersIn(ts *testscript.TestScript, name string) map[string]string {
	root, all := ts.MkAbs(name), map[string]string{}
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the bucket was emptied
		}
		if err != nil || d.IsDir() || strings.Contains(path, "/.cairn/") {
			return err
		}
		b, err := os.ReadFile(path)
		all[path[len(root):]] = string(b)
		return err
	}))
	return all
}

// Each accident of the scripts has a row, and each row of theirs is run.
func TestAccidentsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/accidents.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, _, _ := strings.Cut(string(text), "## Checkouts and stops")
	names, err := filepath.Glob("testdata/accidents-*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^accident '(.*)'$`).FindAllStringSubmatch(string(script), -1) {
			n++
			if what := strings.ReplaceAll(m[1], "''", "'"); !strings.Contains(rows, fmt.Sprintf("\n| %s | ", what)) {
				t.Errorf("%s: docs/accidents.md has no row %q", name, what)
			}
		}
	}
	if in := strings.Count(rows, "\n| ") - 2*strings.Count(rows, "\n| --- |"); in != n || n < 40 {
		t.Errorf("docs/accidents.md has %d rows, the scripts have %d accidents", in, n)
	}
}
