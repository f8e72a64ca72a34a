package lint_test

import "testing"

func TestSchedule(t *testing.T) {
	const zone = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
timezone = "Europe/Berlin"
`
	warn(t, []warning{
		{"before it was created", `
-- releases/1.0.0.toml --
version = "1.0.0"
created = 2026-12-02T00:00:00Z
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
created = 2026-12-02T00:00:00+01:00
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h" }
[activate."1.1.0"]
rollout = [
  { at = 2026-12-01T22:59:59Z, percent = 10 },
  { at = 2026-12-04T09:00:00Z, percent = 100 },
]
`, `
cohorts/default.toml:2:21: warning[starts-before-created]: the rollout of 1.0.0 starts at 2026-12-01T09:00:00Z, but it was created at 2026-12-02T00:00:00Z
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "48h" }
hint: one of the two is mistyped; created is in releases/1.0.0.toml:2:11
cohorts/default.toml:5:10: warning[starts-before-created]: the rollout of 1.1.0 starts at 2026-12-01T22:59:59Z, but it was created at 2026-12-01T23:00:00Z
  5 |   { at = 2026-12-01T22:59:59Z, percent = 10 },
hint: one of the two is mistyped; created is in releases/1.1.0.toml:2:11
`},
		{"after it was created", `
-- releases/1.0.0.toml --
version = "1.0.0"
created = 2026-12-02T00:00:00Z
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
created = 2026-12-03T00:00:00Z
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = [ { at = 2026-12-02T00:00:00Z, percent = 100 } ]
[activate."1.1.0"]
aborted = "too early"
rollout = [ { at = 2026-12-02T00:00:00Z, percent = 100 } ]
-- cohorts/beta.toml --
[activate."1.1.0"]
`, ``},
		{"off hours", zone + `
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-11-30T23:00:00Z, percent = 1 },  # over
  { at = 2026-12-01T04:59:59Z, percent = 10 },
  { at = 2026-12-01T21:00:00Z, percent = 10 },  # nothing new
  { at = 2026-12-02T21:00:00Z, percent = 20 },
  { at = 2026-12-04T22:59:59Z, percent = 30 },
  { at = 2026-12-05T09:00:00Z, percent = 40 },
  { at = 2026-12-06T22:59:59Z, percent = 50 },
]
`, `
cohorts/default.toml:4:10: warning[off-hours-step]: 1.0.0 goes to 10 percent at night: Tuesday 2026-12-01 05:59 in Europe/Berlin
  4 |   { at = 2026-12-01T04:59:59Z, percent = 10 },
hint: move it to when somebody can watch it, and abort
cohorts/default.toml:6:10: warning[off-hours-step]: 1.0.0 goes to 20 percent at night: Wednesday 2026-12-02 22:00 in Europe/Berlin
  6 |   { at = 2026-12-02T21:00:00Z, percent = 20 },
hint: move it to when somebody can watch it, and abort
cohorts/default.toml:7:10: warning[off-hours-step]: 1.0.0 goes to 30 percent at night: Friday 2026-12-04 23:59 in Europe/Berlin
  7 |   { at = 2026-12-04T22:59:59Z, percent = 30 },
hint: move it to when somebody can watch it, and abort
cohorts/default.toml:8:10: warning[off-hours-step]: 1.0.0 goes to 40 percent on a weekend: Saturday 2026-12-05 10:00 in Europe/Berlin
  8 |   { at = 2026-12-05T09:00:00Z, percent = 40 },
hint: move it to when somebody can watch it, and abort
cohorts/default.toml:9:10: warning[off-hours-step]: 1.0.0 goes to 50 percent on a weekend: Sunday 2026-12-06 23:59 in Europe/Berlin
  9 |   { at = 2026-12-06T22:59:59Z, percent = 50 },
hint: move it to when somebody can watch it, and abort
`},
		{"working hours", zone + `
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-01T05:00:00Z, percent = 10 },
  { at = 2026-12-01T20:59:59Z, percent = 20 },
  { at = 2026-12-04T20:59:59Z, percent = 30 },
  { at = 2026-12-07T05:00:00Z, percent = 40 },
]
[activate."1.1.0"]
rollout = { start = 2026-12-05T09:00:00Z, duration = "36h" }
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [ { at = 2026-12-01T05:00:00Z, percent = 10 }, { at = 2026-12-05T05:00:00Z, percent = 40 } ]
paused = 2026-12-05T04:59:59Z
[activate."1.1.0"]
rollout = [ { at = 2026-12-05T05:00:00Z, percent = 10 } ]
aborted = "why"
`, ``},
		{"hours of nobody", `
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = [ { at = 2026-12-05T03:00:00Z, percent = 10 } ]
`, ``},
		{"rounded percentages", `
-- cohorts/alpha.toml --
[activate."1.0.0"]
rollout = 0.01
[activate."1.1.0"]
rollout = 99.99
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "1h", from = 0.1, to = 99.9 }
[activate."1.1.0"]
rollout = [
  { at = 2026-11-01T09:00:00Z, percent = 0.01 },  # over
  { at = 2026-11-02T09:00:00Z, percent = 0.2 },
  { at = 2026-12-02T09:00:00Z, percent = 0.25 },
]
`, `
cohorts/alpha.toml:2:11: warning[rounded-percentage]: 0.01 percent is 0.391 percent in fact: 1 of 256 buckets
  2 | rollout = 0.01
hint: a rollout takes whole buckets, 0.391 percent each: state a multiple of that, or list the first devices in a cohort of their own
cohorts/alpha.toml:4:11: warning[rounded-percentage]: 99.99 percent is 99.609 percent in fact: 255 of 256 buckets
  4 | rollout = 99.99
hint: below 100 percent at least one bucket stays out: write 100 to have them all
cohorts/beta.toml:2:67: warning[rounded-percentage]: 0.1 percent is 0.391 percent in fact: 1 of 256 buckets
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "1h", from = 0.1, to = 99.9 }
hint: a rollout takes whole buckets, 0.391 percent each: state a multiple of that, or list the first devices in a cohort of their own
cohorts/beta.toml:2:77: warning[rounded-percentage]: 99.9 percent is 99.609 percent in fact: 255 of 256 buckets
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "1h", from = 0.1, to = 99.9 }
hint: below 100 percent at least one bucket stays out: write 100 to have them all
cohorts/beta.toml:6:42: warning[rounded-percentage]: 0.2 percent is 0.391 percent in fact: 1 of 256 buckets
  6 |   { at = 2026-11-02T09:00:00Z, percent = 0.2 },
hint: a rollout takes whole buckets, 0.391 percent each: state a multiple of that, or list the first devices in a cohort of their own
cohorts/beta.toml:7:42: warning[rounded-percentage]: 0.25 percent is 0.391 percent in fact: 1 of 256 buckets
  7 |   { at = 2026-12-02T09:00:00Z, percent = 0.25 },
hint: a rollout takes whole buckets, 0.391 percent each: state a multiple of that, or list the first devices in a cohort of their own
`},
		{"percentages in whole", `
-- cohorts/alpha.toml --
[activate."1.0.0"]
rollout = 0
[activate."1.1.0"]
rollout = 0.5
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-11-01T09:00:00Z, duration = "1000h", from = 0.01, to = 99.5 }
[activate."1.1.0"]
aborted = "why"
rollout = 0.01
`, ``},
		{"few buckets", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
bucket_digits = 1
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "1h" }
[activate."1.1.0"]
rollout = 5
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = 4
[activate."1.1.0"]
rollout = 97
`, `
cohorts/beta.toml:2:11: warning[rounded-percentage]: 4 percent is 6.25 percent in fact: 1 of 16 buckets
  2 | rollout = 4
hint: a rollout takes whole buckets, 6.25 percent each: state a multiple of that, or list the first devices in a cohort of their own
cohorts/beta.toml:4:11: warning[rounded-percentage]: 97 percent is 93.75 percent in fact: 15 of 16 buckets
  4 | rollout = 97
hint: below 100 percent at least one bucket stays out: write 100 to have them all
cohorts/default.toml:2:11: warning[rounded-percentage]: 1 percent is 6.25 percent in fact: 1 of 16 buckets
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "1h" }
hint: a rollout takes whole buckets, 6.25 percent each: state a multiple of that, or list the first devices in a cohort of their own
`},
		{"many buckets", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
bucket_digits = 4
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = 0.001
[activate."1.1.0"]
rollout = 99.9999
`, `
cohorts/beta.toml:2:11: warning[rounded-percentage]: 0.001 percent is 0.00153 percent in fact: 1 of 65536 buckets
  2 | rollout = 0.001
hint: a rollout takes whole buckets, 0.00153 percent each: state a multiple of that, or list the first devices in a cohort of their own
cohorts/beta.toml:4:11: warning[rounded-percentage]: 99.9999 percent is 99.99847 percent in fact: 65535 of 65536 buckets
  4 | rollout = 99.9999
hint: below 100 percent at least one bucket stays out: write 100 to have them all
`},
	})
}

func TestEagerGoesBack(t *testing.T) {
	const fleet = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
eager = true
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.0.0"]
`
	warn(t, []warning{
		{"lower versions, too", fleet + `-- cohorts/desk.toml --
devices = ["SN-1"]
version_check = false
[activate."1.0.0"]
`, `
cohorts/desk.toml:2:17: warning[eager-goes-back]: cohort "desk" serves lower versions, too: what a device gets by asking eagerly, the next ordinary question takes back
  2 | version_check = false
hint: leave version_check = false out, or write eager = false for each of the cohort's rollouts
`},
		{"only higher versions", fleet, ``},
	})
}

func TestEagerSkips(t *testing.T) {
	const fleet = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
eager = true
[lint]
allow = ["same-image"]
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.mp]
file = "a.bin"
-- releases/1.1.0.toml --
version = "1.1.0"
must_pass_through = true
[payload.main.mp]
file = "b.bin"
-- releases/1.2.0.toml --
version = "1.2.0"
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.0.0"]
[activate."1.1.0"]
rollout = 50
seed = "x"
eager = false
[activate."1.2.0"]
rollout = 20
seed = "x"
`
	warn(t, []warning{
		{"the one above has a head start", fleet, `
cohorts/default.toml:3:11: warning[skipped-must-pass-through]: devices of cohort default (main on mp) get from 1.0.0 to 1.2.0 without 1.1.0, which is must_pass_through but is not rolled out to them by then
  3 | rollout = 50
hint: write eager = false for 1.2.0, too: devices that ask eagerly get past it; or else roll it out to all first; or give both activations one seed, so that they take devices in the same order
`},
		{"neither has", fleet + "eager = false\n", ``},
	})
}
