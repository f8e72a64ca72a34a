package main

import (
	"fmt"

	"cairn/cmd/cairn/internal/cli"

	"github.com/spf13/cobra"
)

func abortRolloutCommand(global *globalOptions) *cobra.Command {
	opts := editOptions{stops: true}
	var version, cohort, reason string
	cmd := &cobra.Command{
		Use:   "abort-rollout --cohort COHORT --reason REASON",
		Short: "Take a release back from a cohort",
		Long: `abort-rollout takes a release back from all devices of a cohort that have not
installed it yet. Without --release-version it takes the highest release of the
cohort; if that one is not on offer, it names those that are, for you to choose.
Devices that have installed the release keep it: to move them, offer a higher one.

To run it again changes nothing; with --publish it publishes again.

It edits the cohort's file, and shows the difference. With --publish the offer is
gone when the command ends, but for what a CDN still keeps. Payloads that are not
there or cannot be put do not hold it up, nor do faults in other files or guards
that other edits trip: it goes through alone then, and says what it has left to
'cairn publish'.`,
		Example: `  cairn abort-rollout --cohort default --reason "compressor stalls" --publish
  cairn abort-rollout --cohort beta --release-version 1.1.0 --reason "bad radio" --commit --publish`,
		PreRunE: cli.Needs("cohort COHORT"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needReason(cmd, reason); err != nil {
				return err
			}
			return stopping(cmd, global.edit(cmd, opts, func(p *project) (change, error) {
				files, a, err := p.definitions().Abort(version, cohort, reason, now())
				if err != nil {
					return change{}, err
				}
				c := change{stops: true, files: files, title: title(cohort, "abort %s: %s", a.Release.Version, reason)}
				if version == "" {
					c.notes = []string{fmt.Sprintf("aborted %s, the highest release of cohort %s (%s)", a.Release.Version, cohort, cli.Percent(a.Percent(now())))}
				}
				return c, nil
			}))
		},
	}
	f := cmd.Flags()
	f.StringVar(&version, "release-version", "", "the release's `version` (default: the highest of the cohort)")
	f.StringVar(&cohort, "cohort", "", "the `cohort`")
	f.StringVar(&reason, "reason", "", "why; it stays in the definitions and in reports")
	opts.add(cmd)
	return cmd
}
