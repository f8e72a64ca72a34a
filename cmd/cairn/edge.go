package main

import "github.com/spf13/cobra"

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
