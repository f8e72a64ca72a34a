package report

import (
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// explanationJSON is what explain --json writes. Times are RFC 3339.
type explanationJSON struct {
	DeviceSerial    string           `json:"device_serial"`
	SoftwareType    string           `json:"software_type"`
	HardwareVersion string           `json:"hardware_version"`
	CurrentVersion  string           `json:"current_version"`
	KnownVersion    bool             `json:"known_version"`
	At              time.Time        `json:"at"`
	Hash            string           `json:"hash"`
	Bucket          string           `json:"bucket"`
	Eager           bool             `json:"eager,omitempty"` // it asks for what has begun to roll out
	Cohort          string           `json:"cohort"`
	ListedIn        *string          `json:"listed_in"` // null for a device that no cohort lists
	Activations     []activationJSON `json:"activations"`
	Promotes        string           `json:"promotes,omitempty"` // what the cohort takes over from another one, in words
	Rule            string           `json:"rule"`
	Because         string           `json:"because"`
	Held            *heldJSON        `json:"held,omitempty"`    // what keeps it from a higher release, or from all
	Release         *string          `json:"release"`           // null where there is nothing to install
	Version         string           `json:"version,omitempty"` // of the component that is offered, where that is not the release's
	Payload         *payloadJSON     `json:"payload"`           // likewise
	Fetches         []fetchJSON      `json:"fetches"`
	Signed          []signedJSON     `json:"signed,omitempty"` // where answers are signed
}

// signedJSON is a part that a device that verifies fetches.
type signedJSON struct {
	URL  string `json:"url"`
	Size int    `json:"size"` // in bytes
	What string `json:"what"`
}

type activationJSON struct {
	Release   string     `json:"release"`
	Percent   float64    `json:"percent"`
	Buckets   int        `json:"buckets"`
	In        bool       `json:"in"`
	From      *time.Time `json:"from"` // null where no schedule says
	Paused    *time.Time `json:"paused"`
	Aborted   string     `json:"aborted"`
	Withdrawn string     `json:"withdrawn"`
	Offers    bool       `json:"offers"`
	Held      *heldJSON  `json:"held,omitempty"` // what keeps the device's version from it
}

// heldJSON is a dead end, a block or a min_version.
type heldJSON struct {
	Release    string `json:"release"` // that says so
	Because    string `json:"because"` // in words
	Block      string `json:"block,omitempty"`
	Reason     string `json:"reason,omitempty"`
	URL        string `json:"url,omitempty"`
	FixedIn    string `json:"fixed_in,omitempty"`
	MinVersion string `json:"min_version,omitempty"`
	Needs      string `json:"needs,omitempty"` // of its component
}

func held(h *manifest.Held) *heldJSON {
	if h == nil {
		return nil
	}
	j := &heldJSON{Release: h.Release.Version, Because: h.String()}
	switch {
	case h.DeadEnd:
		j.Reason = h.Release.DeadEnd
	case h.Block != nil:
		j.Block, j.Reason, j.URL, j.FixedIn = h.Block.Name, h.Block.Reason, h.Block.URL, h.Block.FixedIn
	case h.Need != nil:
		j.Needs = h.Need.String()
	default:
		j.MinVersion = h.Release.MinVersion
	}
	return j
}

type payloadJSON struct {
	URL    string `json:"url"`
	Size   int64  `json:"size"` // in bytes
	SHA256 string `json:"sha256"`
	From   string `json:"delta_from"` // "" for a whole image

	Zchunk *payloadJSON `json:"zchunk,omitempty"` // the chunked image that goes with a zchunk header
}

func (x Explanation) payload(p *releases.Payload) *payloadJSON {
	if p == nil {
		return nil
	}
	return &payloadJSON{manifest.PayloadURL(x.Fleet.Project, x.Layout, p), p.Size, p.SHA256, p.From, x.payload(p.Zchunk)}
}

type fetchJSON struct {
	URL   string `json:"url"`
	Found bool   `json:"found"`
}

// JSON is the explanation for programs.
func (x Explanation) JSON() any {
	j := explanationJSON{
		DeviceSerial:    x.Device.Serial,
		SoftwareType:    x.Device.Target.SoftwareType,
		HardwareVersion: x.Device.Target.HardwareVersion,
		CurrentVersion:  x.Device.CurrentVersion,
		KnownVersion:    x.Known,
		At:              x.At,
		Hash:            x.Hash,
		Bucket:          x.Layout.Bucket(x.Hash),
		Eager:           x.Device.Eager,
		Cohort:          x.Cohort.Slug,
		Activations:     []activationJSON{},
		Promotes:        x.Fleet.Promotes(x.Cohort, x.At),
		Rule:            x.Rule.String(),
		Because:         x.because(),
		Held:            held(x.Held),
	}
	if x.Listed >= 0 {
		place := x.Cohort.Place(x.Listed).String()
		j.ListedIn = &place
	}
	for _, s := range x.Activations {
		j.Activations = append(j.Activations, activationJSON{
			s.Release.Version, s.Percent, s.Buckets, s.In, stated(s.From), stated(s.Paused), s.Aborted, s.Release.Withdrawn, s.Offers, held(s.Held),
		})
	}
	if x.Payload != nil {
		j.Release = &x.Release.Version
		if _, component := x.Release.Components[x.Payload.SoftwareType]; component {
			j.Version = x.Version()
		}
		j.Payload = x.payload(x.Payload)
	}
	for _, f := range x.Fetches {
		j.Fetches = append(j.Fetches, fetchJSON{x.Fleet.Project.BaseURL + "/" + f.Key, f.Found})
	}
	for _, s := range x.Signed {
		j.Signed = append(j.Signed, signedJSON{x.Fleet.Project.BaseURL + "/" + s.Key, s.Size, s.What})
	}
	return j
}

// stated is nil for a time that is zero.
func stated(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
