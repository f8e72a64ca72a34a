package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// globalOptions are those of every command.
type globalOptions struct {
	dir string // the project folder
}

func rootCommand() *cobra.Command {
	global := &globalOptions{}
	root := &cobra.Command{
		Use:   "cairn",
		Short: "Publish over-the-air updates as static files",
		Long: `cairn turns release definitions in git into the answers that devices ask for,
and publishes them to a bucket behind a CDN. There is no update server.

Exit codes: 0 done, 1 failed, 2 usage or invalid definitions, 130 interrupted.
Results go to standard output, progress and messages to standard error.`,
		Version: version(),

		SilenceErrors: true,
		SilenceUsage:  true,

		DisableAutoGenTag: true, // in manual pages
	}
	root.PersistentFlags().StringVarP(&global.dir, "dir", "C", ".", "project `folder`")
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, v := range strayVariables(root) {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s is not read: did you mean %s?\n", v[0], v[1])
		}
		return fromEnvironment(cmd)
	}
	acceptVerbose(root)
	root.AddCommand(
		initCommand(global),
		uploadCommand(global),
		deployReleaseCommand(global),
		abortRolloutCommand(global),
		pauseCommand(global),
		resumeCommand(global),
		withdrawCommand(global),
		assignCommand(global),
		statusCommand(global),
		checkCommand(global),
		planCommand(global),
		buildCommand(global),
		publishCommand(global),
		unlockCommand(global),
		verifyCommand(global),
		gcCommand(global),
		serveCommand(global),
		explainCommand(global),
		simulateCommand(global),
		deviceHeaderCommand(global),
		conformanceCommand(global),
		edgeCommand(global),
		completionCommand(),
		manCommand(),
	)
	root.AddCommand(topics()...)
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	root.SetUsageTemplate(usageTemplate(root.UsageTemplate()))
	finish(root, global)
	return root
}

// finish gives a command and those below it what none has to say itself.
func finish(cmd *cobra.Command, global *globalOptions) {
	for _, c := range cmd.Commands() {
		finish(c, global)
	}
	switch {
	case cmd.HasSubCommands() && !cmd.Runnable():
		cmd.Args = noCommand
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	case cmd.Args == nil:
		cmd.Args = noArguments
	}
	registerCompletions(cmd, global)
}

// version is that of the module, as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// count writes a number with its noun: "1 fault", "12,345 files".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return thousands(n) + " " + noun
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 && s[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}
