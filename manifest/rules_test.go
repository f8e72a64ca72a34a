package manifest_test

import (
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

var (
	mp  = manifest.Target{SoftwareType: "main", HardwareVersion: "mp"}
	now = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
)

// fleet makes a fleet of one target of a sketch: versions in ascending order,
// each with what is special about it.
//
//	2!      must pass through
//	2~      withdrawn
//	2x      activated, but aborted
//	2%      activated, but rolled out to nobody
//	2-      not activated
//	2*      without a full payload
//	2<1,0   with deltas from 1 and 0
//	(2)     no release: a known version
func fleet(sketch string, versionCheck bool) *releases.Fleet {
	f := &releases.Fleet{
		Project: releases.Project{
			Slug: "demo", BaseURL: "https://ota.example.com", Prefix: "demo",
			Order: releases.Natural, Unknown: releases.OrderedUnknown, BucketDigits: 1, CohortDigits: 1,
		},
		Software: map[string]releases.Software{},
		Cohorts:  []*releases.Cohort{{Slug: releases.DefaultCohort, VersionCheck: versionCheck}},
	}
	all := f.Cohorts[0]
	for _, word := range strings.Fields(sketch) {
		if known, ok := strings.CutPrefix(word, "("); ok {
			s := f.Software["main"]
			s.KnownVersions = append(s.KnownVersions, strings.TrimSuffix(known, ")"))
			f.Software["main"] = s
			continue
		}
		head, from, _ := strings.Cut(word, "<")
		version := strings.TrimRight(head, "!~x%-*")
		has := func(mark string) bool { return strings.Contains(head, mark) }
		r := &releases.Release{Version: version, MustPassThrough: has("!")}
		if has("~") {
			r.Withdrawn = "bad"
		}
		if !has("*") {
			r.Payloads = append(r.Payloads, full(version))
		}
		for _, v := range strings.FieldsFunc(from, func(r rune) bool { return r == ',' }) {
			r.Payloads = append(r.Payloads, delta(version, v))
		}
		f.Releases = append(f.Releases, r)
		a := releases.Activation{Release: r, Seed: "default/" + version, Rollout: releases.Rollout{Fixed: 100}}
		if has("%") {
			a.Rollout.Fixed = 0
		}
		if has("x") {
			a.Aborted = "bad"
		}
		if !has("-") {
			all.Activations = append(all.Activations, a)
		}
	}
	return f
}

func full(version string) *releases.Payload { return delta(version, "") }

func delta(version, from string) *releases.Payload {
	return &releases.Payload{
		SoftwareType: mp.SoftwareType, HardwareVersion: mp.HardwareVersion, From: from, Name: version + "-" + from + ".bin",
		URL: "https://cdn.example.com/" + version + "-" + from, Size: 1, SHA256: strings.Repeat("0", 64),
	}
}

// sketched says what a decision gives, in the words of a sketch.
func sketched(d manifest.Decision) string {
	switch {
	case d.Payload == nil && d.Release == nil:
		return d.Rule.String()
	case d.Payload.Delta():
		return d.Release.Version + "<" + d.Payload.From + " " + d.Rule.String()
	}
	return d.Release.Version + " " + d.Rule.String()
}

// TestRules holds Resolve against every rule of docs/contract.md section 3, with
// version_check and without.
func TestRules(t *testing.T) {
	for _, row := range []struct {
		name, fleet, current string
		checked, unchecked   string
	}{
		// Candidates.
		{"not activated", "1 2-", "1", "up-to-date", "up-to-date"},
		{"aborted", "1 2x", "1", "up-to-date", "up-to-date"},
		{"withdrawn", "1 2~", "1", "up-to-date", "up-to-date"},
		{"not rolled out", "1 2%", "1", "up-to-date", "up-to-date"},
		{"delta of an aborted release", "1 2x<1", "1", "up-to-date", "up-to-date"},
		{"must-pass-through that is withdrawn", "1 2!~ 3", "1", "3 highest", "3 highest"},
		{"must-pass-through that is not rolled out", "1 2!% 3", "1", "3 highest", "3 highest"},
		{"aborted highest", "1 2 3x", "1", "2 highest", "2 highest"},
		{"nothing at all", "1-", "1", "up-to-date", "up-to-date"},

		// Rule 1.
		{"delta", "1 2<1", "1", "2<1 delta", "2<1 delta"},
		{"delta to the highest of several", "1 2<1 3<1 4<2", "1", "3<1 delta", "3<1 delta"},
		{"delta beats a higher full version", "1 2<1 3", "1", "2<1 delta", "2<1 delta"},
		{"delta beats must-pass-through", "1 2! 3<1", "1", "3<1 delta", "3<1 delta"},
		{"delta without a full payload", "1 2*<1", "1", "2<1 delta", "2<1 delta"},
		{"delta from another version", "1 2 3<2", "1", "3 highest", "3 highest"},
		{"delta to the version that it is from", "1 2<2", "2", "up-to-date", "up-to-date"},
		{"delta down", "1<2 2", "2", "up-to-date", "1<2 delta"},
		{"delta down and up", "1<2 2 3<2", "2", "3<2 delta", "3<2 delta"},
		{"delta down beats a full version up", "1<2 2 3", "2", "3 highest", "1<2 delta"},
		{"highest of the deltas down", "1<3 2<3 3", "3", "up-to-date", "2<3 delta"},
		{"delta from a version that was never a release", "2<1", "1", "2<1 delta", "2<1 delta"},

		// Rule 2.
		{"must-pass-through", "1 2! 3", "1", "2 must-pass-through", "2 must-pass-through"},
		{"lowest must-pass-through above", "1 2! 3! 4", "1", "2 must-pass-through", "2 must-pass-through"},
		{"next must-pass-through", "1 2! 3! 4", "2", "3 must-pass-through", "3 must-pass-through"},
		{"past must-pass-through", "1 2! 3! 4", "3", "4 highest", "4 highest"},
		{"must-pass-through without a full payload", "1 2!*<0 3", "1", "3 highest", "3 highest"},
		{"must-pass-through is the highest", "1 2!", "1", "2 must-pass-through", "2 must-pass-through"},
		{"must-pass-through below", "1! 2 3", "2", "3 highest", "3 highest"},
		{"must-pass-through is its own version", "1! 2-", "1", "up-to-date", "up-to-date"},

		// Rules 3 and 4.
		{"highest", "1 2 3", "1", "3 highest", "3 highest"},
		{"highest is current", "1 2 3", "3", "up-to-date", "up-to-date"},
		{"highest is below", "1 2 3-", "3", "up-to-date", "2 highest"},
		{"highest is below, must-pass-through too", "1! 2 3-", "3", "up-to-date", "2 highest"},
		{"highest is below, and must-pass-through", "1 2! 3-", "3", "up-to-date", "2 highest"},
		{"only deltas for others", "(0) 1 2*<1", "0", "1 highest", "1 highest"},

		// No version.
		{"none", "1 2 3", "", "3 no-version", "3 no-version"},
		{"none, with must-pass-through", "1! 2 3", "", "3 no-version", "3 no-version"},
		{"none, with deltas", "1 2*<1", "", "1 no-version", "1 no-version"},
		{"none, and nothing to have", "1x 2*<1", "", "up-to-date", "up-to-date"},

		// Versions that are not known.
		{"other, above", "1 2 3", "7", "unknown-not-below", "3 unknown-below"},
		{"other, between", "1 2 4", "3", "4 unknown-below", "4 unknown-below"},
		{"other, below", "1 2 3", "0", "3 unknown-below", "3 unknown-below"},
		{"other, equal but for the bytes", "1 2 3", "03", "3 unknown-below", "3 unknown-below"},
		{"other, with must-pass-through", "1 2! 4! 5", "0", "2 unknown-below", "2 unknown-below"},
		{"other, above must-pass-through", "1 2! 4! 5", "3", "unknown-not-below", "2 unknown-below"},
		{"other, with must-pass-through out of reach", "1 2!x 3", "0", "3 unknown-below", "3 unknown-below"},
		{"other, with must-pass-through without a full payload", "1 2!*<1 3", "0", "3 unknown-below", "3 unknown-below"},
		{"other, and nothing to have", "1x 2*<1", "7", "up-to-date", "up-to-date"},

		// Known versions, of all three sources.
		{"known by known_versions", "(7) 1 2", "7", "up-to-date", "2 highest"},
		{"known by a delta", "1 2<7", "7", "up-to-date", "2<7 delta"},
		{"known by a delta of a withdrawn release", "1 2~<7", "7", "up-to-date", "1 highest"},
		{"known by a withdrawn release", "1 2 7~", "7", "up-to-date", "2 highest"},
		{"known by an aborted release", "1 2 7x", "7", "up-to-date", "2 highest"},
		{"known by a release that is not activated", "1 2 7-", "7", "up-to-date", "2 highest"},

		// Ties go by the bytes of the version.
		{"tie", "01 1", "01", "1 highest", "1 highest"},
		{"tie is over", "01 1", "1", "up-to-date", "up-to-date"},
		{"tie among must-pass-through", "0 01! 1!", "0", "01 must-pass-through", "01 must-pass-through"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for check, want := range map[bool]string{true: row.checked, false: row.unchecked} {
				d := manifest.Resolve(fleet(row.fleet, check), manifest.Device{Serial: "SN-1", Target: mp, CurrentVersion: row.current}, now)
				if got := sketched(d); got != want {
					t.Errorf("version_check = %v: %s, want %s", check, got, want)
				}
			}
		})
	}
}

func TestHold(t *testing.T) {
	f := fleet("1! 2 3<7", true)
	f.Project.Unknown = releases.HoldUnknown
	for current, want := range map[string]string{
		"8": "unknown-hold", "1": "3 highest", "7": "up-to-date", "": "3 no-version", "0": "unknown-hold",
	} {
		d := manifest.Resolve(f, manifest.Device{Serial: "SN-1", Target: mp, CurrentVersion: current}, now)
		if got := sketched(d); got != want {
			t.Errorf("%q: %s, want %s", current, got, want)
		}
	}
}

// TestOtherTargets has devices that a release has nothing for.
func TestOtherTargets(t *testing.T) {
	f := fleet("1 2", true)
	evt := manifest.Target{SoftwareType: "main", HardwareVersion: "evt"}
	for _, current := range []string{"", "1", "7"} {
		d := manifest.Resolve(f, manifest.Device{Serial: "SN-1", Target: evt, CurrentVersion: current}, now)
		if got := sketched(d); got != "up-to-date" {
			t.Errorf("%q: %s", current, got)
		}
	}
}

// TestRulesInWords gives every rule a name and a reason.
func TestRulesInWords(t *testing.T) {
	names, reasons := map[string]bool{}, map[string]bool{}
	for r := manifest.UpToDate; r <= manifest.UnknownConditional; r++ {
		names[r.String()], reasons[r.Because()] = true, true
	}
	if len(names) != 13 || len(reasons) != 13 || names[""] {
		t.Errorf("%v, %v", names, reasons)
	}
}
