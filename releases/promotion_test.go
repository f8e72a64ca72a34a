package releases_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"cairn/releases"
)

// ladder is a project whose default takes over from beta what is there for 48 hours.
const ladder = sound + `
-- releases/1.1.0.toml --
version = "1.1.0"
[payload.main.mp]
file = "a.bin"
-- releases/1.2.0.toml --
version = "1.2.0"
[payload.main.mp]
file = "a.bin"
-- cohorts/default.toml --
[activate."1.0.0"]
[promote]
from = "beta"
after = "48h"
`

func TestCandidate(t *testing.T) {
	const step = "rollout = [ { at = 2026-12-01T09:00:00Z, percent = 1 }, { at = 2026-12-02T09:00:00Z, percent = 100 } ]\n"
	beta := func(text string) string { return "-- cohorts/beta.toml --\n[activate.\"1.0.0\"]\n" + text }
	here := func(text string) string {
		return "-- cohorts/default.toml --\n[activate.\"1.0.0\"]\n" + text + "[promote]\nfrom = \"beta\"\nafter = \"48h\"\n"
	}
	oneOne, oneTwo := "[activate.\"1.1.0\"]\n"+step, "[activate.\"1.2.0\"]\n"+step
	must := "-- releases/1.1.0.toml --\nversion = \"1.1.0\"\nmust_pass_through = true\n[payload.main.mp]\nfile = \"a.bin\"\n"
	for name, test := range map[string]struct {
		files, at, want string
	}{
		"nothing above":         {beta(""), "2026-12-05T09:00:00Z", "nothing from beta for now"},
		"not in all of it":      {beta(oneOne), "2026-12-02T08:59:59Z", "nothing from beta for now"},
		"not long enough":       {beta(oneOne), "2026-12-04T08:59:59Z", "1.1.0 from beta, from 2026-12-04T09:00:00Z on"},
		"long enough":           {beta(oneOne), "2026-12-04T09:00:00Z", "1.1.0 from beta"},
		"the highest":           {beta(oneOne + oneTwo), "2026-12-04T09:00:00Z", "1.2.0 from beta"},
		"what goes first":       {must + beta(oneOne+oneTwo), "2026-12-04T09:00:00Z", "1.1.0 from beta"},
		"what is to go first":   {must + beta("[activate.\"1.1.0\"]\nrollout = 10\n"+oneTwo), "2026-12-04T09:00:00Z", "nothing from beta for now"},
		"what has to get there": {must + beta(oneOne+oneTwo) + here(oneOne), "2026-12-01T09:00:00Z", "nothing from beta for now"},
		"what is on its way":    {must + beta(oneOne+oneTwo) + here("[activate.\"1.1.0\"]\nrollout = 99\n"), "2026-12-04T09:00:00Z", "1.2.0 from beta; but 1.1.0, which is must_pass_through, has to come to all of default first"},
		"what got there":        {must + beta(oneOne+oneTwo) + here("[activate.\"1.1.0\"]\n"), "2026-12-04T09:00:00Z", "1.2.0 from beta"},
		"aborted there":         {beta(oneOne + oneTwo + "aborted = \"x\"\n"), "2026-12-04T09:00:00Z", "1.1.0 from beta"},
		"resumed there":         {beta(oneOne + "resumed = 2026-12-03T09:00:00Z\n"), "2026-12-04T09:00:00Z", "1.1.0 from beta, from 2026-12-05T09:00:00Z on"},
		"paused there":          {beta(oneOne + "paused = 2026-12-03T09:00:00Z\n"), "2026-12-04T09:00:00Z", "1.1.0 from beta; but 1.1.0 is paused in beta"},
		"paused on its way":     {beta(oneOne + "paused = 2026-12-01T10:00:00Z\n"), "2026-12-04T09:00:00Z", "nothing from beta for now"},
		"paused here":           {beta(oneOne+oneTwo) + here("[activate.\"1.1.0\"]\nrollout = 10\npaused = 2026-12-01T09:00:00Z\n"), "2026-12-04T09:00:00Z", "1.2.0 from beta; but 1.1.0 is paused in default"},
		"no instant":            {beta("[activate.\"1.1.0\"]\n"), "2026-12-04T09:00:00Z", "1.1.0 from beta, from 2026-12-06T09:00:00Z on"},
		"no instant, noted":     {beta("[activate.\"1.1.0\"]\n") + here("") + "since = { \"1.1.0\" = 2026-12-02T09:00:00Z }\n", "2026-12-04T09:00:00Z", "1.1.0 from beta"},
		"never":                 {beta(oneOne+oneTwo) + here("") + "not = [\"1.2.0\"]\n", "2026-12-04T09:00:00Z", "1.1.0 from beta"},
		"aborted here":          {beta(oneOne+oneTwo) + here(oneOne+"aborted = \"x\"\n"), "2026-12-04T09:00:00Z", "nothing from beta, since 1.1.0 was taken back in default: 'cairn promote --again' goes on"},
		"at nothing here":       {beta(oneOne+oneTwo) + here("[activate.\"1.1.0\"]\nrollout = 0\n"), "2026-12-04T09:00:00Z", "nothing from beta, since 1.1.0 was taken back in default: 'cairn promote --again' goes on"},
		"aborted here, known":   {beta(oneOne+oneTwo) + here(oneOne+"aborted = \"x\"\n") + "not = [\"1.1.0\"]\n", "2026-12-04T09:00:00Z", "1.2.0 from beta"},
		"aborted here, below":   {beta(oneTwo) + here("[activate.\"1.1.0\"]\n") + "-- releases/1.0.0.toml --\nversion = \"1.0.0\"\nwithdrawn = \"x\"\n[payload.main.mp]\nfile = \"a.bin\"\n", "2026-12-04T09:00:00Z", "1.2.0 from beta"},
		"taken out here":        {beta(oneOne+oneTwo) + here("") + "promoted = \"1.1.0\"\n", "2026-12-04T09:00:00Z", "nothing from beta, since 1.1.0 was taken out of default: 'cairn promote --again' goes on"},
		"taken out, but above":  {beta(oneTwo) + here("[activate.\"1.1.0\"]\n") + "promoted = \"1.0.0\"\n", "2026-12-04T09:00:00Z", "1.2.0 from beta"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := releases.Load(project(ladder, test.files))
			if err != nil {
				t.Fatal(err)
			}
			at, _ := time.Parse(time.RFC3339, test.at)
			if got := f.Promotes(f.Cohort("default"), at); got != test.want {
				t.Errorf("promotes %s\nwant %s", got, test.want)
			}
			ready := f.Candidate(f.Cohort("default"), at, false).Ready(at)
			if want := strings.Count(test.want, " ") == 2; ready != want { // "1.1.0 from beta"
				t.Errorf("ready is %t", ready)
			}
		})
	}
}

// TestBeginAt holds a rollout that begins with a promotion to the one that says so.
func TestBeginAt(t *testing.T) {
	at := time.Date(2026, 12, 4, 9, 0, 0, 0, time.UTC)
	for relative, absolute := range map[string]string{
		"10":                             "10",
		`{ duration = "48h", from = 5 }`: `{ start = 2026-12-04T09:00:00Z, duration = "48h", from = 5 }`,
		`[ { percent = 1 }, { after = "24h", percent = 10 }, { after = "1h", percent = 100 } ]`:             `[ { at = 2026-12-04T09:00:00Z, percent = 1 }, { after = "24h", percent = 10 }, { after = "1h", percent = 100 } ]`,
		`[ { percent = 1 }, { after = "24h", percent = 10, gate = "g" }, { after = "1h", percent = 100 } ]`: `[ { at = 2026-12-04T09:00:00Z, percent = 1 }, { after = "24h", percent = 10, gate = "g" }, { after = "1h", percent = 100 } ]`,
		`[ { percent = 1, gate = "g" }, { after = "24h", percent = 10 } ]`:                                  `[ { at = 2026-12-04T09:00:00Z, percent = 1, gate = "g" }, { after = "24h", percent = 10 } ]`,
	} {
		const gate = "-- cairn.toml --\n[project]\nslug = \"demo\"\nbase_url = \"https://ota.example.com\"\n[gate.g]\nsource = \"command\"\ncommand = \"true\"\n"
		f, err := releases.Load(project(sound, gate, "-- cohorts/default.toml --\n[activate.\"1.0.0\"]\nrollout = "+absolute+"\n[promote]\nfrom = \"beta\"\nrollout = "+relative+"\n"))
		if err != nil {
			t.Error(err)
			continue
		}
		c := f.Cohort("default")
		if got, want := c.Promote.Rollout.BeginAt(at), c.Activations[0].Rollout; !reflect.DeepEqual(got, want) {
			t.Errorf("%s begins as %+v\nwant %+v", relative, got, want)
		}
	}
}
