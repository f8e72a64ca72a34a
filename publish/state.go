package publish

import (
	"fmt"
	"slices"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// State is what a publish leaves below the prefix for the next one to start
// from: what is where, what put it there, and who is at work. So no publish
// has to list the bucket, or to guess what an interrupted one has done.
type State struct {
	Prefix string
	Live   *Inventory
	// Done is the publish that has made all of it, zero where none has ended.
	Done Stamp
	// Doing is the publish under way, or one that has not ended; nil where
	// the last one has. What it would have touched is in doubt.
	Doing *Stamp
	// Lease is the right of one publisher to write, until it expires; nil
	// where there is none.
	Lease *Lease
	// Late is what a publisher that lost its lease may still write; nil where
	// there is none.
	Late *Late
}

// Stamp says what a publish puts there.
type Stamp struct {
	Published time.Time `json:"published"` // UTC
	// At is the instant that the answers are for, UTC.
	At time.Time `json:"at"`
	// Source is what the publisher said of the definitions, such as a commit.
	Source string `json:"source,omitempty"`
	// Encoder is the [Encoder] that made the siblings.
	Encoder  string   `json:"encoder"`
	BurnedIn BurnedIn `json:"burned_in,omitzero"`
	// Unchecked is the cohorts that serve lower versions, too; nil where the
	// state doesn't tell.
	Unchecked []string  `json:"unchecked,omitzero"`
	Rollouts  []Rollout `json:"rollouts"`
	// Stops is what is taken back, by cohort, version and kind.
	Stops []Stop `json:"stops,omitempty"`
	// Status is what was told of it, nil for nothing.
	Status *Status `json:"status,omitempty"`
	// Versions is every version that ever had an answer.
	Versions []Remembered `json:"versions,omitempty"`
	// Kept is what devices are kept from.
	Kept []Kept `json:"kept,omitempty"`
}

// Rollout is a release that a cohort offers.
type Rollout struct {
	Cohort  string  `json:"cohort"`
	Version string  `json:"version"`
	Percent float64 `json:"percent"` // above 0
	Seed    string  `json:"seed"`    // with Percent, this says which buckets are in
	// Targets is what the release has a payload for.
	Targets []manifest.Target `json:"targets"`
}

// Lease names the publisher that may write.
type Lease struct {
	Holder  string    `json:"holder"` // a user name
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Nonce   string    `json:"nonce"`   // tells it from every other lease
	Began   time.Time `json:"began"`   // UTC
	Expires time.Time `json:"expires"` // UTC
}

// String names the holder: "ada@build-7 (process 4711)".
func (l Lease) String() string {
	return fmt.Sprintf("%s@%s (process %d)", l.Holder, l.Host, l.PID)
}

// Odd says whether a lease ends later than any may at an instant: a clock is
// wrong then.
func (l Lease) Odd(now time.Time) bool { return l.Expires.Sub(now) > LongestLease }

// LongestLease is the longest lease that a publisher may take.
const LongestLease = time.Hour

// StateKey is where the state of a prefix is.
func StateKey(prefix string) string { return prefix + "/" + StateFolder + "/state" }

// RolloutsOf is what a fleet's cohorts offer at an instant.
func RolloutsOf(f *releases.Fleet, at time.Time) []Rollout {
	targets := map[string][]manifest.Target{}
	for r, p := range f.Payloads() {
		t := manifest.Target{SoftwareType: p.SoftwareType, HardwareVersion: p.HardwareVersion}
		if !slices.Contains(targets[r.Version], t) {
			targets[r.Version] = append(targets[r.Version], t)
		}
	}
	var all []Rollout
	for _, c := range f.Cohorts {
		for _, a := range c.Activations {
			if percent := a.Percent(at); a.Offers() && percent > 0 {
				all = append(all, Rollout{c.Slug, a.Release.Version, percent, a.Seed, targets[a.Release.Version]})
			}
		}
	}
	return all
}
