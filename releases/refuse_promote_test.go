package releases_test

import "testing"

func TestRefusePromote(t *testing.T) {
	refuse(t, []refusal{
		{"wrong kinds", `
-- cohorts/default.toml --
promote = "beta"
`, `
cohorts/default.toml:1:11: promote … string … table
hint: write a table: [promote]
`},
		{"nothing said", `
-- cohorts/default.toml --
[promote]
`, `
cohorts/default.toml:1:2: [promote] has no from
hint: write from = "beta"
`},
		{"wrong values", `
-- cohorts/default.toml --
[promote]
from = "beta"
after = "-1h"
gate = "healty"
not = ["1.0.1", 7]
promoted = "1.0.2"
since = { "1.0.3" = 2026-12-01T09:00:00Z, "1.0.0" = 7 }
afterwards = 1
`, `
cohorts/default.toml:3:9: after "-1h" is under 0
hint: "48h"
cohorts/default.toml:4:8: no gate is called "healty"
hint: define it in cairn.toml: [gate.healty]
cohorts/default.toml:5:8: no release has version "1.0.1"
hint: did you mean "1.0.0"?
cohorts/default.toml:5:17: a version … integer … string
hint: write not = ["1.1.0"]
cohorts/default.toml:6:12: no release has version "1.0.2"
hint: did you mean "1.0.0"?
cohorts/default.toml:7:11: no release has version "1.0.3"
hint: did you mean "1.0.0"?
cohorts/default.toml:7:53: 1.0.0 … integer … date-time
hint: 2026-12-01T09:00:00Z
cohorts/default.toml:8:1: unknown key "afterwards"
hint: known here: after, from
`},
		{"no duration", `
-- cohorts/default.toml --
[promote]
from = "beta"
after = "2d"
`, `
cohorts/default.toml:3:9: after "2d" is no duration
hint: "48h"
`},
		{"a rollout that has begun", `
-- cohorts/default.toml --
[promote]
from = "beta"
rollout = { start = 2026-12-01T09:00:00Z, duration = "0h" }
`, `
cohorts/default.toml:3:13: start is known once the release is promoted
hint: leave start out
cohorts/default.toml:3:54: duration "0h" is not over 0
hint: "48h"
`},
		{"steps that have begun", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[gate.healthy]
source = "file"
file = "health.json"
-- cohorts/default.toml --
[promote]
from = "beta"
rollout = [ { at = 2026-12-01T09:00:00Z, percent = 1 }, { after = "1h", percent = 0.5, gate = "helthy" }, { percent = 10 }, { after = "1h", percent = 100, gate = "healthy", passed = 2026-12-01T09:00:00Z } ]
`, `
cohorts/default.toml:3:15: at is known once the release is promoted
hint: leave at out
cohorts/default.toml:3:83: percent 0.5 is under the 1
hint: a rollout only grows
cohorts/default.toml:3:95: no gate is called "helthy"
hint: did you mean "healthy"?
cohorts/default.toml:3:107: a step behind the first has no after
hint: write { after =
cohorts/default.toml:3:174: passed is known once the release is promoted
hint: leave passed out
`},
		{"a first step that comes after something", `
-- cohorts/default.toml --
[promote]
from = "beta"
rollout = [ { after = "1h", percent = 1 } ]
`, `
cohorts/default.toml:3:13: the first step has no step before it
hint: write
`},
		{"what nobody can tell", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[gate.silence]
source = "adoption"
max_silent = 2
-- cohorts/default.toml --
[promote]
from = "beta"
gate = "silence"
`, `
cohorts/default.toml:3:8: max_silent, which cannot be told of a release that all devices are offered
hint: max_downloads_per_arrival
`},
		{"from nowhere, from itself, round and round", `
-- cohorts/default.toml --
[promote]
from = "bta"
-- cohorts/self.toml --
[promote]
from = "self"
-- cohorts/one.toml --
[promote]
from = "two"
-- cohorts/two.toml --
[promote]
from = "one"
-- cohorts/three.toml --
[promote]
from = "two"
`, `
cohorts/default.toml:2:8: there is no cohort "bta"
hint: did you mean "beta"?
cohorts/one.toml:2:8: releases would go round: one from two from one
hint: promote from a cohort that gets releases first
cohorts/self.toml:2:8: releases would go round: self from self
hint: promote from
cohorts/two.toml:2:8: releases would go round: two from one from two
hint: promote from
`},
	})
}
