package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/manifest/formats"
	"cairn/manifest/lint"
	"cairn/publish"
	"cairn/publish/dirstore"
	"cairn/publish/s3store"
	"cairn/releases"

	"github.com/spf13/cobra"
)

// project is a project folder that has been read.
type project struct {
	dir   string
	root  *os.Root // no file outside of it is read
	fleet *releases.Fleet

	origin releases.Source

	stops  bool            // it is read to take a release back
	faults releases.Faults // where it is: what holds no stop up
}

// open reads the project. The caller closes it. An interrupt leaves the
// reading of a large or stalled file to the end of the program.
func (g *globalOptions) open(ctx context.Context) (*project, error) { return g.openTo(ctx, false) }

// inProject is a command's RunE over the project, which is read and closed.
func (g *globalOptions) inProject(run func(*cobra.Command, *project) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		p, err := g.open(cmd.Context())
		if err != nil {
			return err
		}
		defer p.close()
		return run(cmd, p)
	}
}

// openTo opens the project, if need be to take a release back: then all but the
// project file may be at fault.
func (g *globalOptions) openTo(ctx context.Context, stop bool) (*project, error) {
	type result struct {
		project *project
		err     error
	}
	done := make(chan result, 1)
	go func() {
		p, err := g.load(ctx, stop)
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

func (g *globalOptions) load(ctx context.Context, stop bool) (*project, error) {
	root, err := os.OpenRoot(g.dir)
	if err != nil {
		return nil, cli.Usagef("project folder %q: %w", g.dir, cli.Cause(err))
	}
	p := &project{dir: g.dir, root: root, stops: stop}
	p.origin = releases.Source{Files: root.FS(), Lists: newLists(ctx, g.stderr).get, Warnings: lint.Names()}
	if stop {
		p.fleet, p.faults, err = p.origin.LoadToStop(nil)
	} else {
		p.fleet, err = p.origin.Load()
	}
	if err == nil {
		faults := formats.Check(p.fleet)
		if p.faults = append(p.faults, faults...); faults != nil && !stop {
			err = faults
		}
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	const many = 1_000_000
	if _, set := os.LookupEnv("GOGC"); !set && p.fleet.Devices() > many {
		// Lists have no pointers: to look for garbage beside them takes little
		// time, and to let as much of it pile up takes a lot of room.
		debug.SetGCPercent(40)
	}
	return p, nil
}

func (p *project) close() { p.root.Close() }

// site is what devices get at an instant, made with what is known of a target,
// nil for nothing.
func (p *project) site(at time.Time, known *publish.Remote) *publish.Site {
	return known.Site(manifest.New(p.fleet, at), p.fleet.Cache, p.root.FS())
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
		return nil, cli.Usagef("no target: write to = \"dir:public\" or \"s3://bucket\" under [publish] in %s", releases.ProjectFile)
	}
	if err := releases.CheckTarget(to); err != nil {
		return nil, cli.Usage(err)
	}
	scheme, name := releases.CutTarget(to)
	if scheme == "dir" {
		if !filepath.IsAbs(name) {
			name = filepath.Join(base, name)
		}
		return dirstore.New(name), nil
	}
	at := p.fleet.Publish
	if err := releases.CheckBucket(name, at.Endpoint); err != nil {
		return nil, cli.Usage(err)
	}
	return bucketAt(at.Endpoint, at.Region, name, concurrency)
}

// bucketAt opens a bucket, with the credentials of the environment.
func bucketAt(endpoint, region, name string, concurrency int) (publish.Store, error) {
	return s3store.New(s3store.Config{
		Endpoint:    endpoint,
		Region:      cmp.Or(region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
		Bucket:      name,
		Credentials: s3store.EnvironmentCredentials(),
		Concurrency: concurrency,
		Now:         time.Now,
	})
}
