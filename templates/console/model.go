package console

import (
	"encoding/hex"
	"slices"
	"time"

	"cairn/manifest"
	"cairn/manifest/lint"
	"cairn/releases"
)

// Model is what the page shows: the definitions, without serials and without
// what no answer depends on. Times are in seconds since 1970. Versions are
// indexes into Versions, releases into Releases, targets into Targets.
type Model struct {
	Project   Project   `json:"project"`
	At        int64     `json:"at"`        // what the page calls now
	Published *Publish  `json:"published"` // nil where nothing is known of it
	Versions  []string  `json:"versions"`  // ascending
	Targets   []Target  `json:"targets"`
	Releases  []Release `json:"releases"` // ascending
	Cohorts   []Cohort  `json:"cohorts"`
	Warnings  []Warning `json:"warnings"`
	Signing   *Signing  `json:"signing,omitempty"` // nil where answers are not signed
	History   []Edit    `json:"history"`           // the newest first
	Live      string    `json:"live,omitempty"`    // the entity tag of a page that is served beside the answers, and follows the definitions
	Plan      *Plan     `json:"plan,omitempty"`    // nil but for the page of a plan
	Adoption  *Adoption `json:"-"`                 // nil but for a page of what logs tell
}

// Edit is a commit that changed the definitions.
type Edit struct {
	At      int64    `json:"at"`
	Commit  string   `json:"commit"`
	Subject string   `json:"subject"`
	Changes []string `json:"changes"` // in words
}

// Plan is what a publish would do.
type Plan struct {
	To      string      `json:"to"`
	Summary string      `json:"summary"`
	Guard   string      `json:"guard"` // what stops it, "" for nothing
	Groups  []PlanGroup `json:"groups"`
}

// PlanGroup is devices that are alike, with those first that move down.
type PlanGroup struct {
	Name  string     `json:"name"`
	Moves []PlanMove `json:"moves"`
}

// PlanMove is what happens to those that run the same and are in the same
// buckets. Before and After are versions, "" for nothing.
type PlanMove struct {
	Sign    string   `json:"sign"` // v, -, +, ~ or =
	Who     string   `json:"who"`
	What    string   `json:"what"`
	Share   string   `json:"share"`
	Before  string   `json:"before"`
	After   string   `json:"after"`
	Buckets []uint16 `json:"buckets"`
}

// Project is what firmware has burned in.
type Project struct {
	Slug         string                  `json:"slug"`
	BaseURL      string                  `json:"base_url"`
	Prefix       string                  `json:"prefix"`
	Order        releases.Order          `json:"order"`
	Unknown      releases.UnknownVersion `json:"unknown"`
	BucketDigits int                     `json:"bucket_digits"`
	CohortDigits int                     `json:"cohort_digits"`
	Timezone     string                  `json:"timezone"` // "" for UTC
	Eager        bool                    `json:"eager,omitempty"`
}

// Signing is what firmware has burned in to verify answers.
type Signing struct {
	Origin    string `json:"origin"`
	Threshold int    `json:"threshold"` // of the roots
	Roots     []Key  `json:"roots"`
}

// Key is a public key of Ed25519: 4 bytes of id in hex, and 32 bytes.
type Key struct {
	ID  string `json:"id"`
	Key []byte `json:"key"` // base64
}

// Publish is the last publish.
type Publish struct {
	At     int64  `json:"at"`
	For    int64  `json:"for"` // the instant of its answers
	Source string `json:"source"`
	// HeadExpires is when the signed head does, 0 where there is none.
	HeadExpires int64 `json:"head_expires,omitempty"`
}

// Target is a software type and a hardware version, with the versions that are
// known of them, ascending.
type Target struct {
	Software string `json:"software"`
	Hardware string `json:"hardware"`
	Known    []int  `json:"known"`
	Edges    []Edge `json:"edges,omitempty"`
}

// Edge keeps devices on a version from some releases: from ≤ release < to.
type Edge struct {
	Version int    `json:"version"` // -1 for those that are not known, or not stated
	From    int    `json:"from"`
	To      int    `json:"to"`
	Why     string `json:"why"`
	Dead    bool   `json:"dead,omitempty"` // a dead end
}

// Release is a release with its payloads.
type Release struct {
	Version   int       `json:"version"`
	Notes     string    `json:"notes,omitempty"`
	Must      bool      `json:"must,omitempty"` // must_pass_through
	Withdrawn string    `json:"withdrawn,omitempty"`
	Payloads  []Payload `json:"payloads"`
}

// Payload is what a device installs, and then reports as Version. From is -1 for a
// whole image.
type Payload struct {
	Target  int    `json:"target"`
	Version int    `json:"version"`
	From    int    `json:"from"`
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	URL     string `json:"url"`
}

// Cohort is a cohort. Devices is nil for the one that lists none; otherwise
// Buckets are those that its devices are in, ascending, and Counts how many of
// them are in each.
type Cohort struct {
	Slug         string       `json:"slug"`
	Devices      *int         `json:"devices"`
	Buckets      []int        `json:"buckets,omitempty"`
	Counts       []int        `json:"counts,omitempty"`
	VersionCheck bool         `json:"version_check"`
	Activations  []Activation `json:"activations"`
	Promotes     string       `json:"promotes,omitempty"` // from another cohort, in words
}

// Activation is a rollout. Of Steps and Ramp at most one is there; Fixed is the
// percentage where neither is.
type Activation struct {
	Release  int          `json:"release"`
	Seed     string       `json:"seed"`
	Paused   *int64       `json:"paused,omitempty"`
	Aborted  string       `json:"aborted,omitempty"`
	NotEager bool         `json:"not_eager,omitempty"` // eager = false
	Fixed    float64      `json:"fixed"`
	Steps    [][2]float64 `json:"steps,omitempty"` // instant, percent
	Waits    string       `json:"waits,omitempty"` // for which gate, in words
	Gate     *Gate        `json:"gate,omitempty"`  // the same
	Ramp     *Ramp        `json:"ramp,omitempty"`
}

// Gate is what the next step of a rollout waits for.
type Gate struct {
	Name    string  `json:"name"`
	Percent float64 `json:"percent"`
	Due     int64   `json:"due,omitempty"` // no earlier; 0 where that is not known yet
}

// Ramp is a percentage that grows, for so many seconds from Start on.
type Ramp struct {
	Start    int64   `json:"start"`
	Duration float64 `json:"duration"`
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	Linear   bool    `json:"linear"`
}

// Warning is what "cairn check" warns of.
type Warning struct {
	Rule    string `json:"rule"`
	Place   string `json:"place"`
	Message string `json:"message"`
}

// ModelOf is the model of a fleet at an instant.
func ModelOf(f *releases.Fleet, at time.Time, warnings []*lint.Warning) *Model {
	layout := manifest.LayoutOf(f)
	m := &Model{
		Project: Project{f.Project.Slug, f.Project.BaseURL, f.Project.Prefix, f.Project.Order, f.Project.Unknown,
			f.Project.BucketDigits, f.Project.CohortDigits, f.Project.Timezone, f.Project.Eager},
		At: at.Unix(), Warnings: []Warning{}, Targets: []Target{}, Releases: []Release{}, History: []Edit{},
	}
	resolver := manifest.NewResolver(f)
	targets := manifest.Targets(f)
	for _, r := range f.Releases {
		m.Versions = append(m.Versions, r.Version)
	}
	for _, t := range targets {
		m.Versions = append(m.Versions, resolver.Known(t)...)
	}
	slices.SortFunc(m.Versions, f.Project.Order.Compare)
	m.Versions = slices.Compact(m.Versions)
	version := func(v string) int { return slices.Index(m.Versions, v) }
	for _, t := range targets {
		known := []int{}
		for _, v := range resolver.Known(t) {
			known = append(known, version(v))
		}
		row := Target{t.SoftwareType, t.HardwareVersion, known, nil}
		for _, e := range resolver.Edges(t) {
			row.Edges = append(row.Edges, Edge{version(e.Version), e.From, e.To, e.Held.String(), e.Held.DeadEnd})
		}
		m.Targets = append(m.Targets, row)
	}
	for _, r := range f.Releases {
		row := Release{Version: version(r.Version), Notes: r.Notes, Must: r.MustPassThrough, Withdrawn: r.Withdrawn, Payloads: []Payload{}}
		for _, p := range r.Payloads {
			target := slices.Index(targets, manifest.Target{SoftwareType: p.SoftwareType, HardwareVersion: p.HardwareVersion})
			row.Payloads = append(row.Payloads, Payload{target, version(r.VersionOf(p.SoftwareType)), version(p.From), p.Name, p.Size, manifest.PayloadURL(f.Project, layout, p)})
		}
		m.Releases = append(m.Releases, row)
	}
	for _, c := range f.Cohorts {
		m.Cohorts = append(m.Cohorts, cohortOf(f, c, layout, at))
	}
	if s := f.Signing; s != nil {
		m.Signing = &Signing{Origin: f.Project.KeyName(), Threshold: s.RootThreshold}
		for _, root := range s.Roots {
			m.Signing.Roots = append(m.Signing.Roots, Key{hex.EncodeToString(root.ID[:]), root.Public})
		}
	}
	for _, w := range warnings {
		m.Warnings = append(m.Warnings, Warning{w.Name, w.Fault.Place.String(), w.Fault.Message})
	}
	return m
}

func cohortOf(f *releases.Fleet, c *releases.Cohort, layout manifest.Layout, at time.Time) Cohort {
	row := Cohort{Slug: c.Slug, Promotes: f.Promotes(c, at), VersionCheck: c.VersionCheck, Activations: []Activation{}}
	if c.Slug != releases.DefaultCohort {
		devices := c.Devices.Len()
		row.Devices = &devices
		row.Buckets, row.Counts = []int{}, []int{}
		for bucket := range layout.Buckets() {
			if n := layout.Devices(c, bucket); n > 0 {
				row.Buckets, row.Counts = append(row.Buckets, bucket), append(row.Counts, n)
			}
		}
	}
	for _, a := range c.Activations {
		row.Activations = append(row.Activations, activationOf(slices.Index(f.Releases, a.Release), a))
	}
	return row
}

func activationOf(release int, a releases.Activation) Activation {
	row := Activation{Release: release, Seed: a.Seed, Aborted: a.Aborted, NotEager: a.NotEager, Fixed: a.Rollout.Fixed, Waits: a.Rollout.Waits()}
	if !a.Paused.IsZero() {
		paused := a.Paused.Unix()
		row.Paused = &paused
	}
	for _, s := range a.Rollout.Steps {
		row.Steps = append(row.Steps, [2]float64{float64(s.At.UnixMilli()) / 1e3, s.Percent})
	}
	if len(a.Rollout.Held) > 0 {
		next := a.Rollout.Held[0]
		row.Gate = &Gate{Name: next.Gate, Percent: next.Percent}
		if !next.Due.IsZero() {
			row.Gate.Due = next.Due.Unix()
		}
	}
	if r := a.Rollout.Ramp; r != nil {
		row.Ramp = &Ramp{r.Start.Unix(), r.Duration.Seconds(), r.From, r.To, r.Linear}
	}
	return row
}
