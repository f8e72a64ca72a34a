package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"

	"cairn/releases/edit"
)

// repository is the git repository that a project folder is in, with the files
// that an edit is about.
type repository struct {
	dir   string
	files []string
}

// openRepository makes sure that a commit can hold an edit and nothing else.
func openRepository(ctx context.Context, dir string, changes []edit.Change) (repository, error) {
	r := repository{dir: dir}
	for _, c := range changes {
		r.files = append(r.files, c.File)
	}
	if _, err := r.git(ctx, "rev-parse", "--show-toplevel"); err != nil {
		return r, fmt.Errorf("--commit: %w", err)
	}
	if len(r.files) == 0 {
		return r, nil
	}
	dirty, err := r.git(ctx, append([]string{"status", "--porcelain", "--"}, r.files...)...)
	if err != nil {
		return r, fmt.Errorf("--commit: %w", err)
	}
	if dirty != "" {
		return r, usagef("--commit: these files have changes that are not committed yet:\n%s\ncommit or stash them first", dirty)
	}
	return r, nil
}

func (r repository) commit(ctx context.Context, title string) error {
	files := append([]string{"--"}, r.files...)
	if _, err := r.git(ctx, append([]string{"add"}, files...)...); err != nil {
		return fmt.Errorf("edited, but not committed: %w", err)
	}
	if _, err := r.git(ctx, append([]string{"commit", "--quiet", "--message", title, "--only"}, files...)...); err != nil {
		return fmt.Errorf("edited, but not committed: %w", err)
	}
	return nil
}

// head is the commit that is checked out.
func (r repository) head(ctx context.Context) (string, error) {
	return r.git(ctx, "rev-parse", "--verify", "HEAD")
}

// git runs git in the project folder, and gives what it prints.
func (r repository) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", r.dir}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && stderr.Len() > 0 {
		err = fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(stderr.String()))
	} else if err != nil {
		err = fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimRight(string(out), "\n"), err
}
