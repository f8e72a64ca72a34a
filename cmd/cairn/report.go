package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/manifest/lint"
	"cairn/publish"
	"cairn/publish/review"
	"cairn/releases"
	"cairn/releases/history"
	"cairn/templates/console"

	"github.com/spf13/cobra"
)

const reportFile = "index.html"

// reportKey is where publish --with-report puts the page, below the prefix.
const reportKey = publish.StateFolder + "/report/" + reportFile

func reportCommand(global *globalOptions) *cobra.Command {
	var opts targetOptions
	var out string
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write a page that shows what every device gets",
		Long: `report writes ` + reportFile + ` to a folder: one page that needs no server. It shows what
each cohort and device type is offered, bucket by bucket and over time, the
update path of each version, and asks the live answers as a device does.`,
		Example: "  cairn report\n  cairn report --out /tmp/page --at 2026-12-01T09:00:00Z",
		RunE: global.inProject(func(cmd *cobra.Command, p *project) error {
			page, err := p.page(cmd, opts)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o777); err != nil {
				return err
			}
			file := filepath.Join(out, reportFile)
			if err := outfile.Replace(file, page); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", file, cli.Count(len(page), "byte"))
			return err
		}),
	}
	opts.add(cmd)
	cmd.Flags().StringVar(&out, "out", "report", "`folder` to write to, relative to the working directory")
	return cmd
}

// showPublished adds the last publish to the target, where there was one, and
// what the definitions have forgotten since.
func (p *project) showPublished(cmd *cobra.Command, opts targetOptions, m *console.Model) error {
	store, err := p.store(opts.to, opts.concurrency)
	if err != nil {
		return err
	}
	remote, err := publish.ReadState(cmd.Context(), store, p.fleet.Project.Prefix)
	if err != nil {
		return err
	}
	if remote.State == nil || remote.State.Done.Published.IsZero() {
		return remote.Problem
	}
	done := remote.State.Done
	m.Published = &console.Publish{At: done.Published.Unix(), For: done.At.Unix(), Source: done.Source}
	if signed := remote.State.Live.Signed; signed != nil {
		m.Published.HeadExpires = int64(signed.Head.Expires)
	}
	for _, v := range remote.Forgotten(p.fleet) {
		m.Warnings = append(m.Warnings, console.Warning{Rule: publish.ForgottenVersion, Place: releases.ProjectFile, Message: fmt.Sprintf("the definitions do not name %s", v)})
	}
	return nil
}

// model is what a page shows at an instant.
func (p *project) model(at time.Time) *console.Model {
	return console.ModelOf(p.fleet, at, lint.Check(p.fleet, lint.Options{At: at, MaxHops: defaultHops}))
}

// writePlanPage writes the page of a plan to a file.
func (p *project) writePlanPage(file string, r *review.Review) error {
	m := p.model(r.At)
	m.Plan = &console.Plan{To: r.To, Summary: fmt.Sprintf("%s: %s", r.To, r.Objects), Guard: r.Guard, Groups: []console.PlanGroup{}}
	for _, g := range r.Groups {
		if !g.Changed() {
			continue
		}
		group := console.PlanGroup{Name: g.String()}
		for _, move := range g.Moves {
			group.Moves = append(group.Moves, console.PlanMove{Sign: move.Sign(), Who: move.Who(), What: move.What() + move.Since(), Share: move.Share(),
				Before: move.Before.Version, After: move.After.Version, Buckets: move.In})
		}
		m.Plan.Groups = append(m.Plan.Groups, group)
	}
	page, err := console.Page(m)
	if err != nil {
		return err
	}
	return outfile.Replace(file, page)
}

// publishReport puts the page of what was just published beside its state, or
// where [report] says.
func (p *project) publishReport(cmd *cobra.Command, opts publishOptions) error {
	target := opts.targetOptions
	page, err := p.page(cmd, target)
	if err != nil {
		return err
	}
	if scheme, name := releases.CutTarget(p.fleet.Report.To); scheme == "dir" && !filepath.IsAbs(name) {
		target.to = "dir:" + filepath.Join(p.dir, name)
	} else if scheme != "" {
		target.to = p.fleet.Report.To
	}
	store, err := p.store(target.to, target.concurrency)
	if err != nil {
		return err
	}
	header := publish.Header{ContentType: "text/html; charset=utf-8", CacheControl: "no-cache"}
	key := p.fleet.Project.Prefix + "/" + reportKey
	if err := store.Put(cmd.Context(), key, publish.BytesContent(page), header); err != nil {
		return fmt.Errorf("the answers are published, the page is not: %w", err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote the page %s to %s\n", key, store)
	return err
}

// page is the page of the definitions, and of what is published at a target.
func (p *project) page(cmd *cobra.Command, opts targetOptions) ([]byte, error) {
	m := p.model(opts.at.Instant().Truncate(time.Second))
	if err := p.showPublished(cmd, opts, m); err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "what is published is not known, and not on the page: %v\n", err)
	}
	m.History = p.history(cmd.Context())
	return console.Page(m)
}

// historyLength is how many commits the page tells of.
const historyLength = 50

// history is what the last commits changed; none where git knows nothing. What
// cannot be read of a commit is not compared.
func (p *project) history(ctx context.Context) []console.Edit {
	edits := []console.Edit{}
	commits, err := p.worktree().Log(ctx, historyLength+1)
	if err != nil {
		return edits
	}
	outline := func(i int) *releases.Fleet { // nil where it cannot be read, or nothing is known of it
		if i >= len(commits) {
			return nil
		}
		fleet, err := p.worktree().Outline(ctx, commits[i].ID)
		if err != nil {
			return nil
		}
		return fleet
	}
	after := outline(0)
	for i, c := range commits[:min(len(commits), historyLength)] {
		before := outline(i + 1)
		if c.First && after != nil {
			before = &releases.Fleet{Project: after.Project}
		}
		if after != nil && (c.First || i+1 < len(commits)) {
			edit := console.Edit{At: c.At.Unix(), Commit: c.ID, Subject: c.Subject, Changes: []string{"the definitions before it cannot be read"}}
			if before != nil {
				edit.Changes = append([]string{}, history.Changes(before, after, c.At)...)
			}
			edits = append(edits, edit)
		}
		after = before
	}
	return edits
}
