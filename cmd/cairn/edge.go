package main

import (
	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"

	"github.com/spf13/cobra"
)

func edgeCommand(global *globalOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "edge",
		Short: "Write the configuration of an edge: a web server or CDN that answers devices",
		Long: `edge writes what a web server or a CDN needs to answer the query API, and to
serve the tree of answers and payloads beside it, as "cairn serve" does. The
project's key, prefix and digits are part of it: write it again when they
change. "cairn conformance" checks an edge that runs.`,
	}
	cmd.AddCommand(
		edgeNginxCommand(global),
		edgeCloudflareCommand(global),
		edgeCloudfrontCommand(global),
	)
	return cmd
}

// overTree completes a command that writes an edge to the folder --out. The
// edge is over what the flag tree names, or else over --origin, which is ""
// where it is not given.
func overTree(global *globalOptions, cmd *cobra.Command, tree string, files func(p *project, origin string) ([]outfile.Generated, error)) *cobra.Command {
	var out, origin string
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "`folder` to write to")
	f.StringVar(&origin, "origin", "", "`URL` below which the bucket's keys can be read, in place of --"+tree)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case out == "":
			return cli.Usagef("edge %s needs --out DIR", cmd.Name())
		case origin != "" && f.Changed(tree):
			return cli.Usagef("--%s and --origin are two ways to the same tree: name one", tree)
		}
		p, err := global.open(cmd.Context())
		if err != nil {
			return err
		}
		defer p.close()
		written, err := files(p, origin)
		if err != nil {
			return cli.Usage(err)
		}
		return outfile.WriteGenerated(cmd, out, written)
	}
	return cmd
}
