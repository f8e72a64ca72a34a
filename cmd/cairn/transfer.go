package main

import (
	"fmt"
	"strings"

	"cairn/publish"

	"github.com/spf13/cobra"
)

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
	if len(plan.Foreign) > 0 {
		fmt.Fprintf(stderr, "left alone, since cairn did not make them:\n  %s\n", list(plan.Foreign, 20))
	}
	opts.Progress = &publish.Progress{}
	if err := watch(stderr, opts.Progress, func() error { return plan.Apply(ctx, store, opts) }); err != nil {
		return &unfinishedError{err, int(opts.Progress.Done.Load()), plan.Len()}
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
