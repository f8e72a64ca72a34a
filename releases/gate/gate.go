// Package gate judges whether the next step of a rollout may begin, by evidence
// that others have gathered. It never takes silence for consent.
package gate

import (
	"fmt"
	"time"

	"cairn/releases"

	"github.com/dustin/go-humanize"
)

// Evidence is what is known of the devices that took a release.
type Evidence struct {
	At      time.Time `json:"at"`           // as of when it is
	Devices float64   `json:"devices"`      // that it is about
	OK      *bool     `json:"ok,omitempty"` // what somebody else makes of it; nil for nobody
	Silent  *Share    `json:"silent,omitempty"`
	// Downloads is how many whole payloads were sent; 0 for unknown.
	Downloads float64 `json:"downloads,omitempty"`
	Arrived   float64 `json:"arrived,omitempty"` // devices that run the release
}

// Share is a percentage, and the interval that holds it with 95 % confidence.
type Share struct {
	Percent float64 `json:"percent"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

// Outcome is what a gate says.
type Outcome string

// Inconclusive keeps a rollout where it is.
const (
	Passed       Outcome = "passed"
	Failed       Outcome = "failed"
	Inconclusive Outcome = "inconclusive"
)

// Verdict is an outcome, and why.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	Why     string  `json:"why"`
}

func say(o Outcome, format string, args ...any) Verdict {
	return Verdict{o, fmt.Sprintf(format, args...)}
}

// Judge holds evidence to the limits of a gate. Nil is no evidence.
func Judge(g releases.Gate, e *Evidence, now time.Time) Verdict {
	switch {
	case e == nil || e.At.IsZero():
		return say(Inconclusive, "no evidence")
	case e.At.After(now.Add(5 * time.Minute)):
		return say(Inconclusive, "the evidence is of %s, which is in the future", e.At.UTC().Format(time.RFC3339))
	case now.Sub(e.At) > g.MaxAge:
		return say(Inconclusive, "the evidence is of %s, older than %s", e.At.UTC().Format(time.RFC3339), g.MaxAge)
	case g.MaxDownloads != nil && e.Downloads > *g.MaxDownloads*max(e.Arrived, float64(g.MinDevices)):
		return say(Failed, "%s downloads for %s that arrived, over %v for each", count(e.Downloads), devices(e.Arrived), *g.MaxDownloads)
	case e.Devices < float64(g.MinDevices):
		return say(Inconclusive, "%s so far, under min_devices %d", devices(e.Devices), g.MinDevices)
	case e.OK != nil && !*e.OK:
		return say(Failed, "the evidence says no, of %s", devices(e.Devices))
	}
	if g.MaxSilent != nil {
		s, most := e.Silent, *g.MaxSilent
		switch {
		case s == nil:
			return say(Inconclusive, "nothing is known of devices that fell silent")
		case s.Low > most:
			return say(Failed, "%s of %s fell silent, over %v %%", s, devices(e.Devices), most)
		case s.High > most:
			return say(Inconclusive, "%s of %s fell silent: too few to tell whether that is over %v %%", s, devices(e.Devices), most)
		}
	}
	if g.MaxDownloads != nil && e.Downloads == 0 {
		return say(Inconclusive, "nothing is known of downloads")
	}
	if g.MaxSilent == nil && g.MaxDownloads == nil && e.OK == nil {
		return say(Inconclusive, "the evidence says neither yes nor no")
	}
	if e.Silent != nil {
		return say(Passed, "%s of %s fell silent", *e.Silent, devices(e.Devices))
	}
	return say(Passed, "%s, and all is well", devices(e.Devices))
}

// String is "3.1 % (1.9 to 5.0)".
func (s Share) String() string {
	return fmt.Sprintf("%.1f %% (%.1f to %.1f)", s.Percent, s.Low, s.High)
}

func count(n float64) string { return humanize.Comma(int64(n + 0.5)) }

func devices(n float64) string {
	if count(n) == "1" {
		return "1 device"
	}
	return count(n) + " devices"
}
