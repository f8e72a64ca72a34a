package main

import (
	"context"
	"errors"
	"fmt"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/report"
	"cairn/publish"

	"github.com/spf13/cobra"
)

type finding func(context.Context, *publish.Remote) (*publish.Proposal, error)

// publishStop publishes an edit that takes a release back: that first and alone,
// where the rest has payloads to put or must not be published. What keeps the
// rest back is told then, and is no error.
func publishStop(cmd *cobra.Command, run publish.RunOptions, opts *publishOptions, find finding) error {
	var rest error // what keeps it back
	if opts.faults != nil {
		rest = opts.faults
	}
	stop := func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		proposal, err := checked(ctx, cmd, opts, remote, find)
		if err == nil && proposal.Stoppable(rest != nil) {
			proposal = proposal.Stop()
			if proposal.Unsigned != nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "unsigned: devices that verify see nothing of it: %v\n", proposal.Unsigned)
			}
			if proposal.NoRoom != nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "devices that verify are offered less than others: %v\n", proposal.NoRoom)
			}
		}
		if err == nil && opts.faults != nil && !proposal.Stops() {
			err = opts.faults
		}
		return proposal, err
	}
	proposal, err := opts.carryOut(cmd, run, stop)
	run.Full = errors.Is(err, publish.ErrFull)
	if run.Full || errors.As(err, new(*publish.UndoesError)) {
		rest, run.Progress = err, &publish.Progress{}
		if proposal, err = opts.carryOut(cmd, run, stop); errors.Is(err, publish.ErrFull) {
			rest, err = fmt.Errorf("%w\nwhere no answer had room devices are offered nothing; make room, and run 'cairn publish'", rest), nil
		}
	}
	if err != nil || !proposal.Stops() {
		return finishPublish(cmd, run, opts, find, proposal, err)
	}
	if proposal.Len() > 0 {
		if err := report.Publish(cmd.OutOrStdout(), proposal, false, false); err != nil {
			return err
		}
	}
	run.Progress = &publish.Progress{}
	all := proposal
	if err = rest; err == nil {
		all, err = opts.carryOut(cmd, run, find)
	}
	if err == nil || cmd.Context().Err() != nil {
		return finishPublish(cmd, run, opts, find, all, err)
	}
	if n := proposal.Unstopped(); n > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "what is stopped is still offered by %s: other edits change who reads them, and those are not published\n", cli.Count(n, "answer"))
		return finishPublish(cmd, run, opts, find, all, err)
	}
	var tripped *publish.TrippedError
	if errors.As(err, &tripped) {
		err = fmt.Errorf("%w\nif that is meant, let it through once with 'cairn publish %s'", tripped, tripped.Flag())
	}
	done := "nobody is offered what is stopped any more"
	if proposal.Len() == 0 {
		done = "nobody newly gets what is stopped"
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s; the rest is not published:\n%v\n", done, err)
	return nil
}

// checked finds what is to be done. Where the state tells of some answers what
// is not so, all are listed.
func checked(ctx context.Context, cmd *cobra.Command, opts *publishOptions, remote *publish.Remote, find finding) (*publish.Proposal, error) {
	proposal, err := find(ctx, remote)
	if err != nil || proposal.Scanned {
		return proposal, err
	}
	hold, err := proposal.StopsHold(ctx, proposal.Store, opts.concurrency)
	if err != nil || hold {
		return proposal, err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "the state in %s is not true: some answers are not as it says, so all are listed\n", proposal.Store)
	doubted := *remote
	doubted.Distrusted = true
	return find(ctx, &doubted)
}
