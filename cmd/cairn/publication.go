package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"

	"github.com/spf13/cobra"
)

// targetOptions say what is published where.
type targetOptions struct {
	at          cli.At
	to          string
	rescan      bool
	concurrency int
}

func (o *targetOptions) add(cmd *cobra.Command) {
	cli.AddAt(cmd, &o.at)
	addTo(cmd, &o.to)
	cmd.Flags().BoolVar(&o.rescan, "rescan", false, "list what is there instead of trusting the state")
	addConcurrency(cmd, &o.concurrency)
}

func addTo(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "to", "", "`target`, instead of the one in [publish]: dir:DIR, relative to the working directory, or s3://BUCKET")
}

func addConcurrency(cmd *cobra.Command, n *int) {
	cmd.Flags().IntVar(n, "concurrency", 0, "requests at once, 1 to 1024; 0 finds out what pays")
}

// publication is the definitions beside what is there.
type publication struct {
	project  *project
	store    publish.Store
	at       time.Time
	site     *publish.Site
	rollouts []publish.Rollout
	remote   *publish.Remote
	plan     *publish.Plan
}

// publication plans what makes the target hold what the definitions say. It
// reads only. A lease that somebody holds is an error, unless it is only to
// look: then it is told.
func (p *project) publication(cmd *cobra.Command, opts targetOptions, look bool) (*publication, error) {
	if opts.concurrency < 0 || opts.concurrency > 1024 {
		return nil, cli.Usagef("--concurrency %d is outside 1 to 1024", opts.concurrency)
	}
	ctx := cmd.Context()
	store, err := p.store(opts.to, opts.concurrency)
	if err != nil {
		return nil, err
	}
	pub := &publication{project: p, store: store, at: opts.at.Instant()}
	pub.site = p.site(pub.at)
	pub.rollouts = publish.RolloutsOf(p.fleet, pub.at)
	if pub.remote, err = publish.ReadState(ctx, store, p.fleet.Project.Prefix); err != nil {
		return nil, err
	}
	if held := pub.remote.Held(time.Now()); held != nil {
		if !look {
			return nil, &heldError{*held, store}
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s is publishing to %s just now: what is there is about to change\n", held, store)
	}
	live, err := pub.live(ctx, cmd, opts)
	if err != nil {
		return nil, err
	}
	pub.plan = publish.NewPlan(pub.site, live, store.Traits().Headers)
	return pub, nil
}

// live is what is there: after the state, or else after a listing.
func (p *publication) live(ctx context.Context, cmd *cobra.Command, opts targetOptions) (*publish.Live, error) {
	if s := p.remote.State; s != nil && s.Doing != nil {
		by := ""
		if s.Lease != nil {
			by = fmt.Sprintf(" by %s", s.Lease)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "the publish of %s%s did not end; what it may have touched is in doubt\n", s.Doing.Published.Format(cli.TimeFormat), by)
	}
	if p.remote.State != nil && !opts.rescan {
		return p.remote.State.Live.Confirm(ctx, p.site, p.store)
	}
	if p.remote.Problem != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "the state in %s can't be used: %v\n", p.store, p.remote.Problem)
	}
	live, err := publish.Scan(ctx, p.site, p.store, opts.concurrency)
	if err != nil {
		return nil, err
	}
	if n := live.Len(); n > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "listed %s in %s\n", cli.Count(n, "key"), p.store)
	}
	if len(live.Foreign) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "left alone, since cairn did not make them:\n  %s\n", cli.List(live.Foreign, 20))
	}
	return live, nil
}

// outdated says whether the state has to be written though no object has.
func (p *publication) outdated() bool {
	s := p.remote.State
	if s == nil || s.Doing != nil || s.Lease != nil || s.Done.Encoder != publish.Encoder {
		return true
	}
	if p.plan.Renamed() {
		return true
	}
	layout := manifest.LayoutOf(p.project.fleet)
	same := func(a, b publish.Rollout) bool {
		buckets := func(r publish.Rollout) int { return releases.Buckets(r.Percent, layout.Buckets()) }
		return a.Cohort == b.Cohort && a.Version == b.Version && a.Seed == b.Seed && buckets(a) == buckets(b) && reflect.DeepEqual(a.Targets, b.Targets)
	}
	return !slices.EqualFunc(s.Done.Rollouts, p.rollouts, same)
}

// heldError is a lease that is somebody else's.
type heldError struct {
	publish.Lease
	store publish.Store
}

func (e *heldError) Error() string {
	return fmt.Sprintf("%s has been publishing to %s since %s\nwait until it is done; if it is dead, its lease runs out at %s, or run 'cairn unlock'",
		e.Lease, e.store, e.Began.Format(time.TimeOnly+"Z"), e.Expires.Format(time.TimeOnly+"Z"))
}
