package main

import (
	"context"
	"fmt"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish"

	"github.com/spf13/cobra"
)

// transfer makes a folder hold a site, and says what that took. It goes by
// what is there: a folder to look at has no state. One that publish keeps
// has, and loses it, since it tells of the files as they were.
func transfer(cmd *cobra.Command, site *publish.Site, store publish.Store) error {
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	live, err := publish.Scan(ctx, site, store, store.Traits().Parallel)
	if err != nil {
		return err
	}
	plan := publish.NewPlan(site, live, store.Traits().Headers)
	if len(plan.Missing) > 0 {
		fmt.Fprintf(stderr, "not here, since the definitions say that they are stored in the bucket:\n  %s\n", cli.List(plan.Missing, 20))
	}
	if len(live.Foreign) > 0 {
		fmt.Fprintf(stderr, "left alone, since cairn did not make them:\n  %s\n", cli.List(live.Foreign, 20))
	}
	if err := store.Delete(ctx, publish.StateKey(site.Tree.Layout.Prefix)); err != nil {
		return err
	}
	progress := &publish.Progress{}
	err = cli.Watch(stderr, progress, func() error {
		return plan.Apply(ctx, store, publish.ApplyOptions{Progress: progress, WithoutStored: true, InFlight: context.WithoutCancel(ctx)})
	})
	if err != nil {
		return &unfinishedError{err, int(progress.Done.Load()), plan.Len()}
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
	return fmt.Sprintf("%s of %s done; run the command again to go on", cli.Thousands(e.done), cli.Count(e.total, "operation"))
}
