package lint_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestSerials(t *testing.T) {
	var many strings.Builder
	for i := 1; i <= 25; i++ {
		fmt.Fprintf(&many, "S%03d\ns-%03d\n", i, i)
	}
	const project = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
`
	warn(t, []warning{
		{"similar serials", project + `
-- cohorts/beta.toml --
devices = ["AA-BB-01", "00123", "x"]
-- cohorts/late.toml --
devices_file = "late.txt"
-- cohorts/late.txt --
aabb01
1234
aa_bb_01
123
`, `
cohorts/late.txt:1: warning[similar-serials]: device serial "aabb01" looks like "AA-BB-01" in cohorts/beta.toml:1, but is another one
hint: a device is known by exactly the serial that it sends: keep that one only
cohorts/late.txt:3: warning[similar-serials]: device serial "aa_bb_01" looks like "AA-BB-01" in cohorts/beta.toml:1, but is another one
hint: a device is known by exactly the serial that it sends: keep that one only
cohorts/late.txt:4: warning[similar-serials]: device serial "123" looks like "00123" in cohorts/beta.toml:1, but is another one
hint: a device is known by exactly the serial that it sends: keep that one only
`},
		{"allowed", project + `[lint]
allow = ["similar-serials"]
-- cohorts/beta.toml --
devices = ["AA-BB-01", "AABB01"]
`, ``},
		{"unlike", project + `
-- cohorts/beta.toml --
devices = ["A100", "A10", "B100", "100", "A-1"]
`, ``},
	})
}

func TestDescribedVersions(t *testing.T) {
	const project = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
version_order = "%s"
[software.main]
known_versions = ["1.0.0", "v1.0.0-12-gdeadbee-dirty"]
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0-3-g01ab23c.toml --
version = "%s"
[payload.main.mp]
file = "a.bin"
-- releases/a.bin --
abc
`
	const known = `
cairn.toml:6:28: warning[described-version]: version "v1.0.0-12-gdeadbee-dirty" is of a build after the tag "1.0.0", but below it: its devices would be offered the older "1.0.0"
  6 | known_versions = ["1.0.0", "v1.0.0-12-gdeadbee-dirty"]
hint: number builds after a tag above it, such as "1.0.0+12.gdeadbee.dirty": git describe | sed 's/-/+/; s/-/./g'
`
	const release = `releases/1.1.0-3-g01ab23c.toml:1:11: warning[described-version]: version "1.1.0-3-g01ab23c" is of a build after the tag "1.1.0", but below it: its devices would be offered the older "1.1.0"
  1 | version = "1.1.0-3-g01ab23c"
hint: number builds after a tag above it, such as "1.1.0+3.g01ab23c": git describe | sed 's/-/+/; s/-/./g'
`
	warn(t, []warning{
		{"semver", fmt.Sprintf(project, "semver", "1.1.0-3-g01ab23c"), known + release},
		// There, a leading v is above every digit.
		{"natural", fmt.Sprintf(project, "natural", "1.1.0-3-g01ab23c"), "\n" + release},
		{"without a count", fmt.Sprintf(project, "natural", "1.1.0-g01ab23c"),
			"\n" + strings.NewReplacer(`"1.1.0-3-g`, `"1.1.0-g`, "1.1.0+3.g", "1.1.0+g").Replace(release)},
		{"above the tag", fmt.Sprintf(project, "natural", "1.1.0+3.g01ab23c"), ""},
		{"without the tag", fmt.Sprintf(project, "natural", "1.2.0-3-g01ab23c"), ""},
	})
}
