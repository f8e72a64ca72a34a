package main

import (
	"cmp"
	"embed"
	"fmt"
	"strings"

	"cairn/cmd/cairn/internal/cli"

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
			c, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return cmp.Or(err, cli.NoCommand(c, rest))
			}
			c.InitDefaultHelpFlag()
			c.InitDefaultVersionFlag()
			return c.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) (words []string, _ cobra.ShellCompDirective) {
			c, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			for _, c := range c.Commands() {
				if cli.IsHelped(c) && strings.HasPrefix(c.Name(), word) {
					words = append(words, c.Name()+"\t"+c.Short)
				}
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
