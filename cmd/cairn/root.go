package main

import (
	"io"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/complete"

	"github.com/spf13/cobra"
)

// globalOptions are those of every command.
type globalOptions struct {
	dir    string // the project folder
	stderr io.Writer
}

func rootCommand() *cobra.Command {
	global := &globalOptions{}
	root := &cobra.Command{
		Use:   "cairn",
		Short: "Publish over-the-air updates as static files",
		Long: `cairn turns release definitions in git into the answers that devices ask for,
and publishes them to a bucket behind a CDN. There is no update server.

Exit codes: 0 done, 1 failed, 2 usage or invalid definitions, 130 interrupted.
Results go to standard output, progress and messages to standard error.
A flag that takes a value can be given by a variable: see 'cairn help environment'.`,
		Version: cli.Version(),

		SilenceErrors: true,
		SilenceUsage:  true,

		DisableAutoGenTag: true, // in manual pages
	}
	root.PersistentFlags().StringVarP(&global.dir, "dir", "C", ".", "project `folder`")
	root.SetFlagErrorFunc(cli.FlagError)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		global.stderr = cmd.ErrOrStderr()
		return cli.FromEnvironment(cmd)
	}
	cli.AcceptVerbose(root)
	root.AddCommand(
		initCommand(global),
		uploadCommand(global),
		uploadZchunkCommand(global),
		deployReleaseCommand(global),
		abortRolloutCommand(global),
		pauseCommand(global),
		resumeCommand(global),
		withdrawCommand(global),
		blockCommand(global),
		unblockCommand(global),
		retireCommand(global),
		assignCommand(global),
		adoptionCommand(global),
		gateCommand(global),
		promoteCommand(global),
		statusCommand(global),
		reportCommand(global),
		feedCommand(global),
		checkCommand(global),
		planCommand(global),
		buildCommand(global),
		publishCommand(global),
		unlockCommand(global),
		verifyCommand(global),
		gcCommand(global),
		keysCommand(global),
		signCommand(global),
		serveCommand(global),
		explainCommand(global),
		verifyBundleCommand(global),
		simulateCommand(global),
		deviceHeaderCommand(global),
		conformanceCommand(global),
		doctorCommand(global),
		rootCertsCommand(global),
		edgeCommand(global),
		versionCommand(),
		completionCommand(),
		manCommand(),
	)
	root.AddCommand(topics()...)
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	finish(root)
	return root
}

// finish gives a command and those below it what none has to say itself.
func finish(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		finish(c)
	}
	switch {
	case cmd.HasSubCommands() && !cmd.Runnable():
		cmd.Args = cli.NoCommand
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	case cmd.Args == nil:
		cmd.Args = cli.NoArguments
	}
	complete.Register(cmd)
}
