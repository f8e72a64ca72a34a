package releases_test

import "testing"

func TestRefuseRollout(t *testing.T) {
	refuse(t, []refusal{
		{"over 100", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = 130
`, `
cohorts/beta.toml:2:11: rollout 130 is over 100 percent
  2 | rollout = 130
hint: rollout is the share of the cohort's devices, 0 to 100
`},
		{"under 0", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = -0.5
`, `
cohorts/beta.toml:2:11: rollout -0.5 is under 0 percent
  2 | rollout = -0.5
hint: rollout is the share of the cohort's devices, 0 to 100
`},
		{"no number", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = nan
`, `
cohorts/beta.toml:2:11: rollout nan is no percentage
  2 | rollout = nan
hint: rollout is the share of the cohort's devices, 0 to 100
`},
		{"infinite", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = inf
`, `
cohorts/beta.toml:2:11: rollout inf is over 100 percent
  2 | rollout = inf
hint: rollout is the share of the cohort's devices, 0 to 100
`},
		{"no steps", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = []
`, `
cohorts/beta.toml:2:11: rollout has no steps
  2 | rollout = []
hint: write a percentage, steps [{ at = …, percent = … }, …] or a ramp { start = …, duration = "48h" }
`},
		{"steps of other kinds", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  10, { at = "2026-12-01", percent = "20" },
  [ { at = 2026-12-01T09:00:00Z, percent = 30 } ],
]
`, `
cohorts/beta.toml:3:3: a step is an integer, not a table
  3 |   10, { at = "2026-12-01", percent = "20" },
hint: write a percentage, steps [{ at = …, percent = … }, …] or a ramp { start = …, duration = "48h" }
cohorts/beta.toml:3:14: at is a string, not a date-time
  3 |   10, { at = "2026-12-01", percent = "20" },
hint: write at = 2026-12-01T09:00:00Z, without quotes
cohorts/beta.toml:3:38: percent is a string, not a number
  3 |   10, { at = "2026-12-01", percent = "20" },
hint: write percent = 10
cohorts/beta.toml:4:3: a step is an array, not a table
  4 |   [ { at = 2026-12-01T09:00:00Z, percent = 30 } ],
hint: write a percentage, steps [{ at = …, percent = … }, …] or a ramp { start = …, duration = "48h" }
`},
		{"steps out of order", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-03T09:00:00Z, percent = 1 },
  { at = 2026-12-01T09:00:00Z, percent = 100 },
]
`, `
cohorts/beta.toml:4:10: step at 2026-12-01T09:00:00Z is not after the one before it
  4 |   { at = 2026-12-01T09:00:00Z, percent = 100 },
hint: put the steps in the order of time
`},
		{"steps at one instant", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-03T09:00:00Z, percent = 1 },
  { at = 2026-12-03T10:00:00+01:00, percent = 100 },
]
`, `
cohorts/beta.toml:4:10: step at 2026-12-03T10:00:00+01:00 is not after the one before it
  4 |   { at = 2026-12-03T10:00:00+01:00, percent = 100 },
hint: put the steps in the order of time
`},
		{"steps that fall", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 50.5 }, { at = 2026-12-03T09:00:00Z, percent = 10 },
]
`, `
cohorts/beta.toml:3:89: percent 10 is under the 50.5 of the step before it
  3 |   { at = 2026-12-01T09:00:00Z, percent = 50.5 }, { at = 2026-12-03T09:00:00Z, percent = 10 },
hint: a rollout only grows; to take a release back, write aborted = "why"
`},
		{"steps outside 0 to 100", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [ { at = 2026-12-01T09:00:00Z, percent = -1 }, { at = 2026-12-03T09:00:00Z, percent = 101 } ]
`, `
cohorts/beta.toml:2:52: percent -1 is under 0 percent
  2 | rollout = [ { at = 2026-12-01T09:00:00Z, percent = -1 }, { at = 2026-12-03T09:00:00Z, percent = 101 } ]
hint: rollout is the share of the cohort's devices, 0 to 100
cohorts/beta.toml:2:97: percent 101 is over 100 percent
  2 | rollout = [ { at = 2026-12-01T09:00:00Z, percent = -1 }, { at = 2026-12-03T09:00:00Z, percent = 101 } ]
hint: rollout is the share of the cohort's devices, 0 to 100
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
cohorts/beta.toml:3:3: a step has no percent
  3 |   { at = 2026-12-01T09:00:00Z },
hint: write { at = 2026-12-01T09:00:00Z, percent = 10 }
cohorts/beta.toml:4:3: a step has no at
  4 |   { percent = 10 },
hint: write { at = 2026-12-01T09:00:00Z, percent = 10 }
cohorts/beta.toml:5:3: a step has no at
  5 |   {},
hint: write { at = 2026-12-01T09:00:00Z, percent = 10 }
cohorts/beta.toml:5:3: a step has no percent
  5 |   {},
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
cohorts/beta.toml:4:46: unknown key "percents" in [rollout]
  4 |   { at = 2026-12-02T09:00:00Z, percent = 20, percents = 3 },
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
cohorts/beta.toml:5:11: percent 10 is under the 20 of the step before it
  5 | percent = 10
hint: a rollout only grows; to take a release back, write aborted = "why"
cohorts/beta.toml:6:1: unknown key "form" in [rollout]
  6 | form = 1
hint: known here: at, percent
cohorts/beta.toml:8:20: a step has no percent
  8 | [[activate."1.0.0".rollout]]
hint: write { at = 2026-12-01T09:00:00Z, percent = 10 }
cohorts/beta.toml:9:6: at is a date without a time, not a date-time
  9 | at = 2026-12-03
hint: write at = 2026-12-01T09:00:00Z, without quotes
`},
		{"ramp without start and duration", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { from = 1 }
`, `
cohorts/beta.toml:2:11: a ramp has no duration
  2 | rollout = { from = 1 }
hint: write { start = 2026-12-01T09:00:00Z, duration = "48h" }
cohorts/beta.toml:2:11: a ramp has no start
  2 | rollout = { from = 1 }
hint: write { start = 2026-12-01T09:00:00Z, duration = "48h" }
`},
		{"ramp table without start and duration", `
-- cohorts/beta.toml --
[activate."1.0.0"]
[activate."1.0.0".rollout]
shape = "linear"
`, `
cohorts/beta.toml:2:19: a ramp has no duration
  2 | [activate."1.0.0".rollout]
hint: write { start = 2026-12-01T09:00:00Z, duration = "48h" }
cohorts/beta.toml:2:19: a ramp has no start
  2 | [activate."1.0.0".rollout]
hint: write { start = 2026-12-01T09:00:00Z, duration = "48h" }
`},
		{"ramp of wrong kinds", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = "now", duration = 48, from = "1", to = true, shape = 1 }
`, `
cohorts/beta.toml:2:21: start is a string, not a date-time
  2 | rollout = { start = "now", duration = 48, from = "1", to = true, shape = 1 }
hint: write start = 2026-12-01T09:00:00Z, without quotes
cohorts/beta.toml:2:39: duration is an integer, not a string
  2 | rollout = { start = "now", duration = 48, from = "1", to = true, shape = 1 }
hint: write hours, minutes and seconds, in quotes: "48h", "36h30m", "60s"
cohorts/beta.toml:2:50: from is a string, not a number
  2 | rollout = { start = "now", duration = 48, from = "1", to = true, shape = 1 }
hint: write from = 1
cohorts/beta.toml:2:60: to is a boolean, not a number
  2 | rollout = { start = "now", duration = 48, from = "1", to = true, shape = 1 }
hint: write to = 100
cohorts/beta.toml:2:74: shape is an integer, not a string
  2 | rollout = { start = "now", duration = 48, from = "1", to = true, shape = 1 }
hint: write shape = "…", in quotes
`},
		{"ramp with an unknown key", `
-- cohorts/beta.toml --
[activate."1.0.0".rollout]
start = 2026-12-01T09:00:00Z
duration = "48h"
form = 1
until = 50
`, `
cohorts/beta.toml:4:1: unknown key "form" in [rollout]
  4 | form = 1
hint: did you mean "from"?
cohorts/beta.toml:5:1: unknown key "until" in [rollout]
  5 | until = 50
hint: known here: duration, from, shape, start, to
`},
		{"ramp from 0", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = 0 }
`, `
cohorts/beta.toml:2:68: an exponential ramp cannot grow from 0
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = 0 }
hint: write from = 1, or shape = "linear"
`},
		{"ramp that falls", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = 60, to = 50 }
`, `
cohorts/beta.toml:2:77: to 50 is under from 60
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = 60, to = 50 }
hint: a rollout only grows; from is 1 unless stated
`},
		{"ramp that falls from what it is by default", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", to = 0.5 }
`, `
cohorts/beta.toml:2:66: to 0.5 is under from 1
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", to = 0.5 }
hint: a rollout only grows; from is 1 unless stated
`},
		{"ramp outside 0 to 100", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = -1, to = 100.5 }
`, `
cohorts/beta.toml:2:68: from -1 is under 0 percent
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = -1, to = 100.5 }
hint: rollout is the share of the cohort's devices, 0 to 100
cohorts/beta.toml:2:77: to 100.5 is over 100 percent
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = -1, to = 100.5 }
hint: rollout is the share of the cohort's devices, 0 to 100
`},
		{"ramp of no number", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = nan, to = nan }
`, `
cohorts/beta.toml:2:68: from nan is no percentage
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = nan, to = nan }
hint: rollout is the share of the cohort's devices, 0 to 100
cohorts/beta.toml:2:78: to nan is no percentage
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", from = nan, to = nan }
hint: rollout is the share of the cohort's devices, 0 to 100
`},
		{"duration is zero", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "0s" }
`, `
cohorts/beta.toml:2:54: duration "0s" is not over 0
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "0s" }
hint: write a time such as "48h"
`},
		{"duration is negative", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "-48h" }
`, `
cohorts/beta.toml:2:54: duration "-48h" is not over 0
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "-48h" }
hint: write a time such as "48h"
`},
		{"duration in days", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "2d" }
`, `
cohorts/beta.toml:2:54: duration "2d" is no duration
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "2d" }
hint: write hours, minutes and seconds, in quotes: "48h", "36h30m", "60s"
`},
		{"shape", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", shape = "quadratic" }
`, `
cohorts/beta.toml:2:69: shape "quadratic" is not known
  2 | rollout = { start = 2026-12-01T09:00:00Z, duration = "48h", shape = "quadratic" }
hint: shape is "exponential" or "linear"
`},
		{"step that is an array, after strings and comments with brackets", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [ # ] first
  """ "] """, '],', { at = 2026-12-01T09:00:00Z, percent = 30 }, [ [], "]" ], # "
  [],
]
`, `
cohorts/beta.toml:3:3: a step is a string, not a table
  3 |   """ "] """, '],', { at = 2026-12-01T09:00:00Z, percent = 30 }, [ [], "]" ], # "
hint: write a percentage, steps [{ at = …, percent = … }, …] or a ramp { start = …, duration = "48h" }
cohorts/beta.toml:3:15: a step is a string, not a table
  3 |   """ "] """, '],', { at = 2026-12-01T09:00:00Z, percent = 30 }, [ [], "]" ], # "
hint: write a percentage, steps [{ at = …, percent = … }, …] or a ramp { start = …, duration = "48h" }
cohorts/beta.toml:3:66: a step is an array, not a table
  3 |   """ "] """, '],', { at = 2026-12-01T09:00:00Z, percent = 30 }, [ [], "]" ], # "
hint: write a percentage, steps [{ at = …, percent = … }, …] or a ramp { start = …, duration = "48h" }
cohorts/beta.toml:4:3: a step is an array, not a table
  4 |   [],
hint: write a percentage, steps [{ at = …, percent = … }, …] or a ramp { start = …, duration = "48h" }
`},
	})
}
