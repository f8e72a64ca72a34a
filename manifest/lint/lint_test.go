package lint_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // as in the program

	"cairn/manifest/lint"
	"cairn/releases"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// sound is a project without a warning. Tests lay files over it.
const sound = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "b.bin"
-- releases/a.bin --
abc
-- releases/b.bin --
abcd
-- cohorts/default.toml --
[activate."1.0.0"]
[activate."1.1.0"]
`

// project is the files of some archives. A later file takes the place of an
// earlier one.
func project(t *testing.T, archives ...string) fs.FS {
	t.Helper()
	last := map[string]txtar.File{}
	for _, text := range archives {
		for _, f := range txtar.Parse([]byte(text)).Files {
			last[f.Name] = f
		}
	}
	var all txtar.Archive
	for _, f := range last {
		all.Files = append(all.Files, f)
	}
	fsys, err := txtar.FS(&all)
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

// tuesday is when the tests take place.
var tuesday = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

func check(t *testing.T, files string) []*lint.Warning {
	t.Helper()
	f, err := releases.Load(project(t, sound, files), lint.Names()...)
	if err != nil {
		t.Fatal(err)
	}
	return lint.Check(f, lint.Options{At: tuesday, MaxHops: 2})
}

// warning is files laid over the sound project, and all the warnings about
// them.
type warning struct{ name, files, want string }

func warn(t *testing.T, rows []warning) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := ""
			for _, w := range check(t, row.files) {
				if image := w.Name == "same-image" || w.Name == "shared-image"; image && !strings.Contains(row.want, w.Name) {
					continue // most rows have one image for everything
				}
				got += "\n" + w.String()
			}
			if got != "" {
				got += "\n"
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("warnings differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSoundProject(t *testing.T) {
	for _, w := range check(t, "") {
		t.Error(w)
	}
}

// TestRulesAreExplained holds the rules to those that the documentation
// explains, in their order.
func TestRulesAreExplained(t *testing.T) {
	var all []string
	for _, r := range lint.Rules {
		all = append(all, r.Name)
	}
	if !slices.IsSorted(all) {
		t.Error(all)
	}
	text, err := os.ReadFile("../../docs/checking.md")
	if err != nil {
		t.Fatal(err)
	}
	var explained []string
	for _, m := range regexp.MustCompile("(?m)^### `([a-z-]+)`").FindAllStringSubmatch(string(text), -1) {
		explained = append(explained, m[1])
	}
	slices.Sort(explained)
	if !slices.Equal(explained, all) {
		t.Errorf("docs/checking.md explains %q", explained)
	}
}

func TestAllow(t *testing.T) {
	const files = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "http://ota.example.com"
[software.moden]
[lint]
allow = ["plain-http"]
`
	got := check(t, files)
	if len(got) != 1 || got[0].Name != "unused-software" {
		t.Errorf("%v", got)
	}
	if got := check(t, strings.Replace(files, "allow = [", `allow = ["unused-software", `, 1)); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
