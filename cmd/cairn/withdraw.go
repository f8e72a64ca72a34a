package main

import (
	"fmt"

	"cairn/cmd/cairn/internal/cli"

	"github.com/spf13/cobra"
)

func withdrawCommand(global *globalOptions) *cobra.Command {
	opts := editOptions{stops: true}
	var reason string
	cmd := &cobra.Command{
		Use:   "withdraw VERSION --reason REASON",
		Short: "Recall a release from every cohort",
		Long: `withdraw takes a release back from all cohorts at once. Devices that have
installed it keep it: to move them, offer a higher one.

It edits the release's file, and shows the difference. With --publish nothing
that is about other releases holds it up: it goes through alone then, and says
what it has left to 'cairn publish'.`,
		Example: `  cairn withdraw 1.1.0 --reason "bricks EVT boards" --commit --publish`,
		Args:    cli.OneArgument("VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needReason(cmd, reason); err != nil {
				return err
			}
			return stopping(cmd, global.edit(cmd, opts, func(p *project) (change, error) {
				files, err := p.definitions().Withdraw(args[0], reason)
				return change{stops: true, files: files, title: fmt.Sprintf("ota: withdraw %s: %s", args[0], reason)}, err
			}))
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; it stays in the definitions and in reports")
	opts.add(cmd)
	return cmd
}
