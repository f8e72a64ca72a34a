// Package complete has a shell complete flags and arguments with what the
// definitions name. It imports, of the command, only cli.
package complete

import (
	"os"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// argumentFlags are the flags that take what an argument takes.
var argumentFlags = map[string]string{
	"COHORT":   "cohort",
	"HARDWARE": "hardware-version",
	"SERIAL":   "device-serial",
	"TYPE":     "software-type",
	"VERSION":  "release-version",
}

// Register has the shell complete the flags and arguments of a
// command: by the values of a choice, by the flag's name, or by the noun in its
// usage.
func Register(cmd *cobra.Command) {
	register := func(f *pflag.Flag) {
		if _, own := cmd.GetFlagCompletionFunc(f.Name); own || f.Value.Type() == "bool" {
			return
		}
		if err := cmd.RegisterFlagCompletionFunc(f.Name, flagCompletion(f)); err != nil {
			panic(err) // it is there, and has none yet
		}
	}
	cmd.LocalNonPersistentFlags().VisitAll(register)
	cmd.PersistentFlags().VisitAll(register)
	if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 {
		cmd.ValidArgsFunction = argumentCompletion(arguments(cmd.Use))
	}
}

func flagCompletion(f *pflag.Flag) cobra.CompletionFunc {
	if c, ok := f.Value.(*cli.Choice); ok {
		return cobra.FixedCompletions(c.Of, cobra.ShellCompDirectiveNoFileComp)
	}
	if c, ok := f.Value.(*cli.Choices); ok {
		return beginning(func(*cobra.Command) []string { return c.Of }, true)
	}
	if list := flagCandidates[f.Name]; list != nil && strings.HasPrefix(f.Value.Type(), "string") {
		return completion(list, f.Value.Type() == "stringSlice")
	}
	noun, _ := pflag.UnquoteUsage(f)
	return pathCompletion(noun)
}

// pathCompletion completes paths where a noun is that of one.
func pathCompletion(noun string) cobra.CompletionFunc {
	directive := cobra.ShellCompDirectiveNoFileComp
	switch strings.ToLower(noun) {
	case "folder", "folder or url", "dir":
		directive = cobra.ShellCompDirectiveFilterDirs
	case "file":
		directive = cobra.ShellCompDirectiveDefault
	}
	return cobra.FixedCompletions(nil, directive)
}

// completion lists what the definitions name.
func completion(list candidates, commas bool) cobra.CompletionFunc {
	return beginning(func(cmd *cobra.Command) []string {
		if fleet := outline(cmd); fleet != nil {
			return list(fleet, cmd)
		}
		return nil
	}, commas)
}

// beginning lists the words that begin as the one on the line does: as the part
// behind its last comma, in a list.
func beginning(list func(*cobra.Command) []string, commas bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		directive, before := cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder, ""
		if commas {
			directive |= cobra.ShellCompDirectiveNoSpace
			before = word[:strings.LastIndex(word, ",")+1]
		}
		var found []string
		for _, c := range list(cmd) {
			if c = before + c; !strings.HasPrefix(c, word) {
				continue
			}
			found = append(found, c)
			if strings.HasSuffix(c, ":") || strings.HasSuffix(c, "//") {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
		}
		return found, directive
	}
}

// outline reads the project that --dir names, but no payload and no bucket. It is nil where that is at fault:
// a shell that completes is no place to say so.
func outline(cmd *cobra.Command) *releases.Fleet {
	if cli.FromEnvironment(cmd) != nil {
		return nil
	}
	root, err := os.OpenRoot(cmd.Flag("dir").Value.String())
	if err != nil {
		return nil
	}
	defer root.Close()
	fleet, err := releases.Outline(root.FS())
	if err != nil {
		return nil
	}
	return fleet
}

// arguments lists the nouns that stand for arguments in a usage such as "withdraw
// VERSION [--reason TEXT]".
func arguments(use string) (nouns []string) {
	fields := strings.Fields(use)[1:]
	for i, field := range fields {
		flag := func(s string) bool { return strings.HasPrefix(strings.TrimLeft(s, "["), "-") }
		if !flag(field) && (i == 0 || !flag(fields[i-1])) {
			nouns = append(nouns, strings.Trim(field, "[].…"))
		}
	}
	return nouns
}

func argumentCompletion(nouns []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(nouns) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		noun := nouns[len(args)]
		if list := flagCandidates[argumentFlags[noun]]; list != nil {
			return completion(list, false)(cmd, args, word)
		}
		return pathCompletion(noun)(cmd, args, word)
	}
}
