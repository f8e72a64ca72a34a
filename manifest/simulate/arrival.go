package simulate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/releases"

	"github.com/cespare/xxhash/v2"
)

// needing is a component that came to the device at hand, and what it needs.
type needing struct {
	at    time.Duration
	moves int // of the path, the component's among them
	needs []releases.Need
}

// arrivals takes the other programs of the device at hand through the simulation,
// each of which polls at its own times, and compares what was there with what was
// needed.
func (w *walker) arrivals() {
	d := &w.device
	for _, n := range w.needing {
		for _, need := range n.needs {
			other := manifest.Target{SoftwareType: need.SoftwareType, HardwareVersion: w.targets[d.target].HardwareVersion}
			target := int32(slices.Index(w.targets, other))
			path := w.beside(d, target)
			had := 0
			for had+1 < len(path) && path[had+1].at <= n.at {
				had++
			}
			if need.Met(w.fleet.Project.Order, w.versions.names[path[had].version]) {
				continue
			}
			w.findings.note(Unmet, 1, func() Finding {
				f := Finding{Serial: d.serial, Cohort: w.fleet.Cohorts[d.cohort].Slug, Target: w.targets[d.target], At: w.From.Add(n.at)}
				for _, m := range w.path[:n.moves] {
					f.Path = append(f.Path, w.versions.names[m.version])
				}
				var names []string
				for _, m := range path[:had+1] {
					names = append(names, Label(w.versions.names[m.version]))
				}
				f.Why = fmt.Sprintf("it needs %s, and the device has %s by then", need, strings.Join(names, " → "))
				return f
			})
			return
		}
	}
}

// beside is what another program of a device runs over time: at the start what was
// there when the version at hand came first, or else the lowest version.
func (w *walker) beside(d *device, target int32) []move {
	on := w.targets[target]
	start := w.versions.of[w.tree.Known[on][0]]
	made := func(r *releases.Release, t manifest.Target) bool {
		return slices.ContainsFunc(r.Payloads, func(p *releases.Payload) bool {
			return p.SoftwareType == t.SoftwareType && p.HardwareVersion == t.HardwareVersion
		})
	}
	mine := w.targets[d.target]
	came := slices.IndexFunc(w.fleet.Releases, func(r *releases.Release) bool {
		return made(r, mine) && r.VersionOf(mine.SoftwareType) == w.versions.names[d.start]
	})
	for _, r := range w.fleet.Releases[:came+1] {
		if made(r, on) {
			start = w.versions.of[r.VersionOf(on.SoftwareType)]
		}
	}
	path := []move{{0, start}}
	self := *d
	seed := xxhash.Sum64String(on.SoftwareType + d.serial)
	self.dice.Seed(w.Seed, seed)
	const most = 1000 // of a loop
	for u := range w.polls(&self, target, start, time.Duration(seed%uint64(w.Poll))) {
		if !u.failed {
			path = append(path, move{u.at, u.to})
		}
		if len(path) > most {
			break
		}
	}
	return path
}
