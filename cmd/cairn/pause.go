package main

import (
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases"
	"cairn/releases/edit"

	"github.com/spf13/cobra"
)

func pauseCommand(global *globalOptions) *cobra.Command {
	return scheduleCommand(global, "pause", edit.Project.Pause, &cobra.Command{
		Use:   "pause --cohort COHORT",
		Short: "Halt the schedules of a cohort",
		Long: `pause halts schedules at the percentage that they have now: that of one release,
or of all that are under way in the cohort. Devices that are offered the release
already keep the offer; 'cairn abort-rollout' takes it back. 'cairn resume' lets
the schedules go on.

With --publish a pause goes first, and alone where the rest cannot be published.`,
		Example: "  cairn pause --cohort default --publish\n  cairn pause --cohort default --release-version 1.1.0",
	})
}

func resumeCommand(global *globalOptions) *cobra.Command {
	return scheduleCommand(global, "resume", edit.Project.Resume, &cobra.Command{
		Use:   "resume --cohort COHORT",
		Short: "Let paused schedules go on from where they stand",
		Long: `resume lets paused schedules go on from their percentage. What the pause held up
comes later by the length of the pause.`,
		Example: "  cairn resume --cohort default --commit --publish",
	})
}

type reschedule func(p edit.Project, version, cohort string, at time.Time) ([]edit.Change, []releases.Activation, error)

func scheduleCommand(global *globalOptions, verb string, do reschedule, cmd *cobra.Command) *cobra.Command {
	opts := editOptions{stops: verb == "pause"}
	var version, cohort string
	cmd.PreRunE = cli.Needs("cohort COHORT")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return stopping(cmd, global.edit(cmd, opts, func(p *project) (change, error) {
			files, as, err := do(p.definitions(), version, cohort, wallClock())
			var versions []string
			for _, a := range as {
				versions = append(versions, a.Release.Version)
			}
			return change{stops: verb == "pause", files: files, title: title(cohort, "%s %s", verb, strings.Join(versions, ", "))}, err
		}))
	}
	f := cmd.Flags()
	f.StringVar(&version, "release-version", "", "the release's `version` (default: all of the cohort's)")
	f.StringVar(&cohort, "cohort", "", "the `cohort`")
	opts.add(cmd)
	return cmd
}
