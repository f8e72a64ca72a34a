package manifest_test

import (
	"slices"
	"strings"

	"cairn/releases"
)

// The edges of docs/contract.md appendix B, in the plainest words.

func concerns(r *releases.Release, software string) bool {
	if _, ofItsOwn := r.Components[software]; ofItsOwn {
		return false
	}
	for _, p := range r.Payloads {
		if p.SoftwareType == software {
			return true
		}
	}
	return len(r.Payloads) == 0
}

func isRange(text string) bool { return strings.ContainsAny(text[:1], "<>=") }

// edgeVersions are the versions that a release makes known beside those of its
// payloads.
func edgeVersions(r *releases.Release, software string) (all []string) {
	if !concerns(r, software) {
		return nil
	}
	if r.DeadEnd != "" {
		all = append(all, r.Version)
	}
	for _, b := range r.Blocked {
		for _, v := range b.From {
			if !isRange(v.Text) {
				all = append(all, v.Text)
			}
		}
	}
	return all
}

func (o oracle) deadEnd(v string) bool {
	return slices.ContainsFunc(o.fleet.Releases, func(r *releases.Release) bool {
		return r.Version == v && r.DeadEnd != "" && concerns(r, o.target.SoftwareType)
	})
}

func (o oracle) inFrom(v string, entries []releases.Versions) bool {
	for _, from := range entries {
		if !isRange(from.Text) {
			if from.Text == v {
				return true
			}
			continue
		}
		in := true
		for _, bound := range strings.Fields(from.Text) {
			than := strings.TrimLeft(bound, "<>=")
			above, below := o.above(v, than), o.above(than, v)
			switch strings.TrimSuffix(bound, than) {
			case "<":
				in = in && below
			case "<=":
				in = in && !above
			case ">":
				in = in && above
			case ">=":
				in = in && !below
			case "=":
				in = in && !above && !below
			default:
				panic(bound)
			}
		}
		if in {
			return true
		}
	}
	return false
}

// behind says whether an offer is a blocked release or one above it that does
// not have the fix.
func (o oracle) behind(x offer, r *releases.Release, b releases.Block) bool {
	return !o.above(r.Version, x.release.Version) && (b.FixedIn == "" || o.above(b.FixedIn, x.release.Version))
}

// made says whether a release has anything of a software type for the hardware.
func (o oracle) made(r *releases.Release, software string) bool {
	for _, p := range r.Payloads {
		if p.SoftwareType == software && p.HardwareVersion == o.target.HardwareVersion {
			return true
		}
	}
	return false
}

// came says whether a version came first with a release or one above it.
func (o oracle) came(v string, with *releases.Release) bool {
	for _, known := range o.fleet.Software[o.target.SoftwareType].KnownVersions {
		if known == v {
			return false
		}
	}
	found := false
	for _, r := range o.fleet.Releases {
		if versionIn(r, o.target.SoftwareType) == v && o.made(r, o.target.SoftwareType) {
			if found = true; o.above(with.Version, r.Version) {
				return false
			}
		}
	}
	return found
}

// has says whether devices on a version are known to have what is needed.
func (o oracle) has(v string, need releases.Need) bool {
	brings := func(r *releases.Release) bool { return o.inFrom(versionIn(r, need.SoftwareType), need.Versions) }
	for _, m := range o.fleet.Releases {
		good := m.MustPassThrough && m.Withdrawn == "" && m.Payload(need.SoftwareType, o.target.HardwareVersion, "") != nil && brings(m) && o.came(v, m)
		for _, r := range o.fleet.Releases {
			if o.above(r.Version, m.Version) && r.Withdrawn == "" && o.made(r, need.SoftwareType) && !brings(r) {
				good = false
			}
		}
		if good {
			return true
		}
	}
	return false
}

// mustNot says whether devices on a version must not take an offer.
func (o oracle) mustNot(v string, x offer) bool {
	if o.above(x.version, v) {
		for _, need := range x.release.Components[o.target.SoftwareType].Needs {
			if !o.has(v, need) {
				return true
			}
		}
	}
	if x.release.MinVersion != "" && concerns(x.release, o.target.SoftwareType) && o.above(x.release.MinVersion, v) {
		return true
	}
	for _, r := range o.fleet.Releases {
		for _, b := range r.Blocked {
			if concerns(r, o.target.SoftwareType) && o.above(r.Version, v) && o.inFrom(v, b.From) && o.behind(x, r, b) {
				return true
			}
		}
	}
	return false
}

// unlessConditional is an offer to those whose version nobody knows.
func (o oracle) unlessConditional(x *offer) *releases.Payload {
	if x == nil || len(x.release.Components[o.target.SoftwareType].Needs) > 0 || x.release.MinVersion != "" && concerns(x.release, o.target.SoftwareType) {
		return nil
	}
	for _, r := range o.fleet.Releases {
		for _, b := range r.Blocked {
			if concerns(r, o.target.SoftwareType) && o.behind(*x, r, b) {
				return nil
			}
		}
	}
	return x.payload
}
