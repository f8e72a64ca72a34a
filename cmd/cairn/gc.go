package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish"

	"github.com/spf13/cobra"
)

type gcOptions struct {
	olderThan   cli.Age
	to          string
	concurrency int
	dryRun      bool
	json        bool
	noLock      bool
}

func gcCommand(global *globalOptions) *cobra.Command {
	var opts gcOptions
	cmd := &cobra.Command{
		Use:   "gc --older-than AGE",
		Short: "Delete payloads that no release has named for some time",
		Long: `gc deletes payloads from the bucket. publish keeps a payload that no release
names any more, since a device may be fetching it. gc deletes it once no release
has named it for --older-than and it has been in the bucket for as long. It leaves
alone what the state does not know, such as a payload stored for a coming release.
In a folder it also deletes temporary files of that age, which a kill left behind.

It holds the lease while it deletes, as publish does, and needs the last publish
to have ended. An interrupt lets the requests under way end and gives the lease
back; run it again to go on.`,
		Example: "  cairn gc --older-than 90d --dry-run\n  cairn gc --older-than 90d",
		PreRunE: cli.Needs("older-than, such as --older-than 90d"),
		RunE: global.inProject(func(cmd *cobra.Command, p *project) error {
			if kept := p.fleet.Cache.Answers; time.Duration(opts.olderThan) < kept {
				return cli.Usagef("--older-than %s is less than the %s for which a cache may keep an answer that names a payload", &opts.olderThan, kept)
			}
			return runGC(cmd, p, opts)
		}),
	}
	addTo(cmd, &opts.to)
	addConcurrency(cmd, &opts.concurrency)
	f := cmd.Flags()
	f.Var(&opts.olderThan, "older-than", "how long no release must have named a payload: a whole number and s, m, h, d or w")
	f.BoolVar(&opts.dryRun, "dry-run", false, "list what would go, and delete nothing")
	f.BoolVar(&opts.json, "json", false, "write one JSON object")
	f.BoolVar(&opts.noLock, "no-lock", false, "send no conditional write, for a store that refuses or ignores them; nothing keeps two publishers apart then")
	return cmd
}

func runGC(cmd *cobra.Command, p *project, opts gcOptions) error {
	now := wallClock()
	store, err := p.store(opts.to, opts.concurrency)
	if err != nil {
		return err
	}
	run := p.run(cmd, store, opts.concurrency)
	run.NoLock, run.DryRun = opts.noLock, opts.dryRun
	garbage, err := carryOut(cmd, run, func(ctx context.Context, remote *publish.Remote) (*publish.Garbage, error) {
		return publish.FindGarbage(ctx, p.fleet, store, remote, now.Add(-time.Duration(opts.olderThan)))
	})
	if err != nil {
		return err
	}
	return opts.write(cmd, store, garbage, now)
}

// write says what is garbage, or was.
func (o *gcOptions) write(cmd *cobra.Command, store publish.Store, g *publish.Garbage, now time.Time) error {
	var size int64
	for _, p := range g.Payloads {
		size += p.Size
	}
	w := cmd.OutOrStdout()
	if o.json {
		return json.NewEncoder(w).Encode(o.report(store, g, size))
	}
	for _, p := range g.Payloads {
		fmt.Fprintf(w, "delete  unnamed for %-4s  %14s  %s\n", cli.Age(now.Sub(p.Since)).Coarse(), cli.Thousands(int(p.Size))+" bytes", p.Key)
	}
	for _, key := range g.Leftovers {
		fmt.Fprintf(w, "delete  temporary file  %s\n", key)
	}
	done := "%s: %s deleted, %s bytes freed"
	if o.dryRun {
		done = "%s: %s would be deleted, %s bytes freed"
	}
	line := fmt.Sprintf(done, store, cli.Count(len(g.Payloads), "payload"), cli.Thousands(int(size)))
	if g.Young > 0 {
		line += fmt.Sprintf("; %s unnamed for less than %s kept", cli.Count(g.Young, "payload"), &o.olderThan)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

type garbageJSON struct {
	Key   string    `json:"key"`
	Size  int64     `json:"size"`
	Since time.Time `json:"unnamed_since"`
}

func (o *gcOptions) report(store publish.Store, g *publish.Garbage, size int64) any {
	out := struct {
		To       string        `json:"to"`
		DryRun   bool          `json:"dry_run"`
		Age      int64         `json:"older_than"` // in seconds
		Size     int64         `json:"bytes"`
		Younger  int           `json:"younger"` // unnamed payloads that are kept
		Payloads []garbageJSON `json:"payloads"`
		Temp     []string      `json:"temporary_files,omitempty"`
	}{store.String(), o.dryRun, int64(time.Duration(o.olderThan) / time.Second), size, g.Young, []garbageJSON{}, g.Leftovers}
	for _, p := range g.Payloads {
		out.Payloads = append(out.Payloads, garbageJSON{p.Key, p.Size, p.Since.UTC()})
	}
	return out
}
