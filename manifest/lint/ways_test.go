package lint_test

import "testing"

func TestShadowed(t *testing.T) {
	warn(t, []warning{
		{"a rollout under way below a higher release", `
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = [ { at = 2026-11-30T09:00:00Z, percent = 10 }, { at = 2026-12-02T09:00:00Z, percent = 100 } ]
[activate."1.1.0"]
`, `
cohorts/default.toml:1:11: warning[shadowed-release]: no device gets 1.0.0: cohort default offers 1.1.0 instead, which covers all of its rollout
  1 | [activate."1.0.0"]
hint: abort 1.1.0 if 1.0.0 is to take its place; or give this release a higher version
`},
		{"made after the higher release", `
-- releases/1.0.0.toml --
version = "1.0.0"
created = 2026-11-20T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
created = 2026-11-10T09:00:00Z
[payload.main.mp]
file = "a.bin"
`, `
cohorts/default.toml:1:11: warning[shadowed-release]: no device gets 1.0.0: cohort default offers 1.1.0 instead, which was created before it
  1 | [activate."1.0.0"]
hint: abort 1.1.0 if 1.0.0 is to take its place; or give this release a higher version
`},
		{"history", `
-- releases/1.0.0.toml --
version = "1.0.0"
created = 2026-11-10T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
created = 2026-11-20T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- cohorts/beta.toml --
devices = ["SN-1"]
[activate."1.0.0"]
rollout = [ { at = 2026-11-20T09:00:00Z, percent = 10 }, { at = 2026-11-30T09:00:00Z, percent = 100 } ]
[activate."1.1.0"]
`, ``},
		{"history of unknown age", `
-- releases/1.0.0.toml --
version = "1.0.0"
created = 2026-11-10T09:00:00Z
[payload.main.mp]
file = "a.bin"
`, ``},
		{"imported at one time", `
-- releases/1.0.0.toml --
version = "1.0.0"
created = 2026-11-10T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
created = 2026-11-10T09:00:00Z
[payload.main.mp]
file = "a.bin"
`, ``},
		{"served in another cohort, by a delta, or on the way", `
-- releases/0.8.0.toml --
version = "0.8.0"
must_pass_through = true
created = 2026-11-20T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- releases/0.9.0.toml --
version = "0.9.0"
created = 2026-11-20T09:00:00Z
[delta.main.mp."0.8.0"]
file = "a.bin"
-- releases/1.0.0.toml --
version = "1.0.0"
created = 2026-11-20T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
created = 2026-11-10T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."0.8.0"]
[activate."0.9.0"]
[activate."1.0.0"]
[activate."1.1.0"]
-- cohorts/beta.toml --
devices = ["SN-1"]
[activate."0.8.0"]
[activate."1.0.0"]
`, ``},
		{"activated nowhere, aborted, for nobody yet", `
-- releases/1.0.0.toml --
version = "1.0.0"
created = 2026-11-20T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- releases/1.0.1.toml --
version = "1.0.1"
created = 2026-11-20T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- releases/1.0.2.toml --
version = "1.0.2"
created = 2026-11-20T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
created = 2026-11-10T09:00:00Z
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.0.1"]
aborted = "why"
[activate."1.0.2"]
rollout = 0
[activate."1.1.0"]
-- cohorts/beta.toml --
[activate."1.0.0"]
[activate."1.1.0"]
`, ``},
	})
}

func TestLoops(t *testing.T) {
	warn(t, []warning{
		{"a delta up, and nothing there to stay for", `
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.evt]
file = "a.bin"
[delta.main.mp."1.0.0"]
file = "a.bin"
-- cohorts/beta.toml --
devices = ["SN-1"]
version_check = false
[activate."1.0.0"]
[activate."1.1.0"]
`, `
cohorts/beta.toml:2:17: warning[update-loop]: devices of cohort beta (main on mp) go round and round: 1.0.0 → 1.1.0 → 1.0.0
  2 | version_check = false
hint: take one of the two ways away: with version_check = false any delta from the current version applies, and else the highest whole image
`},
		{"later only", `
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.evt]
file = "a.bin"
[delta.main.mp."1.0.0"]
file = "a.bin"
-- cohorts/default.toml --
version_check = false
[activate."1.0.0"]
[activate."1.1.0"]
rollout = { start = 2026-12-02T09:00:00Z, duration = "1h" }
`, `
cohorts/default.toml:1:17: warning[update-loop]: devices of cohort default (main on mp) go round and round: 1.0.0 → 1.1.0 → 1.0.0 (from 2026-12-02T09:00:00Z on)
  1 | version_check = false
hint: take one of the two ways away: with version_check = false any delta from the current version applies, and else the highest whole image
`},
		{"no loop with version_check", `
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
[delta.main.mp."1.0.0"]
file = "a.bin"
-- cohorts/beta.toml --
devices = ["SN-1"]
version_check = false
[activate."1.0.0"]
[activate."1.1.0"]
`, ``},
	})
}

func TestHops(t *testing.T) {
	const stops = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = ["0.9.0"]
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
`
	warn(t, []warning{
		{"three", stops + `
-- releases/1.2.0.toml --
version = "1.2.0"
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.0.0"]
[activate."1.1.0"]
[activate."1.2.0"]
rollout = [ { at = 2026-12-02T09:00:00Z, percent = 10 } ]
`, `
cohorts/default.toml:3:11: warning[many-hops]: devices of cohort default (main on mp) take 3 updates in a row: 0.9.0 → 1.0.0 → 1.1.0 → 1.2.0 (from 2026-12-02T09:00:00Z on)
  3 | [activate."1.2.0"]
hint: each must-pass-through release and each delta is a hop: take away what devices no longer need; --max-hops allows more than 2
`},
		{"two", stops, ``},
		{"three for another software type", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.modem]
known_versions = ["0.9.0"]
-- releases/1.0.0.toml --
version = "1.0.0"
must_pass_through = true
[payload.main.mp]
file = "a.bin"
[payload.modem.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
must_pass_through = true
[payload.main.mp]
file = "a.bin"
[payload.modem.mp]
file = "a.bin"
-- releases/1.2.0.toml --
version = "1.2.0"
must_pass_through = true
[payload.main.mp]
file = "a.bin"
[payload.modem.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.0.0"]
[activate."1.1.0"]
[activate."1.2.0"]
`, `
cohorts/default.toml:3:11: warning[many-hops]: devices of cohort default (modem on mp) take 3 updates in a row: 0.9.0 → 1.0.0 → 1.1.0 → 1.2.0
  3 | [activate."1.2.0"]
hint: each must-pass-through release and each delta is a hop: take away what devices no longer need; --max-hops allows more than 2
`},
	})
}

func TestStuck(t *testing.T) {
	const delta = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = ["0.9.0"]
-- releases/1.1.0.toml --
version = "1.1.0"
[delta.main.mp."1.0.0"]
file = "a.bin"
`
	warn(t, []warning{
		{"a delta from what is not activated", delta + `
-- cohorts/default.toml --
[activate."1.1.0"]
`, `
cohorts/default.toml:1:11: warning[stuck-devices]: devices of cohort default (main on mp) never get from 0.9.0 to 1.1.0: it has no whole image for them, and no delta from there
  1 | [activate."1.1.0"]
hint: give the release a whole image, or a delta from where they are
`},
		{"a delta from what is there for all", delta, ``},
		{"a delta from what comes later", delta + `
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = [ { at = 2026-12-02T09:00:00Z, percent = 100 } ]
[activate."1.1.0"]
`, ``},
	})
}

func TestSkipped(t *testing.T) {
	const stop = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = ["0.9.0"]
-- releases/1.0.0.toml --
version = "1.0.0"
must_pass_through = true
[payload.main.mp]
file = "a.bin"
`
	warn(t, []warning{
		{"not activated", stop + `
-- cohorts/default.toml --
[activate."1.1.0"]
`, `
cohorts/default.toml:1:11: warning[skipped-must-pass-through]: devices of cohort default (main on mp) get from 0.9.0 to 1.1.0 without 1.0.0, which is must_pass_through but is not activated there
  1 | [activate."1.1.0"]
hint: write [activate."1.0.0"] into cohorts/default.toml
`},
		{"aborted", stop + `
-- cohorts/default.toml --
[activate."1.0.0"]
aborted = "why"
[activate."1.1.0"]
`, `
cohorts/default.toml:2:11: warning[skipped-must-pass-through]: devices of cohort default (main on mp) get from 0.9.0 to 1.1.0 without 1.0.0, which is must_pass_through but is aborted there
  2 | aborted = "why"
hint: abort 1.1.0, too, or have another must-pass-through release before it
`},
		{"less rolled out", stop + `
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = 50
[activate."1.1.0"]
rollout = [ { at = 2026-12-02T09:00:00Z, percent = 50 } ]
`, `
cohorts/default.toml:2:11: warning[skipped-must-pass-through]: devices of cohort default (main on mp) get from 0.9.0 to 1.1.0 without 1.0.0, which is must_pass_through but is not rolled out to them by then (from 2026-12-02T09:00:00Z on)
  2 | rollout = 50
hint: roll it out to all first; or give both activations one seed, so that they take devices in the same order
`},
		{"no whole image", `
-- releases/0.9.0.toml --
version = "0.9.0"
[payload.main.mp]
file = "a.bin"
-- releases/1.0.0.toml --
version = "1.0.0"
must_pass_through = true
[delta.main.mp."0.9.0"]
file = "a.bin"
-- releases/0.8.0.toml --
version = "0.8.0"
[payload.main.mp]
file = "a.bin"
`, `
releases/1.0.0.toml:2:21: warning[skipped-must-pass-through]: devices of cohort default (main on mp) get from 0.8.0 to 1.1.0 without 1.0.0, which is must_pass_through but has no whole image for them
  2 | must_pass_through = true
hint: deltas stop nobody: give it a whole image for main on mp
`},
		{"one seed, other hardware, another stop, nobody below", stop + `
-- releases/0.9.5.toml --
version = "0.9.5"
must_pass_through = true
[payload.main.evt]
file = "a.bin"
-- releases/0.8.0.toml --
version = "0.8.0"
must_pass_through = true
[payload.main.mp]
file = "a.bin"
-- releases/0.9.9.toml --
version = "0.9.9"
must_pass_through = true
withdrawn = "why"
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = 50
seed = "x"
[activate."1.1.0"]
rollout = [ { at = 2026-12-02T09:00:00Z, percent = 50 } ]
seed = "x"
`, ``},
	})
}
