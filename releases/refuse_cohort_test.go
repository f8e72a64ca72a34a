package releases_test

import "testing"

func TestRefuseCohort(t *testing.T) {
	refuse(t, []refusal{
		{"wrong kinds", `
-- cohorts/beta.toml --
devices = "SN-1"
devices_file = ["beta.txt"]
version_check = "no"
activate = ["1.0.0"]
`, `
cohorts/beta.toml:1:11: devices … string … array
hint: write devices = ["SERIAL", …]
cohorts/beta.toml:2:16: devices_file … array … string
hint: devices_file = "…"
cohorts/beta.toml:3:17: version_check … string … boolean
hint: version_check = … version_check =
cohorts/beta.toml:4:12: activate … array … table
hint: write a table: [activate.…]
`},
		{"activation of another kind", `
-- cohorts/beta.toml --
activate."1.0.0" = 10
`, `
cohorts/beta.toml:1:20: activate."1.0.0" … integer … table
hint: write a table: [activate."1.0.0"]
`},
		{"wrong kinds in an activation", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = "10%"
seed = 7
paused = true
aborted = true
`, `
cohorts/beta.toml:2:11: rollout … string … number
hint: [{ at = …, percent = … }, …] … { start = …, duration = "48h" }
cohorts/beta.toml:3:8: seed … integer … string
hint: seed = "…"
cohorts/beta.toml:4:10: paused … boolean … date-time
hint: paused = 2026-12-01T09:00:00Z
cohorts/beta.toml:5:11: aborted … boolean … string
hint: aborted = "…"
`},
		{"unknown keys", `
-- cohorts/beta.toml --
device = ["SN-1"]
version-check = false
priority = 3
[activate."1.0.0"]
rolout = 10
abort = "x"
`, `
cohorts/beta.toml:1:1: unknown … "device" … file
hint: did you mean "devices"?
cohorts/beta.toml:2:1: unknown … "version-check" … file
hint: did you mean "version_check"?
cohorts/beta.toml:3:1: unknown … "priority" … file
hint: activate, devices, devices_file, devices_sha256, promote, version_check
cohorts/beta.toml:5:1: unknown … "rolout" … [activate."1.0.0"]
hint: did you mean "rollout"?
cohorts/beta.toml:6:1: unknown … "abort" … [activate."1.0.0"]
hint: aborted, eager, paused, resumed, rollout, seed
`},
		{"unknown key that holds a table", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rolout = { start = 2026-12-01T09:00:00Z, duration = "48h" }
`, `
cohorts/beta.toml:2:1: unknown … "rolout" … [activate."1.0.0"]
hint: did you mean "rollout"?
`},
		{"unknown key alone that holds a table", `
-- cohorts/beta.toml --
[activate."1.0.0".ramp]
duration = "48h"
`, `
cohorts/beta.toml:1:19: unknown … "ramp" … [activate."1.0.0"]
hint: aborted, eager, paused, resumed, rollout, seed
`},
		{"version without quotes", `
-- cohorts/beta.toml --
[activate.1.0.0]
`, `
cohorts/beta.toml:1:15: version 1.0.0 … tables
hint: write [activate."1.0.0"]
`},
		{"several versions without quotes", `
-- cohorts/beta.toml --
[activate.1.0.0]
rollout = 10
[activate.1.1.0]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h" }
[activate."2.0.0"]
`, `
cohorts/beta.toml:1:15: version 1.0.0 … tables
hint: write [activate."1.0.0"]
cohorts/beta.toml:3:15: version 1.1.0 … tables
hint: write [activate."1.1.0"]
cohorts/beta.toml:5:11: release … "2.0.0"
hint: "1.0.0" … file … releases/ … version = "2.0.0"
`},
		{"version without quotes as a dotted key", `
-- cohorts/beta.toml --
activate.1.0.0.rollout = 10
`, `
cohorts/beta.toml:1:14: version 1.0.0 … tables
hint: write [activate."1.0.0"]
`},
		{"no such release", `
-- cohorts/beta.toml --
[activate."1.0.1"]
`, `
cohorts/beta.toml:1:11: release … "1.0.1"
hint: "1.0.0" … file … releases/ … version = "1.0.1"
`},
		{"no such release, none near", `
-- cohorts/beta.toml --
[activate."2024.06"]
rollout = 3
`, `
cohorts/beta.toml:1:11: release … "2024.06"
hint: file … releases/ … version = "2024.06"
`},
		{"empty seed", `
-- cohorts/beta.toml --
[activate."1.0.0"]
seed = ""
`, `
cohorts/beta.toml:2:8: seed is empty
hint: any text
`},
		{"slug of the file name", `
-- cohorts/beta testers.toml --
[activate."1.0.0"]
`, `
cohorts/beta testers.toml:1:1: cohort slug "beta testers" is not valid
hint: slug … [-a-zA-Z0-9_]+ … file
`},
		{"slugs that differ in case", `
-- cohorts/Beta.toml --
[activate."1.0.0"]
`, `
cohorts/beta.toml:1:1: cohort … "Beta" … "beta" … file systems
hint: rename … files
`},
		{"devices in default", `
-- cohorts/default.toml --
devices = ["SN-2"]
devices_file = "default.txt"
-- cohorts/default.txt --
SN-3
`, `
cohorts/default.toml:1:11: cohort default lists devices
hint: another name
cohorts/default.toml:2:16: cohort default lists devices
hint: another name
`},
		{"serial", `
-- cohorts/beta.toml --
devices = [
  "SN-1",
  "SN 2", "SN.3",
  4, "",
  "ÄÖÜ",
]
`, `
cohorts/beta.toml:3:3: "SN 2" … serial
hint: 128 characters
cohorts/beta.toml:3:11: "SN.3" … serial
hint: 128 characters
cohorts/beta.toml:4:3: device … integer … string
hint: write devices = ["SERIAL", …]
cohorts/beta.toml:4:6: "" … serial
hint: 128 characters
cohorts/beta.toml:5:3: "ÄÖÜ" … serial
hint: 128 characters
`},
		{"serial is too long", `
-- cohorts/beta.toml --
devices = ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]
`, `
cohorts/beta.toml:1:12: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxx" … serial
hint: 128 characters
`},
		{"serial with what is not seen", `
-- cohorts/beta.toml --
devices = ["SN1 ", "SN2\r", "\u00a0SN3"]
`, `
cohorts/beta.toml:1:12: "SN1 " … serial
hint: 128 characters
cohorts/beta.toml:1:20: "SN2\r" … serial
hint: 128 characters
cohorts/beta.toml:1:29: "\u00a0SN3" … serial
hint: 128 characters
`},
		{"serial in a file", `
-- cohorts/beta.toml --
devices_file = "lists/beta.txt"
-- cohorts/lists/beta.txt --
# the first hundred
SN-1
  SN 2  # with a space
SN-3, SN-4
`, `
cohorts/lists/beta.txt:3:3: "SN 2" … serial
hint: 128 characters
cohorts/lists/beta.txt:4:1: "SN-3, SN-4" … serial
hint: 128 characters
`},
		{"twice in a cohort", `
-- cohorts/beta.toml --
devices = ["AB", "A", "B", "A",
  "A"]
`, `
cohorts/beta.toml:1:28: device … "A" … cohorts/beta.toml:1:18
hint: out … two
cohorts/beta.toml:2:3: device … "A" … cohorts/beta.toml:1:28
hint: out … two
`},
		{"twice in a cohort, in list and file", `
-- cohorts/beta.toml --
devices_file = "beta.txt"
devices = ["SN-1"]
-- cohorts/beta.txt --
SN-2
SN-1   # again
SN-2
`, `
cohorts/beta.txt:2:1: device … "SN-1" … cohorts/beta.toml:2:12
hint: out … two
cohorts/beta.txt:3:1: device … "SN-2" … cohorts/beta.txt:1:1
hint: out … two
`},
		{"in two cohorts", `
-- cohorts/beta.toml --
devices = ["SN-1"]
-- cohorts/alpha.toml --
devices_file = "alpha.txt"
-- cohorts/alpha.txt --

SN-11
SN-1
`, `
cohorts/beta.toml:1:12: device … "SN-1" … cohorts/alpha.txt:3:1
hint: out … two
`},
		{"two cohorts with one devices_file", `
-- cohorts/alpha.toml --
devices_file = "both.txt"
-- cohorts/beta.toml --
devices_file = "both.txt"
-- cohorts/both.txt --
SN-9
`, `
cohorts/both.txt:1:1: device … "SN-9" … "alpha" … "beta" … file
hint: out … two
`},
		{"devices_file is missing", `
-- cohorts/beta.toml --
devices_file = "beta.txt"
`, `
cohorts/beta.toml:1:16: devices_file "beta.txt" … file
hint: file … cohorts/beta.toml
`},
		{"devices_file is a folder", `
-- cohorts/beta.toml --
devices_file = "../releases"
`, `
cohorts/beta.toml:1:16: devices_file "../releases" … folder
hint: file … cohorts/beta.toml
`},
		{"devices_file leads out", `
-- cohorts/beta.toml --
devices_file = "../../beta.txt"
`, `
cohorts/beta.toml:1:16: path "../../beta.txt" … folder
hint: file … cohorts/
`},
		{"a digest of no devices_file", `
-- cohorts/beta.toml --
devices_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
`, `
cohorts/beta.toml:1:18: devices_sha256 is of no devices_file
hint: devices_file =
`},
		{"devices_file is empty", `
-- cohorts/beta.toml --
devices_file = ""
`, `
cohorts/beta.toml:1:16: the path is empty
hint: file … cohorts/
`},
	})
}
