package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestArguments(t *testing.T) {
	for use, want := range map[string]string{
		"check":                                "",
		"gc --older-than AGE":                  "",
		"device-header [--out FILE]":           "",
		"explain SERIAL":                       "SERIAL",
		"withdraw VERSION [--reason TEXT]":     "VERSION",
		"init [--slug NAME] [DIR]":             "DIR",
		"upload FILE VERSION --to TARGET more": "FILE VERSION more",
	} {
		if got := strings.Join(arguments(use), " "); got != want {
			t.Errorf("%s: %q, not %q", use, got, want)
		}
	}
}

// TestCommandToCome is a command that has no line about completion of its own.
func TestCommandToCome(t *testing.T) {
	for line, want := range map[string]string{
		"withdraw ":                       "1.0.0-alpha 1.0.0 1.1.0 :36",
		"withdraw 1.0.0 ":                 "beta default internal :36",
		"withdraw 1.0.0 beta ":            ":0",
		"withdraw 1.0.0 beta x ":          ":4",
		"withdraw --release-version 1.1":  "1.1.0 :36",
		"withdraw --cohort d":             "default :36",
		"withdraw --format ":              "json text :4",
		"withdraw --serials ":             ":0",
		"withdraw --note ":                ":4",
		"withdraw --delta-from 0":         "0.9.0-factory :36",
		"withdraw --delta-to 1.1":         "1.1.0 :36",
		"-C nowhere withdraw --delta-to ": ":36",
	} {
		root := rootCommand()
		cmd := &cobra.Command{Use: "withdraw VERSION COHORT FILE", Args: cobra.ArbitraryArgs, Run: func(*cobra.Command, []string) {}}
		for _, name := range []string{"release-version", "cohort", "delta-from", "delta-to", "note"} {
			cmd.Flags().String(name, "", "")
		}
		cmd.Flags().String("serials", "", "a `file` of them")
		var format string
		cmd.Flags().Var(&choice{[]string{"json", "text"}, &format}, "format", "")
		global := &globalOptions{dir: "../../examples/smartfridge"}
		if strings.HasPrefix(line, "-C") {
			global.dir = "nowhere"
		}
		registerCompletions(cmd, global)
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
