package main

import (
	"fmt"
	"runtime"
	"text/tabwriter"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit and the contract's revision",
		Long: `version tells the version and commit that this cairn was built from, the Go that
built it, and the revision of the device contract that it keeps.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := struct {
				Version  string `json:"version"`
				Commit   string `json:"commit"` // "" where the build had no repository
				Go       string `json:"go"`
				Platform string `json:"platform"`
				Contract string `json:"contract"`
			}{cli.Version(), cli.VersionCommit(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, manifest.Contract}
			if asJSON {
				return cli.WriteJSON(cmd.OutOrStdout(), v)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			commit := v.Commit
			if commit == "" {
				commit = "unknown: not built in a repository"
			}
			fmt.Fprintf(w, "cairn\t%s\ncommit\t%s\ngo\t%s %s\ncontract\t%s\n", v.Version, commit, v.Go, v.Platform, v.Contract)
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}
