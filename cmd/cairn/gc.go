package main

import (
	"encoding/json"
	"errors"
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
		Short: "Delete payloads that no release has named for long",
		Long: `gc deletes payloads from the bucket. publish keeps a payload that no release
names any more: a device may just be fetching it. gc deletes those that no
release in the definitions names, that publish has found without a name for
--older-than at least, and that have been in the bucket for as long. It leaves
alone what the state does not know, such as a payload stored for a release to
come.

It holds the lease while it deletes, as publish does, and needs the last publish
to have ended. An interrupt lets the requests under way end and gives the lease
back; run it again to go on.`,
		Example: "  cairn gc --older-than 90d --dry-run\n  cairn gc --older-than 90d",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.olderThan == 0 {
				return cli.Usagef("gc needs --older-than, such as --older-than 90d")
			}
			if opts.concurrency < 0 || opts.concurrency > 1024 {
				return cli.Usagef("--concurrency %d is outside 1 to 1024", opts.concurrency)
			}
			p, err := global.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			if kept := p.fleet.Cache.Answers; time.Duration(opts.olderThan) < kept {
				return cli.Usagef("--older-than %s is less than the %s for which a cache may keep an answer that names a payload", &opts.olderThan, kept)
			}
			return runGC(cmd, p, opts)
		},
	}
	addTo(cmd, &opts.to)
	addConcurrency(cmd, &opts.concurrency)
	f := cmd.Flags()
	f.Var(&opts.olderThan, "older-than", "how long no release must have named a payload: a whole number and s, m, h, d or w")
	f.BoolVar(&opts.dryRun, "dry-run", false, "list what would go, and delete nothing")
	f.BoolVar(&opts.json, "json", false, "write one JSON object")
	f.BoolVar(&opts.noLock, "no-lock", false, "for a store that ignores conditional writes; nothing keeps a publisher away then")
	return cmd
}

func runGC(cmd *cobra.Command, p *project, opts gcOptions) error {
	const attempts = 3 // somebody may publish between the look and the lease
	for attempt := 1; ; attempt++ {
		done, err := p.collect(cmd, opts)
		if !errors.Is(err, publish.ErrMoved) || done > 0 || attempt == attempts {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%v; looking again\n", err)
	}
}

// collect deletes the garbage, and gives how many payloads it has deleted.
func (p *project) collect(cmd *cobra.Command, opts gcOptions) (int, error) {
	ctx, now := cmd.Context(), wallClock()
	store, err := p.store(opts.to, opts.concurrency)
	if err != nil {
		return 0, err
	}
	remote, err := publish.ReadState(ctx, store, p.fleet.Project.Prefix)
	if err != nil {
		return 0, err
	}
	if held := remote.Held(now); held != nil {
		return 0, &heldError{*held, store}
	}
	garbage, err := publish.FindGarbage(ctx, p.fleet, store, remote, now.Add(-time.Duration(opts.olderThan)))
	if err != nil {
		return 0, err
	}
	if !opts.dryRun {
		progress := &publish.Progress{}
		err := cli.Watch(cmd.ErrOrStderr(), progress, func() error {
			return garbage.Collect(ctx, store, publish.CollectOptions{
				Lease: newLease(now, time.Minute), Now: wallClock, NoLock: opts.noLock,
				Concurrency: opts.concurrency, Progress: progress,
			})
		})
		if done := int(progress.Done.Load()); done > 0 && err != nil {
			return done, &unfinishedError{err, done, len(garbage.Payloads)}
		}
		if err != nil {
			return 0, explainLock(err)
		}
	}
	return len(garbage.Payloads), opts.write(cmd, store, garbage, now)
}

// write says what is garbage, or was.
func (o *gcOptions) write(cmd *cobra.Command, store publish.Store, g *publish.Garbage, now time.Time) error {
	var size int64
	for _, p := range g.Payloads {
		size += p.Size
	}
	w := cmd.OutOrStdout()
	if o.json {
		return o.writeJSON(cmd, store, g, size)
	}
	for _, p := range g.Payloads {
		fmt.Fprintf(w, "delete  unnamed for %-4s  %14s  %s\n", cli.Age(now.Sub(p.Since)).Coarse(), cli.Thousands(int(p.Size))+" bytes", p.Key)
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

func (o *gcOptions) writeJSON(cmd *cobra.Command, store publish.Store, g *publish.Garbage, size int64) error {
	out := struct {
		To       string        `json:"to"`
		DryRun   bool          `json:"dry_run"`
		Age      int64         `json:"older_than"` // in seconds
		Size     int64         `json:"bytes"`
		Younger  int           `json:"younger"` // unnamed payloads that are kept
		Payloads []garbageJSON `json:"payloads"`
	}{store.String(), o.dryRun, int64(time.Duration(o.olderThan) / time.Second), size, g.Young, []garbageJSON{}}
	for _, p := range g.Payloads {
		out.Payloads = append(out.Payloads, garbageJSON{p.Key, p.Size, p.Since.UTC()})
	}
	return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
}
