package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"cairn/releases/edit"
)

// worktree is what git has checked out around a project folder, with the files
// that an edit is about.
type worktree struct {
	dir   string
	files []string
}

// openWorktree makes sure that a commit can hold an edit and nothing else.
func openWorktree(ctx context.Context, dir string, changes []edit.Change) (worktree, error) {
	w := worktree{dir: dir}
	for _, c := range changes {
		name := c.File
		// What is written is what a link leads to.
		if real, err := filepath.EvalSymlinks(filepath.Join(dir, name)); err == nil {
			if name, err = filepath.Abs(real); err != nil {
				return w, err
			}
		}
		w.files = append(w.files, name)
	}
	if _, err := w.git(ctx, "rev-parse", "--show-toplevel"); err != nil {
		return w, fmt.Errorf("--commit: %w", err)
	}
	if len(w.files) == 0 {
		return w, nil
	}
	dirty, err := w.git(ctx, append([]string{"status", "--porcelain", "--"}, w.files...)...)
	if err != nil {
		return w, fmt.Errorf("--commit: %w", err)
	}
	if dirty != "" {
		return w, usagef("--commit: these files have changes that are not committed yet:\n%s\ncommit or stash them first", dirty)
	}
	return w, nil
}

func (w worktree) commit(ctx context.Context, title string) error {
	files := append([]string{"--"}, w.files...)
	add := append([]string{"add"}, files...)
	commit := append([]string{"commit", "--quiet", "--message", title, "--only"}, files...)
	for _, args := range [][]string{add, commit} {
		if _, err := w.git(ctx, args...); err != nil {
			return fmt.Errorf("edited, but not committed: %w\nwhen that is mended, run: %s && %s", err, w.line(add), w.line(commit))
		}
	}
	return nil
}

// line is a command line of git's, for a shell.
func (w worktree) line(args []string) string {
	words := []string{"git", "-C", shellWord(w.dir)}
	for _, arg := range args {
		words = append(words, shellWord(arg))
	}
	return strings.Join(words, " ")
}

// head is the commit that is checked out.
func (w worktree) head(ctx context.Context) (string, error) {
	return w.git(ctx, "rev-parse", "--verify", "HEAD")
}

func (w worktree) git(ctx context.Context, args ...string) (string, error) {
	return git(ctx, w.dir, args...)
}

// git runs git in a folder, and gives what it prints.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if said := strings.TrimSpace(cmp.Or(stderr.String(), string(out))); err != nil && said != "" {
		err = fmt.Errorf("git %s: %s", args[0], said)
	} else if err != nil {
		err = fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSuffix(string(out), "\n"), err
}
