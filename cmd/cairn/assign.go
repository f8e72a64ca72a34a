package main

import (
	"io"
	"os"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/releases"

	"github.com/spf13/cobra"
)

func assignCommand(global *globalOptions) *cobra.Command {
	var opts editOptions
	var cohort, file string
	var create bool
	cmd := &cobra.Command{
		Use:   "assign SERIAL… --cohort COHORT",
		Short: "Move devices to a cohort",
		Long: `assign moves devices to a cohort: it takes them out of the lists that have them,
and adds them to the cohort's own, its devices_file where it has one. Moving them
to the cohort default takes them out only.

A file has a serial on each line; what follows a # is a comment.`,
		Example: `  cairn assign DEMOSERIAL --cohort beta
  cairn assign --file returned.txt --cohort default
  grep EVT serials.txt | cairn assign --file - --cohort internal --commit`,
		Args:    cobra.ArbitraryArgs,
		PreRunE: cli.Needs("cohort COHORT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			serials := args
			if file != "" {
				more, err := readSerials(cmd.InOrStdin(), file)
				if err != nil {
					return cli.Usagef("--file: %w", err)
				}
				serials = append(serials, more...)
			}
			if len(serials) == 0 {
				return cli.Usagef("assign needs a device serial, or --file with some")
			}
			return global.edit(cmd, opts, func(p *project) (change, error) {
				files, err := p.definitions().Assign(serials, cohort, create)
				what := serials[0]
				if len(serials) > 1 {
					what = cli.Count(len(serials), "device")
				}
				return change{files: files, title: title(cohort, "assign %s", what)}, err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&cohort, "cohort", "", "the `cohort` to move them to")
	f.StringVar(&file, "file", "", "a `file` of serials; - is standard input")
	f.BoolVar(&create, "create-cohort", false, "make the cohort where it does not exist")
	opts.add(cmd)
	return cmd
}

// readSerials reads a file of serials, or standard input for "-".
func readSerials(stdin io.Reader, name string) (serials []string, err error) {
	var text []byte
	if name == "-" {
		text, err = io.ReadAll(stdin)
	} else {
		text, err = os.ReadFile(name)
	}
	if err == nil {
		text, err = releases.PlainText(text)
	}
	for line := range strings.Lines(string(text)) {
		serial, _, _ := strings.Cut(line, "#")
		if serial = strings.TrimSpace(serial); serial != "" {
			serials = append(serials, serial)
		}
	}
	return serials, err
}
