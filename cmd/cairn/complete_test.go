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
		"assign SERIAL… --cohort COHORT":       "SERIAL",
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
