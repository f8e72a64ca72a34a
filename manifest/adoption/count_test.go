package adoption_test

import (
	"fmt"
	"testing"
	"time"

	"cairn/manifest/adoption"
)

// TestCountedIsExact has devices that poll at odd times, some seldom, one of which
// moves to 1.1.0, count themselves for three weeks: the last whole week has each of
// them once.
func TestCountedIsExact(t *testing.T) {
	const week = 7 * 24 * 3600
	f := newField(1, 0)
	from := begin.Unix() / week * week
	tally := adoption.New(f.fleet, time.Unix(from, 0), time.Unix(from+4*week, 0))
	for device := range 100 {
		counted := int64(0)
		for at := from + int64(device*1000); at < from+3*week+2*24*3600; at += int64(3600 + device*5000) {
			version := "1.0.0"
			if device == 7 && at > from+week+3*24*3600 {
				version = "1.1.0"
			}
			first := at/week != counted
			counted = at / week
			tally.Add(&adoption.Request{At: at, Last: at, Times: 1, Status: 200, Counts: first, Key: fmt.Appendf(nil, "f/v1/latest/main/a/default/%s/%02x.txt", version, device)})
		}
	}
	r := tally.Report(24 * time.Hour)
	if r.Counted == nil || *r.Counted != 100 {
		t.Errorf("counted %v, should be 100", r.Counted)
	}
	for _, v := range r.Versions {
		if want := map[string]int64{"1.0.0": 99, "1.1.0": 1}[v.Version]; v.Counted == nil || *v.Counted != want {
			t.Errorf("%s: counted %v, should be %d", v.Version, v.Counted, want)
		}
	}
}
