package formats

import (
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Data is what a template sees.
type Data struct {
	Project      string // its slug
	Organization string
	BaseURL      string // without a slash at the end

	SoftwareType    string
	HardwareVersion string
	Cohort          string
	Bucket          string // "" in the scope of a cohort

	// Latest is what a client gets that does not say what it runs, as a device
	// with a version that is not listed: nil where that is nothing.
	Latest *Offer
	// Newest is the highest release on offer, past all that has to be passed
	// through: for clients that may skip it. Nil for none.
	Newest *Offer
	// Nodes are the versions that are on offer or lead to one that is,
	// ascending; those that only lead there have no payload.
	Nodes []Offer
	Edges []Edge // what a client on one of the nodes gets
}

// Edge leads from one of the nodes to another.
type Edge struct{ From, To int }

// Offer is a release with its whole payload. Texts are "" where nothing is said.
type Offer struct {
	Version     string
	DisplayName string
	Notes       string
	Revision    string
	Created     string // RFC 3339, in UTC
	Updated     string // likewise
	Forced      bool
	ReleaseInfo map[string]any // extra_info

	Filename string
	// Beside is a name by which an edge has the payload beside the rendered
	// file: its digest, a dot and its escaped name; "" for one that is hosted
	// elsewhere, or has too long a name.
	Beside      string
	URL         string
	Size        int64 // bytes
	MD5         string
	SHA1        string
	SHA256      string
	BuildID     string
	Chip        string         // as its image says it, of a payload in the project folder
	PayloadInfo map[string]any // extra_info
}

func newOffer(tree *manifest.Tree, r *releases.Release, p *releases.Payload) Offer {
	o := Offer{
		Version: r.VersionOf(p.SoftwareType), DisplayName: r.DisplayName, Notes: r.Notes, Revision: r.Revision,
		Created: instant(r.Created), Updated: instant(r.Updated), Forced: r.Forced != nil && *r.Forced, ReleaseInfo: orEmpty(r.ExtraInfo),
		Filename: p.Name, URL: manifest.PayloadURL(tree.Fleet.Project, tree.Layout, p), Size: p.Size,
		MD5: p.MD5, SHA1: p.SHA1, SHA256: p.SHA256, BuildID: p.BuildID, Chip: p.Image.Chip, PayloadInfo: orEmpty(p.ExtraInfo),
	}
	if beside := p.SHA256 + "." + releases.Escape(p.Name); p.URL == "" && releases.ValidPath(beside) {
		o.Beside = beside
	}
	return o
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
