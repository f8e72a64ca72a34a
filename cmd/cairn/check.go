package main

import (
	"fmt"

	"cairn/releases"

	"github.com/spf13/cobra"
)

func checkCommand(global *globalOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check the definitions and the payload files",
		Long: `check reads the definitions and every payload file, and reports all that is
wrong with them: each fault with its file, line, column and a way out.`,
		Example: "  cairn check\n  cairn -C examples/smartfridge check",
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := global.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", p.fleet.Project.Slug, summary(p.fleet))
			return err
		},
	}
}

func summary(f *releases.Fleet) string {
	payloads, devices := 0, 0
	for range f.Payloads() {
		payloads++
	}
	for _, c := range f.Cohorts {
		devices += len(c.Devices)
	}
	return fmt.Sprintf("%s with %s, %s with %s listed, no fault",
		count(len(f.Releases), "release"), count(payloads, "payload"),
		count(len(f.Cohorts), "cohort"), count(devices, "device"))
}
