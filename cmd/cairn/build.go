package main

import (
	"context"
	"fmt"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/report"
	"cairn/publish"
	"cairn/publish/dirstore"

	"github.com/spf13/cobra"
)

func buildCommand(global *globalOptions) *cobra.Command {
	var at cli.At
	var out string
	cmd := &cobra.Command{
		Use:   "build --out DIR",
		Short: "Write the tree of answers and payloads to a folder",
		Long: `build writes to a folder what publish would put into a bucket. If the folder is
there already, build updates it: it removes old answers and keeps payloads. It
leaves alone files that are not cairn's, and names them.`,
		Example: "  cairn build --out public\n  cairn build --out /tmp/tree --at 2026-12-01T09:00:00Z",
		PreRunE: cli.Needs("out DIR"),
		RunE: global.inProject(func(cmd *cobra.Command, p *project) error {
			return runBuild(cmd, p, at.Instant(), dirstore.New(out))
		}),
	}
	cli.AddAt(cmd, &at)
	cmd.Flags().StringVar(&out, "out", "", "`folder` to write to; it stands for the bucket")
	return cmd
}

// runBuild goes by what is there: a folder to look at has no state. One that
// publish keeps has, and loses it, since it tells of the files as they were.
func runBuild(cmd *cobra.Command, p *project, at time.Time, store publish.Store) error {
	run := p.run(cmd, store, 0)
	run.Unrecorded = true
	proposal, err := carryOut(cmd, run, func(ctx context.Context, remote *publish.Remote) (*publish.Proposal, error) {
		e := p.edition(at, nil)
		if e.Signing != nil {
			e.Signing.Sweep = true
		}
		proposal, err := e.Propose(ctx, store, remote, publish.ProposeOptions{})
		if err == nil {
			if len(proposal.Missing) > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "not here, since the definitions say that they are stored in the bucket:\n  %s\n", cli.List(proposal.Missing, 20))
			}
			noteForeign(cmd.ErrOrStderr(), proposal)
		}
		return proposal, err
	})
	if err != nil {
		return err
	}
	return report.Publish(cmd.OutOrStdout(), proposal, false, false)
}
