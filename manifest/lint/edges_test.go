package lint_test

import "testing"

func TestEdges(t *testing.T) {
	warn(t, []warning{
		{"a block that never ends, and leaves nothing", `
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "b.bin"
[blocked."eats calibration"]
from = ["1.0.0"]
reason = "it overwrites it"
-- releases/1.2.0.toml --
version = "1.2.0"
[payload.main.mp]
file = "a.bin"
`, `
releases/1.1.0.toml:4:10: warning[blocked-version]: devices of cohort default (main on mp) on 1.0.0 get nothing more: 1.1.0 is blocked (eats calibration): it overwrites it
  4 | [blocked."eats calibration"]
hint: offer a release between, or one with the fix: name it in fixed_in; dead_end in the release says that it is meant
releases/1.1.0.toml:4:10: warning[endless-block]: eats calibration of 1.1.0 has no fixed_in: its devices are not offered 1.2.0 either
  4 | [blocked."eats calibration"]
hint: write fixed_in = "1.2.0" if that mends it; a block without fixed_in keeps devices from all that comes
releases/1.1.0.toml:4:10: warning[held-unlisted]: devices of cohort default (main on mp) that state no version, or one that is not listed, get nothing, since cairn cannot tell whether they may: 1.1.0 is blocked (eats calibration): it overwrites it
  4 | [blocked."eats calibration"]
hint: write the versions that are in the field into known_versions of software type main
`},
		{"a fix that nobody released", `
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "b.bin"
[blocked.b]
from = ["<0.9.0", "0.9.7"]
reason = "it overwrites it"
fixed_in = "1.1.1"
-- releases/1.2.0.toml --
version = "1.2.0"
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.0.0"]
[activate."1.1.0"]
[activate."1.2.0"]
`, `
releases/1.1.0.toml:7:12: warning[absent-fix]: no release has version 1.1.1: what b of 1.1.0 keeps devices from is open again from 1.2.0 on
  7 | fixed_in = "1.1.1"
hint: write fixed_in = "1.2.0" if that mends it, and else leave fixed_in out
`},
		{"a fix that is there, and devices that are held", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = ["0.8.0"]
-- releases/1.1.0.toml --
version = "1.1.0"
min_version = "0.9.0"
[payload.main.mp]
file = "b.bin"
[delta.main.mp."0.8.0"]
file = "a.bin"
[blocked.b]
from = [">=0.9.1 <0.9.4"]
reason = "it overwrites it"
fixed_in = "1.1.1"
-- releases/1.1.1.toml --
version = "1.1.1"
min_version = "0.9.0"
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.1.0"]
[activate."1.1.1"]
`, `
releases/1.1.0.toml:2:15: warning[blocked-version]: devices of cohort default (main on mp) on 0.8.0 get nothing more: 1.1.0 has min_version 0.9.0
  2 | min_version = "0.9.0"
hint: offer a release between, or one with the fix: name it in fixed_in; dead_end in the release says that it is meant
releases/1.1.0.toml:5:16: warning[dead-delta]: a delta from 0.8.0 to 1.1.0 is never offered: 1.1.0 has min_version 0.9.0
  5 | [delta.main.mp."0.8.0"]
hint: leave it out, or make the block or min_version narrower
releases/1.1.0.toml:8:8: warning[idle-block]: no version that is known here is in from of b, below 1.1.0
  8 | from = [">=0.9.1 <0.9.4"]
hint: list the versions that are in the field in known_versions, or mend from
releases/1.1.1.toml:2:15: warning[held-unlisted]: devices of cohort default (main on mp) that state no version, or one that is not listed, get nothing, since cairn cannot tell whether they may: 1.1.1 has min_version 0.9.0
  2 | min_version = "0.9.0"
hint: write the versions that are in the field into known_versions of software type main
`},
		{"a dead end is meant", `
-- releases/1.0.0.toml --
version = "1.0.0"
dead_end = "its bootloader takes no image"
[payload.main.mp]
file = "a.bin"
-- releases/0.9.0.toml --
version = "0.9.0"
dead_end = "nor does this"
`, ``},
	})
}
