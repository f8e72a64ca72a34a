package simulate

import (
	"fmt"
	"time"

	"cairn/manifest"
)

// Check is something that may not happen to a device.
type Check int

// The checks. The last two are of [Settle] only.
const (
	// Down: it moves to a lower version, though its cohort does not say
	// version_check = false.
	Down Check = iota
	// Loop: it comes back to a version that it had, though nothing else has
	// come into its reach.
	Loop
	// Same: it is offered what it runs.
	Same
	// Stuck: it stays under the newest release in its reach.
	Stuck
	// Hops: it takes more updates than Options.MaxHops.
	Hops
	// Unmet: a component comes to it before the other software that it needs.
	Unmet
	// Answer: what it asks for is not there, or no answer.
	Answer
	// Elsewhere: it ends with another version than the definitions give it.
	Elsewhere

	checks = iota
)

// String is the check's name, for programs.
func (c Check) String() string {
	return [...]string{"down", "loop", "same", "stuck", "hops", "unmet", "answer", "elsewhere"}[c]
}

// MarshalText is [Check.String].
func (c Check) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Does is what devices do that fail the check: "3 devices loop".
func (c Check) Does(devices int) string {
	one := [...]string{
		"moves down", "loops", "is offered what it runs", "does not reach the newest release in its reach",
		"takes too many updates", "has a component before what that needs", "gets no proper answer", "ends elsewhere than the definitions say",
	}
	many := [...]string{
		"move down", "loop", "are offered what they run", "do not reach the newest release in their reach",
		"take too many updates", "have a component before what that needs", "get no proper answer", "end elsewhere than the definitions say",
	}
	if devices == 1 {
		return one[c]
	}
	return many[c]
}

// WayOut is what to do about it.
func (c Check) WayOut() string {
	return [...]string{
		"publish again: no answer of cairn's moves a device down",
		"take one of the two ways away: with version_check = false any delta from the current version applies, and else the highest whole image",
		"publish again: such an answer is not cairn's",
		"give the release a whole image, or a delta from where they are",
		"fewer must-pass-through releases, or deltas that skip versions, make the way shorter",
		"let devices reach what is needed in one update, or activate the component's release once they have it",
		"see what 'cairn verify' finds there",
		"publish, or take the instant of the last publish; 'cairn verify' shows what differs",
	}[c]
}

// Examples is how many devices are told of each check.
const Examples = 10

// Failure is a check and the devices that fail it.
type Failure struct {
	Check   Check     `json:"check"`
	Devices int       `json:"devices"`
	First   []Finding `json:"first"` // at most Examples
}

// Finding is how one device fails a check.
type Finding struct {
	Serial string `json:"device_serial"`
	Cohort string `json:"cohort"`
	manifest.Target
	At   time.Time `json:"at"`
	Path []string  `json:"path"` // the versions that it ran, "" for none
	Why  string    `json:"why"`
}

// findings are the failures of some devices, by check.
type findings [checks]Failure

// note counts devices that fail a check, and keeps the first examples.
func (f *findings) note(c Check, devices int, example func() Finding) {
	f[c].Devices += devices
	if len(f[c].First) < Examples {
		f[c].First = append(f[c].First, example())
	}
}

// add adds the findings about devices that come after.
func (f *findings) add(o *findings) {
	for c := range f {
		f[c].Devices += o[c].Devices
		room := Examples - len(f[c].First)
		f[c].First = append(f[c].First, o[c].First[:min(room, len(o[c].First))]...)
	}
}

// failed lists the checks that devices fail.
func (f *findings) failed() []Failure {
	failures := []Failure{}
	for c, failure := range f {
		if failure.Devices > 0 {
			failure.Check = Check(c)
			failures = append(failures, failure)
		}
	}
	return failures
}

// find notes that the device at hand fails a check in a stage, once.
func (w *walker) find(c Check, in stage) {
	if w.fails[c] {
		return
	}
	w.fails[c] = true
	w.findings.note(c, 1, func() Finding {
		last := w.path[len(w.path)-1]
		finding := Finding{
			Serial: w.device.serial, Cohort: w.fleet.Cohorts[w.device.cohort].Slug, Target: w.targets[w.device.target],
			At: w.From.Add(last.at),
		}
		for _, m := range w.path {
			finding.Path = append(finding.Path, w.versions.names[m.version])
		}
		switch {
		case c == Stuck:
			finding.At = w.From.Add(w.For)
			finding.Why = w.whyStuck(w.table(in, w.device.target), w.device.target, last.version)
		case c == Hops:
			finding.Why = w.whyHops()
		case len(w.path) > 1:
			finding.Why = w.decided(w.path[len(w.path)-2].version, in).Because()
		default:
			finding.Why = w.decided(last.version, in).Because()
		}
		return finding
	})
}

// decided is what the device at hand gets on a version, and why.
func (w *walker) decided(v int32, in stage) manifest.Decision {
	return manifest.Resolve(w.fleet, w.self(v), w.From.Add(w.at(in)))
}

func (s *simulation) whyHops() string { return fmt.Sprintf("--max-hops allows %d", s.MaxHops) }

// why is what keeps devices where they end that start with a version.
func (s *simulation) why(t *table, target, start int32) string {
	return s.decision(t, int(target), t.end(start)).Held.String()
}

func (s *simulation) whyStuck(t *table, target, start int32) string {
	if t.newest < 0 {
		return "there is no answer"
	}
	if d := s.decision(t, int(target), t.end(start)); d.Rule == manifest.NeedUnmet {
		return d.Held.String()
	}
	name, on := s.versions.names[t.newest], s.targets[target]
	for _, r := range s.fleet.Releases {
		if r.VersionOf(on.SoftwareType) == name && r.Payload(on.SoftwareType, on.HardwareVersion, "") == nil {
			return fmt.Sprintf("%s has no whole image for %s on %s, and no delta from there", name, on.SoftwareType, on.HardwareVersion)
		}
	}
	return name + " is in reach, but not offered"
}
