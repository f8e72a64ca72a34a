// Package releases reads a fleet's definitions: the project, its releases and
// its cohorts, as docs/contract.md section 2 describes them. It knows the order of
// versions and the schedule of rollouts; it knows nothing of answers.
package releases

import (
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"cairn/releases/firmware"
)

// DefaultCohort is the slug of the cohort of every device that no other
// cohort lists.
const DefaultCohort = "default"

// Fleet is everything that a project folder defines.
type Fleet struct {
	Project  Project
	Software map[string]Software // by software type
	Hardware map[string]Hardware // by hardware version
	Publish  Publish
	Report   Report
	Cache    Cache
	Guard    Guard
	Promise  Promise
	Prices   Prices
	Signing  *Signing // nil where answers are not signed
	Adoption Adoption
	Notify   Notify
	Gates    map[string]Gate // by name
	Lint     Lint
	Formats  []Format   // ascending by name
	Releases []*Release // ascending in version order
	Cohorts  []*Cohort  // ascending by slug; [DefaultCohort] is always there

	documents map[string]*table // for places, by path
}

// Project is the [project] table of cairn.toml.
type Project struct {
	Slug         string // [-a-zA-Z0-9_]+
	Organization string
	BaseURL      string // http or https, without a slash at the end
	Prefix       string // of every key: segments of [-a-zA-Z0-9_]+ between single slashes
	Key          string // what an edge asks for in Memfault-Project-Key; "" for nothing
	Order        Order
	Unknown      UnknownVersion
	Seed         DefaultSeed
	BucketDigits int // hex digits of a bucket's name, 1 to 4
	CohortDigits int // hex digits of a cohort shard's name, 1 to 4
	// Timezone is where the team works: a name of the IANA time zone database,
	// "" where nothing is said.
	Timezone  string
	MaxSerial int // most characters of a listed serial, 1 to [MaxSerial]; what firmware is promised
	// Eager says that there are answers for devices that ask at once for what
	// has begun to roll out.
	Eager bool
}

// MaxSerial is the most characters that a device serial may have at all.
const MaxSerial = MaxName

// BasePath is the path of BaseURL, decoded: "", or with a slash before each of
// its segments.
func (p *Project) BasePath() string {
	u, err := url.Parse(p.BaseURL)
	if err != nil {
		return "" // no loaded project has it
	}
	return strings.TrimRight(u.Path, "/")
}

// DefaultSeed says which devices come first in a rollout that states no seed.
type DefaultSeed string

const (
	// ReleaseSeed is others for each release: "<cohort>/<version>".
	ReleaseSeed DefaultSeed = "release"
	// CohortSeed is the same for all releases of a cohort: "<cohort>".
	CohortSeed DefaultSeed = "cohort"
)

// Of is the seed of the rollout of a version in a cohort.
func (s DefaultSeed) Of(cohort, version string) string {
	if s == CohortSeed {
		return cohort
	}
	return cohort + "/" + version
}

// UnknownVersion says what a device gets whose version has no folder.
type UnknownVersion string

const (
	// OrderedUnknown offers the lowest must-pass-through release, or else the
	// highest one, to versions below it.
	OrderedUnknown UnknownVersion = "ordered"
	// HoldUnknown offers nothing.
	HoldUnknown UnknownVersion = "hold"
)

// Software is a [software.<type>] table of cairn.toml.
type Software struct {
	KnownVersions []string // in the field, but never a release here
}

// Publish is the [publish] table of cairn.toml.
type Publish struct {
	To       string // "dir:PATH", "s3://BUCKET", or "" where nothing is said
	Endpoint string // http(s) URL of the S3 service; "" is AWS
	Region   string
	Status   StatusPlace
}

// StatusPlace is where publish says how it stands.
type StatusPlace string

// The places; "" is none.
const (
	PublicStatus  StatusPlace = "public"  // beside the answers
	PrivateStatus StatusPlace = "private" // beside the state
)

// Report is the [report] table of cairn.toml: where publish --with-report
// puts the page, as [Publish].To; "" is beside the answers' state.
type Report struct{ To string }

// Notify is the [notify] table of cairn.toml: the http(s) URL that hears of each
// publish; "" is none.
type Notify struct{ URL string }

// Cache is the [cache] table of cairn.toml: how long a CDN and a device may
// keep an object, in whole seconds.
type Cache struct {
	Answers time.Duration
	Cohorts time.Duration
}

// Guard is the [guard] table of cairn.toml: what stops a publish that would do
// more than anyone can have meant.
type Guard struct {
	// MaxExposureIncrease is how many percentage points of any cohort one
	// publish may newly expose to a release, 0 to 100; 100 stops nothing.
	MaxExposureIncrease float64
	// MaxMovedDown is the percentage of any cohort that one publish may newly
	// offer a version below the one that they run, 0 to 100; 100 stops nothing.
	MaxMovedDown float64
	// MaxDeletes is the percentage of the published keys that one publish may
	// delete, 0 to 100; 100 stops nothing.
	MaxDeletes float64
}

// Prices is the [prices] table of cairn.toml: what the bucket's provider takes
// for 1,000 requests, finite and not below 0. What is not stated there is the
// list price of S3 Standard in us-east-1 (https://aws.amazon.com/s3/pricing/).
type Prices struct {
	Put      float64 // PUT, POST and LIST
	Get      float64 // GET and HEAD
	Delete   float64
	Currency string // 1 to 8 characters of printable ASCII, without spaces
}

// Format is a [format.<name>] table of cairn.toml: a file for other clients than
// those of the device contract, rendered beside the answers.
type Format struct {
	Name    string // a slug
	Path    string // the file's name: [-A-Za-z0-9_.]+, no dot at the start
	Scope   Scope
	File    string // of the template, its path in the project folder; "" where it stands in cairn.toml, or is built in
	Text    string // of the template; "" where it is built in
	Builtin string // its name, "" for none
}

// Scope is what a rendered file is for.
type Scope string

const (
	// CohortScope is one file for a cohort: what all of its devices may get.
	CohortScope Scope = "cohort"
	// BucketScope is one for each bucket, which a rollout reaches in its turn.
	BucketScope Scope = "bucket"
)

// Lint is the [lint] table of cairn.toml.
type Lint struct {
	Allow []string // names of warnings that are not given
}

// Release is one file below releases/.
type Release struct {
	File            string // its path in the project folder
	Version         string
	DisplayName     string
	Notes           string
	Revision        string
	Created         time.Time // UTC; zero where nothing is said
	Updated         time.Time // likewise
	Forced          *bool     // nil where nothing is said
	MustPassThrough bool
	MustPassReason  string    // why, or ""
	MinVersion      string    // versions below it are not offered the release; "" for none
	Blocked         []Block   // by name
	DeadEnd         string    // why devices that run it get nothing, or ""
	Withdrawn       string    // the reason of a recall, or ""
	Resumed         time.Time // ends a recall before it; zero for never
	ExtraInfo       map[string]any
	Components      map[string]Component // by software type; nil where all have the release's version
	Payloads        []*Payload           // by software type, hardware version, from-version
}

// Payload is what a device installs: a whole image, or a delta.
type Payload struct {
	SoftwareType    string
	HardwareVersion string
	From            string // the version that a delta patches; "" for a whole image
	Name            string // file name, unescaped
	File            string // path in the project folder; "" where the payload is not there
	URL             string // where it is hosted, if not in the bucket
	Size            int64  // in bytes
	SHA256          string // 64 lower-case hex digits
	MD5             string // 32 lower-case hex digits, or "" where nothing is known
	SHA1            string // 40 lower-case hex digits, likewise
	BuildID         string // 2 to 128 lower-case hex digits, or "" where nothing is said
	ExtraInfo       map[string]any
	Zchunk          *Payload       // the chunked image of which the payload is the zchunk header; nil for none
	Image           firmware.Image // what its File is; the zero value where there is none, or nobody has read it
}

// Files is the payload, and the file that belongs to it.
func (p *Payload) Files() []*Payload {
	if p.Zchunk != nil {
		return []*Payload{p, p.Zchunk}
	}
	return []*Payload{p}
}

// Files is all files of the release's payloads.
func (r *Release) Files() (all []*Payload) {
	for _, p := range r.Payloads {
		all = append(all, p.Files()...)
	}
	return all
}

// Payload is what the release has for a device: a delta from a version, or for
// "" the whole image; nil where it has none.
func (r *Release) Payload(software, hardware, from string) *Payload {
	for _, p := range r.Payloads {
		if p.SoftwareType == software && p.HardwareVersion == hardware && p.From == from {
			return p
		}
	}
	return nil
}

// Delta says whether the payload is a patch.
func (p *Payload) Delta() bool { return p.From != "" }

// Cohort is one file in cohorts/.
type Cohort struct {
	Slug        string
	File        string // its path in the project folder; "" for a default that has none
	DevicesFile string // likewise, of the devices_file; or a [List]
	// DevicesSHA256 is that of the devices_file as it is stored, 64 lower-case
	// hex digits; "" where none is stated.
	DevicesSHA256 string
	Devices       Devices
	VersionCheck  bool         // false: lower versions may be served too
	Activations   []Activation // ascending in version order
	Promote       *Promotion   // nil where it takes releases over from no other cohort

	// Unread says that the devices_file was not read: whom it lists is not
	// known. Only [Source.LoadToStop] and [Outline] give such.
	Unread bool
	// Partial says that faults have left out some of what it offers. Only
	// [Source.LoadToStop] gives such.
	Partial bool
}

// Activation is an [activate."<version>"] table of a cohort.
type Activation struct {
	Release *Release
	Rollout Rollout
	Seed    string    // never empty; by default that of [Project.Seed]
	Paused  time.Time // from here the schedule stands still; zero for never
	Aborted string    // the reason, or ""
	Resumed time.Time // ends what was aborted or paused before it; zero for never
	// NotEager gives devices that ask eagerly no head start: eager = false.
	NotEager bool
}

// CoversEager says whether the activation covers devices that ask eagerly: all
// others are covered too, or the rollout has begun at the instant, is not
// paused, and gives them a head start. Aborted is not taken into account.
func (a Activation) CoversEager(at time.Time) bool {
	percent := a.Percent(at)
	return percent >= 100 || percent > 0 && !a.NotEager && !a.PausedAt(at)
}

// PausedAt says whether the schedule stands still at an instant.
func (a Activation) PausedAt(at time.Time) bool { return !a.Paused.IsZero() && !at.Before(a.Paused) }

// Percent is the share of the cohort's devices that the activation covers at
// an instant, 0 to 100, paused taken into account, aborted not.
func (a Activation) Percent(at time.Time) float64 {
	if !a.Paused.IsZero() && at.After(a.Paused) {
		at = a.Paused
	}
	return a.Rollout.Percent(at)
}

// Offers says whether the activation can offer anything at all, to anyone and
// ever: it is not aborted, and its release not withdrawn.
func (a Activation) Offers() bool { return a.Aborted == "" && a.Release.Withdrawn == "" }

// Payloads goes through every payload with its release, releases in ascending
// order of their versions.
func (f *Fleet) Payloads() iter.Seq2[*Release, *Payload] {
	return func(yield func(*Release, *Payload) bool) {
		for _, r := range f.Releases {
			for _, p := range r.Payloads {
				if !yield(r, p) {
					return
				}
			}
		}
	}
}

// Release finds a release by its version; nil where there is none.
func (f *Fleet) Release(version string) *Release {
	i := slices.IndexFunc(f.Releases, func(r *Release) bool { return r.Version == version })
	if i < 0 {
		return nil
	}
	return f.Releases[i]
}

// Cohort finds a cohort by its slug; nil where there is none.
func (f *Fleet) Cohort(slug string) *Cohort {
	i := slices.IndexFunc(f.Cohorts, func(c *Cohort) bool { return c.Slug == slug })
	if i < 0 {
		return nil
	}
	return f.Cohorts[i]
}
