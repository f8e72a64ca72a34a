package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func abortRolloutCommand(global *globalOptions) *cobra.Command {
	var opts editOptions
	var version, cohort, reason string
	cmd := &cobra.Command{
		Use:   "abort-rollout --cohort COHORT --reason REASON",
		Short: "Take the offer of a release back from a cohort",
		Long: `abort-rollout takes the offer of a release back from all devices of a cohort that
have not installed it yet. Without --release-version it is the highest release
of the cohort; where that one is not on offer, abort-rollout names those that are,
for you to choose. Devices that have installed it keep it: what brings them on is
a higher release.

What is aborted already stays so: run with --publish once more, it publishes
what an earlier run could not.

It edits the cohort's file, and shows the difference. With --publish the offer is
gone when the command ends, but for what a CDN still keeps.`,
		Example: `  cairn abort-rollout --cohort default --reason "compressor stalls" --publish
  cairn abort-rollout --cohort beta --release-version 1.1.0 --reason "bad radio" --commit --publish`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cohort == "" {
				return usagef("abort-rollout needs --cohort COHORT")
			}
			if err := needReason(cmd, reason); err != nil {
				return err
			}
			return stopping(cmd, global.edit(cmd, opts, func(p *project) (change, error) {
				files, a, err := p.definitions().Abort(version, cohort, reason, now())
				if err != nil {
					return change{}, err
				}
				c := change{files: files, title: title(cohort, "abort %s: %s", a.Release.Version, reason)}
				if version == "" {
					c.notes = []string{fmt.Sprintf("aborted %s, the highest release of cohort %s (%s)", a.Release.Version, cohort, percent(a.Percent(now())))}
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

func withdrawCommand(global *globalOptions) *cobra.Command {
	var opts editOptions
	var reason string
	cmd := &cobra.Command{
		Use:   "withdraw VERSION --reason REASON",
		Short: "Recall a release from every cohort",
		Long: `withdraw takes the offer of a release back from all cohorts at once. Devices that
have installed it keep it: what brings them on is a higher release.

It edits the release's file, and shows the difference.`,
		Example: `  cairn withdraw 1.1.0 --reason "bricks EVT boards" --commit --publish`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("withdraw takes one VERSION\nsee '%s --help'", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needReason(cmd, reason); err != nil {
				return err
			}
			return stopping(cmd, global.edit(cmd, opts, func(p *project) (change, error) {
				files, err := p.definitions().Withdraw(args[0], reason)
				return change{files: files, title: fmt.Sprintf("ota: withdraw %s: %s", args[0], reason)}, err
			}))
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; it stays in the definitions and in reports")
	opts.add(cmd)
	return cmd
}
