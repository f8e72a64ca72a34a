package lint

import (
	"fmt"
	"slices"

	"cairn/manifest"
	"cairn/releases"
)

func targetOf(p *releases.Payload) manifest.Target {
	return manifest.Target{SoftwareType: p.SoftwareType, HardwareVersion: p.HardwareVersion}
}

func title(t manifest.Target) string { return t.SoftwareType + " on " + t.HardwareVersion }

// payloads looks for releases without any, and at deltas.
func (l *linter) payloads() {
	made := map[manifest.Target]map[string]bool{} // versions that a release has
	for r, p := range l.Payloads() {
		t := targetOf(p)
		if made[t] == nil {
			made[t] = map[string]bool{}
			for _, v := range l.Software[t.SoftwareType].KnownVersions {
				made[t][v] = true
			}
		}
		made[t][r.VersionOf(t.SoftwareType)] = true
	}
	for t, versions := range made {
		for _, r := range l.Releases {
			if r.Concerns(t.SoftwareType) {
				for _, v := range r.Names() {
					versions[v] = true
				}
			}
		}
	}
	resolver := manifest.NewResolver(l.Fleet)
	for r, p := range l.Payloads() {
		if p.Delta() && r.Withdrawn == "" {
			l.delta(r, p, made[targetOf(p)][p.From], resolver.Keeps(targetOf(p), p.From, r))
		}
	}
	for _, r := range l.Releases {
		if len(r.Payloads) == 0 && r.Withdrawn == "" && len(r.Edges()) == 0 {
			l.warn("empty-release", in(r.File, "version"),
				"write [payload.<software type>.<hardware version>]; a version that was never released from here belongs into known_versions",
				"release %s has no payload, so no device can get it", r.Version)
		}
	}
}

// delta looks at a delta from a version that devices can run, or not.
func (l *linter) delta(r *releases.Release, p *releases.Payload, runs bool, held *manifest.Held) {
	version := func(r *releases.Release) string { return r.VersionOf(p.SoftwareType) }
	compared := l.Project.Order.Compare(p.From, version(r))
	switch {
	case compared == 0:
		l.warn("dead-delta", payload(r, p), "write the version that devices run before the update",
			"a delta from %s to itself is never offered", p.From)
	case compared > 0 && !l.down(r):
		l.warn("dead-delta", payload(r, p), "write the version that it patches, or version_check = false into a cohort that activates "+r.Version,
			"a delta from %s down to %s is never offered: no cohort that activates %s has version_check = false", p.From, version(r), r.Version)
	case held != nil:
		l.warn("dead-delta", payload(r, p), "leave it out, or make the block or min_version narrower",
			"a delta from %s to %s is never offered: %s", p.From, version(r), held)
	case !runs:
		l.warn("dead-delta", payload(r, p), fmt.Sprintf("if it is in the field, write known_versions = [%q] for software type %s", p.From, p.SoftwareType),
			"no device can run %s: no release has it for %s, and known_versions does not list it", p.From, title(targetOf(p)))
	}
	for _, m := range l.Releases {
		over := l.Project.Order.Compare(p.From, version(m)) < 0 && l.Project.Order.Compare(version(m), version(r)) < 0
		if over && mustPass(m) && whole(m, targetOf(p)) != nil {
			l.warn("delta-over-must-pass-through", payload(r, p), "a delta from the current version goes before everything else: leave it out, or patch "+version(m),
				"the delta from %s to %s leads past %s, which is must_pass_through", p.From, version(r), version(m))
			return
		}
	}
}

// down says whether a cohort may serve a release to devices above it. One
// that is not activated yet may be meant for any cohort.
func (l *linter) down(r *releases.Release) bool {
	anywhere, down := false, false
	for _, c := range l.Cohorts {
		activates := slices.ContainsFunc(c.Activations, func(a releases.Activation) bool { return a.Release == r })
		anywhere = anywhere || activates
		down = down || activates && !c.VersionCheck
	}
	return down || !anywhere
}

// mustPass says whether a release is to stop devices on their way up.
func mustPass(r *releases.Release) bool { return r.MustPassThrough && r.Withdrawn == "" }

// whole is a release's whole image for a target, nil for none.
func whole(r *releases.Release, t manifest.Target) *releases.Payload {
	return r.Payload(t.SoftwareType, t.HardwareVersion, "")
}
