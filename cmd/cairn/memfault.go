package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// memfaultFlags are what the memfault CLI takes before the name of a command:
// who asks, and for which project. A line of a CI job keeps them when it moves
// over. https://docs.memfault.com/docs/ci/memfault-cli-root
var memfaultFlags = []string{"email", "password", "project-key", "org-token", "org", "project", "url"}

// acceptMemfaultFlags lets a command that the memfault CLI has, too, be called
// with its global flags.
func acceptMemfaultFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	for _, name := range memfaultFlags {
		f.String(name, "", "ignored")
		f.Lookup(name).Hidden = true
	}
	acceptVerbose(cmd)
}

// acceptVerbose tells the root command, too, of the one flag that takes no value:
// what follows it is not its value but the command.
func acceptVerbose(cmd *cobra.Command) {
	cmd.Flags().Bool("verbose", false, "ignored")
	cmd.Flags().Lookup("verbose").Hidden = true
}

// noteMemfaultFlags says which flags are ignored.
func noteMemfaultFlags(cmd *cobra.Command) {
	var given []string
	for _, name := range append(memfaultFlags, "verbose") {
		if cmd.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	if len(given) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "ignored: %s; the project is that of -C, and the bucket's credentials are those of the AWS tools\n", strings.Join(given, ", "))
	}
}
