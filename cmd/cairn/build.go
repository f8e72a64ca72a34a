package main

import (
	"cairn/cmd/cairn/internal/cli"
	"cairn/publish/dirstore"

	"github.com/spf13/cobra"
)

func buildCommand(global *globalOptions) *cobra.Command {
	var at cli.At
	var out string
	cmd := &cobra.Command{
		Use:   "build --out DIR",
		Short: "Write the tree of answers and payloads to a folder",
		Long: `build writes what publish would put into a bucket to a folder. A folder that is
there already is brought up to date: answers that are gone are removed, files
that are not cairn's are left alone and named, payloads are kept.`,
		Example: "  cairn build --out public\n  cairn build --out /tmp/tree --at 2026-12-01T09:00:00Z",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return cli.Usagef("build needs --out DIR")
			}
			p, err := global.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			return transfer(cmd, p.site(at.Instant()), dirstore.New(out))
		},
	}
	cli.AddAt(cmd, &at)
	cmd.Flags().StringVar(&out, "out", "", "`folder` to write to; it stands for the bucket")
	return cmd
}
