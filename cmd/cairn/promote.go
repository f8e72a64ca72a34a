package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases"
	"cairn/releases/edit"
	"cairn/releases/gate"

	"github.com/spf13/cobra"
)

func promoteCommand(global *globalOptions) *cobra.Command {
	var opts gateOptions
	var again bool
	cmd := &cobra.Command{
		Use:   "promote",
		Short: "Take releases over from one cohort to the next, once they have proved themselves",
		Long: `promote looks at each cohort with a [promote] table, which says where releases come
from:

    # cohorts/default.toml
    [promote]
    from = "beta"
    after = "48h"
    gate = "healthy"
    rollout = { duration = "24h" }

The highest release that is offered to all of beta is activated in default once it
has been so for 48 hours, if the gate passes. A must-pass-through release goes
before what is above it.

  waits          its time has not come
  stays          the gate is inconclusive
  refused        it was aborted or withdrawn, or its gate failed: the table names
                 it in 'not' from now on, and it is not promoted any more
  held           somebody took a release back in the cohort, or out of it: nothing
                 is promoted there until --again

Each decision is an edit of the cohort's file; with --commit it is a commit, which
can be reviewed and reverted. Run it on a schedule, right before publish, as 'cairn
gate'.`,
		Example: `  cairn promote
  cairn promote --commit --publish-stops && git push && cairn publish
  cairn promote --again --commit`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runPromote(cmd, global, opts, again) },
	}
	opts.add(cmd)
	cmd.Flags().BoolVar(&again, "again", false, "go on although somebody took a release back; what was aborted or withdrawn is not promoted")
	return cmd
}

// promotion is what becomes of a release that a cohort may take over.
type promotion struct {
	Cohort  string     `json:"cohort"`
	From    string     `json:"from"`
	Release string     `json:"release"` // "" for none
	Since   *time.Time `json:"since"`   // it is offered to all of From; null for always
	Gate    string     `json:"gate"`    // "" for none
	gate.Verdict
	Evidence *gate.Evidence `json:"evidence"` // null for none
	Does     string         `json:"does"`
}

func runPromote(cmd *cobra.Command, global *globalOptions, opts gateOptions, again bool) error {
	at, err := opts.instant()
	if err != nil {
		return err
	}
	p, err := global.open(cmd.Context())
	if err != nil {
		return err
	}
	defer p.close()
	w := &witness{project: p, cmd: cmd, logs: opts.logs, opts: opts.adoptionOptions}
	var rows []promotion
	var actions []action
	for _, c := range p.fleet.Cohorts {
		if c.Promote == nil {
			continue
		}
		some, does, err := w.promote(c, at, again)
		if err != nil {
			return err
		}
		rows, actions = append(rows, some...), append(actions, does...)
	}
	if err := writePromotions(cmd.OutOrStdout(), rows, opts.json); err != nil {
		return err
	}
	return global.act(cmd, opts, actions, at)
}

// promote decides what a cohort takes over, and what follows from that.
func (w *witness) promote(c *releases.Cohort, at time.Time, again bool) (rows []promotion, actions []action, err error) {
	x := w.project.fleet.Candidate(c, at, again)
	take := edit.Takeover{Cohort: c.Slug, At: at, Again: again}
	note := "promote again"
	for _, a := range x.Stopped {
		row := promotion{Cohort: c.Slug, From: c.Promote.From, Release: a.Release.Version, Does: "refused"}
		if row.Outcome, row.Why = gate.Failed, "aborted in "+c.Promote.From+": "+a.Aborted; a.Aborted == "" {
			row.Why = "withdrawn: " + a.Release.Withdrawn
		}
		rows, take.Not, note = append(rows, row), append(take.Not, row.Release), "never promote "+row.Release+", "+row.Why
	}
	if again {
		take.Not = append(take.Not, x.Back...)
	}
	row, err := w.judge(c, x, at)
	if err != nil {
		return nil, nil, err
	}
	rows = append(rows, row)
	why := row.Why
	if row.Gate != "" {
		why = "gate " + row.Gate + ": " + why
	}
	switch {
	case row.Outcome == gate.Passed:
		take.Promote, note = row.Release, fmt.Sprintf("promote %s from %s, %s", row.Release, row.From, why)
	case row.Outcome == gate.Failed:
		take.Not, note = append(take.Not, row.Release), "never promote "+row.Release+", "+why
		if w.project.fleet.Gates[row.Gate].AbortOnFailed {
			actions = append(actions, action{cohort: row.From, note: "abort " + row.Release + ", " + why, stop: true, edit: func(p edit.Project, at time.Time) ([]edit.Change, error) {
				changes, _, err := p.Abort(row.Release, row.From, why, at)
				return changes, err
			}})
		}
	case len(take.Not) == 0 && !again:
		note = fmt.Sprintf("note since when %s is offered to all of %s", row.Release, row.From)
	}
	if changes, err := w.project.definitions().Promote(take); err != nil || len(changes) == 0 {
		return rows, actions, err
	}
	return rows, append(actions, action{cohort: c.Slug, note: note, quiet: take.Promote == "", edit: func(p edit.Project, at time.Time) ([]edit.Change, error) {
		now := p.Fleet.Cohort(c.Slug)
		if now == nil || now.Promote == nil {
			return nil, nil
		}
		if x := p.Fleet.Candidate(now, at, again); take.Promote != "" && !(x.Ready(at) && x.Release.Version == take.Promote) {
			return nil, nil // somebody else was faster
		}
		return p.Promote(take)
	}}), nil
}

// judge says of a candidate whether it may be promoted.
func (w *witness) judge(c *releases.Cohort, x releases.Candidate, at time.Time) (promotion, error) {
	row := promotion{Cohort: c.Slug, From: c.Promote.From, Verdict: gate.Verdict{Outcome: gate.Inconclusive}, Does: "stays"}
	if x.Release != nil {
		row.Release = x.Release.Version
	}
	since := "offered to all of " + row.From
	if !x.Since.IsZero() {
		row.Since = &x.Since
		since += " since " + x.Since.UTC().Format(cli.TimeFormat)
	}
	switch {
	case x.Held != "":
		row.Does, row.Why = "held", x.Held+"; --again goes on"
	case x.Release == nil:
		row.Why = "nothing that is offered to all of " + row.From + " is new here"
	case x.Waits != "":
		row.Why = x.Waits
	case !x.Ready(at):
		row.Does, row.Why = "waits until "+x.Due.UTC().Format(cli.TimeFormat), since
	case c.Promote.Gate == "":
		row.Verdict = gate.Verdict{Outcome: gate.Passed, Why: since}
	default:
		row.Gate = c.Promote.Gate
		limits := w.project.fleet.Gates[row.Gate]
		var err error
		if row.Evidence, err = w.evidence(limits, row.From, row.Release); w.cmd.Context().Err() != nil {
			return row, w.cmd.Context().Err()
		}
		if row.Verdict = gate.Judge(limits, row.Evidence, at); err != nil {
			row.Verdict = gate.Verdict{Outcome: gate.Inconclusive, Why: "no evidence: " + err.Error()}
		}
	}
	switch row.Outcome {
	case gate.Passed:
		row.Does = "promoted"
	case gate.Failed:
		row.Does = "refused"
	}
	return row, nil
}

func writePromotions(w io.Writer, all []promotion, asJSON bool) error {
	var b strings.Builder
	if asJSON {
		for _, p := range all {
			fmt.Fprintf(&b, "%s\n", cli.CompactJSON(p))
		}
	} else if len(all) == 0 {
		b.WriteString("no cohort has a [promote] table\n")
	} else {
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "RELEASE\tFROM\tCOHORT\tPROMOTION\tWHY")
		for _, p := range all {
			release, why := p.Release, p.Why
			if release == "" {
				release = "-"
			}
			if p.Gate != "" {
				why = fmt.Sprintf("gate %s %s: %s", p.Gate, p.Outcome, why)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", release, p.From, p.Cohort, p.Does, why)
		}
		t.Flush()
	}
	_, err := io.WriteString(w, b.String())
	return err
}
