package main

import (
	"fmt"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"
	"cairn/releases"

	"github.com/spf13/cobra"
)

func retireCommand(global *globalOptions) *cobra.Command {
	var opts editOptions
	cmd := &cobra.Command{
		Use:   "retire VERSION",
		Short: "Remove a finished release from the definitions",
		Long: `retire removes a release's file and activations, and lists its version in
known_versions. So devices that still run it get what they got before. retire
compares the answers of all devices, now and at each change of the schedule. If
one would change, the release is still in use, and retire refuses.

Payload files stay where they are; 'cairn gc' removes stored ones later.`,
		Example: "  cairn retire 1.0.0 --commit",
		Args:    cli.OneArgument("VERSION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return global.edit(cmd, opts, func(p *project) (change, error) {
				files, err := p.definitions().Retire(args[0])
				if err != nil {
					return change{}, err
				}
				after, err := p.definitions().Check(files)
				if err != nil {
					return change{}, err
				}
				devices, moved := manifest.Moved(p.fleet, after.Fleet, now())
				if len(moved) > 0 {
					return change{}, fmt.Errorf("release %s is not over: without it the answer of some devices changes\n%s", args[0], told(moved))
				}
				note := fmt.Sprintf("no answer changes: %s compared, now and at each change of the schedule", cli.Count(devices, "answer"))
				return change{files: files, title: "ota: retire " + args[0], notes: []string{note}}, nil
			})
		},
	}
	opts.add(cmd)
	return cmd
}

// told is the first of some moves.
func told(moved []manifest.Move) string {
	const most = 5
	var b strings.Builder
	for i, m := range moved {
		if i == most {
			fmt.Fprintf(&b, "  and %d more\n", len(moved)-most)
			break
		}
		version := m.Version
		if version == "" {
			version = "no version"
		}
		fmt.Fprintf(&b, "  cohort %s, %s on %s, on %s at %s: %s, would be %s\n", m.Cohort, m.Target.SoftwareType, m.Target.HardwareVersion,
			version, m.At.Format(time.RFC3339), offered(m.Before), offered(m.After))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func offered(r *releases.Release) string {
	if r == nil {
		return "up to date"
	}
	return r.Version
}
