package releases_test

import "testing"

func TestRefuseEdges(t *testing.T) {
	refuse(t, []refusal{
		{"reasons that say nothing", `
-- releases/r.toml --
version = "1.1.0"
must_pass_through = " "
dead_end = ""
`, `
releases/r.toml:2:21: must_pass_through … says nothing
hint: say why
releases/r.toml:3:12: dead_end … says nothing
hint: say why
`},
		{"dead_end without a reason", `
-- releases/r.toml --
version = "1.1.0"
dead_end = true
`, `
releases/r.toml:2:12: dead_end … boolean … string
hint: dead_end = "…"
`},
		{"min_version", `
-- releases/r.toml --
version = "1.1.0"
min_version = "1.1.0"
-- releases/s.toml --
version = "1.2.0"
min_version = ">=1.0.0"
`, `
releases/r.toml:2:15: min_version 1.1.0 is not below … 1.1.0
hint: lowest version
releases/s.toml:2:15: version ">=1.0.0" … SemVer
hint: 1.2.3-rc.1
`},
		{"a block of nothing", `
-- releases/r.toml --
version = "1.1.0"
[blocked.""]
[blocked.b]
from = []
reason = ""
because = "x"
[blocked.c]
from = "1.0.0"
reason = "x"
url = "jira/1"
fixed_in = "1.1.0"
`, `
releases/r.toml:2:10: [blocked.""] has no from
hint: from = ["1.0.3", ">=0.9.0 <0.9.4"]
releases/r.toml:2:10: [blocked.""] has no reason
hint: reason = "…"
releases/r.toml:2:10: block … no name
hint: [blocked."eats-calibration"]
releases/r.toml:4:8: from names no version
hint: from = [
releases/r.toml:5:10: reason says nothing
hint: say why
releases/r.toml:6:1: unknown … "because" … [blocked.b]
hint: fixed_in, from, reason, url
releases/r.toml:8:8: from … string … array
hint: from = [
releases/r.toml:10:7: url "jira/1" … absolute
hint: https://
releases/r.toml:11:12: fixed_in 1.1.0 is not above 1.1.0
hint: lowest version
`},
		{"what a block cannot be from", `
-- releases/r.toml --
version = "1.1.0"
[blocked.b]
from = ["1.1.0", "1.x", "^1.0.0", ">=1.0.0 || <0.9.0", ">= 1.0", " ", 1, ">=0.9.0 <0.9.4", "> 0.8.0"]
reason = "x"
`, `
releases/r.toml:3:9: from 1.1.0 is not below 1.1.0
hint: going up
releases/r.toml:3:18: version "1.x" … SemVer
hint: 1.2.3-rc.1
releases/r.toml:3:25: from "^1.0.0": "^1.0.0" is no bound
hint: ">=0.9.0 <0.9.4"
releases/r.toml:3:35: from ">=1.0.0 || <0.9.0": "|| <0.9.0" is no bound
hint: several ranges are several entries
releases/r.toml:3:56: from ">= 1.0": version "1.0" … SemVer
hint: ">=0.9.0 <0.9.4"
releases/r.toml:3:66: from " ": it has no bound
hint: ">=0.9.0 <0.9.4"
releases/r.toml:3:71: a version in from … integer … string
hint: from = [
`},
		{"a range in natural order", `
-- cairn.toml --
[project]
slug = "x"
base_url = "https://ota.example.com"
version_order = "natural"
-- releases/r.toml --
version = "rev 9"
[blocked.b]
from = [">=rev 1", "rev 8", "rev 10"]
reason = "x"
`, `
releases/r.toml:3:9: from ">=rev 1" … natural
hint: one by one
releases/r.toml:3:29: from rev 10 is not below rev 9
hint: going up
`},
	})
}
