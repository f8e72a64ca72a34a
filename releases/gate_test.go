package releases_test

import (
	"testing"
	"testing/fstest"
	"time"

	"cairn/releases"
)

// TestGatedSteps holds when steps begin that come after another one, or wait for
// a gate.
func TestGatedSteps(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 12, n, 9, 0, 0, 0, time.UTC) }
	const first = `{ at = 2026-12-01T09:00:00Z, percent = 1 }`
	for name, test := range map[string]struct {
		steps  string
		begins []time.Time
		held   int
		due    time.Time
	}{
		"after":        {first + `, { after = "24h", percent = 10 }, { after = "48h", percent = 100 }`, []time.Time{day(1), day(2), day(4)}, 0, time.Time{}},
		"not passed":   {first + `, { after = "24h", percent = 10, gate = "g" }, { after = "24h", percent = 100 }`, []time.Time{day(1)}, 2, day(2)},
		"passed":       {first + `, { after = "24h", percent = 10, gate = "g", passed = 2026-12-05T09:00:00Z }, { after = "24h", percent = 100 }`, []time.Time{day(1), day(5), day(6)}, 0, time.Time{}},
		"passed early": {first + `, { after = "24h", percent = 10, gate = "g", passed = 2026-12-01T10:00:00Z }`, []time.Time{day(1), day(2)}, 0, time.Time{}},
		"passed both":  {first + `, { after = "24h", percent = 10, gate = "g", passed = 2026-12-03T09:00:00Z }, { after = "24h", percent = 100, gate = "g" }`, []time.Time{day(1), day(3)}, 1, day(4)},
		"at first":     {`{ at = 2026-12-01T09:00:00Z, percent = 5, gate = "g" }`, nil, 1, day(1)},
		"at later":     {first + `, { at = 2026-12-03T09:00:00Z, percent = 5, gate = "g" }, { at = 2026-12-04T09:00:00Z, percent = 100 }`, []time.Time{day(1)}, 2, day(3)},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := releases.Load(fstest.MapFS{
				"cairn.toml":           {Data: []byte("[project]\nslug = \"f\"\nbase_url = \"https://o.example\"\n[gate.g]\nsource = \"file\"\nfile = \"g.json\"\n")},
				"releases/1.0.0.toml":  {Data: []byte("version = \"1.0.0\"\n[payload.a.b]\nurl = \"https://o.example/x.bin\"\nsize = 1\nsha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n")},
				"cohorts/default.toml": {Data: []byte("[activate.\"1.0.0\"]\nrollout = [ " + test.steps + " ]\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			a := f.Cohort("default").Activations[0]
			r := a.Rollout
			if len(r.Steps) != len(test.begins) || len(r.Held) != test.held {
				t.Fatalf("%+v", r)
			}
			for i, at := range test.begins {
				if !r.Steps[i].At.Equal(at) {
					t.Errorf("step %d begins at %s, not %s", i, r.Steps[i].At, at)
				}
			}
			if test.held > 0 && (!r.Held[0].Due.Equal(test.due) || r.Gate() != "g") {
				t.Errorf("held is %+v", r.Held)
			}
			for _, s := range r.Held {
				if p := r.Percent(day(30)); p >= s.Percent {
					t.Errorf("%v percent though a step of %v is held", p, s.Percent)
				}
			}
			// It has begun with its first step, whatever the next one waits for.
			if begun := len(test.begins) > 0; a.CoversEager(day(1)) != begun || a.CoversEager(day(30)) != begun || a.CoversEager(day(1).Add(-1)) {
				t.Errorf("devices that ask eagerly: %t, then %t", a.CoversEager(day(1)), a.CoversEager(day(30)))
			}
		})
	}
}

func TestRefuseGates(t *testing.T) {
	const project = "-- cairn.toml --\n[project]\nslug = \"f\"\nbase_url = \"https://o.example\"\n"
	refuse(t, []refusal{
		{"gates", project + `[adoption]
poll = "1ms"
[gate.a]
source = "file"
[gate.b]
source = "adoption"
file = "x.json"
[gate.c]
source = "prometheus"
url = "ftp://x"
query = "up"
min_devices = 0
max_silent = 130
max_downloads_per_arrival = 0.5
max_age = "-1h"
on_fail = "stop"
[gate.d]
[gate.e]
source = "command"
command = ""
[gate.f]
source = "rumour"
`, `
cairn.toml:5:8: poll … second
hint: 24h
cairn.toml:6:7: [gate.a] has no file
hint: file
cairn.toml:8:7: [gate.b] … max_silent
hint: max_silent
cairn.toml:10:1: file … adoption
hint: "file"
cairn.toml:13:7: url … http
hint: url
cairn.toml:15:15: min_devices 0
hint: devices
cairn.toml:16:14: max_silent 130 … 100
hint: 0 to 100
cairn.toml:17:29: max_downloads_per_arrival 0.5
hint: once
cairn.toml:18:11: max_age
hint: 6h
cairn.toml:19:11: on_fail … known
hint: pause
cairn.toml:20:7: [gate.d] has no source
hint: source
cairn.toml:23:1: command … empty
hint: command
cairn.toml:25:10: source … known
hint: source
`},
		{"steps", `
-- cohorts/beta.toml --
[activate."1.0.0"]
rollout = [ { after = "24h", percent = 1 }, { at = 2026-12-01T09:00:00Z, after = "1h", percent = 2 }, { after = "0s", percent = 2, passed = 2026-12-01T09:00:00Z } ]
-- cohorts/default.toml --
[activate."1.0.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 1, gate = "healty" },
]
`, `
cohorts/beta.toml:2:13: first step
hint: at
cohorts/beta.toml:2:45: both
hint: instant
cohorts/beta.toml:2:103: passed … gate
hint: gate
cohorts/beta.toml:2:113: after … 0
hint: 24h
cohorts/default.toml:3:52: no gate … "healty"
hint: [gate.healty]
`},
	})
}
