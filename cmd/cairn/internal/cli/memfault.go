package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// memfaultFlags are what the memfault CLI takes before the name of a command:
// who asks, and for which project. A line of a CI job keeps them when it moves
// over. https://docs.memfault.com/docs/ci/memfault-cli-root
var memfaultFlags = []string{"email", "password", "project-key", "org-token", "org", "project", "url"}

// AcceptMemfault lets a command that the memfault CLI has, too, be called
// with its global flags.
func AcceptMemfault(cmd *cobra.Command) {
	f := cmd.Flags()
	for _, name := range memfaultFlags {
		f.String(name, "", "ignored")
		f.Lookup(name).Hidden = true
	}
	AcceptVerbose(cmd)
}

// AcceptVerbose tells the root command, too, of the one flag that takes no value:
// what follows it is not its value but the command.
func AcceptVerbose(cmd *cobra.Command) {
	cmd.Flags().Bool("verbose", false, "ignored")
	cmd.Flags().Lookup("verbose").Hidden = true
}

// NoteMemfault says which flags are ignored.
func NoteMemfault(cmd *cobra.Command) {
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
