package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

func manCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:    "man [--out DIR]",
		Short:  "Write the manual pages",
		Hidden: true, // it is for those who install cairn
		Long: `man writes a manual page for each command to a folder: cairn.1, cairn-check.1 and
so on. Without --out it writes all of them to standard output, one after the
other. The same cairn always writes the same.`,
		Example: "  cairn man --out /usr/local/share/man/man1\n  cairn man | man -l -",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return eachPage(cmd.Root(), func(name string, page []byte) error {
				if out == "" {
					_, err := cmd.OutOrStdout().Write(page)
					return err
				}
				if err := os.MkdirAll(out, 0o755); err != nil {
					return err
				}
				return outfile.Replace(filepath.Join(out, name), page)
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`folder` to write to (default: standard output)")
	return cmd
}

// eachPage makes the page of a command, and of those below it.
func eachPage(cmd *cobra.Command, write func(name string, page []byte) error) error {
	var page bytes.Buffer
	if err := manPage(cmd, &page); err != nil {
		return err
	}
	if err := write(strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1", page.Bytes()); err != nil {
		return err
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			if err := eachPage(c, write); err != nil {
				return err
			}
		}
	}
	return nil
}

func manPage(cmd *cobra.Command, w io.Writer) error {
	cmd.InitDefaultVersionFlag()
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if c, ok := f.Value.(*cli.Choice); ok { // of whose words a page by cobra says nothing
			f.Usage = strings.Join(c.Of, ", ") + ": " + f.Usage
		}
	})
	date := cli.VersionDate()
	return doc.GenMan(cmd, &doc.GenManHeader{Section: "1", Date: &date, Source: "cairn " + cli.Version(), Manual: "cairn"}, w)
}
