package main

import (
	"fmt"

	"strings"

	"cairn/publish"
	"cairn/publish/dirstore"

	"github.com/spf13/cobra"
)

func buildCommand(global *globalOptions) *cobra.Command {
	var at atFlag
	var out string
	cmd := &cobra.Command{
		Use:   "build --out DIR",
		Short: "Write the tree of answers and payloads to a folder",
		Long: `build writes what publish would put into a bucket to a folder. A folder that is
there already is brought up to date: answers that are gone are removed, files
that are not cairn's are left alone and named, payloads are kept.`,
		Example: "  cairn build --out public\n  cairn build --out /tmp/tree --at 2026-12-01T09:00:00Z",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usagef("build needs --out DIR")
			}
			p, err := global.open()
			if err != nil {
				return err
			}
			defer p.close()
			return transfer(cmd, p.site(at.instant()), dirstore.New(out), publish.ApplyOptions{WithoutStored: true})
		},
	}
	addAt(cmd, &at)
	cmd.Flags().StringVar(&out, "out", "", "`folder` to write to; it stands for the bucket")
	return cmd
}

func publishCommand(global *globalOptions) *cobra.Command {
	var at atFlag
	var to string
	var concurrency int
	cmd := &cobra.Command{
		Use:   "publish",
		Short: "Bring a bucket or a folder up to date",
		Long: `publish puts what has changed into the bucket or folder that [publish] names:
payloads first, then answers, so that no answer names a payload that is not
there, and deletions last. It stops at the first failure; run it again to go
on. Nothing outside the project's prefix is touched.

Credentials come from the usual AWS environment variables and files.`,
		Example: "  cairn publish\n  cairn publish --to dir:/srv/ota --at 2026-12-01T09:00:00Z",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if concurrency < 0 || concurrency > 1024 {
				return usagef("--concurrency %d is outside 1 to 1024", concurrency)
			}
			p, err := global.open()
			if err != nil {
				return err
			}
			defer p.close()
			if to == "" {
				to = p.fleet.Publish.To
			}
			store, err := p.store(to)
			if err != nil {
				return err
			}
			return transfer(cmd, p.site(at.instant()), store, publish.ApplyOptions{Concurrency: concurrency})
		},
	}
	addAt(cmd, &at)
	cmd.Flags().StringVar(&to, "to", "", "`target`, instead of the one in [publish]: dir:DIR or s3://BUCKET")
	cmd.Flags().IntVar(&concurrency, "concurrency", publish.DefaultConcurrency, "requests at once")
	return cmd
}

// transfer makes a store hold a site, and says what that took.
func transfer(cmd *cobra.Command, site *publish.Site, store publish.Store, opts publish.ApplyOptions) error {
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	plan, err := publish.Compare(ctx, site, store, opts.Concurrency)
	if err != nil {
		return err
	}
	if opts.WithoutStored && len(plan.Missing) > 0 {
		fmt.Fprintf(stderr, "not here, since the definitions say that they are stored in the bucket:\n  %s\n", list(plan.Missing, 20))
	}
	opts.Progress = &publish.Progress{}
	if err := watch(stderr, opts.Progress, func() error { return plan.Apply(ctx, store, opts) }); err != nil {
		return &unfinishedError{err, int(opts.Progress.Done.Load()), plan.Len()}
	}
	if len(plan.Foreign) > 0 {
		fmt.Fprintf(stderr, "left alone, since cairn did not make them:\n  %s\n", list(plan.Foreign, 20))
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", store, outcome(plan))
	return err
}

// unfinishedError is a plan that was carried out in part.
type unfinishedError struct {
	error
	done, total int
}

func (e *unfinishedError) Unwrap() error { return e.error }

func (e *unfinishedError) remains() string {
	return fmt.Sprintf("%s of %s done; run the command again to go on", thousands(e.done), count(e.total, "operation"))
}

func outcome(p *publish.Plan) string {
	var parts []string
	for _, r := range []publish.Reason{publish.New, publish.Changed, publish.Gone, publish.Leftover} {
		if n := p.Count(r); n > 0 {
			parts = append(parts, thousands(n)+" "+r.String())
		}
	}
	parts = append(parts, thousands(p.Unchanged)+" unchanged")
	s := strings.Join(parts, ", ")
	if p.Kept > 0 {
		s += fmt.Sprintf("; %s that no release names kept", count(p.Kept, "payload"))
	}
	return s
}
