package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"time"

	"cairn/releases"

	"github.com/cespare/xxhash/v2"
)

// Body is a distinct answer, but for the form [Below], which is the folder's. The zero value is the marker
// of a device that is up to date.
type Body struct {
	Release *releases.Release
	Payload *releases.Payload
	Text    []byte // the payload's URL, no newline
	JSON    []byte // one object, no newline
}

// Version is what a device reports that has installed the answer, "" for the marker.
func (b Body) Version() string {
	if b.Release == nil {
		return ""
	}
	return b.Release.VersionOf(b.Payload.SoftwareType)
}

// Of gives the body as JSON or text.
func (b Body) Of(form Form) []byte {
	if form == JSON {
		return b.JSON
	}
	return b.Text
}

// PayloadURL is where a device fetches a payload.
func PayloadURL(project releases.Project, l Layout, p *releases.Payload) string {
	if p.URL != "" {
		return p.URL
	}
	return project.BaseURL + "/" + l.PayloadKey(p.SHA256, p.Name)
}

// answerJSON is the object of docs/contract.md section 4, its keys in that order.
// Those of the appendix are there only where they have a value.
type answerJSON struct {
	ID              uint64         `json:"id"`
	Version         string         `json:"version"`
	MinVersion      string         `json:"min_version,omitempty"`
	DisplayName     string         `json:"display_name"`
	Revision        string         `json:"revision"`
	Notes           string         `json:"notes"`
	ExtraInfo       map[string]any `json:"extra_info"`
	IsDelta         bool           `json:"is_delta"`
	IsForced        *bool          `json:"is_forced"`
	MustPassThrough bool           `json:"must_pass_through"`
	Reason          string         `json:"reason"`
	CreatedDate     *string        `json:"created_date"`
	UpdatedDate     string         `json:"updated_date,omitempty"`
	Artifacts       []artifactJSON `json:"artifacts"`
}

type artifactJSON struct {
	ID              uint64         `json:"id"`
	Type            string         `json:"type"`
	SoftwareType    string         `json:"software_type"`
	HardwareVersion string         `json:"hardware_version"`
	Filename        string         `json:"filename"`
	FileSize        int64          `json:"file_size"`
	URL             string         `json:"url"`
	MD5             *string        `json:"md5"`
	SHA1            *string        `json:"sha1"`
	SHA256          string         `json:"sha256"`
	ExtraInfo       map[string]any `json:"extra_info"`
	CreatedDate     *string        `json:"created_date"`
	UpdatedDate     string         `json:"updated_date,omitempty"`
	BuildID         string         `json:"build_id,omitempty"`
}

func bodyOf(project releases.Project, l Layout, r *releases.Release, p *releases.Payload) Body {
	url := PayloadURL(project, l, p)
	created, updated := orNull(instant(r.Created)), instant(r.Updated)
	minVersion := ""
	if r.Concerns(p.SoftwareType) {
		minVersion = r.MinVersion
	}
	var artifacts []artifactJSON
	for i, of := range p.Files() {
		id := r.Version + "\x00" + p.SoftwareType + "\x00" + p.HardwareVersion + "\x00" + p.From
		if i > 0 {
			id += "\x00zchunk"
		}
		artifacts = append(artifacts, artifactJSON{
			ID:              identifier(id),
			Type:            "firmware",
			SoftwareType:    p.SoftwareType,
			HardwareVersion: p.HardwareVersion,
			Filename:        of.Name,
			FileSize:        of.Size,
			URL:             PayloadURL(project, l, of),
			MD5:             orNull(of.MD5),
			SHA1:            orNull(of.SHA1),
			SHA256:          of.SHA256,
			ExtraInfo:       orEmpty(of.ExtraInfo),
			CreatedDate:     created,
			UpdatedDate:     updated,
			BuildID:         of.BuildID,
		})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(answerJSON{
		ID:              identifier(r.Version),
		Version:         r.VersionOf(p.SoftwareType),
		MinVersion:      minVersion,
		DisplayName:     r.DisplayName,
		Revision:        r.Revision,
		Notes:           r.Notes,
		ExtraInfo:       orEmpty(r.ExtraInfo),
		IsDelta:         p.Delta(),
		IsForced:        r.Forced,
		MustPassThrough: r.MustPassThrough,
		Reason:          cmp.Or(r.MustPassReason, "latest"),
		CreatedDate:     created,
		UpdatedDate:     updated,
		Artifacts:       artifacts,
	})
	if err != nil {
		panic(err) // every value came out of TOML as one that JSON can hold
	}
	return Body{Release: r, Payload: p, Text: []byte(url), JSON: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
}

// identifier is a positive integer below 2^53, which every JSON parser reads
// exactly.
func identifier(s string) uint64 {
	return max(1, xxhash.Sum64String(s)&(1<<53-1))
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
