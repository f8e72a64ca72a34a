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

// stopFirst is the publish of an edit that takes a release back: that first and
// alone, where the rest has payloads to put or must not be published. What keeps
// the rest back is told then, and is no error.
type stopFirst struct {
	*publishOptions
	cmd  *cobra.Command
	run  publish.RunOptions
	find finding
	kept error // what keeps the rest back
}

func publishStop(cmd *cobra.Command, run publish.RunOptions, opts *publishOptions, find finding) error {
	s := &stopFirst{publishOptions: opts, cmd: cmd, run: run, find: find}
	if opts.faults != nil {
		s.kept = opts.faults
	}
	stop, err := s.first()
	if err != nil || !stop.Stops() {
		return finishPublish(cmd, s.run, opts, find, stop, err)
	}
	if stop.Len() > 0 {
		if err := report.Publish(cmd.OutOrStdout(), stop, false, false); err != nil {
			return err
		}
	}
	s.run.Progress = &publish.Progress{}
	all := stop
	if err = s.kept; err == nil {
		all, err = opts.carryOut(cmd, s.run, find)
	}
	if err == nil || cmd.Context().Err() != nil {
		return finishPublish(cmd, s.run, opts, find, all, err)
	}
	if n := stop.Unstopped(); n > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "what is stopped is still offered by %s: other edits change who reads them, and those are not published\n", cli.Count(n, "answer"))
		return finishPublish(cmd, s.run, opts, find, all, err)
	}
	s.tell(stop, err)
	return nil
}

// first carries out the stop. In a store that is full it deletes and overwrites
// before it adds.
func (s *stopFirst) first() (*publish.Proposal, error) {
	stop, err := s.carryOut(s.cmd, s.run, s.alone)
	s.run.Full = errors.Is(err, publish.ErrFull)
	if !s.run.Full && !errors.As(err, new(*publish.UndoesError)) {
		return stop, err
	}
	s.kept, s.run.Progress = err, &publish.Progress{}
	stop, err = s.carryOut(s.cmd, s.run, s.alone)
	if errors.Is(err, publish.ErrFull) {
		s.kept, err = fmt.Errorf("%w\nwhere no answer had room devices are offered nothing; make room, and run 'cairn publish'", s.kept), nil
	}
	return stop, err
}

// alone finds the stop without the rest, where that has to wait.
func (s *stopFirst) alone(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
	proposal, err := checked(ctx, s.cmd, s.publishOptions, remote, s.find)
	if err != nil {
		return proposal, err
	}
	if proposal.Stoppable(s.kept != nil) {
		proposal = proposal.Stop()
		if proposal.Unsigned != nil {
			fmt.Fprintf(s.cmd.ErrOrStderr(), "unsigned: devices that verify see nothing of it: %v\n", proposal.Unsigned)
		}
		if proposal.NoRoom != nil {
			fmt.Fprintf(s.cmd.ErrOrStderr(), "devices that verify are offered less than others: %v\n", proposal.NoRoom)
		}
	}
	if s.faults != nil && !proposal.Stops() {
		return proposal, s.faults
	}
	return proposal, nil
}

// tell says what is stopped, and what keeps the rest back.
func (s *stopFirst) tell(stop *publish.Proposal, kept error) {
	var tripped *publish.TrippedError
	if errors.As(kept, &tripped) {
		kept = fmt.Errorf("%w\nif that is meant, let it through once with 'cairn publish %s'", tripped, tripped.Flag())
	}
	done := "nobody is offered what is stopped any more"
	if stop.Len() == 0 {
		done = "nobody newly gets what is stopped"
	}
	fmt.Fprintf(s.cmd.ErrOrStderr(), "%s; the rest is not published:\n%v\n", done, kept)
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
