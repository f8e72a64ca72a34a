package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/dirstore"
	"cairn/publish/s3store"
	"cairn/releases"

	"github.com/spf13/cobra"
)

// project is a project folder that has been read.
type project struct {
	dir   string
	root  *os.Root // nothing outside of it is read
	fleet *releases.Fleet
}

// open reads the project. The caller closes it. An interrupt leaves the
// reading of a large or stalled file to the end of the program.
func (g *globalOptions) open(ctx context.Context) (*project, error) {
	type result struct {
		project *project
		err     error
	}
	done := make(chan result, 1)
	go func() {
		p, err := g.load()
		done <- result{p, err}
	}()
	select {
	case r := <-done:
		if r.err == nil && ctx.Err() != nil {
			r.project.close()
			return nil, ctx.Err()
		}
		return r.project, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (g *globalOptions) load() (*project, error) {
	root, err := os.OpenRoot(g.dir)
	if err != nil {
		return nil, usagef("project folder %q: %w", g.dir, cause(err))
	}
	fleet, err := releases.Load(root.FS())
	if err != nil {
		root.Close()
		return nil, err
	}
	return &project{g.dir, root, fleet}, nil
}

func (p *project) close() { p.root.Close() }

// site is what devices get at an instant.
func (p *project) site(at time.Time) *publish.Site {
	return publish.NewSite(manifest.New(p.fleet, at), p.fleet.Cache, p.root.FS())
}

// store opens the target that a flag names, or else the one that [publish]
// names: "dir:public" or "s3://bucket". A relative folder is relative to the
// working directory, or else to the project folder. A concurrency of 0 leaves
// the number of requests at once to the store.
func (p *project) store(flag string, concurrency int) (publish.Store, error) {
	to, base := flag, ""
	if to == "" {
		to, base = p.fleet.Publish.To, p.dir
	}
	if to == "" {
		return nil, usagef("no target: write to = \"dir:public\" or \"s3://bucket\" under [publish] in %s", releases.ProjectFile)
	}
	if err := releases.CheckTarget(to); err != nil {
		return nil, usageError{err}
	}
	scheme, name := releases.CutTarget(to)
	if scheme == "dir" {
		if !filepath.IsAbs(name) {
			name = filepath.Join(base, name)
		}
		return dirstore.New(name), nil
	}
	return s3store.New(s3store.Config{
		Endpoint:    p.fleet.Publish.Endpoint,
		Region:      cmp.Or(p.fleet.Publish.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
		Bucket:      name,
		Credentials: s3store.EnvironmentCredentials(),
		Concurrency: concurrency,
		Now:         time.Now,
	})
}

const timeFormat = time.RFC3339

// atFlag is an instant on the command line.
type atFlag struct{ time.Time }

func (a *atFlag) String() string {
	if a.IsZero() {
		return ""
	}
	return a.Format(timeFormat)
}

func (a *atFlag) Type() string { return "time" }

func (a *atFlag) Set(s string) error {
	at, err := releases.ParseInstant(s)
	a.Time = at
	return err
}

// instant is the one that was given, or now.
func (a *atFlag) instant() time.Time {
	if a.IsZero() {
		return time.Now().UTC()
	}
	return a.Time
}

func addAt(cmd *cobra.Command, a *atFlag) {
	cmd.Flags().Var(a, "at", "the instant that decides, such as 2026-12-01T09:00:00Z; UTC where it states no offset (default now)")
}

// cause is what is wrong, without the path and the words of the call.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// list names a few things of many.
func list(things []string, most int) string {
	if len(things) > most {
		return strings.Join(things[:most], "\n  ") + fmt.Sprintf("\n  and %s more", thousands(len(things)-most))
	}
	return strings.Join(things, "\n  ")
}
