package git

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	scaffold "cairn/templates/project"
)

// Repository is what git knows of a folder; the zero value's is none.
type Repository struct {
	top    string // an absolute path; "" outside of a repository
	Within string // the folder in the repository, with slashes; "." for its top
	Branch string // the one that is published
	Origin scaffold.Origin
	LFS    bool // some .gitattributes names Git LFS
}

// Find asks git about a folder, which need not be there yet. Outside
// of a repository, workflows go into the folder itself. It is an error where
// there is one that git says nothing of: since it is not installed, say, or
// since the repository is somebody else's.
func Find(ctx context.Context, dir string) (Repository, error) {
	r := Repository{Within: ".", Branch: "main"}
	there, rest := dir, ""
	for {
		if info, err := os.Stat(there); err == nil && info.IsDir() {
			break
		}
		abs, err := filepath.Abs(there)
		if err != nil || filepath.Dir(abs) == abs {
			return r, err
		}
		there, rest = filepath.Dir(abs), filepath.Join(filepath.Base(abs), rest)
	}
	ask := func(args ...string) (string, bool) {
		out, err := git(ctx, there, args...)
		return out, err == nil
	}
	top, err := git(ctx, there, "rev-parse", "--show-toplevel")
	prefix, inside := ask("rev-parse", "--show-prefix")
	if err != nil && repositoryAbove(there) != "" {
		return r, fmt.Errorf("of the repository in %s nothing is known: %w", repositoryAbove(there), err)
	}
	if err != nil || !inside {
		return r, nil
	}
	r.top = top
	r.Within = path.Clean(path.Join(prefix, filepath.ToSlash(rest)))
	if head, ok := ask("symbolic-ref", "--short", "refs/remotes/origin/HEAD"); ok {
		r.Branch = strings.TrimPrefix(head, "origin/")
	} else if head, ok := ask("symbolic-ref", "--short", "HEAD"); ok {
		r.Branch = head
	}
	_, r.LFS = ask("grep", "--untracked", "--quiet", "-e", `^[^#].*filter=lfs`, "--", ":(top,glob)**/.gitattributes")
	if remote, ok := ask("remote", "get-url", "origin"); ok {
		r.Origin = Origin(remote)
	}
	return r, nil
}

// repositoryAbove is the folder that looks like the top of a repository around
// another; "" for none.
func repositoryAbove(dir string) string {
	dir, err := filepath.Abs(dir)
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			break
		}
	}
	return ""
}

// WorktreeOf is the top of the work tree that a folder is in, which need not be
// there yet; "" for none.
func WorktreeOf(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for there := dir; ; there = filepath.Dir(there) {
		if real, err := filepath.EvalSymlinks(there); err == nil {
			return repositoryAbove(real)
		}
		if filepath.Dir(there) == there {
			return ""
		}
	}
}

// Above is the top of the repository, where it can be as a path like dir's.
func (r Repository) Above(dir string) string {
	if r.Within == "." {
		return dir
	}
	above := filepath.Join(dir, strings.Repeat("../", strings.Count(r.Within, "/")+1))
	a, err := os.Stat(above)
	b, wrong := os.Stat(r.top)
	if err != nil || wrong != nil || !os.SameFile(a, b) {
		return r.top // dir goes through a link
	}
	return above
}

// CI is the --ci that goes with the repository.
func (r Repository) CI() string {
	for _, ci := range []string{"github", "gitlab"} {
		if strings.Contains(r.Origin.Host, ci) {
			return ci
		}
	}
	return "both"
}

// Origin takes the URL of a remote apart: https://host/path.git,
// ssh://git@host:22/path, or git@host:path. A folder is none.
func Origin(remote string) scaffold.Origin {
	u, err := url.Parse(remote)
	if err != nil || u.Host == "" {
		host, rest, ok := strings.Cut(remote, ":")
		if !ok || strings.Contains(host, "/") {
			return scaffold.Origin{}
		}
		u = &url.URL{Host: host[strings.LastIndex(host, "@")+1:], Path: rest}
	}
	return scaffold.Origin{Host: u.Hostname(), Path: strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")}
}
