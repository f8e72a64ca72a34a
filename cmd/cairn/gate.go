package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/git"
	"cairn/releases"
	"cairn/releases/edit"
	"cairn/releases/gate"

	"github.com/spf13/cobra"
)

// gateOptions are the flags of gate.
type gateOptions struct {
	editOptions
	adoptionOptions
	logs         []string
	publishStops bool
}

func gateCommand(global *globalOptions) *cobra.Command {
	var opts gateOptions
	cmd := &cobra.Command{
		Use:   "gate",
		Short: "Ask the gates of rollouts, and write down what they say",
		Long: `gate asks the gate of each rollout that waits for one. [gate.NAME] in cairn.toml
says where the evidence comes from, and how good it must be.

  passed         lets the next step begin, once its time has come: passed = NOW
  failed         pauses the rollout or aborts it, as on_fail says, at once
  inconclusive   leaves it where it is: there is no evidence, or too little, or
                 it is too old

Each decision is an edit of the cohort's file; with --commit it is a commit, which
can be reviewed and reverted. Run it on a schedule, right before publish; with
--publish it publishes by itself, and what takes a release back goes first. With
--publish-stops it publishes nothing else. 'cairn init --gates' writes a job of
CI that does so.

It exits with 0 whatever the gates say, so that what they decided is pushed.`,
		Example: `  cairn gate
  cairn gate --commit --publish-stops && git push && cairn publish
  cairn gate --dry-run --log access.log`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runGate(cmd, global, opts) },
	}
	opts.add(cmd)
	return cmd
}

func (o *gateOptions) add(cmd *cobra.Command) {
	o.editOptions.add(cmd)
	o.adoptionOptions.add(cmd)
	cli.AddAt(cmd, &o.at)
	f := cmd.Flags()
	f.StringArrayVar(&o.logs, "log", nil, "a `LOG` as 'cairn adoption' takes it, again for more (default: logs in [adoption])")
	f.BoolVar(&o.publishStops, "publish-stops", false, "publish at once what takes a release back, and leave the rest to the next publish")
	f.BoolVar(&o.json, "json", false, "write one JSON object for each decision")
}

// instant is the one that decides.
func (o *gateOptions) instant() (time.Time, error) {
	if !o.at.IsZero() && (o.publish || o.publishStops) {
		return time.Time{}, cli.Usagef("--at does not go with --publish: that is done now")
	}
	return o.at.Instant().Truncate(time.Second), nil
}

// decision is what a gate says of a rollout, and what becomes of it.
type decision struct {
	Cohort  string  `json:"cohort"`
	Release string  `json:"release"`
	Gate    string  `json:"gate"`
	Percent float64 `json:"percent"` // of the step that waits
	gate.Verdict
	Evidence *gate.Evidence `json:"evidence"` // null for none
	Does     string         `json:"does"`

	action
}

// action is an edit that is decided on before it is its turn.
type action struct {
	cohort string                                               // that its commit is about
	note   string                                               // the rest of the commit's title
	edit   func(edit.Project, time.Time) ([]edit.Change, error) // nil for none
	stop   bool                                                 // it takes a release back
	quiet  bool                                                 // it changes no answer
}

func runGate(cmd *cobra.Command, global *globalOptions, opts gateOptions) error {
	at, err := opts.instant()
	if err != nil {
		return err
	}
	decisions, err := global.ask(cmd, opts, at)
	if err != nil {
		return err
	}
	if err := writeDecisions(cmd.OutOrStdout(), decisions, opts.json); err != nil {
		return err
	}
	var actions []action
	for _, d := range decisions {
		actions = append(actions, d.action)
	}
	return global.act(cmd, opts, actions, at)
}

// act carries out what is decided: nothing advances before what failed is stopped.
// What advances is published once.
func (g *globalOptions) act(cmd *cobra.Command, opts gateOptions, all []action, at time.Time) error {
	if opts.json {
		cmd.SetOut(cmd.ErrOrStderr()) // for the edits
	}
	rank := func(a action) int {
		switch {
		case a.stop:
			return 0
		case a.quiet:
			return 1
		}
		return 2
	}
	all = slices.DeleteFunc(all, func(a action) bool { return a.edit == nil })
	slices.SortStableFunc(all, func(a, b action) int { return cmp.Compare(rank(a), rank(b)) })
	// Nobody else may ever have the commit of a stop, where it cannot be pushed.
	// The guard "reoffer" keeps it, so on record is what everybody has.
	before := git.Worktree{Dir: g.dir}.Source(cmd.Context(), true)
	var stopped error
	for i, a := range all {
		if stopped != nil && !a.stop {
			break
		}
		step := opts.editOptions
		step.stops, step.publish = a.stop, opts.publish && (a.stop || !a.quiet && i == len(all)-1) || opts.publishStops && a.stop
		if a.stop {
			step.source = before
		}
		stopped = errors.Join(stopped, g.edit(cmd, step, func(p *project) (change, error) {
			files, err := a.edit(p.definitions(), at)
			return change{files: files, stops: a.stop, title: title(a.cohort, "%s", a.note)}, err
		}))
	}
	return stopped
}

// ask asks all gates that a rollout waits for.
func (g *globalOptions) ask(cmd *cobra.Command, opts gateOptions, at time.Time) (all []decision, err error) {
	p, err := g.open(cmd.Context())
	if err != nil {
		return nil, err
	}
	defer p.close()
	w := &witness{project: p, cmd: cmd, logs: opts.logs, opts: opts.adoptionOptions}
	for _, c := range p.fleet.Cohorts {
		for _, a := range c.Activations {
			paused := !a.Paused.IsZero() && !a.Paused.After(at)
			if !a.Offers() || paused || len(a.Rollout.Held) == 0 {
				continue
			}
			if n := len(a.Rollout.Steps); n > 0 && a.Rollout.Steps[n-1].At.After(at) {
				continue // the step before has not begun
			}
			limits := p.fleet.Gates[a.Rollout.Gate()]
			e, err := w.evidence(limits, c.Slug, a.Release.Version)
			if cmd.Context().Err() != nil {
				return nil, cmd.Context().Err()
			}
			d := decision{action: action{cohort: c.Slug}, Cohort: c.Slug, Release: a.Release.Version, Gate: limits.Name, Percent: a.Rollout.Held[0].Percent, Evidence: e}
			if d.Verdict = gate.Judge(limits, e, at); err != nil {
				d.Verdict = gate.Verdict{Outcome: gate.Inconclusive, Why: "no evidence: " + err.Error()}
			}
			d.settle(limits, a.Rollout.Held[0], at)
			all = append(all, d)
		}
	}
	return all, nil
}

// settle says what becomes of a rollout.
func (d *decision) settle(limits releases.Gate, next releases.Step, at time.Time) {
	cohort, release, why := d.Cohort, d.Release, "gate "+d.Gate+": "+d.Why
	switch {
	case d.Outcome == gate.Failed && limits.AbortOnFailed:
		d.Does, d.stop, d.note = "aborted", true, "abort "+release
		d.edit = func(p edit.Project, at time.Time) ([]edit.Change, error) {
			changes, _, err := p.Abort(release, cohort, why, at)
			return changes, err
		}
	case d.Outcome == gate.Failed:
		d.Does, d.stop, d.note = "paused", true, "pause "+release
		d.edit = func(p edit.Project, at time.Time) ([]edit.Change, error) {
			changes, _, err := p.Pause(release, cohort, at)
			return changes, err
		}
	case d.Outcome == gate.Passed && at.Before(next.Due):
		d.Does = "waits until " + next.Due.UTC().Format(cli.TimeFormat)
	case d.Outcome == gate.Passed:
		d.Does, d.note = fmt.Sprintf("goes to %v %%", next.Percent), fmt.Sprintf("%s goes to %v %%", release, next.Percent)
		d.edit = func(p edit.Project, at time.Time) ([]edit.Change, error) { return p.Pass(release, cohort, at) }
	default:
		d.Does = "stays"
	}
	if d.edit != nil {
		d.note += ", " + why
	}
}

func writeDecisions(w io.Writer, all []decision, asJSON bool) error {
	if asJSON {
		for _, d := range all {
			if _, err := fmt.Fprintf(w, "%s\n", cli.CompactJSON(d)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "no rollout waits for a gate")
		return err
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RELEASE\tCOHORT\tGATE\tSAYS\tROLLOUT\tWHY")
	for _, d := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", d.Release, d.Cohort, d.Gate, d.Outcome, d.Does, d.Why)
	}
	t.Flush()
	_, err := io.WriteString(w, b.String())
	return err
}
