package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

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
				return replaceFile(filepath.Join(out, name), page)
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
		if c, ok := f.Value.(*choice); ok { // of whose words a page by cobra says nothing
			f.Usage = strings.Join(c.of, ", ") + ": " + f.Usage
		}
	})
	page := *cmd
	page.Long = markdown(cmd.Long)
	var b bytes.Buffer
	date := time.Time{} // a page has none: it would be that of the day
	header := &doc.GenManHeader{Section: "1", Date: &date, Source: "cairn " + version(), Manual: "cairn"}
	if err := doc.GenMan(&page, header, &b); err != nil {
		return err
	}
	text := bytes.Replace(b.Bytes(), []byte(date.Format(`"Jan 2006"`)), []byte(`""`), 1)
	_, err := w.Write(manFlag.ReplaceAll(text, []byte(".TP\n$1$2\n$3")))
	return err
}

// manFlag is a flag as cobra writes it: a paragraph with a tab in it, and with
// a default that says nothing where it is "", [], [=] or [=false].
var manFlag = regexp.MustCompile(`(?m)^(?:\.PP\n)?(\\fB-.*\\fP)(?:=|=""|=\[\]|\[=(?:false|"")?\]|(=.+))\n\t(.*)$`)

// markdown makes code of the lines that are indented, so that they stay as they
// are.
func markdown(text string) string {
	var b strings.Builder
	code := false
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			if indented := strings.HasPrefix(line, " "); indented != code {
				code = indented
				b.WriteByte('\n')
			}
			if code {
				b.WriteString("    ")
			}
		}
		b.WriteString(line)
	}
	return b.String()
}
