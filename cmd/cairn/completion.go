package main

import (
	"io"

	"cairn/cmd/cairn/internal/cli"

	"github.com/spf13/cobra"
)

func completionCommand() *cobra.Command {
	shells := map[string]func(*cobra.Command, io.Writer) error{
		"bash": func(root *cobra.Command, w io.Writer) error {
			if err := root.GenBashCompletionV2(w, true); err != nil {
				return err
			}
			_, err := io.WriteString(w, withoutPackage)
			return err
		},
		"zsh":        (*cobra.Command).GenZshCompletion,
		"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	}
	cmd := &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Write the completion script of a shell",
		Long: `completion writes what a shell reads to complete commands, flags, and what the
project that -C names has: versions, cohorts, software types, hardware versions.`,
		Example: `  source <(cairn completion bash)
  cairn completion bash >~/.local/share/bash-completion/completions/cairn
  cairn completion zsh >"${fpath[1]}/_cairn"
  cairn completion fish >~/.config/fish/completions/cairn.fish
  cairn completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return cli.Usagef("completion needs the name of a shell: bash, zsh, fish, powershell")
		case len(args) > 1:
			return cli.NoArguments(cmd, args[1:])
		case shells[args[0]] == nil:
			return cli.UnknownWord(cmd, "shell", args[0], cmd.ValidArgs)
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return shells[args[0]](cmd.Root(), cmd.OutOrStdout()) }
	return cmd
}

// withoutPackage takes the place of what bash completion by cobra needs of the
// package bash-completion, where that is not loaded.
const withoutPackage = `
__cairn_init_completion()
{
    read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
    [[ ${COMP_LINE:0:COMP_POINT} == *[[:blank:]] ]] && words+=("")
    cword=$((${#words[@]} - 1))
    cur=${words[cword]}
    prev=${words[cword - 1]}
    declare -F _filedir >/dev/null || _filedir() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); }
}
`
