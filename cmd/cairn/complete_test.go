package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/complete"

	"github.com/spf13/cobra"
)

// TestCommandToCome is a command that has no line about completion of its own.
func TestCommandToCome(t *testing.T) {
	for line, want := range map[string]string{
		"recall ":                       "1.0.0-alpha 1.0.0 1.1.0 :36",
		"recall 1.0.0 ":                 "beta default internal :36",
		"recall 1.0.0 beta ":            ":0",
		"recall 1.0.0 beta x ":          ":4",
		"recall --release-version 1.1":  "1.1.0 :36",
		"recall --cohort d":             "default :36",
		"recall --format ":              "json text :4",
		"recall --serials ":             ":0",
		"recall --note ":                ":4",
		"recall --delta-from 0":         "0.9.0-factory :36",
		"recall --delta-to 1.1":         "1.1.0 :36",
		"-C nowhere recall --delta-to ": ":36",
	} {
		root := rootCommand()
		cmd := &cobra.Command{Use: "recall VERSION COHORT FILE", Args: cobra.ArbitraryArgs, Run: func(*cobra.Command, []string) {}}
		for _, name := range []string{"release-version", "cohort", "delta-from", "delta-to", "note"} {
			cmd.Flags().String(name, "", "")
		}
		cmd.Flags().String("serials", "", "a `file` of them")
		var format string
		cmd.Flags().Var(cli.NewChoice(&format, "json", "text"), "format", "")
		if !strings.HasPrefix(line, "-C") {
			line = "-C ../../examples/smartfridge " + line
		}
		complete.Register(cmd)
		root.AddCommand(cmd)
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetErr(&bytes.Buffer{})
		root.SetArgs(append([]string{cobra.ShellCompNoDescRequestCmd}, strings.Split(line, " ")...))
		if err := root.Execute(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Fields(out.String()); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, not %q", line, got, want)
		}
	}
}
