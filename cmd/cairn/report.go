package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/manifest/lint"
	"cairn/publish"
	"cairn/templates/console"

	"github.com/spf13/cobra"
)

const reportFile = "index.html"

func reportCommand(global *globalOptions) *cobra.Command {
	var opts targetOptions
	var out string
	cmd := &cobra.Command{
		Use:   "report --out DIR",
		Short: "Write a page that shows what every device gets",
		Long: `report writes ` + reportFile + ` to a folder: one page that needs no server. It shows what
each cohort and device type is offered, bucket by bucket and over time, the
update path of each version, and asks the live answers as a device does.`,
		Example: "  cairn report --out public-report\n  cairn report --out /tmp/page --at 2026-12-01T09:00:00Z",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return cli.Usagef("report needs --out DIR")
			}
			p, err := global.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.close()
			at := opts.at.Instant().Truncate(time.Second)
			published, err := p.lastPublish(cmd, opts)
			if err != nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "what is published is not known, and not on the page: %v\n", err)
			}
			page, err := console.Page(console.ModelOf(p.fleet, at, published, lint.Check(p.fleet, lint.Options{At: at, MaxHops: 5})))
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
		},
	}
	opts.add(cmd)
	cmd.Flags().StringVar(&out, "out", "", "`folder` to write to")
	return cmd
}

// lastPublish is the last publish to the target; nil where there was none.
func (p *project) lastPublish(cmd *cobra.Command, opts targetOptions) (*console.Publish, error) {
	store, err := p.target(opts)
	if err != nil {
		return nil, err
	}
	remote, err := publish.ReadState(cmd.Context(), store, p.fleet.Project.Prefix)
	if err != nil {
		return nil, err
	}
	if remote.State == nil || remote.State.Done.Published.IsZero() {
		return nil, remote.Problem
	}
	done := remote.State.Done
	return &console.Publish{At: done.Published.Unix(), For: done.At.Unix(), Source: done.Source}, nil
}
