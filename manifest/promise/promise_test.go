package promise_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/manifest/promise"
	"cairn/releases"
)

// TestCounterexamples names the device that a promise does not hold for.
func TestCounterexamples(t *testing.T) {
	const (
		slow     = `rollout = [ { at = 2026-12-01T09:00:00Z, percent = 1 }, { at = 2026-12-11T09:00:00Z, percent = 100 } ]`
		gated    = `rollout = [ { at = 2026-12-01T09:00:00Z, percent = 1 }, { after = "24h", percent = 100, gate = "healthy" } ]`
		even     = `rollout = { start = 2026-12-01T09:00:00Z, duration = "240h", shape = "linear", from = 0 }`
		two      = "[activate.\"1.0.0\"]\n[activate.\"1.1.0\"]\n"
		promoted = "[activate.\"1.0.0\"]\n[promote]\nfrom = \"beta\"\nafter = \"24h\"\n"
		others   = "devices = [\"SN-1\", \"SN-2\"]\n"
	)
	for name, test := range map[string]struct{ promise, cohort, at, want string }{
		"down": {"never_down = true", "version_check = false\n[activate.\"1.0.0\"]\n", "2026-12-01T09:00:00Z",
			"devices of cohort default (main on mp) in bucket 0 would go from 1.1.0 down to 1.0.0, at 2026-12-01T09:00:00Z"},
		"down, from what nobody knows": {"never_down = true", "version_check = false\n[activate.\"1.1.0\"]\n", "2026-12-01T09:00:00Z",
			"devices of cohort default (main on mp) in bucket 0 would go from a version that is not listed down to 1.1.0, at 2026-12-01T09:00:00Z"},
		"never down": {"never_down = true", two, "2026-12-01T09:00:00Z", ""},
		"too many at once": {"max_new_per_day = 20", two + slow, "2026-12-01T09:00:00Z",
			"devices of cohort default in bucket 8 would be among more than 20 % that 1.1.0 newly reaches within 24 hours, from 1 % to 100 %, at 2026-12-11T09:00:00Z"},
		"too many at once, which is over":   {"max_new_per_day = 20", two + slow, "2026-12-11T09:00:00Z", ""},
		"too many, and which devices":       {"max_new_per_day = 20", others + two + slow, "2026-12-01T09:00:00Z", "such as SN-"},
		"evenly":                            {"max_new_per_day = 12.5", two + even, "2026-12-01T09:00:00Z", ""},
		"evenly, but too fast":              {"max_new_per_day = 6", two + even, "2026-12-01T09:00:00Z", "among more than 6 % that 1.1.0 newly reaches"},
		"what a gate may let through":       {"max_new_per_day = 20", two + gated, "2026-12-01T09:00:00Z", "from 1 % to 100 %, at 2026-12-02T09:00:00Z"},
		"in time":                           {`everyone_ends_within = "10d"`, two + slow, "2026-12-01T09:00:00Z", ""},
		"too late":                          {`everyone_ends_within = "239h"`, two + slow, "2026-12-01T09:00:00Z", "in bucket 0 could not get from 0.9.0 to 1.1.0, at 2026-12-11T08:00:00Z"},
		"too late, but that is over":        {`everyone_ends_within = "239h"`, two + slow, "2026-12-11T09:00:00Z", ""},
		"in time, if the gate passes":       {`everyone_ends_within = "24h"`, two + gated, "2026-12-01T09:00:00Z", ""},
		"never":                             {`everyone_ends_within = "10d"`, two + "rollout = 99\n", "2026-12-01T09:00:00Z", "could not get from 0.9.0 to 1.1.0, at 2026-12-01T09:00:00Z"},
		"paused":                            {`everyone_ends_within = "10d"`, two + "rollout = 99\npaused = 2026-12-01T09:00:00Z\n", "2026-12-01T09:00:00Z", ""},
		"aborted, so the one below counts":  {`everyone_ends_within = "10d"`, two + "rollout = 99\naborted = \"hot\"\n", "2026-12-01T09:00:00Z", ""},
		"two hops":                          {"max_hops = 2", two, "2026-12-01T09:00:00Z", ""},
		"two hops are one too many":         {"max_hops = 1", two, "2026-12-01T09:00:00Z", "would take 2 updates in a row: 0.9.0 → 1.0.0 → 1.1.0, at 2026-12-01T09:00:00Z"},
		"two hops, once there is the other": {"max_hops = 1", two + slow, "2026-11-01T09:00:00Z", "updates in a row: 0.9.0 → 1.0.0 → 1.1.0, at 2026-12-01T09:00:00Z"},
		"what is promoted is too fast": {"max_new_per_day = 20", promoted + "rollout = [ { percent = 1 }, { after = \"24h\", percent = 100, gate = \"healthy\" } ]\n", "2026-12-01T09:00:00Z",
			"that 1.1.0 newly reaches within 24 hours, from 1 % to 100 %, at 2026-12-04T09:00:00Z"},
		"what is promoted at once":       {"max_new_per_day = 20", promoted, "2026-12-01T09:00:00Z", "from 0 % to 100 %, at 2026-12-03T09:00:00Z"},
		"what is promoted evenly":        {"max_new_per_day = 12.5", promoted + "rollout = { duration = \"240h\", shape = \"linear\", from = 0 }\n", "2026-12-01T09:00:00Z", ""},
		"what is promoted comes to some": {`everyone_ends_within = "9d"`, promoted + "rollout = 50\n", "2026-12-01T09:00:00Z", "could not get from 0.9.0 to 1.1.0, at 2026-12-12T09:00:00Z"},
		"what is promoted is in time":    {`everyone_ends_within = "9d"`, promoted + "rollout = { duration = \"216h\" }\n", "2026-12-01T09:00:00Z", ""},
		"nothing said":                   {"", two, "2026-12-01T09:00:00Z", ""},
	} {
		t.Run(name, func(t *testing.T) {
			payload := "\n[payload.main.mp]\nurl = \"https://cdn.example.com/fw\"\nsize = 1\nsha256 = \"" + strings.Repeat("0", 64) + "\"\n"
			slug := "default"
			if strings.HasPrefix(test.cohort, others) {
				slug = "others"
			}
			files := fstest.MapFS{}
			for file, text := range map[string]string{
				"cairn.toml": "[project]\nslug = \"demo\"\nbase_url = \"https://ota.example.com\"\nbucket_digits = 1\n[software.main]\nknown_versions = [\"0.9.0\"]\n" +
					"[gate.healthy]\nsource = \"command\"\ncommand = \"true\"\n[promise]\n" + test.promise + "\nexcept = [\"beta\"]\n",
				"cohorts/beta.toml":         "[activate.\"1.1.0\"]\nrollout = [ { at = 2026-12-02T09:00:00Z, percent = 100 } ]\n",
				"releases/1.0.0.toml":       "version = \"1.0.0\"\nmust_pass_through = true" + payload,
				"releases/1.1.0.toml":       "version = \"1.1.0\"" + payload,
				"cohorts/" + slug + ".toml": test.cohort,
			} {
				files[file] = &fstest.MapFile{Data: []byte(text)}
			}
			f, err := releases.Load(files)
			if err != nil {
				t.Fatal(err)
			}
			at, _ := time.Parse(time.RFC3339, test.at)
			faults := promise.Faults(f, at)
			if test.want == "" && len(faults) > 0 || test.want != "" && (len(faults) != 1 || !strings.Contains(faults[0].Message, test.want) || faults[0].Place.Line != 11) {
				t.Errorf("broken is\n%v\nwant %s", faults, test.want)
			}
		})
	}
}
