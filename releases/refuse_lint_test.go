package releases_test

import "testing"

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
cairn.toml:5:10: warning … "plain-htpp"
hint: did you mean "plain-http"?
cairn.toml:5:37: warning … "style"
hint: many-hops, plain-http
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
cairn.toml:5:10: warning's … integer … string
hint: write allow = ["plain-http"]
cairn.toml:6:1: unknown … "deny" … [lint]
hint: allow
`},
		{"one warning", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[lint]
allow = "plain-http"
`, `
cairn.toml:5:9: allow … string … array
hint: write allow = ["plain-http"]
`},
		{"timezone", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
timezone = "Europe/Berln"
`, `
cairn.toml:4:12: timezone "Europe/Berln" … known
hint: "Europe/Berlin", "UTC"
`},
		{"timezone of the machine", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
timezone = "Local"
`, `
cairn.toml:4:12: timezone "Local" … known
hint: "Europe/Berlin", "UTC"
`},
		{"no timezone", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
timezone = ""
`, `
cairn.toml:4:12: timezone "" … known
hint: "Europe/Berlin", "UTC"
`},
	})
}
