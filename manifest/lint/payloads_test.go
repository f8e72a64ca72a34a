package lint_test

import "testing"

func TestPayloads(t *testing.T) {
	warn(t, []warning{
		{"releases without payloads", `
-- releases/1.2.0.toml --
notes = "Nothing yet."
version = "1.2.0"
-- releases/1.3.0.toml --
version = "1.3.0"
withdrawn = "it never was"
`, `
releases/1.2.0.toml:2:11: warning[empty-release]: release 1.2.0 has no payload, so no device can get it
  2 | version = "1.2.0"
hint: write [payload.<software type>.<hardware version>]; a version that was never released from here belongs into known_versions
`},
		{"deltas to the same or a lower version", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = ["1.4.0"]
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
[delta.main.mp."1.1.0"]
file = "a.bin"
[delta.main.mp."1.4.0"]
file = "a.bin"
`, `
releases/1.1.0.toml:4:16: warning[dead-delta]: a delta from 1.1.0 to itself is never offered
  4 | [delta.main.mp."1.1.0"]
hint: write the version that devices run before the update
releases/1.1.0.toml:6:16: warning[dead-delta]: a delta from 1.4.0 down to 1.1.0 is never offered: no cohort that activates 1.1.0 has version_check = false
  6 | [delta.main.mp."1.4.0"]
hint: write the version that it patches, or version_check = false into a cohort that activates 1.1.0
`},
		{"a delta down, where a cohort may go down", `
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.mp]
file = "a.bin"
[delta.main.mp."1.1.0"]
file = "a.bin"
-- cohorts/beta.toml --
version_check = false
[activate."1.0.0"]
`, ``},
		{"a delta down of what is not activated yet", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = ["2.0.0"]
-- releases/1.2.0.toml --
version = "1.2.0"
[delta.main.mp."2.0.0"]
file = "a.bin"
`, ``},
		{"deltas from nowhere", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = ["0.9.0"]
[software.modem]
known_versions = ["0.8.0"]
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.mp]
file = "a.bin"
[payload.modem.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
[delta.main.mp."0.8.0"]
file = "a.bin"
[delta.main.mp."0.9.0"]
file = "a.bin"
[delta.main.evt."1.0.0"]
file = "a.bin"
`, `
cohorts/default.toml:2:11: warning[stuck-devices]: devices of cohort default (main on evt) never get from 0.9.0 to 1.1.0: it has no whole image for them, and no delta from there
  2 | [activate."1.1.0"]
hint: give the release a whole image, or a delta from where they are
releases/1.1.0.toml:4:16: warning[dead-delta]: no device can run 0.8.0: no release has it for main on mp, and known_versions does not list it
  4 | [delta.main.mp."0.8.0"]
hint: if it is in the field, write known_versions = ["0.8.0"] for software type main
releases/1.1.0.toml:8:17: warning[dead-delta]: no device can run 1.0.0: no release has it for main on evt, and known_versions does not list it
  8 | [delta.main.evt."1.0.0"]
hint: if it is in the field, write known_versions = ["1.0.0"] for software type main
`},
		{"deltas of what is withdrawn", `
-- releases/1.1.0.toml --
version = "1.1.0"
withdrawn = "why"
[delta.main.mp."0.8.0"]
file = "a.bin"
[delta.main.mp."1.1.0"]
file = "a.bin"
`, ``},
		{"a delta past a must-pass-through release", `
-- releases/1.1.0.toml --
version = "1.1.0"
must_pass_through = true
[payload.main.mp]
file = "a.bin"
-- releases/1.2.0.toml --
version = "1.2.0"
[payload.main.mp]
file = "a.bin"
[delta.main.mp."1.0.0"]
file = "a.bin"
`, `
releases/1.2.0.toml:4:16: warning[delta-over-must-pass-through]: the delta from 1.0.0 to 1.2.0 leads past 1.1.0, which is must_pass_through
  4 | [delta.main.mp."1.0.0"]
hint: a delta from the current version goes before everything else: leave it out, or patch 1.1.0
`},
		{"deltas beside a must-pass-through release", `
-- releases/1.0.0.toml --
version = "1.0.0"
must_pass_through = true
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
must_pass_through = true
[payload.main.mp]
file = "a.bin"
[delta.main.mp."1.0.0"]
file = "a.bin"
-- releases/1.2.0.toml --
version = "1.2.0"
[payload.main.mp]
file = "a.bin"
[delta.main.mp."1.1.0"]
file = "a.bin"
-- releases/1.1.5.toml --
version = "1.1.5"
must_pass_through = true
withdrawn = "why"
[payload.main.mp]
file = "a.bin"
-- releases/1.1.6.toml --
version = "1.1.6"
must_pass_through = true
[payload.main.evt]
file = "a.bin"
`, ``},
	})
}
