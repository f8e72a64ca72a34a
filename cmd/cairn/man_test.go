package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestManPages(t *testing.T) {
	root := rootCommand()
	pages := map[string]string{}
	collect := func(name string, page []byte) error {
		pages[name] += string(page)
		return nil
	}
	if err := eachPage(root, collect); err != nil {
		t.Fatal(err)
	}
	seen := 0
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			check(c)
		}
		if cmd != root && !cmd.IsAvailableCommand() {
			return
		}
		seen++
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		page := pages[name]
		if !strings.HasPrefix(page, ".nh\n.TH ") || !strings.Contains(page, "\n.SH DESCRIPTION\n") {
			t.Errorf("%s begins with %.80q", name, page)
		}
		if strings.Contains(page, "cobra") {
			t.Errorf("%s has what cobra leaves:\n%s", name, page)
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if strings.Contains(page, `\fB--`+f.Name+`\fP`) == f.Hidden {
				t.Errorf("%s: it is wrong about --%s", name, f.Name)
			}
		})
		for line := range strings.Lines(cmd.Example) {
			if !strings.Contains(page, strings.NewReplacer(`\`, `\\`).Replace(line)) {
				t.Errorf("%s has no %q", name, line)
			}
		}
	}
	check(root)
	if seen != len(pages) || seen < 15 {
		t.Errorf("%d pages for %d commands", len(pages), seen)
	}
}

// TestManIntoFile names a folder that cannot be made.
func TestManIntoFile(t *testing.T) {
	root := rootCommand()
	root.SetArgs([]string{"man", "--out", "man_test.go/man"})
	root.SetErr(&bytes.Buffer{})
	if err := root.Execute(); err == nil || !strings.Contains(err.Error(), "man_test.go") {
		t.Errorf("%v", err)
	}
}
