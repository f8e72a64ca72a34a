package releases_test

import "testing"

func TestRefuseRollout(t *testing.T) {
	refuse(t, []refusal{
		{"over 100", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = 130
`, `
cohorts/beta.toml:2:11: rollout 130 … 100 percent
hint: 0 … 100
`},
		{"under 0", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = -0.5
`, `
cohorts/beta.toml:2:11: rollout -0.5 … 0 percent
hint: 0 … 100
`},
		{"no number", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = nan
`, `
cohorts/beta.toml:2:11: rollout nan … percentage
hint: 0 … 100
`},
		{"infinite", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = inf
`, `
cohorts/beta.toml:2:11: rollout inf … 100 percent
hint: 0 … 100
`},
		{"no steps", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = []
`, `
cohorts/beta.toml:2:11: rollout has no steps
hint: [{ at = …, percent = … }, …] … { start = …, duration = "48h" }
`},
		{"steps of other kinds", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  10, { at = "2026-12-01", percent = "20" },
  [ { at = 2026-12-01T09:00:00Z, percent = 30 } ],
]
`, `
cohorts/beta.toml:3:3: step … integer … table
hint: [{ at = …, percent = … }, …] … { start = …, duration = "48h" }
cohorts/beta.toml:3:14: string … date-time
hint: at = 2026-12-01T09:00:00Z
cohorts/beta.toml:3:38: percent … string … number
hint: write percent = 10
cohorts/beta.toml:4:3: step … array … table
hint: [{ at = …, percent = … }, …] … { start = …, duration = "48h" }
`},
		{"steps out of order", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-03T09:00:00Z, percent = 1 },
  { at = 2026-12-01T09:00:00Z, percent = 100 },
]
`, `
cohorts/beta.toml:4:10: step … 2026-12-01T09:00:00Z … before
hint: order … time
`},
		{"steps at one instant", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-03T09:00:00Z, percent = 1 },
  { at = 2026-12-03T10:00:00+01:00, percent = 100 },
]
`, `
cohorts/beta.toml:4:10: step … 2026-12-03T10:00:00+01:00 … before
hint: order … time
`},
		{"steps that fall", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 50.5 }, { at = 2026-12-03T09:00:00Z, percent = 10 },
]
`, `
cohorts/beta.toml:3:89: percent 10 … 50.5 … before
hint: aborted = "why"
`},
		{"steps outside 0 to 100", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [ { at = 2026-12-01T09:00:00Z, percent = -1 }, { at = 2026-12-03T09:00:00Z, percent = 101 } ]
`, `
cohorts/beta.toml:2:52: percent -1 … 0 percent
hint: 0 … 100
cohorts/beta.toml:2:97: percent 101 … 100 percent
hint: 0 … 100
`},
		{"step without a key", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z },
  { percent = 10 },
  {},
]
`, `
cohorts/beta.toml:3:3: step … percent
hint: write { at = 2026-12-01T09:00:00Z, percent = 10 }
cohorts/beta.toml:4:3: step
hint: write { at = 2026-12-01T09:00:00Z, percent = 10 }
cohorts/beta.toml:5:3: step
hint: write { at = 2026-12-01T09:00:00Z, percent = 10 }
cohorts/beta.toml:5:3: step … percent
hint: write { at = 2026-12-01T09:00:00Z, percent = 10 }
`},
		{"step with an unknown key", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 10 },
  { at = 2026-12-02T09:00:00Z, percent = 20, percents = 3 },
]
`, `
cohorts/beta.toml:4:46: unknown … "percents" … [rollout]
hint: did you mean "percent"?
`},
		{"step tables", `
-- cohorts/beta.toml --
[[activate."1.0.0".rollout]]
at = 2026-12-01T09:00:00Z
percent = 20
[[activate."1.0.0".rollout]]
percent = 10
form = 1
at = 2026-12-02T09:00:00Z
[[activate."1.0.0".rollout]]
at = 2026-12-03
`, `
cohorts/beta.toml:5:11: percent 10 … 20 … before
hint: aborted = "why"
cohorts/beta.toml:6:1: unknown … "form" … [rollout]
hint: after, at, gate, passed, percent
cohorts/beta.toml:8:20: step … percent
hint: write { at = 2026-12-01T09:00:00Z, percent = 10 }
cohorts/beta.toml:9:6: date … time … date-time
hint: at = 2026-12-01T09:00:00Z
`},
		{"ramp without start and duration", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { from = 1 }
`, `
cohorts/beta.toml:2:11: ramp … duration
hint: write { start = 2026-12-01T09:00:00Z, duration = "48h" }
cohorts/beta.toml:2:11: ramp … start
hint: write { start = 2026-12-01T09:00:00Z, duration = "48h" }
`},
		{"ramp table without start and duration", `
-- cohorts/beta.toml --
[activate."1.0.0"]
[activate."1.0.0".rollout]
shape = "linear"
`, `
cohorts/beta.toml:2:19: ramp … duration
hint: write { start = 2026-12-01T09:00:00Z, duration = "48h" }
cohorts/beta.toml:2:19: ramp … start
hint: write { start = 2026-12-01T09:00:00Z, duration = "48h" }
`},
		{"ramp of wrong kinds", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = "now", duration = 48, from = "1", to = true, shape = 1 }
`, `
cohorts/beta.toml:2:21: start … string … date-time
hint: start = 2026-12-01T09:00:00Z
cohorts/beta.toml:2:39: duration … integer … string
hint: "48h", "36h30m", "60s"
cohorts/beta.toml:2:50: from … string … number
hint: write from = 1
cohorts/beta.toml:2:60: boolean … number
hint: write to = 100
cohorts/beta.toml:2:74: shape … integer … string
hint: shape = "…"
`},
		{"ramp with an unknown key", `
-- cohorts/beta.toml --
[activate."1.0.0".rollout]
start = 2026-12-01T09:00:00Z
duration = "48h"
form = 1
until = 50
`, `
cohorts/beta.toml:4:1: unknown … "form" … [rollout]
hint: did you mean "from"?
cohorts/beta.toml:5:1: unknown … "until" … [rollout]
hint: duration, from, shape, start, to
`},
		{"ramp from 0", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = 0 }
`, `
cohorts/beta.toml:2:68: exponential … from 0
hint: from = 1 … shape = "linear"
`},
		{"ramp that falls", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = 60, to = 50 }
`, `
cohorts/beta.toml:2:77: 50 … from 60
hint: from … 1
`},
		{"ramp that falls from what it is by default", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", to = 0.5 }
`, `
cohorts/beta.toml:2:66: 0.5 … from 1
hint: from … 1
`},
		{"ramp outside 0 to 100", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = -1, to = 100.5 }
`, `
cohorts/beta.toml:2:68: from -1 … 0 percent
hint: 0 … 100
cohorts/beta.toml:2:77: 100.5 … 100 percent
hint: 0 … 100
`},
		{"ramp of no number", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = nan, to = nan }
`, `
cohorts/beta.toml:2:68: from nan … percentage
hint: 0 … 100
cohorts/beta.toml:2:78: nan … percentage
hint: 0 … 100
`},
		{"duration is zero", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "0s" }
`, `
cohorts/beta.toml:2:54: duration "0s" … 0
hint: "48h"
`},
		{"duration is negative", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "-48h" }
`, `
cohorts/beta.toml:2:54: duration "-48h" … 0
hint: "48h"
`},
		{"duration in days", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "2d" }
`, `
cohorts/beta.toml:2:54: duration "2d" … duration
hint: "48h", "36h30m", "60s"
`},
		{"shape", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", shape = "quadratic" }
`, `
cohorts/beta.toml:2:69: shape "quadratic" … known
hint: "exponential" … "linear"
`},
		{"step that is an array, after strings and comments with brackets", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [ # ] first
  """ "] """, '],', { at = 2026-12-01T09:00:00Z, percent = 30 }, [ [], "]" ], # "
  [],
]
`, `
cohorts/beta.toml:3:3: step … string … table
hint: [{ at = …, percent = … }, …] … { start = …, duration = "48h" }
cohorts/beta.toml:3:15: step … string … table
hint: [{ at = …, percent = … }, …] … { start = …, duration = "48h" }
cohorts/beta.toml:3:66: step … array … table
hint: [{ at = …, percent = … }, …] … { start = …, duration = "48h" }
cohorts/beta.toml:4:3: step … array … table
hint: [{ at = …, percent = … }, …] … { start = …, duration = "48h" }
`},
	})
}
