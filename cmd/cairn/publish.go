package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/report"
	"cairn/publish"
	"cairn/releases"

	"github.com/spf13/cobra"
)

type publishOptions struct {
	targetOptions
	source        string
	dryRun        bool
	json          bool
	noLock        bool
	allow         cli.Choices // of guards
	allowExposure bool
	allowDeletes  bool
	settle        bool
	withReport    bool
	signing       signingOptions
	lease         time.Duration
	wait          bool // for a lease that somebody holds
	published     []*publish.Proposal
	stops         bool            // it takes a release back
	faults        releases.Faults // where it does: what holds it not up
}

func publishCommand(global *globalOptions) *cobra.Command {
	var opts publishOptions
	cmd := &cobra.Command{
		Use:   "publish",
		Short: "Bring a bucket or a folder up to date",
		Long: `publish sends what has changed to the bucket or folder that [publish] names:
payloads first, then answers, deletions last. Answers that withdraw a release go
before those that offer one. So no answer ever names a payload that is missing. Nothing outside the project's prefix is touched. 'cairn abort-rollout',
'withdraw' and 'pause' with --publish put what stops a release first, and alone
where the rest cannot be published.

It keeps a state below the prefix, so it lists nothing. It holds a lease while it
writes: a second publisher is refused. An interrupt lets the requests under way
end and gives the lease back; run publish again to go on. After a crash the lease
runs out by itself; 'cairn unlock' removes it at once.

Caches keep an answer for a while. A version folder goes when the new _other says
the same; a cache with the old _other may then offer devices the version that they
run. With --settle publish waits until no cache has it, and then deletes the folder.

A publisher that lost its lease may have writes under way, which land up to 15
minutes later. Until then each publish reads those keys again, and mends them.
With --settle publish waits for this, and publishes again.

Guards stop a publish that looks like a mistake. They report all they find in one
run, with the --allow that lets exactly that through once. [guard] has their
limits. Credentials come from the usual AWS environment
variables and files.`,
		Example: `  cairn publish --source "$(git rev-parse HEAD)"
  cairn publish --dry-run --at 2026-12-01T09:00:00Z
  cairn publish --to dir:/srv/ota`,
		PreRunE: func(*cobra.Command, []string) error {
			if opts.lease < time.Second || opts.lease > publish.LongestLease {
				return cli.Usagef("--lease %s is outside 1s to 1h", opts.lease)
			}
			return nil
		},
		RunE: global.inProject(func(cmd *cobra.Command, p *project) error {
			if opts.source == "" {
				opts.source = p.worktree().Source(cmd.Context(), false)
			}
			if err := runPublish(cmd, p, opts); err != nil || !opts.withReport || opts.dryRun {
				return err
			}
			return p.publishReport(cmd, opts)
		}),
	}
	opts.add(cmd)
	f := cmd.Flags()
	f.StringVar(&opts.source, "source", "", "what the definitions are, for the record (default: the commit that is checked out, with -dirty where they are not as it has them)")
	f.BoolVar(&opts.dryRun, "dry-run", false, "show each operation with its reason, and write nothing")
	f.BoolVar(&opts.json, "json", false, "write one JSON object")
	f.BoolVar(&opts.noLock, "no-lock", false, "send no conditional write, for a store that refuses or ignores them; nothing keeps two publishers apart then")
	opts.allow.Of = publish.GuardNames()
	f.Var(&opts.allow, "allow", "guards that let this publish through, `NAME,…` of "+strings.Join(opts.allow.Of, ", "))
	f.BoolVar(&opts.allowExposure, "allow-exposure", false, "the same as --allow exposure")
	f.BoolVar(&opts.allowDeletes, "allow-deletes", false, "the same as --allow deletes")
	f.BoolVar(&opts.settle, "settle", false, "before version folders are deleted, wait as long as caches may keep an answer; after a publisher that lost its lease, wait for what it may still write")
	f.BoolVar(&opts.withReport, "with-report", false, "then write the page of 'cairn report' to PREFIX/"+reportKey+", in the target or where [report] says")
	opts.signing.add(cmd)
	f.DurationVar(&opts.lease, "lease", time.Minute, "how long the lease lasts where the holder dies, 1s to 1h")
	return cmd
}

func runPublish(cmd *cobra.Command, p *project, opts publishOptions) error {
	store, err := p.store(opts.to, opts.concurrency)
	if err != nil {
		return err
	}
	run := p.run(cmd, store, opts.concurrency)
	run.Duration, run.NoLock, run.DryRun = opts.lease, opts.noLock, opts.dryRun
	if opts.settle {
		run.BeforeDeletions = func(ctx context.Context) error { return waitForCaches(ctx, cmd, p.fleet.Cache.Answers) }
	}
	signedBy, err := opts.signing.sign(cmd, p)
	if err != nil {
		return err
	}
	if opts.wait {
		run.Held = waiting(cmd)
	}
	find := func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		edition := p.edition(opts.at.Instant(), opts.known(remote))
		edition.Lacks, edition.Stops = p.lacks(ctx, remote, opts.source), opts.stops
		edition.Source, edition.Limits.Allow = opts.source, opts.allowed()
		edition.Signing = signedBy
		if !opts.stops {
			fmt.Fprint(cmd.ErrOrStderr(), publish.ForgottenText(remote.Forgotten(p.fleet)))
		}
		proposal, err := propose(cmd, edition, store, remote, opts.targetOptions)
		if err == nil && opts.stops {
			proposal, err = p.stopAlone(cmd, proposal, opts.targetOptions)
		}
		return proposal, err
	}
	defer func() { p.notify(cmd, opts.published) }()
	if !opts.stops {
		proposal, err := opts.carryOut(cmd, run, find)
		return finishPublish(cmd, run, &opts, find, proposal, err)
	}
	return publishStop(cmd, run, &opts, find)
}

// carryOut publishes, and keeps what it has published, to be told of.
func (o *publishOptions) carryOut(cmd *cobra.Command, run publish.RunOptions, find finding) (*publish.Proposal, error) {
	proposal, err := carryOut(cmd, run, find)
	if err == nil && !run.DryRun {
		o.published = append(o.published, proposal)
	}
	return proposal, err
}

// finishPublish reports what a run has come to.
func finishPublish(cmd *cobra.Command, run publish.RunOptions, opts *publishOptions, find finding, proposal *publish.Proposal, err error) error {
	var tripped *publish.TrippedError
	if errors.As(err, &tripped) {
		err = explainGuard(tripped, proposal)
	}
	if err != nil && (tripped == nil || !opts.dryRun) {
		return err
	}
	if err == nil && opts.stops && len(proposal.Missing) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "not in %s, and no answer names them: 'cairn publish' asks for these payloads before anything else\n  %s\n", proposal.Store, cli.List(proposal.Missing, 20))
	}
	if err := cmp.Or(report.Publish(cmd.OutOrStdout(), proposal, opts.json, opts.dryRun), err); err != nil || opts.dryRun {
		return err
	}
	late := proposal.Late()
	if late == nil {
		return nil
	}
	stderr := cmd.ErrOrStderr()
	fmt.Fprintf(stderr, "a publisher that lost its lease may still write %s until %s; each publish reads them again\n", cli.Count(late.Keys.Len(), "key"), late.Until.Format(time.RFC3339))
	if !opts.settle {
		fmt.Fprintln(stderr, "hint: publish once more after that; --settle waits for it, and does so")
		return nil
	}
	if err := pause(cmd.Context(), time.Until(late.Until)); err != nil {
		return err
	}
	run.Progress = &publish.Progress{}
	again, err := opts.carryOut(cmd, run, find)
	if err == nil {
		fmt.Fprintf(stderr, "published again: %s\n", cli.Count(again.Len(), "operation"))
	}
	return err
}

// stopAlone is the proposal for an edit that takes a release back. What has
// become due since the last publish may trip a guard: then it is left for the
// next one, and the stop goes through without it.
func (p *project) stopAlone(cmd *cobra.Command, now *publish.Proposal, opts targetOptions) (*publish.Proposal, error) {
	state := now.Remote.State
	if state == nil || now.Tripped() == nil {
		return now, nil
	}
	last := state.Done.At
	edition := p.edition(last, opts.known(now.Remote))
	edition.Source, edition.Limits = now.Edition.Source, now.Edition.Limits
	edition.Lacks, edition.Stops, edition.Signing = now.Edition.Lacks, now.Edition.Stops, now.Edition.Signing
	alone, err := propose(cmd, edition, now.Store, now.Remote, opts)
	if err != nil || alone.Tripped() != nil {
		return now, err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "guards would stop what has become due since %s, so that is left to the next publish\n", last.Format(cli.TimeFormat))
	return alone, nil
}

// allowed names the guards that let this publish through.
func (o *publishOptions) allowed() []string {
	names := slices.Clone(o.allow.Chosen)
	if o.allowExposure {
		names = append(names, "exposure")
	}
	if o.allowDeletes {
		names = append(names, "deletes")
	}
	return names
}

// explainGuard says how to get past the guard.
func explainGuard(tripped *publish.TrippedError, p *publish.Proposal) error {
	unsure := ""
	if p.Remote.State == nil {
		unsure = "there is no state: what was offered before is taken from the answers that are there\n"
	}
	return fmt.Errorf("stopped by guards, nothing was written:\n%w\n%sif that is meant, let it through once with 'cairn publish %s'", tripped, unsure, tripped.Flag())
}

// waiting waits a little for a lease that somebody holds, and says so once.
func waiting(cmd *cobra.Command) func(*publish.HeldError) error {
	told := false
	return func(held *publish.HeldError) error {
		if !told {
			fmt.Fprintf(cmd.ErrOrStderr(), "%v\nwaiting for it\n", held)
		}
		told = true
		select {
		case <-time.After(time.Second):
			return nil
		case <-cmd.Context().Done():
			return held
		}
	}
}

// waitForCaches waits until no cache holds an answer from before.
func waitForCaches(ctx context.Context, cmd *cobra.Command, lifetime time.Duration) error {
	fmt.Fprintf(cmd.ErrOrStderr(), "answers are up; waiting %s for caches before version folders are deleted\n", lifetime)
	return pause(ctx, lifetime)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
