package fleettest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"cairn/releases"
)

// Start is the instant around which the rollouts of [Random] take place: all
// are over a week later.
var Start = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

// Versions are the versions of [Random], in any role, in no order.
var Versions = map[releases.Order][]string{
	releases.SemVer:  {"0.9.0-factory", "1.0.0", "1.0.0+b", "v1.0.0", "1.1.0-rc.1", "1.1.0", "1.2.0", "1.10.0", "2.0.0"},
	releases.Natural: {"0.9", "1.0rc1", "1.0", "1.0+b", "1.01", "1.1", "1.10", "rev 9", "rev 10", "_none", "ünï"},
}

// Random is a small fleet in which everything may happen that definitions can
// say. The same seed gives the same fleet.
func Random(seed uint64) *releases.Fleet {
	g := &generator{rand.New(rand.NewPCG(seed, 0))}
	f := &releases.Fleet{
		Project: releases.Project{
			Slug: "random", BaseURL: "https://ota.example.com", Prefix: pick(g, "random", "ota/random"),
			Order:   pick(g, releases.SemVer, releases.Natural),
			Unknown: pick(g, releases.OrderedUnknown, releases.HoldUnknown), BucketDigits: 1, CohortDigits: 1,
		},
		Software: map[string]releases.Software{},
		Cache:    releases.Cache{Answers: time.Minute, Cohorts: 5 * time.Minute},
		Guard:    releases.Guard{MaxExposureIncrease: 100, MaxDeletes: 100},
	}
	if g.chance(10) {
		f.Project.BucketDigits, f.Project.CohortDigits = 2, 2
	}
	versions := Versions[f.Project.Order]
	for _, software := range []string{"main", "mod:em", "unused"} {
		f.Software[software] = releases.Software{KnownVersions: g.some(versions, 20)}
	}
	for _, v := range g.some(versions, 60) {
		f.Releases = append(f.Releases, g.release(v, versions))
	}
	slices.SortFunc(f.Releases, func(a, b *releases.Release) int { return f.Project.Order.Compare(a.Version, b.Version) })
	for _, slug := range []string{"beta", "default", "empty"} {
		f.Cohorts = append(f.Cohorts, g.cohort(slug, f.Releases))
	}
	if seed%2 == 0 {
		components(&generator{rand.New(rand.NewPCG(seed, 1))}, f)
	}
	if seed%3 == 1 {
		e := &generator{rand.New(rand.NewPCG(seed, 14))} // leaves what else the seed draws as it is
		for _, r := range f.Releases {
			e.edges(f.Project.Order, r)
		}
	}
	f.Project.Eager = g.chance(40)
	for _, c := range f.Cohorts {
		for i := range c.Activations {
			c.Activations[i].NotEager = g.chance(20)
		}
	}
	gated(&generator{rand.New(rand.NewPCG(seed, 2))}, f)
	return f
}

// gated lets some rollouts wait for a gate, with their first step or a later one.
func gated(g *generator, f *releases.Fleet) {
	f.Gates = map[string]releases.Gate{"healthy": {Name: "healthy", Source: releases.FromFile, File: "health.json", MinDevices: 1, MaxAge: 24 * time.Hour}}
	for _, c := range f.Cohorts {
		for i := range c.Activations {
			r := &c.Activations[i].Rollout
			if len(r.Steps) == 0 || g.chance(50) {
				continue
			}
			n := g.IntN(len(r.Steps))
			r.Held, r.Steps = slices.Clone(r.Steps[n:]), r.Steps[:n:n]
			r.Held[0].Gate = "healthy"
			for i := range r.Held {
				r.Held[i].Due, r.Held[i].At = r.Held[i].At, time.Time{}
			}
		}
	}
}

// edges says of which versions devices must not go on to a release.
func (g *generator) edges(order releases.Order, r *releases.Release) {
	var below []string
	for _, v := range Versions[order] {
		if order.Compare(v, r.Version) < 0 {
			below = append(below, v)
		}
	}
	if g.chance(10) {
		r.DeadEnd = "its bootloader takes no image"
	}
	if r.MustPassThrough && g.chance(50) {
		r.MustPassReason = "the bootloader moves"
	}
	if len(below) > 0 && g.chance(50) {
		r.MinVersion = pick(g, below...)
	}
	for _, name := range g.some([]string{"calibration", "radio"}, 15) {
		b := releases.Block{Name: name, Reason: "it eats the " + name}
		for _, v := range g.some(below, 40) {
			b.From = append(b.From, releases.Versions{Text: v})
		}
		if order == releases.SemVer && len(below) > 0 && g.chance(50) {
			text := pick(g, ">=", ">", "<", "<=", "=") + pick(g, below...)
			if g.chance(50) {
				text = ">=" + pick(g, below...) + " <" + pick(g, below...)
			}
			all, err := releases.ParseRange(order, text)
			if err != nil {
				panic(err)
			}
			b.From = append(b.From, releases.Versions{Text: text, Range: all})
		}
		if v := pick(g, Versions[order]...); order.Compare(v, r.Version) > 0 {
			b.FixedIn = v
		}
		if len(b.From) > 0 {
			r.Blocked = append(r.Blocked, b)
		}
	}
}

// components gives the second software versions of its own in some releases.
func components(g *generator, f *releases.Fleet) {
	for _, r := range f.Releases {
		if g.chance(70) {
			r.Components = map[string]releases.Component{"mod:em": {Version: pick(g, Versions[f.Project.Order]...), Needs: g.needs(f.Project.Order)}}
			for _, p := range r.Payloads {
				if p.SoftwareType == "mod:em" {
					stamp(p, r.Components["mod:em"].Version)
				}
			}
		}
	}
}

// needs is what the second software needs of the first.
func (g *generator) needs(order releases.Order) []releases.Need {
	if g.chance(60) {
		return nil
	}
	need := releases.Need{SoftwareType: "main"}
	for _, v := range g.some(Versions[order], 30) {
		need.Versions = append(need.Versions, releases.Versions{Text: v})
	}
	if order == releases.SemVer && g.chance(70) {
		text := pick(g, ">=", "<") + pick(g, Versions[order]...)
		all, err := releases.ParseRange(order, text)
		if err != nil {
			panic(err)
		}
		need.Versions = append(need.Versions, releases.Versions{Text: text, Range: all})
	}
	return []releases.Need{need}
}

type generator struct{ *rand.Rand }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }

func (g *generator) some(of []string, percent int) []string {
	var s []string
	for _, x := range of {
		if g.chance(percent) {
			s = append(s, x)
		}
	}
	return s
}

func (g *generator) release(version string, versions []string) *releases.Release {
	r := &releases.Release{File: "releases/r.toml", Version: version, Notes: "<b>" + version + "</b>", MustPassThrough: g.chance(30)}
	if g.chance(10) {
		r.Withdrawn = "bad flash driver"
	}
	for _, software := range []string{"main", "mod:em"} {
		for _, hardware := range []string{"mp", "rev.A+b"} {
			if g.chance(70) {
				r.Payloads = append(r.Payloads, g.payload(software, hardware, version, ""))
			}
			from := g.some(versions, 25)
			slices.SortFunc(from, strings.Compare)
			for _, v := range from {
				r.Payloads = append(r.Payloads, g.payload(software, hardware, version, v))
			}
		}
	}
	return r
}

// stamp makes other bytes of a payload, since what it installs reports a version
// of its own.
func stamp(p *releases.Payload, version string) {
	sum := sha256.Sum256([]byte(p.SHA256 + version))
	p.SHA256 = hex.EncodeToString(sum[:])
	if p.MD5 != "" {
		p.MD5 = p.SHA256[:32]
	}
	if p.URL != "" {
		p.URL = "https://cdn.example.com/" + p.SHA256[:8] + ".patch"
	}
}

func (g *generator) payload(software, hardware, version, from string) *releases.Payload {
	sum := sha256.Sum256([]byte(software + hardware + version + from))
	p := &releases.Payload{
		SoftwareType: software, HardwareVersion: hardware, From: from, Name: version + ".bin",
		Size: 1 + g.Int64N(1000), SHA256: hex.EncodeToString(sum[:]),
	}
	switch g.IntN(3) {
	case 0:
		p.File = "releases/" + p.Name
		p.MD5 = p.SHA256[:32]
	case 1:
		p.URL = "https://cdn.example.com/" + p.SHA256[:8] + ".patch"
	}
	return p
}

func (g *generator) cohort(slug string, all []*releases.Release) *releases.Cohort {
	c := &releases.Cohort{Slug: slug, VersionCheck: g.chance(60)}
	if slug == "beta" {
		c.File, c.DevicesFile = "cohorts/beta.toml", "cohorts/beta.txt"
		var serials []string
		for i := range g.IntN(8) {
			serials = append(serials, fmt.Sprintf("BETA-%d-%d", i, g.IntN(1000)))
		}
		c.Devices = releases.DevicesOf(serials...)
	}
	for _, r := range all {
		if g.chance(75) {
			c.Activations = append(c.Activations, g.activation(slug, r))
		}
	}
	return c
}

func (g *generator) activation(slug string, r *releases.Release) releases.Activation {
	a := releases.Activation{Release: r, Seed: slug + "/" + r.Version, Rollout: g.rollout()}
	if g.chance(20) {
		a.Seed = "lucky"
	}
	if g.chance(10) {
		a.Aborted = "regression in the field"
	}
	if g.chance(20) {
		a.Paused = g.instant()
	}
	return a
}

func (g *generator) instant() time.Time { return Start.Add(time.Duration(g.IntN(7*24)) * time.Hour) }

func (g *generator) rollout() releases.Rollout {
	low, high := pick(g, 0.01, 1, 10), pick[float64](g, 25, 50, 100)
	switch g.IntN(6) {
	case 0:
		at := g.instant()
		return releases.Rollout{Steps: []releases.Step{{At: at, Percent: low}, {At: at.Add(24 * time.Hour), Percent: high}}}
	case 1:
		return releases.Rollout{Ramp: &releases.Ramp{Start: g.instant(), Duration: 48 * time.Hour, From: low, To: high, Linear: g.chance(50)}}
	case 2:
		return releases.Rollout{Fixed: pick[float64](g, 0, 1, 33.3, 50, 99.9)}
	}
	return releases.Rollout{Fixed: 100}
}
