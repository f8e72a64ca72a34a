package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish"

	"github.com/spf13/cobra"
)

type publishOptions struct {
	targetOptions
	source        string
	dryRun        bool
	json          bool
	noLock        bool
	allowExposure bool
	allowDeletes  bool
	settle        bool
	lease         time.Duration
	wait          bool                     // for a lease that somebody holds
	admit         func(*publication) error // has the last word; nil lets all pass
}

func publishCommand(global *globalOptions) *cobra.Command {
	var opts publishOptions
	cmd := &cobra.Command{
		Use:   "publish",
		Short: "Bring a bucket or a folder up to date",
		Long: `publish sends what has changed to the bucket or folder that [publish] names:
payloads first, then answers, those that withdraw a release before those that
offer one, so that no answer names a payload that is not there, and deletions
last. Nothing outside the project's prefix is touched.

It keeps a state below the prefix, so it lists nothing and asks for nothing that
is right already. It holds a lease while it writes: a second publisher is
refused. An interrupt lets the requests under way end and gives the lease back;
run it again to go on. After a crash the lease runs out by itself; 'cairn
unlock' takes it away at once.

Caches keep an answer for a while. With --settle publish waits for as long before
it deletes version folders that say what the new _other says: a cache with the
old one may otherwise offer devices the version that they run.

[guard] stops a publish that newly exposes too much of a cohort to a release,
or that deletes too much. Credentials come from the usual AWS environment
variables and files.`,
		Example: `  cairn publish --source "$(git rev-parse HEAD)"
  cairn publish --dry-run --at 2026-12-01T09:00:00Z
  cairn publish --to dir:/srv/ota`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.lease < time.Second || opts.lease > time.Hour {
				return cli.Usagef("--lease %s is outside 1s to 1h", opts.lease)
			}
			p, err := global.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			return runPublish(cmd, p, opts)
		},
	}
	opts.add(cmd)
	f := cmd.Flags()
	f.StringVar(&opts.source, "source", "", "what the definitions are, for the record, such as a commit")
	f.BoolVar(&opts.dryRun, "dry-run", false, "show each operation with its reason, and write nothing")
	f.BoolVar(&opts.json, "json", false, "write one JSON object")
	f.BoolVar(&opts.noLock, "no-lock", false, "publish to a store that ignores conditional writes; nothing keeps two publishers apart then")
	f.BoolVar(&opts.allowExposure, "allow-exposure", false, "expose more than max_exposure_increase this once")
	f.BoolVar(&opts.allowDeletes, "allow-deletes", false, "delete more than max_deletes this once")
	f.BoolVar(&opts.settle, "settle", false, "before version folders are deleted, wait as long as caches may keep an answer")
	f.DurationVar(&opts.lease, "lease", time.Minute, "how long the lease lasts where the holder dies, 1s to 1h")
	return cmd
}

func runPublish(cmd *cobra.Command, p *project, opts publishOptions) error {
	const attempts = 3 // somebody else may publish between the plan and the lease
	for attempt := 1; ; attempt++ {
		pub, err := p.turn(cmd, opts)
		if err != nil {
			return err
		}
		err = pub.run(cmd, opts)
		if !errors.Is(err, publish.ErrMoved) || attempt == attempts {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%v; planning again\n", err)
	}
}

// turn plans a publish, when nobody else publishes any more.
func (p *project) turn(cmd *cobra.Command, opts publishOptions) (*publication, error) {
	for told := false; ; told = true {
		pub, err := p.publication(cmd, opts.targetOptions, false)
		var held *heldError
		if !opts.wait || !errors.As(err, &held) {
			return pub, err
		}
		if !told {
			fmt.Fprintf(cmd.ErrOrStderr(), "%v\nwaiting for it\n", held)
		}
		select {
		case <-time.After(time.Second):
		case <-cmd.Context().Done():
			return nil, err
		}
	}
}

func (p *publication) run(cmd *cobra.Command, opts publishOptions) error {
	if opts.admit != nil {
		if err := opts.admit(p); err != nil {
			return err
		}
	}
	if len(p.plan.Missing) > 0 {
		return fmt.Errorf("stored payloads are not in %s, or not of the stated size:\n  %s", p.store, cli.List(p.plan.Missing, 20))
	}
	tripped := p.guard(opts)
	if opts.dryRun {
		return cmp.Or(p.write(cmd.OutOrStdout(), opts.json, true), tripped)
	}
	if tripped != nil {
		return tripped
	}
	if err := p.apply(cmd, opts); err != nil {
		return err
	}
	return p.write(cmd.OutOrStdout(), opts.json, false)
}

// guard compares the plan with the project's guard.
func (p *publication) guard(opts publishOptions) error {
	err := p.limits(opts).Check(p.plan, p.remote.Rollouts(), p.rollouts)
	var tripped *publish.TrippedError
	if !errors.As(err, &tripped) {
		return err
	}
	flags := ""
	if len(tripped.Exposures) > 0 {
		flags += " --allow-exposure"
	}
	if tripped.Deletes > 0 {
		flags += " --allow-deletes"
	}
	unsure := ""
	if p.remote.State == nil {
		unsure = "what was in reach before is not known, since there is no state; "
	}
	return fmt.Errorf("stopped by [guard], nothing was written:\n%w\n%sif that is meant, let it through once with 'cairn publish%s'", err, unsure, flags)
}

func (p *publication) limits(opts publishOptions) publish.Limits {
	return publish.Limits{Guard: p.project.fleet.Guard, AllowExposure: opts.allowExposure, AllowDeletes: opts.allowDeletes}
}

// apply carries the plan out, under a lease.
func (p *publication) apply(cmd *cobra.Command, opts publishOptions) error {
	now := time.Now().UTC()
	session := publish.SessionOptions{
		Stamp:  publish.Stamp{Published: now, At: p.at, Source: opts.source, Encoder: publish.Encoder, Rollouts: p.rollouts},
		Lease:  newLease(now, opts.lease),
		NoLock: opts.noLock,
	}
	if p.plan.Len() == 0 {
		if !p.outdated() {
			return nil
		}
		return explainLock(publish.Record(cmd.Context(), p.store, p.remote, p.plan, session))
	}
	return p.carryOut(cmd, session, opts)
}

func (p *publication) carryOut(cmd *cobra.Command, opts publish.SessionOptions, flags publishOptions) error {
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	// An interrupt lets what has begun come to its end, the lease included.
	inFlight, abandon := context.WithCancelCause(context.WithoutCancel(ctx))
	defer abandon(nil)
	session, err := publish.Begin(inFlight, p.store, p.remote, p.plan, opts)
	if err != nil {
		return explainLock(err)
	}
	progress := &publish.Progress{}
	keeper := keep(inFlight, session, progress, opts.Lease, flags.lease, abandon)
	err = cli.Watch(stderr, progress, func() error {
		return p.plan.Apply(ctx, p.store, publish.ApplyOptions{
			Concurrency: flags.concurrency, Progress: progress, InFlight: inFlight, Hold: keeper.hold, Settle: p.settle(cmd, flags),
		})
	})
	keeper.stop()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flags.lease)
	defer cancel()
	switch e := session.End(last, progress.Low(), wallClock()); {
	case errors.Is(e, publish.ErrMoved):
		err = fmt.Errorf("the lease was lost: %v", e) // which is not to plan again
	case e != nil:
		err = errors.Join(err, fmt.Errorf("the lease could not be given back: %w\nit runs out within %s; 'cairn unlock' takes it away", e, flags.lease))
	}
	if err != nil {
		return &unfinishedError{err, int(progress.Done.Load()), p.plan.Len()}
	}
	return nil
}

// settle waits until no cache holds an answer from before; nil where it shall
// not.
func (p *publication) settle(cmd *cobra.Command, opts publishOptions) func(context.Context) error {
	if !opts.settle {
		return nil
	}
	lifetime := p.project.fleet.Cache.Answers
	return func(ctx context.Context) error {
		fmt.Fprintf(cmd.ErrOrStderr(), "answers are up; waiting %s for caches before version folders are deleted\n", lifetime)
		select {
		case <-time.After(lifetime):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func explainLock(err error) error {
	if errors.Is(err, publish.ErrUnconditional) {
		return fmt.Errorf("%w\npublish from one place at a time, with --no-lock", err)
	}
	return err
}
