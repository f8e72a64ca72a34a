// Package git asks git about a project folder, and commits edits of it. It runs
// the program git, and knows nothing of publishing.
package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases"
	"cairn/releases/edit"
)

// Worktree is what git has checked out around a project folder, with the files
// that an edit is about.
type Worktree struct {
	Dir   string
	files []string
}

// Open gives the worktree around a project folder, and makes sure that a commit can hold an edit and nothing else.
func Open(ctx context.Context, dir string, changes []edit.Change) (Worktree, error) {
	w := Worktree{Dir: dir}
	if _, err := w.git(ctx, "rev-parse", "--show-toplevel"); err != nil {
		return w, fmt.Errorf("--commit: %w\nnothing was written; without --commit it would be", err)
	}
	for _, c := range changes {
		name, err := w.follow(c.File)
		if err != nil {
			return w, err
		}
		w.files = append(w.files, name)
	}
	if len(w.files) == 0 {
		return w, nil
	}
	files := append([]string{"--"}, w.files...)
	if ignored, err := w.git(ctx, append([]string{"check-ignore"}, files...)...); err == nil {
		return w, cli.Usagef("--commit: git ignores these files:\n%s\ntake them out of .gitignore, or leave --commit out", ignored)
	}
	dirty, err := w.git(ctx, append([]string{"status", "--porcelain"}, files...)...)
	if err != nil {
		return w, fmt.Errorf("--commit: %w", err)
	}
	if dirty != "" {
		return w, cli.Usagef("--commit: these files have changes that are not committed yet:\n%s\ncommit or stash them first", dirty)
	}
	return w, nil
}

// follow is a file of the project folder by the name under which git has its
// content: where links lead to.
func (w Worktree) follow(file string) (string, error) {
	real, err := filepath.EvalSymlinks(filepath.Join(w.Dir, filepath.FromSlash(file)))
	if errors.Is(err, fs.ErrNotExist) {
		dir, err := w.follow(path.Dir(file))
		return filepath.Join(dir, path.Base(file)), err
	}
	if err != nil {
		return "", err
	}
	dir, err := filepath.EvalSymlinks(w.Dir)
	if err != nil {
		return "", err
	}
	return filepath.Rel(dir, real)
}

func (w Worktree) Commit(ctx context.Context, title string) error {
	files := append([]string{"--"}, w.files...)
	add := append([]string{"add"}, files...)
	commit := append([]string{"commit", "--quiet", "--message", title, "--only"}, files...)
	for _, args := range [][]string{add, commit} {
		if _, err := w.git(ctx, args...); err != nil {
			return fmt.Errorf("%w\nwhen that is mended, run: %s && %s", err, w.line(add), w.line(commit))
		}
	}
	return nil
}

// Uncommitted lists the definitions that are not as the last commit has them.
func (w Worktree) Uncommitted(ctx context.Context) (string, error) {
	return w.git(ctx, "status", "--porcelain", "--untracked-files=all", "--", releases.ProjectFile, "releases", "cohorts")
}

// Source is what the definitions are, for the record: the commit that is
// checked out, marked where they are not as it has them, or were edited without
// being written; "" where nobody knows.
func (w Worktree) Source(ctx context.Context, edited bool) string {
	head, err := w.Head(ctx)
	if err != nil {
		return ""
	}
	if edited {
		return head + dirtyMark
	}
	if dirty, err := w.Uncommitted(ctx); err != nil || dirty != "" {
		return head + dirtyMark
	}
	return head
}

const dirtyMark = "-dirty"

var fullCommit = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// Lacks says what the checkout lacks of a source from which was published, and
// the way out; both are "" where it has all, be it rebased since. It has not
// where git says nothing. A source that is no commit is nobody's to judge.
func (w Worktree) Lacks(ctx context.Context, source string) (what, hint string) {
	commit := strings.TrimSuffix(source, dirtyMark)
	if !fullCommit.MatchString(commit) {
		return "", ""
	}
	head, err := w.Head(ctx)
	if err != nil {
		return fmt.Sprintf("whether this checkout has commit %s, which was published, is not known: %v", commit, err),
			"publish from a checkout, where git works"
	}
	if head == commit {
		return "", ""
	}
	switch changes, err := w.git(ctx, "cherry", "HEAD", commit); {
	case err == nil && !strings.Contains(changes, "+ "):
		return "", ""
	case err == nil:
		if _, err := w.git(ctx, "merge-base", "--is-ancestor", "HEAD", commit); err == nil {
			return fmt.Sprintf("commit %s is checked out, which is older than %s, which was published", head, commit), "bring it up to date with 'git pull --rebase --autostash'"
		}
	default:
		if w.shallow(ctx) {
			return fmt.Sprintf("commit %s is checked out without its history, so whether it has %s, which was published, is not known", head, commit),
				"bring it in with 'git fetch --unshallow'; in CI check out with 'fetch-depth: 0' (GitHub) or 'GIT_DEPTH: \"0\"' (GitLab)"
		}
	}
	return fmt.Sprintf("commit %s is checked out, which does not hold %s, which was published", head, commit), "bring it in, such as by 'git pull --rebase --autostash'"
}

// shallow says whether the oldest commits are not here.
func (w Worktree) shallow(ctx context.Context) bool {
	shallow, _ := w.git(ctx, "rev-parse", "--is-shallow-repository")
	return shallow == "true"
}

// line is a command line of git's, for a shell.
func (w Worktree) line(args []string) string {
	words := []string{"git", "-C", cli.ShellWord(w.Dir)}
	for _, arg := range args {
		words = append(words, cli.ShellWord(arg))
	}
	return strings.Join(words, " ")
}

// Head is the commit that is checked out.
func (w Worktree) Head(ctx context.Context) (string, error) {
	return w.git(ctx, "rev-parse", "--verify", "HEAD")
}

// Committed is when the commit that is checked out was made, in UTC.
func (w Worktree) Committed(ctx context.Context) (time.Time, error) {
	seconds, err := w.git(ctx, "show", "--no-patch", "--format=%ct", "HEAD")
	if err != nil {
		return time.Time{}, err
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	return time.Unix(n, 0).UTC(), err
}

// Projects are the other project folders that are checked out, relative to this
// one; where git says nothing, those beside it.
func (w Worktree) Projects(ctx context.Context) (dirs []string) {
	list, err := w.git(ctx, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ":(top,glob)**/"+releases.ProjectFile)
	files := strings.Split(list, "\x00")
	if err != nil {
		beside, _ := os.ReadDir(filepath.Join(w.Dir, ".."))
		for _, e := range beside {
			files = append(files, path.Join("..", e.Name(), releases.ProjectFile))
		}
	}
	own, _ := os.Stat(w.Dir)
	for _, file := range files {
		dir := path.Dir(file)
		if info, err := os.Stat(filepath.Join(w.Dir, dir)); err == nil && !os.SameFile(info, own) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func (w Worktree) git(ctx context.Context, args ...string) (string, error) {
	return git(ctx, w.Dir, args...)
}

// git runs git in a folder, and gives what it prints. An interrupt lets git
// take its lock files away.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		said := strings.TrimSpace(cmp.Or(stderr.String(), string(out)))
		if said != "" {
			err = errors.New(said)
		}
		err = fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSuffix(string(out), "\n"), err
}
