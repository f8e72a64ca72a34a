package releases_test

import (
	"strings"
	"testing"

	"cairn/releases"
)

const natural = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
version_order = "natural"
`

const pinned = `url = "https://cdn.example.com/x"
size = 3
sha256 = "` + abcSHA256 + `"
`

// TestLimits has what is just short enough, and one more.
func TestLimits(t *testing.T) {
	for _, row := range []struct {
		name   string
		files  string // with an X in the place of the name
		prefix string // of the name, before a run of fillers
		filler string
		count  int    // of fillers that is allowed
		place  string // of the fault of one more
		fault  string
	}{
		{"version, in characters", "-- releases/r.toml --\nversion = \"X\"", "", "9", 128,
			"releases/r.toml:1:11", "version has 129 characters"},
		{"version, in characters of several bytes", "-- releases/r.toml --\nversion = \"X\"", strings.Repeat("a", 110), "ü", 15,
			"releases/r.toml:1:11", "takes 206 bytes as a path segment, over 200"},
		{"version, escaped", "-- releases/r.toml --\nversion = \"X\"", "ab", "+", 66,
			"releases/r.toml:1:11", "takes 203 bytes as a path segment, over 200"},
		{"from-version, escaped", "-- releases/r.toml --\nversion = \"1\"\n[delta.main.mp.\"X\"]\n" + pinned, "ab", "+", 66,
			"releases/r.toml:2:16", "takes 203 bytes as a path segment, over 200"},
		{"known version, escaped", "-- cairn.toml --\n[project]\nslug = \"demo\"\nbase_url = \"https://x.example\"\nversion_order = \"natural\"\n[software.main]\nknown_versions = [\n  \"X\" ]", "ab", "_", 66,
			"cairn.toml:7:3", "takes 203 bytes as a path segment, over 200"},
		{"software type, escaped", "-- releases/r.toml --\nversion = \"1\"\n[payload.\"X\".mp]\n" + pinned, "ab", ":", 66,
			"releases/r.toml:2:10", "takes 203 bytes as a path segment, over 200"},
		{"hardware version, escaped", "-- releases/r.toml --\nversion = \"1\"\n[payload.main.\"X\"]\n" + pinned, "ab", "_", 66,
			"releases/r.toml:2:15", "takes 203 bytes as a path segment, over 200"},
		{"hardware version of a delta, escaped", "-- releases/r.toml --\nversion = \"1\"\n[delta.main.\"X\".0]\n" + pinned, "ab", "_", 66,
			"releases/r.toml:2:13", "takes 203 bytes as a path segment, over 200"},
		{"stored name, escaped", "-- releases/r.toml --\nversion = \"1\"\n[payload.main.mp]\nsize = 1\nsha256 = \"" + abcSHA256 + "\"\nstored = \"X\"", "ab", " ", 66,
			"releases/r.toml:5:10", "takes 203 bytes as a path segment, over 200"},
		{"file name, escaped", "-- releases/r.toml --\nversion = \"1\"\n[payload.main.mp]\nfile = \"folder/X\"\n-- releases/folder/X --\nabc", "ab", "(", 66,
			"releases/r.toml:3:8", "takes 203 bytes as a path segment, over 200"},
		{"slug", "-- cairn.toml --\n[project]\nversion_order = \"natural\"\nbase_url = \"https://x.example\"\nslug = \"X\"", "", "a", 190,
			"cairn.toml:4:8", "slug has 191 characters"},
		{"prefix", "-- cairn.toml --\n[project]\nversion_order = \"natural\"\nbase_url = \"https://x.example\"\nslug = \"a\"\nprefix = \"X\"", "a/", "b", 188,
			"cairn.toml:5:10", "prefix has 191 characters"},
		{"cohort slug", "-- cohorts/X.toml --", "", "b", 200,
			"cohorts/X.toml:1:1", "is not valid"},
		{"serial", "-- cohorts/alpha.toml --\ndevices = [\n\t\"X\" ]", "", "s", 128,
			"cohorts/alpha.toml:2:2", "is no device serial"},
	} {
		t.Run(row.name, func(t *testing.T) {
			load := func(name string) error {
				_, err := releases.Load(project(sound, natural, strings.ReplaceAll(row.files, "X", name)))
				return err
			}
			name := row.prefix + strings.Repeat(row.filler, row.count)
			if err := load(name); err != nil {
				t.Errorf("%d are refused:\n%v", row.count, err)
			}
			name += row.filler
			err := load(name)
			if err == nil {
				t.Fatalf("%d are taken", row.count+1)
			}
			place := strings.ReplaceAll(row.place, "X", name)
			if faults := err.(releases.Faults); len(faults) != 1 || faults[0].Place.String() != place || !strings.Contains(faults[0].Message, row.fault) {
				t.Errorf("want one fault, %s: %s\n%v", place, row.fault, err)
			}
		})
	}
}
