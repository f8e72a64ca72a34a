package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/git"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/releases"
	"cairn/releases/edit"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/lockedfile"
	"github.com/spf13/cobra"
)

// editOptions say what becomes of an edit of the definitions.
type editOptions struct {
	dryRun, commit, publish, noLock bool

	signing signingOptions
	stops   bool   // it takes a release back, which no fault elsewhere holds up
	source  string // what the definitions are, for the record; "" for what is checked out
}

func (o *editOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "show the edit, and write nothing")
	f.BoolVar(&o.commit, "commit", false, "commit the edit to git, and nothing else")
	f.BoolVar(&o.publish, "publish", false, "publish at once, as 'cairn publish' does")
	f.BoolVar(&o.noLock, "no-lock", false, "send no conditional write, for a store that refuses or ignores them; nothing keeps two publishers apart then")
	o.signing.add(cmd)
}

// change is an edit as a commit tells of it.
type change struct {
	files []edit.Change
	// title is what it does, as a Conventional Commit's subject:
	// "ota(beta): abort 1.1.0".
	title string
	notes []string // for whoever makes it
	// stops says that it takes a release back. It must get through at once,
	// wherever the clock is.
	stops bool
	// first is what must be done before any of it holds, in order.
	first []func() error
}

// edit changes the definitions: as one whole, and only to definitions without
// faults.
func (g *globalOptions) edit(cmd *cobra.Command, opts editOptions, decide func(*project) (change, error)) error {
	e, err := g.begin(cmd, opts, decide)
	if err != nil {
		return err
	}
	if first := e.first; first != nil && !opts.dryRun {
		// It may take long, and must not keep anybody from an abort.
		e.close()
		for _, do := range first {
			if err := do(); err != nil {
				return err
			}
		}
		if e, err = g.begin(cmd, opts, decide); err != nil {
			return err
		}
	}
	defer e.close()
	return e.carryOut(cmd, opts)
}

// pendingEdit is an edit that is decided on while nobody else edits.
type pendingEdit struct {
	change
	project *project
	after   *releases.Fleet
	tree    git.Worktree
	unfit   error // why nothing can be committed in it
	unlock  func()
}

func (e *pendingEdit) close() {
	e.project.close()
	e.unlock()
}

// begin decides on an edit. The caller closes it.
func (g *globalOptions) begin(cmd *cobra.Command, opts editOptions, decide func(*project) (change, error)) (e *pendingEdit, err error) {
	e = &pendingEdit{unlock: func() {}}
	if !opts.dryRun {
		if e.unlock, err = g.lock(cmd); err != nil {
			return nil, err
		}
	}
	if e.project, err = g.openTo(cmd.Context(), opts.stops); err != nil {
		e.unlock()
		return nil, err
	}
	defer func(begun *pendingEdit) {
		if err != nil {
			begun.close()
		}
	}(e)
	if e.change, err = decide(e.project); err != nil {
		if len(e.project.faults) > 0 {
			return nil, fmt.Errorf("%w\nwhat is at fault is left out:\n%w", err, e.project.faults)
		}
		return nil, cli.Usage(err)
	}
	after, err := e.project.definitions().Check(e.files)
	if faults := (releases.Faults{}); errors.As(err, &faults) {
		return nil, fmt.Errorf("nothing was written, since the definitions would be at fault then:\n%w", faults)
	} else if err != nil {
		return nil, err
	}
	e.after = after.Fleet
	if opts.commit && !opts.dryRun {
		e.tree, e.unfit = git.Open(cmd.Context(), g.dir, e.files)
		if e.unfit != nil && !(e.stops && opts.publish) {
			return nil, e.unfit
		}
	}
	return e, nil
}

// carryOut shows the edit, writes it, and goes on from there.
func (e *pendingEdit) carryOut(cmd *cobra.Command, opts editOptions) error {
	for _, f := range e.files {
		if _, err := cmd.OutOrStdout().Write(difference(f)); err != nil {
			return err
		}
	}
	stderr := cmd.ErrOrStderr()
	for _, note := range e.notes {
		fmt.Fprintln(stderr, note)
	}
	if len(e.files) == 0 {
		fmt.Fprintln(stderr, "nothing to change: the definitions say so already")
	}
	if opts.dryRun {
		return nil
	}
	first := opts.publish && e.stops // whatever becomes of the files
	unwritten := outfile.WriteChanges(e.project.dir, e.files)
	if unwritten != nil && !first {
		return unwritten
	}
	var uncommitted error
	if opts.commit && len(e.files) > 0 && unwritten == nil {
		if uncommitted = e.unfit; uncommitted == nil {
			uncommitted = e.tree.Commit(cmd.Context(), e.title)
		}
		if uncommitted == nil {
			fmt.Fprintf(stderr, "committed: %s\n", e.title)
		} else if opts.publish && !first {
			uncommitted = fmt.Errorf("%w\nnothing was published; 'cairn publish' does it, committed or not", uncommitted)
		}
	}
	if opts.publish && (uncommitted == nil || first && cmd.Context().Err() == nil) {
		if err := e.publish(cmd, opts, unwritten != nil); err != nil {
			return errors.Join(err, unwritten, uncommitted)
		}
	}
	switch {
	case unwritten != nil:
		return &halfwayError{"it is published, but the definitions are not changed, and the next publish takes it back, or is stopped by a guard; mend this, and run the command again", unwritten}
	case uncommitted != nil:
		return &halfwayError{"the definitions are changed, but not committed", uncommitted}
	}
	return nil
}

// lock waits until no other command edits the project, and says so where that
// takes long. The lock is on its cairn.toml, and goes with the process.
func (g *globalOptions) lock(cmd *cobra.Command) (unlock func(), err error) {
	locked := make(chan struct{})
	var f *lockedfile.File
	var failed error
	go func() {
		f, failed = lockedfile.OpenFile(filepath.Join(g.dir, releases.ProjectFile), os.O_RDWR, 0)
		close(locked)
	}()
	for long := time.After(time.Second); ; {
		select {
		case <-locked:
			if errors.Is(failed, fs.ErrNotExist) {
				return func() {}, nil // which the loader has words for
			}
			if failed != nil {
				return nil, fmt.Errorf("lock the project: %w", failed)
			}
			return sync.OnceFunc(func() { f.Close() }), nil
		case <-long:
			fmt.Fprintln(cmd.ErrOrStderr(), "another command edits this project; waiting for it")
		case <-cmd.Context().Done():
			return nil, cmd.Context().Err()
		}
	}
}

// publish goes on from an edit that is written. It waits for its turn: who
// stops a rollout must not have to come back. The project stays locked, or an
// edit that is made meanwhile would be taken back.
func (e *pendingEdit) publish(cmd *cobra.Command, opts editOptions, unwritten bool) error {
	ctx, tree := cmd.Context(), git.Worktree{Dir: e.project.dir}
	publishing := publishOptions{lease: time.Minute, wait: true, noLock: opts.noLock, signing: opts.signing, source: opts.source}
	if publishing.source == "" {
		publishing.source = tree.Source(ctx, unwritten)
	}
	if publishing.stops = e.stops; e.stops {
		publishing.faults = e.project.faults
		publishing.allow.Chosen = []string{"time"}
	}
	after := *e.project
	after.fleet = e.after
	if err := runPublish(cmd, &after, publishing); err != nil {
		if unwritten {
			return &halfwayError{"neither published nor changed", err}
		}
		return &halfwayError{"the definitions are changed, but not published; 'cairn publish' goes on from there", err}
	}
	dirty, err := tree.Uncommitted(ctx)
	if dirty != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "published with what is not committed:\n%s\n", dirty)
	}
	if dirty != "" || err != nil && !opts.commit {
		fmt.Fprintln(cmd.ErrOrStderr(), "commit and push this edit: otherwise the next publish from what is committed takes it back, or is stopped by a guard")
	}
	return nil
}

// halfwayError is what kept an edit that is written from going on.
type halfwayError struct {
	at  string
	err error
}

func (e *halfwayError) Error() string { return e.at + ": " + e.err.Error() }
func (e *halfwayError) Unwrap() error { return e.err }

func (p *project) definitions() edit.Project {
	return edit.Project{Fleet: p.fleet, Source: p.origin, Stops: p.stops}
}

// difference is a change as a unified diff, as git shows it.
func difference(c edit.Change) []byte {
	before := "a/" + c.File
	if c.Before == nil {
		before = "/dev/null"
	}
	after := "b/" + c.File
	if c.After == nil {
		after = "/dev/null"
	}
	text := diff.Diff(before, c.Before, after, c.After)
	_, text, _ = bytes.Cut(text, []byte("\n")) // "diff a b", which patch does not need
	return text
}

// stopping adds to faults how to stop a rollout before they are mended.
func stopping(cmd *cobra.Command, err error) error {
	if faults := (releases.Faults{}); errors.As(err, &faults) {
		return fmt.Errorf(`%w
to stop a rollout before this is mended, work on a commit without faults, such as the last one that was published:
  git worktree add ../stop HEAD    # or an earlier one
  cairn -C ../stop %s … --publish`, err, cmd.Name())
	}
	return err
}

// title is the subject of a commit that is about a cohort.
func title(cohort, format string, args ...any) string {
	return "ota(" + cohort + "): " + fmt.Sprintf(format, args...)
}

// now is the instant of an edit, to the second, as definitions write it.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// needReason is an error where no reason is given for what others will ask about.
func needReason(cmd *cobra.Command, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return cli.Usagef("%s needs --reason \"why\"", cmd.Name())
	}
	if strings.ContainsAny(reason, "\r\n") || !utf8.ValidString(reason) {
		return cli.Usagef("--reason takes one line, in UTF-8")
	}
	return nil
}
