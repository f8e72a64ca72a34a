package manifest_test

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"cairn/manifest"
	"cairn/releases"

	"github.com/cespare/xxhash/v2"
)

// oracle is docs/contract.md section 3 in the plainest words, for one target, cohort
// and bucket at one instant. It shares nothing with the package but the order
// of versions.
type oracle struct {
	fleet  *releases.Fleet
	target manifest.Target
	cohort *releases.Cohort
	bucket string // "_eager" for devices that ask eagerly
	at     time.Time
}

type offer struct {
	release     *releases.Release
	version     string // that it brings
	payload     *releases.Payload
	passThrough bool
}

func (o oracle) above(a, b string) bool { return o.fleet.Project.Order.Compare(a, b) > 0 }

func (o oracle) percent(a releases.Activation) float64 {
	t := o.at
	if !a.Paused.IsZero() && t.After(a.Paused) {
		t = a.Paused
	}
	switch {
	case a.Rollout.Steps != nil:
		p := 0.0
		for _, s := range a.Rollout.Steps {
			if !t.Before(s.At) {
				p = s.Percent
			}
		}
		return p
	case a.Rollout.Ramp != nil:
		r := a.Rollout.Ramp
		if t.Before(r.Start) {
			return 0
		}
		x := math.Min(1, t.Sub(r.Start).Seconds()/r.Duration.Seconds())
		if r.Linear {
			return r.From + (r.To-r.From)*x
		}
		return r.From * math.Pow(r.To/r.From, x)
	}
	return a.Rollout.Fixed
}

// drawn remembers the buckets in the order of a seed.
var drawn = map[string][]string{}

func order(seed string, digits int) []string {
	key := fmt.Sprint(digits, seed)
	if drawn[key] == nil {
		hash := map[string]uint64{}
		for i := range 1 << (4 * digits) {
			name := fmt.Sprintf("%0*x", digits, i)
			hash[name] = xxhash.Sum64String(seed + "/" + name)
			drawn[key] = append(drawn[key], name)
		}
		sort.SliceStable(drawn[key], func(i, j int) bool { return hash[drawn[key][i]] < hash[drawn[key][j]] })
	}
	return drawn[key]
}

// in says whether an activation is rolled out to the bucket.
func (o oracle) in(a releases.Activation) bool {
	if o.bucket == "_eager" {
		halted := a.NotEager || a.Paused != time.Time{} && a.Paused.Compare(o.at) <= 0
		return o.percent(a) >= 100 || o.percent(a) > 0 && !halted
	}
	draws := order(a.Seed, o.fleet.Project.BucketDigits)
	n, p := len(draws), o.percent(a)
	switch {
	case p <= 0:
		n = 0
	case p < 100:
		n = min(max(1, int(math.Floor(p*float64(n)/100+0.5))), n-1)
	}
	return slices.Contains(draws[:n], o.bucket)
}

func (o oracle) offers() (full, deltas []offer) {
	for _, a := range o.cohort.Activations {
		if a.Aborted != "" || a.Release.Withdrawn != "" || !o.in(a) {
			continue
		}
		for _, p := range a.Release.Payloads {
			if p.SoftwareType != o.target.SoftwareType || p.HardwareVersion != o.target.HardwareVersion {
				continue
			}
			x := offer{a.Release, versionIn(a.Release, p.SoftwareType), p, a.Release.MustPassThrough}
			if p.From == "" {
				full = append(full, x)
			} else {
				deltas = append(deltas, x)
			}
		}
	}
	return full, deltas
}

// versionIn is the version of a software type in a release.
func versionIn(r *releases.Release, software string) string {
	for name, c := range r.Components {
		if name == software {
			return c.Version
		}
	}
	return r.Version
}

// pairs are the (software type, hardware version) that any release has a
// payload or delta for.
func pairs(f *releases.Fleet) map[manifest.Target]bool {
	all := map[manifest.Target]bool{}
	for _, r := range f.Releases {
		for _, p := range r.Payloads {
			all[manifest.Target{SoftwareType: p.SoftwareType, HardwareVersion: p.HardwareVersion}] = true
		}
	}
	return all
}

func knownVersions(f *releases.Fleet, t manifest.Target) map[string]bool {
	known := map[string]bool{}
	if !pairs(f)[t] {
		return known
	}
	for _, v := range f.Software[t.SoftwareType].KnownVersions {
		known[v] = true
	}
	for _, r := range f.Releases {
		for _, p := range r.Payloads {
			if p.SoftwareType == t.SoftwareType && p.HardwareVersion == t.HardwareVersion {
				known[versionIn(r, t.SoftwareType)] = true
				if p.From != "" {
					known[p.From] = true
				}
			}
		}
		for _, v := range edgeVersions(r, t.SoftwareType) {
			known[v] = true
		}
	}
	return known
}

func (o oracle) highest(all []offer) *offer {
	var best *offer
	for i := range all {
		if best == nil || o.above(all[i].version, best.version) || all[i].version == best.version && o.above(all[i].release.Version, best.release.Version) {
			best = &all[i]
		}
	}
	return best
}

func (o oracle) lowest(all []offer) *offer {
	var best *offer
	for i := range all {
		if best == nil || o.above(best.version, all[i].version) || all[i].version == best.version && o.above(all[i].release.Version, best.release.Version) {
			best = &all[i]
		}
	}
	return best
}

func where(all []offer, keep func(offer) bool) []offer {
	return slices.DeleteFunc(slices.Clone(all), func(x offer) bool { return !keep(x) })
}

func payloadOf(x *offer) *releases.Payload {
	if x == nil {
		return nil
	}
	return x.payload
}

// none, other and known are the answers for a device that states no version,
// one that is not known, and one that is.
func (o oracle) none() *releases.Payload {
	full, _ := o.offers()
	return o.unlessConditional(o.highest(full))
}

func (o oracle) other() *releases.Payload {
	if o.fleet.Project.Unknown == releases.HoldUnknown {
		return nil
	}
	full, _ := o.offers()
	if must := where(full, func(x offer) bool { return x.passThrough }); len(must) > 0 {
		return o.unlessConditional(o.lowest(must))
	}
	return o.unlessConditional(o.highest(full))
}

func (o oracle) known(v string) *releases.Payload {
	if o.deadEnd(v) {
		return nil
	}
	full, deltas := o.offers()
	down := !o.cohort.VersionCheck
	open := func(x offer) bool {
		if o.mustNot(v, x) {
			return false
		}
		for _, m := range full {
			if m.passThrough && o.above(m.version, v) && o.mustNot(v, m) && o.above(x.version, m.version) {
				return false
			}
		}
		return true
	}
	deltas = where(deltas, func(x offer) bool { return x.payload.From == v })
	for _, x := range append(slices.Clone(full), deltas...) {
		if o.above(x.version, v) && !open(x) {
			down = false // what holds a device back does not move it down
		}
	}
	full, deltas = where(full, open), where(deltas, open)
	allowed := func(x offer) bool { return o.above(x.version, v) || down && x.version != v }
	if usable := where(deltas, allowed); len(usable) > 0 {
		return payloadOf(o.highest(usable))
	}
	if must := where(full, func(x offer) bool { return x.passThrough && o.above(x.version, v) }); len(must) > 0 {
		return payloadOf(o.lowest(must))
	}
	if best := o.highest(full); best != nil && allowed(*best) {
		return best.payload
	}
	return nil
}

// answer is the one that a device gets, by its current version.
func (o oracle) answer(current string) *releases.Payload {
	switch {
	case current == "":
		return o.none()
	case knownVersions(o.fleet, o.target)[current]:
		return o.known(current)
	}
	x := o.other()
	if x == nil || !o.cohort.VersionCheck {
		return x
	}
	for _, r := range o.fleet.Releases {
		if slices.Contains(r.Payloads, x) && o.fleet.Project.Order.Check(current) == nil && o.above(versionIn(r, o.target.SoftwareType), current) {
			return x
		}
	}
	return nil
}
