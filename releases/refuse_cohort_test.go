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
cohorts/beta.toml:1:11: devices is a string, not an array
  1 | devices = "SN-1"
hint: write devices = ["SERIAL", …]
cohorts/beta.toml:2:16: devices_file is an array, not a string
  2 | devices_file = ["beta.txt"]
hint: write devices_file = "…", in quotes
cohorts/beta.toml:3:17: version_check is a string, not a boolean
  3 | version_check = "no"
hint: write version_check = true or version_check = false, without quotes
cohorts/beta.toml:4:12: activate is an array, not a table
  4 | activate = ["1.0.0"]
hint: write a table: [activate.…]
`},
		{"activation of another kind", `
-- cohorts/beta.toml --
activate."1.0.0" = 10
`, `
cohorts/beta.toml:1:20: activate."1.0.0" is an integer, not a table
  1 | activate."1.0.0" = 10
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
cohorts/beta.toml:2:11: rollout is a string, not a number
  2 | rollout = "10%"
hint: write a percentage, steps [{ at = …, percent = … }, …] or a ramp { start = …, duration = "48h" }
cohorts/beta.toml:3:8: seed is an integer, not a string
  3 | seed = 7
hint: write seed = "…", in quotes
cohorts/beta.toml:4:10: paused is a boolean, not a date-time
  4 | paused = true
hint: write paused = 2026-12-01T09:00:00Z, without quotes
cohorts/beta.toml:5:11: aborted is a boolean, not a string
  5 | aborted = true
hint: write aborted = "…", in quotes
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
cohorts/beta.toml:1:1: unknown key "device" in the file
  1 | device = ["SN-1"]
hint: did you mean "devices"?
cohorts/beta.toml:2:1: unknown key "version-check" in the file
  2 | version-check = false
hint: did you mean "version_check"?
cohorts/beta.toml:3:1: unknown key "priority" in the file
  3 | priority = 3
hint: known here: activate, devices, devices_file, version_check
cohorts/beta.toml:5:1: unknown key "rolout" in [activate."1.0.0"]
  5 | rolout = 10
hint: did you mean "rollout"?
cohorts/beta.toml:6:1: unknown key "abort" in [activate."1.0.0"]
  6 | abort = "x"
hint: known here: aborted, paused, rollout, seed
`},
		{"unknown key that holds a table", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rolout = { start = 2026-12-01T09:00:00Z, duration = "48h" }
`, `
cohorts/beta.toml:2:1: unknown key "rolout" in [activate."1.0.0"]
  2 | rolout = { start = 2026-12-01T09:00:00Z, duration = "48h" }
hint: did you mean "rollout"?
`},
		{"unknown key alone that holds a table", `
-- cohorts/beta.toml --
[activate."1.0.0".ramp]
duration = "48h"
`, `
cohorts/beta.toml:1:19: unknown key "ramp" in [activate."1.0.0"]
  1 | [activate."1.0.0".ramp]
hint: known here: aborted, paused, rollout, seed
`},
		{"version without quotes", `
-- cohorts/beta.toml --
[activate.1.0.0]
`, `
cohorts/beta.toml:1:15: version 1.0.0 stands without quotes, so its dots separate tables
  1 | [activate.1.0.0]
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
cohorts/beta.toml:1:15: version 1.0.0 stands without quotes, so its dots separate tables
  1 | [activate.1.0.0]
hint: write [activate."1.0.0"]
cohorts/beta.toml:3:15: version 1.1.0 stands without quotes, so its dots separate tables
  3 | [activate.1.1.0]
hint: write [activate."1.1.0"]
cohorts/beta.toml:5:11: no release has version "2.0.0"
  5 | [activate."2.0.0"]
hint: did you mean "1.0.0"? Otherwise define it: a file in releases/ with version = "2.0.0"
`},
		{"version without quotes as a dotted key", `
-- cohorts/beta.toml --
activate.1.0.0.rollout = 10
`, `
cohorts/beta.toml:1:14: version 1.0.0 stands without quotes, so its dots separate tables
  1 | activate.1.0.0.rollout = 10
hint: write [activate."1.0.0"]
`},
		{"no such release", `
-- cohorts/beta.toml --
[activate."1.0.1"]
`, `
cohorts/beta.toml:1:11: no release has version "1.0.1"
  1 | [activate."1.0.1"]
hint: did you mean "1.0.0"? Otherwise define it: a file in releases/ with version = "1.0.1"
`},
		{"no such release, none near", `
-- cohorts/beta.toml --
[activate."2024.06"]
rollout = 3
`, `
cohorts/beta.toml:1:11: no release has version "2024.06"
  1 | [activate."2024.06"]
hint: define it: a file in releases/ with version = "2024.06"
`},
		{"empty seed", `
-- cohorts/beta.toml --
[activate."1.0.0"]
seed = ""
`, `
cohorts/beta.toml:2:8: seed is empty
  2 | seed = ""
hint: leave seed out, or write any text
`},
		{"slug of the file name", `
-- cohorts/beta testers.toml --
[activate."1.0.0"]
`, `
cohorts/beta testers.toml:1:1: cohort slug "beta testers" is not valid
hint: a slug is letters, digits, - and _: [-a-zA-Z0-9_]+; rename the file
`},
		{"slugs that differ in case", `
-- cohorts/Beta.toml --
[activate."1.0.0"]
`, `
cohorts/beta.toml:1:1: cohort slugs "Beta" and "beta" differ in case only, so they collide on some file systems
hint: rename one of the files
`},
		{"devices in default", `
-- cohorts/default.toml --
devices = ["SN-2"]
devices_file = "default.txt"
-- cohorts/default.txt --
SN-3
`, `
cohorts/default.toml:1:11: cohort default lists devices
  1 | devices = ["SN-2"]
hint: default is every device that no other cohort lists; list them in a cohort of another name
cohorts/default.toml:2:16: cohort default lists devices
  2 | devices_file = "default.txt"
hint: default is every device that no other cohort lists; list them in a cohort of another name
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
cohorts/beta.toml:3:3: "SN 2" is no device serial
  3 |   "SN 2", "SN.3",
hint: a device serial is letters, digits, - and _, at most 128 characters
cohorts/beta.toml:3:11: "SN.3" is no device serial
  3 |   "SN 2", "SN.3",
hint: a device serial is letters, digits, - and _, at most 128 characters
cohorts/beta.toml:4:3: a device serial is an integer, not a string
  4 |   4, "",
hint: write devices = ["SERIAL", …]
cohorts/beta.toml:4:6: "" is no device serial
  4 |   4, "",
hint: a device serial is letters, digits, - and _, at most 128 characters
cohorts/beta.toml:5:3: "ÄÖÜ" is no device serial
  5 |   "ÄÖÜ",
hint: a device serial is letters, digits, - and _, at most 128 characters
`},
		{"serial is too long", `
-- cohorts/beta.toml --
devices = ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]
`, `
cohorts/beta.toml:1:12: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxx" is no device serial
  1 | devices = ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
hint: a device serial is letters, digits, - and _, at most 128 characters
`},
		{"serial with what is not seen", `
-- cohorts/beta.toml --
devices = ["SN1 ", "SN2\r", "\u00a0SN3"]
`, `
cohorts/beta.toml:1:12: "SN1 " is no device serial
  1 | devices = ["SN1 ", "SN2\r", "\u00a0SN3"]
hint: a device serial is letters, digits, - and _, at most 128 characters
cohorts/beta.toml:1:20: "SN2\r" is no device serial
  1 | devices = ["SN1 ", "SN2\r", "\u00a0SN3"]
hint: a device serial is letters, digits, - and _, at most 128 characters
cohorts/beta.toml:1:29: "\u00a0SN3" is no device serial
  1 | devices = ["SN1 ", "SN2\r", "\u00a0SN3"]
hint: a device serial is letters, digits, - and _, at most 128 characters
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
cohorts/lists/beta.txt:3:3: "SN 2" is no device serial
  3 |   SN 2  # with a space
hint: a device serial is letters, digits, - and _, at most 128 characters
cohorts/lists/beta.txt:4:1: "SN-3, SN-4" is no device serial
  4 | SN-3, SN-4
hint: a device serial is letters, digits, - and _, at most 128 characters
`},
		{"twice in a cohort", `
-- cohorts/beta.toml --
devices = ["AB", "A", "B", "A",
  "A"]
`, `
cohorts/beta.toml:1:28: device serial "A" is also in cohorts/beta.toml:1:18
  1 | devices = ["AB", "A", "B", "A",
hint: a device is in one cohort, once: take it out of one of the two
cohorts/beta.toml:2:3: device serial "A" is also in cohorts/beta.toml:1:28
  2 |   "A"]
hint: a device is in one cohort, once: take it out of one of the two
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
cohorts/beta.txt:2:1: device serial "SN-1" is also in cohorts/beta.toml:2:12
  2 | SN-1   # again
hint: a device is in one cohort, once: take it out of one of the two
cohorts/beta.txt:3:1: device serial "SN-2" is also in cohorts/beta.txt:1:1
  3 | SN-2
hint: a device is in one cohort, once: take it out of one of the two
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
cohorts/beta.toml:1:12: device serial "SN-1" is also in cohorts/alpha.txt:3:1
  1 | devices = ["SN-1"]
hint: a device is in one cohort, once: take it out of one of the two
`},
		{"two cohorts with one devices_file", `
-- cohorts/alpha.toml --
devices_file = "both.txt"
-- cohorts/beta.toml --
devices_file = "both.txt"
-- cohorts/both.txt --
SN-9
`, `
cohorts/both.txt:1:1: device serial "SN-9" is in cohorts "alpha" and "beta", which list the same file
  1 | SN-9
hint: a device is in one cohort, once: take it out of one of the two
`},
		{"devices_file is missing", `
-- cohorts/beta.toml --
devices_file = "beta.txt"
`, `
cohorts/beta.toml:1:16: devices_file "beta.txt": no such file
  1 | devices_file = "beta.txt"
hint: name a text file, relative to cohorts/beta.toml, with one serial a line
`},
		{"devices_file is a folder", `
-- cohorts/beta.toml --
devices_file = "../releases"
`, `
cohorts/beta.toml:1:16: devices_file "../releases": it is a folder
  1 | devices_file = "../releases"
hint: name a text file, relative to cohorts/beta.toml, with one serial a line
`},
		{"devices_file leads out", `
-- cohorts/beta.toml --
devices_file = "../../beta.txt"
`, `
cohorts/beta.toml:1:16: path "../../beta.txt" leads out of the project folder
  1 | devices_file = "../../beta.txt"
hint: name a file in the project folder, relative to cohorts/
`},
		{"devices_file is empty", `
-- cohorts/beta.toml --
devices_file = ""
`, `
cohorts/beta.toml:1:16: the path is empty
  1 | devices_file = ""
hint: name a file, relative to cohorts/
`},
	})
}
