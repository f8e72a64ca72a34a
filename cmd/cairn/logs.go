package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish/accesslog"
	"cairn/releases"

	"github.com/spf13/cobra"
)

// logs are the access logs that arguments name, or else the definitions, and
// the sum of their sizes; -1 where that is not known. Objects that were written
// before an instant hold nothing that was asked since.
func (p *project) logs(cmd *cobra.Command, names []string, since time.Time) (all []accesslog.Source, total int64, err error) {
	names, base, err := p.logNames(names)
	if err != nil {
		return nil, 0, err
	}
	for _, name := range names {
		var more []accesslog.Source
		var size int64
		switch rest, remote := strings.CutPrefix(name, "s3://"); {
		case remote:
			more, size, err = p.remoteLogs(cmd.Context(), rest, since)
		case name == "-":
			stdin := cmd.InOrStdin()
			more, size = []accesslog.Source{{Name: "standard input", Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(stdin), nil }}}, -1
		default:
			if base != "" && !filepath.IsAbs(name) {
				name = filepath.Join(base, name)
			}
			more, size, err = localLogs(name)
		}
		if err != nil {
			return nil, 0, err
		}
		if len(more) == 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s has no log\n", name)
		}
		all = append(all, more...)
		if total >= 0 {
			total += size
		}
		if size < 0 {
			total = -1
		}
	}
	return all, total, nil
}

// logNames are what arguments name, or else the definitions, and the folder that
// those are relative to.
func (p *project) logNames(names []string) ([]string, string, error) {
	switch {
	case len(names) > 0:
		return names, "", nil
	case len(p.fleet.Adoption.Logs) == 0:
		return nil, "", cli.Usagef("no logs: name them, or write logs = [\"s3://bucket/prefix/\"] under [adoption] in %s", releases.ProjectFile)
	}
	return p.fleet.Adoption.Logs, p.dir, nil
}

// localLogs are a file, or all in a folder.
func localLogs(name string) (all []accesslog.Source, total int64, err error) {
	err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			return err
		}
		total += info.Size()
		all = append(all, accesslog.Source{Name: path, Open: func(context.Context) (io.ReadCloser, error) { return os.Open(path) }})
		return nil
	})
	if err != nil {
		return nil, 0, cli.Usagef("log %q: %w", name, cli.Cause(err))
	}
	return all, total, nil
}

// remoteLogs are the objects below a prefix of a bucket.
func (p *project) remoteLogs(ctx context.Context, name string, since time.Time) (all []accesslog.Source, total int64, err error) {
	bucket, prefix, _ := strings.Cut(name, "/")
	store, err := p.store("s3://"+bucket, 0)
	if err != nil {
		return nil, 0, err
	}
	for entry, err := range store.List(ctx, prefix) {
		if err != nil {
			return nil, 0, err
		}
		if entry.Modified.Before(since) {
			continue
		}
		total += entry.Size
		all = append(all, accesslog.Source{Name: "s3://" + bucket + "/" + entry.Key, Open: func(ctx context.Context) (io.ReadCloser, error) {
			return store.Get(ctx, entry.Key)
		}})
	}
	return all, total, nil
}
