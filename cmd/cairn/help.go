package main

import (
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// topicFiles are the help topics: the first line of each is its title.
//
//go:embed topics/*.txt
var topicFiles embed.FS

// topics are commands that can only be read.
func topics() []*cobra.Command {
	entries, err := topicFiles.ReadDir("topics")
	if err != nil {
		panic(err) // it is embedded
	}
	var all []*cobra.Command
	var list strings.Builder
	for _, e := range entries {
		text, err := topicFiles.ReadFile("topics/" + e.Name())
		if err != nil {
			panic(err)
		}
		name := strings.TrimSuffix(e.Name(), ".txt")
		title, rest, _ := strings.Cut(string(text), "\n")
		all = append(all, &cobra.Command{Use: name, Short: title, Long: title + ".\n" + rest})
		fmt.Fprintf(&list, "  cairn help %-12s  %s\n", name, title)
	}
	return append(all, &cobra.Command{Use: "topics", Hidden: true, Long: list.String()})
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND | TOPIC]",
		Short:   "Explain a command or a topic",
		Long:    "help explains a command, or a topic: 'cairn help topics' lists them.",
		Example: "  cairn help edge nginx\n  cairn help rollouts",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			c := cmd.Root()
			for _, word := range args {
				found := child(c, word)
				if found == nil {
					return usagef("no help on %q\n%s", word, wayOut(c, word, nearest(word, helped(c))))
				}
				c = found
			}
			c.InitDefaultHelpFlag()
			c.InitDefaultVersionFlag()
			return c.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) (words []string, _ cobra.ShellCompDirective) {
			c := cmd.Root()
			for _, arg := range args {
				if c = child(c, arg); c == nil {
					return nil, cobra.ShellCompDirectiveNoFileComp
				}
			}
			for _, name := range helped(c) {
				if strings.HasPrefix(name, word) {
					words = append(words, name+"\t"+child(c, name).Short)
				}
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func child(cmd *cobra.Command, name string) *cobra.Command {
	for _, c := range cmd.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// helped names what there is help on below a command.
func helped(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if c.Name() == "topics" || !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// usageTemplate is cobra's, with topics as this program reaches them, and the
// variables.
func usageTemplate(cobras string) string {
	const old = "Additional help topics:{{range .Commands}}{{if .IsAdditionalHelpTopicCommand}}\n  {{rpad .CommandPath .CommandPathPadding}} {{.Short}}"
	if !strings.Contains(cobras, old) {
		panic("cobra words its help otherwise")
	}
	return strings.Replace(cobras, old, "Topics, with 'cairn help TOPIC':{{range .Commands}}{{if .IsAdditionalHelpTopicCommand}}\n  {{rpad .Name .NamePadding}} {{.Short}}", 1) +
		"{{if .HasAvailableInheritedFlags}}\nA flag that takes a value can be given by a variable: see 'cairn help environment'.\n{{end}}"
}
