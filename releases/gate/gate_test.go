package gate

import (
	"strings"
	"testing"
	"time"

	"cairn/releases"
)

// TestJudge holds that only fresh evidence of enough devices advances anything.
func TestJudge(t *testing.T) {
	now := time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC)
	two, three, yes, no := 2.0, 3.0, true, false
	silent := releases.Gate{MinDevices: 100, MaxSilent: &two, MaxAge: 6 * time.Hour}
	loops := releases.Gate{MinDevices: 10, MaxDownloads: &three, MaxAge: 6 * time.Hour}
	asked := releases.Gate{MinDevices: 10, MaxAge: 6 * time.Hour}
	for name, test := range map[string]struct {
		gate releases.Gate
		e    *Evidence
		want Outcome
		why  string
	}{
		"none":         {asked, nil, Inconclusive, "no evidence"},
		"no instant":   {asked, &Evidence{Devices: 50, OK: &yes}, Inconclusive, "no evidence"},
		"stale":        {asked, &Evidence{At: now.Add(-7 * time.Hour), Devices: 50, OK: &yes}, Inconclusive, "older than 6h"},
		"stale no":     {asked, &Evidence{At: now.Add(-7 * time.Hour), Devices: 50, OK: &no}, Inconclusive, "older than 6h"},
		"future":       {asked, &Evidence{At: now.Add(time.Hour), Devices: 50, OK: &yes}, Inconclusive, "future"},
		"too few":      {asked, &Evidence{At: now, Devices: 9, OK: &yes}, Inconclusive, "9 devices so far, under min_devices 10"},
		"no word":      {asked, &Evidence{At: now, Devices: 10}, Inconclusive, "neither yes nor no"},
		"yes":          {asked, &Evidence{At: now, Devices: 10, OK: &yes}, Passed, "10 devices, and all is well"},
		"no":           {asked, &Evidence{At: now, Devices: 1000, OK: &no}, Failed, "says no, of 1,000 devices"},
		"not measured": {silent, &Evidence{At: now, Devices: 500, OK: &yes}, Inconclusive, "nothing is known of devices that fell silent"},
		"few silent":   {silent, &Evidence{At: now, Devices: 500, Silent: &Share{0.4, 0, 1.4}}, Passed, "0.4 % (0.0 to 1.4) of 500 devices fell silent"},
		"unclear":      {silent, &Evidence{At: now, Devices: 500, Silent: &Share{1.8, 0.9, 3.4}}, Inconclusive, "too few to tell"},
		"many silent":  {silent, &Evidence{At: now, Devices: 500, Silent: &Share{9, 6, 12}}, Failed, "over 2 %"},
		"silent, no":   {silent, &Evidence{At: now, Devices: 500, OK: &no, Silent: &Share{0, 0, 1}}, Failed, "says no"},
		"loops":        {loops, &Evidence{At: now, Devices: 0, Downloads: 31}, Failed, "31 downloads for 0 devices"},
		"no loops":     {loops, &Evidence{At: now, Devices: 100, Arrived: 100, Downloads: 150}, Passed, "all is well"},
		"no downloads": {loops, &Evidence{At: now, Devices: 100, Arrived: 100}, Inconclusive, "nothing is known of downloads"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Judge(test.gate, test.e, now); got.Outcome != test.want || !strings.Contains(got.Why, test.why) {
				t.Errorf("%s: %s", got.Outcome, got.Why)
			}
		})
	}
}
