package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/git"
	"cairn/publish"

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

// known is what to take from the state of what is there.
func (o *targetOptions) known(remote *publish.Remote) *publish.Remote {
	if o.rescan {
		return nil
	}
	return remote
}

func addTo(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "to", "", "`target`, instead of the one in [publish]: dir:DIR, relative to the working directory, or s3://BUCKET")
}

func addConcurrency(cmd *cobra.Command, n *int) {
	cmd.Flags().IntVar(n, "concurrency", 0, "requests at once, 1 to 1024; 0 finds out what pays")
	cli.Check(cmd, func() error {
		if *n < 0 || *n > 1024 {
			return cli.Usagef("--concurrency %d is outside 1 to 1024", *n)
		}
		return nil
	})
}

// edition is what the definitions say at an instant, made with what is known of
// the target, nil for nothing.
func (p *project) edition(at time.Time, known *publish.Remote) publish.Edition {
	if p.fleet.Signing != nil {
		at = at.Truncate(time.Second) // as a head states it: with the definitions it says what is signed
	}
	return publish.Edition{
		Site: p.site(at, known), At: at, Rollouts: publish.RolloutsOf(p.fleet, at), Limits: publish.Limits{Guard: p.fleet.Guard}, Signing: p.signing(),
	}
}

// look plans a publish, to be looked at only.
func (p *project) look(cmd *cobra.Command, opts targetOptions) (*publish.Proposal, error) {
	store, err := p.store(opts.to, opts.concurrency)
	if err != nil {
		return nil, err
	}
	remote, err := publish.ReadState(cmd.Context(), store, p.fleet.Project.Prefix)
	if err != nil {
		return nil, err
	}
	if held := remote.Held(time.Now()); held != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s is publishing to %s just now: what is there is about to change\n", held, store)
	}
	edition := p.edition(opts.at.Instant(), opts.known(remote))
	edition.Lacks = p.lacks(cmd.Context(), remote, "")
	return propose(cmd, edition, store, remote, opts)
}

func (p *project) worktree() git.Worktree { return git.Worktree{Dir: p.dir} }

// lacks is what the checkout lacks of what was published, or was about to be,
// from another source than the one given.
func (p *project) lacks(ctx context.Context, remote *publish.Remote, same string) (all []publish.Lack) {
	if remote.State == nil {
		return nil
	}
	sources := []string{remote.State.Done.Source}
	if doing := remote.State.Doing; doing != nil && doing.Source != sources[0] {
		sources = append(sources, doing.Source)
	}
	for _, source := range sources {
		if source == same {
			continue
		}
		if what, hint := p.worktree().Lacks(ctx, source); what != "" {
			all = append(all, publish.Lack{What: what, Hint: hint})
		}
	}
	return all
}

// propose plans a publish, and says what is odd about the store.
func propose(cmd *cobra.Command, edition publish.Edition, store publish.Store, remote *publish.Remote, opts targetOptions) (*publish.Proposal, error) {
	stderr := cmd.ErrOrStderr()
	if s := remote.State; s != nil && s.Doing != nil {
		by := ""
		if s.Lease != nil {
			by = fmt.Sprintf(" by %s", s.Lease)
		}
		fmt.Fprintf(stderr, "the publish of %s%s did not end; what it may have touched is in doubt\n", s.Doing.Published.Format(cli.TimeFormat), by)
	}
	switch {
	case errors.Is(remote.Problem, publish.ErrOlderState):
		fmt.Fprintf(stderr, "the state in %s was written by an older cairn: what is there is listed once\n", store)
	case remote.Problem != nil:
		fmt.Fprintf(stderr, "the state in %s can't be used: %v\n", store, remote.Problem)
	}
	p, err := edition.Propose(cmd.Context(), store, remote, publish.ProposeOptions{Rescan: opts.rescan, Concurrency: opts.concurrency})
	if err != nil {
		return nil, err
	}
	if n := p.Live.Len(); n > 0 && p.Scanned {
		fmt.Fprintf(stderr, "listed %s in %s\n", cli.Count(n, "key"), store)
	}
	noteForeign(stderr, p)
	if p.HeadProblem != nil {
		fmt.Fprintf(stderr, "the head in %s counts for nothing: %v\n", store, p.HeadProblem)
	}
	return p, nil
}

func noteForeign(stderr io.Writer, p *publish.Proposal) {
	if len(p.Live.Foreign) > 0 {
		fmt.Fprintf(stderr, "left alone, since cairn did not make them:\n  %s\n", cli.List(p.Live.Foreign, 20))
	}
}

// run is how this process writes to a store.
func (p *project) run(cmd *cobra.Command, store publish.Store, concurrency int) publish.RunOptions {
	return publish.RunOptions{
		Store: store, Prefix: p.fleet.Project.Prefix, Holder: holder(), Duration: time.Minute,
		Clock:        publish.Clock{Now: wallClock, Timeout: context.WithTimeout},
		Moved:        func(err error) { fmt.Fprintf(cmd.ErrOrStderr(), "%v; planning again\n", err) },
		ApplyOptions: publish.ApplyOptions{Concurrency: concurrency, Progress: &publish.Progress{}},
	}
}

// wallClock leaves out the monotonic reading, which stands still while the
// machine sleeps.
func wallClock() time.Time { return time.Now().UTC().Round(0) }

// holder is this process, as others read of it in its lease.
func holder() publish.Lease {
	l := publish.Lease{Holder: "unknown", Host: "unknown", PID: os.Getpid(), Nonce: rand.Text()}
	if u, err := user.Current(); err == nil {
		l.Holder = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		l.Host = h
	}
	return l
}

// carryOut runs, and shows how far it is.
func carryOut[W publish.Work](cmd *cobra.Command, opts publish.RunOptions, find func(context.Context, *publish.Remote) (W, error)) (work W, err error) {
	err = cli.Watch(cmd.ErrOrStderr(), opts.Progress, func() (err error) {
		work, err = publish.Run(cmd.Context(), opts, find)
		return err
	})
	if total := opts.Progress.Total.Load(); err != nil && total > 0 {
		err = &unfinishedError{err, int(opts.Progress.Done.Load()), int(total)}
	}
	return work, err
}

// unfinishedError is a plan that was carried out in part.
type unfinishedError struct {
	error
	done, total int
}

func (e *unfinishedError) Unwrap() error { return e.error }

func (e *unfinishedError) remains() string {
	if lost := (*publish.LostError)(nil); errors.As(e, &lost) {
		return fmt.Sprintf("%s of %s done; somebody else has published since: bring in what they changed and read 'cairn plan' before another publish, which may undo theirs", cli.Thousands(e.done), cli.Count(e.total, "operation"))
	}
	return fmt.Sprintf("%s of %s done; run the command again to go on", cli.Thousands(e.done), cli.Count(e.total, "operation"))
}
