package git

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cairn/releases"
)

// Commit is a commit that touched the definitions.
type Commit struct {
	ID      string
	At      time.Time // of the commit, UTC
	Subject string
	First   bool // none before it has definitions
}

// Log gives the last commits of the branch that touched the definitions, at
// most n, the newest first.
func (w Worktree) Log(ctx context.Context, n int) ([]Commit, error) {
	out, err := w.git(ctx, "log", "--first-parent", "--format=%H %ct %s", "-n", strconv.Itoa(n), "--", releases.ProjectFile, "releases", "cohorts")
	if err != nil {
		return nil, err
	}
	var all []Commit
	for line := range strings.Lines(out) {
		id, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		seconds, subject, _ := strings.Cut(rest, " ")
		at, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil {
			return nil, err
		}
		all = append(all, Commit{ID: id, At: time.Unix(at, 0).UTC(), Subject: subject})
	}
	if len(all) > 0 && len(all) < n && !w.shallow(ctx) {
		all[len(all)-1].First = true
	}
	return all, nil
}

// Outline reads the definitions as a commit has them, without payload files.
func (w Worktree) Outline(ctx context.Context, commit string) (*releases.Fleet, error) {
	dir, err := os.MkdirTemp("", "cairn-history-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	for _, texts := range []string{":(glob)**/*.toml", ":(glob)**/*.txt", ":(glob)cohorts/**"} {
		archive, err := w.git(ctx, "archive", "--format=tar", commit, "--", texts)
		if err != nil && strings.HasSuffix(texts, ".toml") {
			return nil, err
		}
		if err := unpack(root, strings.NewReader(archive)); err != nil {
			return nil, err
		}
	}
	return releases.Outline(root.FS())
}

// unpack writes the regular files of an archive below a folder.
func unpack(root *os.Root, archive io.Reader) error {
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		name := filepath.FromSlash(path.Clean(h.Name))
		if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		f, err := root.Create(name)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
}
