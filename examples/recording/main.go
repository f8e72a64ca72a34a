// Command recording runs a script of commands in a fresh folder, and draws
// what a terminal would have shown as an SVG that plays. It runs cairn as a
// user does, and may import nothing of it.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: recording CAIRN SCRIPT SVG")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

func run(cairn, script, svg string) error {
	steps, err := record(cairn, script)
	if err != nil {
		return err
	}
	return os.WriteFile(svg, draw(steps), 0o644)
}

// step is a line of the script, a command or a comment, and the lines that it
// printed to standard output and standard error.
type step struct {
	line    string
	printed []string
}

const always = "2026-12-01T09:00:00Z"

var instant = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// record runs the lines of a script in one shell, which stops at the first
// that fails. The folder has the builds that the script uploads, of an instant
// that is always the same: it is in answers, whose compressed size is printed.
// Everything is kept as it was printed but the instant of now.
func record(cairn, script string) ([]step, error) {
	text, err := os.ReadFile(script)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	cairn, err = filepath.Abs(cairn)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "recording")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for _, version := range []string{"1.0.0", "1.1.0"} {
		image := bytes.Repeat([]byte("firmware "+version+"\n"), 4096)
		if err := os.WriteFile(filepath.Join(dir, version+".bin"), image, 0o644); err != nil {
			return nil, err
		}
	}
	const mark = "\x1e"
	shell := exec.Command("bash", "-eo", "pipefail", "-c", "printf '"+mark+"'\n"+strings.Join(lines, "\nprintf '"+mark+"'\n"))
	shell.Dir = dir
	shell.Env = append(os.Environ(), "PATH="+filepath.Dir(cairn)+":"+os.Getenv("PATH"), "HOME="+dir, "CAIRN_CREATED="+always)
	out, err := shell.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w, after\n%s", err, out)
	}
	printed := strings.Split(instant.ReplaceAllString(string(out), always), mark)[1:]
	steps := make([]step, len(lines))
	for i, line := range lines {
		steps[i].line = line
		if text := strings.TrimSuffix(printed[i], "\n"); text != "" {
			steps[i].printed = strings.Split(text, "\n")
		}
	}
	return steps, nil
}
