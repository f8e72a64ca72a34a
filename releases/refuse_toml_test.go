package releases_test

import "testing"

func TestRefuseTOML(t *testing.T) {
	refuse(t, []refusal{
		{"not TOML at all", `
-- cairn.toml --
slug: demo
`, `
cairn.toml:1:5: '.' or '=', but got ':'
  1 | slug: demo
hint: write key = value
`},
		{"value missing", `
-- cohorts/beta.toml --
version_check =
`, `
cohorts/beta.toml:1:16: value, but got the end of the line
  1 | version_check =
hint: "…"
`},
		{"text without quotes", `
-- cohorts/beta.toml --
devices_file = beta.txt
`, `
cohorts/beta.toml:1:16: value, but got "beta"
  1 | devices_file = beta.txt
hint: "…"
`},
		{"percent sign", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = 10%
`, `
cohorts/beta.toml:2:13: end of the line, but got '%'
  2 | rollout = 10%
hint: "…"
`},
		{"table not closed", `
-- cairn.toml --
[project
slug = "demo"
`, `
cairn.toml:1:9: ']' to end table name
  1 | [project
hint: close it with ]
`},
		{"string not closed", `
-- releases/1.0.0.toml --
version = "1.0.0
`, `
cohorts/beta.toml:2:11: no release has version "1.0.0"
  2 | [activate."1.0.0"]
hint: releases/1.0.0.toml
releases/1.0.0.toml:1:17: cannot contain newlines
  1 | version = "1.0.0
hint: end … line
`},
		{"array not closed", `
-- cohorts/beta.toml --
devices = ["SN-1",
`, `
cohorts/beta.toml:1:19: text ends
  1 | devices = ["SN-1",
hint: ]
`},
		{"impossible date", `
-- cohorts/beta.toml --
[activate."1.0.0"]
paused = 2026-02-30T10:00:00Z
`, `
cohorts/beta.toml:2:10: datetime: "2026-02-30T10:00:00Z"
  2 | paused = 2026-02-30T10:00:00Z
hint: 2026-12-01T09:00:00Z
`},
		{"offset of more than an hour of minutes", `
-- cohorts/beta.toml --
[activate."1.0.0"]
paused = 2026-12-02T10:00:00+01:60
`, `
cohorts/beta.toml:2:10: offset … +01:60
hint: +05:30
`},
		{"value that another one takes the place of", `
-- cohorts/beta.toml --
activate."1.0.0".rollout = [1]
activate."1.0.0".rollout.start = 2026-12-02T10:00:00Z
`, `
cohorts/beta.toml:2:1: rollout is already defined, in line 1
hint: one … two
`},
		{"leading zero", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = 010
`, `
cohorts/beta.toml:2:11: "010" … leading zeroes
  2 | rollout = 010
hint: https://toml.io/en/v1.0.0
`},
		{"integer too large", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
bucket_digits = 99999999999999999999
`, `
cairn.toml:4:17: 99999999999999999999 is out of range
  4 | bucket_digits = 99999999999999999999
hint: https://toml.io/en/v1.0.0
`},
		{"letter that is not ASCII in a key", `
-- releases/1.0.0.toml --
version = "1.0.0"
überholt = true
`, `
cohorts/beta.toml:2:11: no release has version "1.0.0"
  2 | [activate."1.0.0"]
hint: releases/1.0.0.toml
releases/1.0.0.toml:2:1: but got 'ü'
  2 | überholt = true
hint: stands … quotes
`},
		{"doubled key", `
-- releases/1.0.0.toml --
version = "1.0.0"
notes = "a"

version = "1.0.0"
`, `
cohorts/beta.toml:2:11: no release has version "1.0.0"
  2 | [activate."1.0.0"]
hint: releases/1.0.0.toml
releases/1.0.0.toml:4:1: key version is already defined, in line 1
  4 | version = "1.0.0"
hint: keep … two
`},
		{"doubled key in a table", `
-- cohorts/beta.toml --
devices = ["SN-1"]
[activate."1.0.0"]
rollout = 1
seed = "a"
rollout = 2
`, `
cohorts/beta.toml:5:1: key rollout is already defined, in line 3
  5 | rollout = 2
hint: keep … two
`},
		{"doubled table", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = 1
[activate."1.0.0"]
rollout = 2
`, `
cohorts/beta.toml:3:2: table "1.0.0" is already defined, in line 1
  3 | [activate."1.0.0"]
hint: keep … two
`},
		{"table over a key", `
-- cohorts/beta.toml --
activate."1.0.0".rollout = 1
[activate."1.0.0"]
`, `
cohorts/beta.toml:2:2: table "1.0.0" is already defined, in line 1
  2 | [activate."1.0.0"]
hint: keep … two
`},
		{"key over a table by dots", `
-- cohorts/beta.toml --
[activate]
"1.0.0".rollout = 1
"1.0.0" = { rollout = 2 }
`, `
cohorts/beta.toml:3:1: key "1.0.0" is already defined, in line 2
  3 | "1.0.0" = { rollout = 2 }
hint: keep … two
`},
		{"doubled key in an inline table", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", start = 2026-12-02T09:00:00Z }
`, `
cohorts/beta.toml:2:61: key start is already defined, in line 2
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", start = 2026-12-02T09:00:00Z }
hint: keep … two
`},
		{"doubled key in a step", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 1 },
  { at = 2026-12-03T09:00:00Z, percent = 10, at = 2026-12-04T09:00:00Z },
]
`, `
cohorts/beta.toml:4:46: key at is already defined, in line 4
  4 |   { at = 2026-12-03T09:00:00Z, percent = 10, at = 2026-12-04T09:00:00Z },
hint: keep … two
`},
		{"doubled key in a step table", `
-- cohorts/beta.toml --
[[activate."1.0.0".rollout]]
at = 2026-12-01T09:00:00Z
percent = 1
[[activate."1.0.0".rollout]]
at = 2026-12-02T09:00:00Z
percent = 1
percent = 2
`, `
cohorts/beta.toml:7:1: key percent is already defined, in line 6
  7 | percent = 2
hint: keep … two
`},
		{"backslash in double quotes", `
-- cohorts/beta.toml --
devices_file = "lists\ubeta.txt"
`, `
cohorts/beta.toml:1:26: hexadecimal digits after '\u'
  1 | devices_file = "lists\ubeta.txt"
hint: quotes: 'C:\fw'
`},
		{"backslash before another letter", `
-- cohorts/beta.toml --
devices_file = "lists\gamma.txt"
`, `
cohorts/beta.toml:1:22: escape … '\g'
  1 | devices_file = "lists\gamma.txt"
hint: quotes: 'C:\fw'
`},
		{"doubled key after a longer text", `
-- releases/1.0.0.toml --
version = "1.0.0"
notes = """
first
second"""
notes = "third"
`, `
cohorts/beta.toml:2:11: no release has version "1.0.0"
  2 | [activate."1.0.0"]
hint: releases/1.0.0.toml
releases/1.0.0.toml:5:1: key notes is already defined, in line 2
  5 | notes = "third"
hint: keep … two
`},
		{"doubled key in a nested table of an array", `
-- releases/1.0.0.toml --
version = "1.0.0"
[extra_info]
matrix = [
  [1, 2], # rows
  [{ a = 1, b = { c = 1, c = 2 } }],
]
`, `
cohorts/beta.toml:2:11: no release has version "1.0.0"
  2 | [activate."1.0.0"]
hint: releases/1.0.0.toml
releases/1.0.0.toml:5:26: key c is already defined, in line 5
  5 |   [{ a = 1, b = { c = 1, c = 2 } }],
hint: keep … two
`},
	})
}
