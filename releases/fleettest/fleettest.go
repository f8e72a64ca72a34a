// Package fleettest makes fleets for tests and benchmarks.
package fleettest

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"cairn/releases"
)

// Large is a fleet whose tree has about so many answers (buckets of version
// folders): twenty releases, a third of them in partial rollouts, each fifth
// one must-pass-through, with deltas, for as many hardware versions as it
// takes, and a beta cohort of a thousand devices. Its payloads are hosted
// elsewhere. The same number gives the same fleet.
func Large(answers int) *releases.Fleet {
	const versions = 20
	digits := 2
	if answers >= 500_000 {
		digits = 3
	}
	beta := &releases.Cohort{Slug: "beta", VersionCheck: true}
	var serials []string
	for i := range 1000 {
		serials = append(serials, fmt.Sprintf("BETA-%06d", i))
	}
	beta.Devices = releases.DevicesOf(serials...)
	all := &releases.Cohort{Slug: releases.DefaultCohort, VersionCheck: true}
	f := &releases.Fleet{
		Project: releases.Project{
			Slug: "large", BaseURL: "https://ota.example.com", Prefix: "large",
			Order: releases.SemVer, Unknown: releases.OrderedUnknown,
			BucketDigits: digits, CohortDigits: 2,
		},
		Cache:   releases.Cache{Answers: time.Minute, Cohorts: 5 * time.Minute},
		Guard:   releases.Guard{MaxExposureIncrease: 100, MaxDeletes: 100},
		Cohorts: []*releases.Cohort{beta, all},
	}
	// Each hardware version has a folder for each version, _none and _other,
	// in default and in some of the buckets in beta.
	perTarget := (versions + 2) * (1<<(4*digits) + min(1000, 1<<(4*digits)*9/10))
	targets := max(1, (answers+perTarget/2)/perTarget)
	for v := range versions {
		r := &releases.Release{
			Version:         fmt.Sprintf("1.%d.0", v),
			Notes:           fmt.Sprintf("What came with 1.%d.0, in a sentence or two that compress well enough.", v),
			MustPassThrough: v%5 == 3,
		}
		for t := range targets {
			r.Payloads = append(r.Payloads, payload(fmt.Sprintf("rev%03d", t), r.Version, ""))
			if v > 0 {
				r.Payloads = append(r.Payloads, payload(fmt.Sprintf("rev%03d", t), r.Version, fmt.Sprintf("1.%d.0", v-1)))
			}
		}
		f.Releases = append(f.Releases, r)
		for _, c := range f.Cohorts {
			a := releases.Activation{Release: r, Rollout: releases.Rollout{Fixed: 100}, Seed: c.Slug + "/" + r.Version}
			if v%3 == 2 {
				a.Rollout.Fixed = float64(5 + 4*v)
			}
			c.Activations = append(c.Activations, a)
		}
	}
	return f
}

func payload(hardware, version, from string) *releases.Payload {
	name := "firmware-" + hardware + "-" + version + "-" + from + ".bin"
	s, m := sha256.Sum256([]byte(name)), md5.Sum([]byte(name))
	return &releases.Payload{
		SoftwareType: "main", HardwareVersion: hardware, From: from, Name: name,
		URL:  "https://cdn.example.com/firmware/" + name,
		Size: 250_000, SHA256: hex.EncodeToString(s[:]), MD5: hex.EncodeToString(m[:]),
	}
}
