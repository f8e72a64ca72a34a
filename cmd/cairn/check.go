package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/report"
	"cairn/manifest/lint"
	"cairn/manifest/promise"
	"cairn/publish"
	"cairn/releases"

	"github.com/spf13/cobra"
)

// checkOptions are the flags of check.
// defaultHops is how many updates in a row are warned of.
const defaultHops = 5

type checkOptions struct {
	at      cli.At
	maxHops int
	format  string
	strict  bool

	againstState bool
	to           string
}

func checkCommand(global *globalOptions) *cobra.Command {
	var opts checkOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the definitions and the payload files",
		Long: `check reads the definitions and every payload file, and reports all that is
wrong with them: each fault with its file, line, column and a way out. Where
there is no fault, it warns of likely mistakes: see docs/checking.md. [lint] allow = ["NAME"] in cairn.toml silences a warning. A
prefix that lies inside that of another project of the repository is a fault, and
so is what [promise] in cairn.toml says and the schedule does not keep.

Exit codes: 0 no fault, 1 a warning with --strict, 2 a fault.`,
		Example: `  cairn check
  cairn -C examples/smartfridge check --strict
  cairn check --format sarif > cairn.sarif`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.maxHops < 0 {
				return cli.Usagef("--max-hops %d is below 0", opts.maxHops)
			}
			if opts.to != "" && !opts.againstState {
				return cli.Usagef("--to goes with --against-state")
			}
			return runCheck(cmd, global, opts, report.CheckFormats[opts.format])
		},
	}
	f := cmd.Flags()
	opts.format = "text"
	f.Var(cli.NewChoice(&opts.format, "text", "json", "github", "sarif"), "format", "how to write it; github is annotations of a workflow")
	f.BoolVar(&opts.strict, "strict", false, "exit with 1 where there is a warning")
	f.IntVar(&opts.maxHops, "max-hops", defaultHops, "warn of more than `N` updates in a row; 0 for any number")
	f.BoolVar(&opts.againstState, "against-state", false, "also read the state of the target, and warn of versions that had an answer and are named no more")
	addTo(cmd, &opts.to)
	cli.AddAt(cmd, &opts.at)
	return cmd
}

func runCheck(cmd *cobra.Command, global *globalOptions, opts checkOptions, write report.CheckFormat) error {
	p, err := global.open(cmd.Context())
	if err == nil {
		defer p.close()
		err = p.nested(cmd.Context())
	}
	at := opts.at.Instant().Truncate(time.Second)
	var faults releases.Faults
	if err == nil {
		if faults = promise.Faults(p.fleet, at); faults != nil {
			err = faults
		}
	}
	if errors.As(err, &faults) && opts.format != "text" {
		if err := write(cmd.OutOrStdout(), cmd.ErrOrStderr(), report.Check{Dir: global.dir, Faults: faults}); err != nil {
			return err
		}
		return exitError(exitUsage)
	}
	if err != nil {
		return err
	}
	warnings := lint.Check(p.fleet, lint.Options{At: at, MaxHops: opts.maxHops})
	if opts.againstState {
		forgotten, err := p.forgotten(cmd.Context(), opts.to)
		if err != nil {
			return err
		}
		warnings = append(warnings, forgotten...)
	}
	if err := write(cmd.OutOrStdout(), cmd.ErrOrStderr(), report.Check{Dir: global.dir, Fleet: p.fleet, Warnings: warnings}); err != nil {
		return err
	}
	if opts.strict && len(warnings) > 0 {
		return fmt.Errorf("%s, where --strict allows none", cli.Count(len(warnings), "warning"))
	}
	return nil
}

// nested is the faults of a project whose keys lie among those of another one
// that is checked out beside it.
func (p *project) nested(ctx context.Context) error {
	var faults releases.Faults
	dir, err := filepath.Abs(p.dir)
	if err != nil {
		return err
	}
	own := p.fleet.Location(dir)
	for _, beside := range p.worktree().Projects(ctx) {
		text, err := os.ReadFile(filepath.Join(dir, beside, releases.ProjectFile))
		if err != nil {
			continue
		}
		other, err := releases.ReadProject(text)
		if err != nil {
			continue // of which its own check tells
		}
		at := other.Location(filepath.Join(dir, beside))
		if at == own || !strings.HasPrefix(at, own) && !strings.HasPrefix(own, at) {
			continue
		}
		place, line := p.fleet.Place(releases.ProjectFile, "project", "prefix")
		faults = append(faults, &releases.Fault{
			Place: place, Source: line, Hint: "give each a prefix of its own, such as \"a\" and \"b\"",
			Message: fmt.Sprintf("prefix %q in %s and %q in %s, of %s, lie inside each other: each project takes the keys of the other for strays",
				p.fleet.Project.Prefix, cmp.Or(p.fleet.Publish.To, p.fleet.Project.BaseURL), other.Project.Prefix, cmp.Or(other.Publish.To, other.Project.BaseURL), path.Join(beside, releases.ProjectFile)),
		})
	}
	if faults == nil {
		return nil
	}
	return faults
}

// forgotten warns of versions that had an answer at a target, and that the
// definitions name no more.
func (p *project) forgotten(ctx context.Context, to string) ([]*lint.Warning, error) {
	store, err := p.store(to, 0)
	if err != nil {
		return nil, err
	}
	remote, err := publish.ReadState(ctx, store, p.fleet.Project.Prefix)
	if err != nil {
		return nil, err
	}
	if remote.Problem != nil {
		return nil, fmt.Errorf("the state in %s can't be used: %w", store, remote.Problem)
	}
	var all []*lint.Warning
	for _, v := range remote.Forgotten(p.fleet) {
		place, line := p.fleet.Place(releases.ProjectFile, "software", v.SoftwareType, "known_versions")
		all = append(all, &lint.Warning{Name: publish.ForgottenVersion, Fault: releases.Fault{
			Place: place, Source: line, Message: fmt.Sprintf("the definitions do not name %s", v), Hint: publish.ForgottenHint,
		}})
	}
	return all, nil
}
