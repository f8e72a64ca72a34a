package releases_test

import (
	"slices"
	"testing"

	"cairn/releases"
)

func TestRefuseLintAndTimezone(t *testing.T) {
	refuse(t, []refusal{
		{"unknown warnings", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[lint]
allow = ["plain-htpp", "many-hops", "style"]
`, `
cairn.toml:5:10: no warning is called "plain-htpp"
  5 | allow = ["plain-htpp", "many-hops", "style"]
hint: did you mean "plain-http"?
cairn.toml:5:37: no warning is called "style"
  5 | allow = ["plain-htpp", "many-hops", "style"]
hint: the names: blank-payload, dead-delta, delta-over-must-pass-through, empty-release, expiring-url, many-hops, off-hours-step, other-chip, other-url-scheme, other-version-inside, plain-http, rounded-percentage, secret-in-url, shadowed-release, similar-names, similar-versions, skipped-must-pass-through, starts-before-created, stuck-devices, text-payload, unused-software, update-loop, web-page-url, wrong-artifact
`},
		{"warnings of other kinds", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[lint]
allow = [1]
deny = ["plain-http"]
`, `
cairn.toml:5:10: a warning's name is an integer, not a string
  5 | allow = [1]
hint: write allow = ["plain-http"]
cairn.toml:6:1: unknown key "deny" in [lint]
  6 | deny = ["plain-http"]
hint: known here: allow
`},
		{"one warning", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[lint]
allow = "plain-http"
`, `
cairn.toml:5:9: allow is a string, not an array
  5 | allow = "plain-http"
hint: write allow = ["plain-http"]
`},
		{"timezone", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
timezone = "Europe/Berln"
`, `
cairn.toml:4:12: timezone "Europe/Berln" is not known
  4 | timezone = "Europe/Berln"
hint: write a name of the IANA time zone database: "Europe/Berlin", "UTC"
`},
		{"timezone of the machine", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
timezone = "Local"
`, `
cairn.toml:4:12: timezone "Local" is not known
  4 | timezone = "Local"
hint: write a name of the IANA time zone database: "Europe/Berlin", "UTC"
`},
		{"no timezone", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
timezone = ""
`, `
cairn.toml:4:12: timezone "" is not known
  4 | timezone = ""
hint: write a name of the IANA time zone database: "Europe/Berlin", "UTC"
`},
	})
}

func TestLintNamesAscend(t *testing.T) {
	if !slices.IsSorted(releases.LintNames) {
		t.Error(releases.LintNames)
	}
}
