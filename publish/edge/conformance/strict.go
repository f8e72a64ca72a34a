package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"cairn/manifest"
)

// release is the JSON answer as a strict client decodes it: each key is there,
// none is null, and there are no others. What the appendix of docs/contract.md
// adds is there or not.
type release struct {
	ID              *uint64         `json:"id"`
	Version         *string         `json:"version"`
	MinVersion      string          `json:"min_version"`
	DisplayName     *string         `json:"display_name"`
	Revision        *string         `json:"revision"`
	Notes           *string         `json:"notes"`
	ExtraInfo       *map[string]any `json:"extra_info"`
	IsDelta         *bool           `json:"is_delta"`
	IsForced        *bool           `json:"is_forced"`
	MustPassThrough *bool           `json:"must_pass_through"`
	Reason          *string         `json:"reason"`
	CreatedDate     *string         `json:"created_date"`
	UpdatedDate     string          `json:"updated_date"`
	Artifacts       *[]artifact     `json:"artifacts"`
}

type artifact struct {
	ID              *uint64         `json:"id"`
	Type            *string         `json:"type"`
	SoftwareType    *string         `json:"software_type"`
	HardwareVersion *string         `json:"hardware_version"`
	Filename        *string         `json:"filename"`
	FileSize        *int64          `json:"file_size"`
	URL             *string         `json:"url"`
	MD5             *string         `json:"md5"`
	SHA1            *string         `json:"sha1"`
	SHA256          *string         `json:"sha256"`
	ExtraInfo       *map[string]any `json:"extra_info"`
	CreatedDate     *string         `json:"created_date"`
	UpdatedDate     string          `json:"updated_date"`
	BuildID         string          `json:"build_id"`
}

// decodeStrictly says why a strict client cannot read a JSON answer.
func decodeStrictly(content []byte) error {
	var r release
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return err
	}
	if err := complete(r); err != nil {
		return err
	}
	if len(*r.Artifacts) == 0 {
		return fmt.Errorf("artifacts is empty")
	}
	for _, a := range *r.Artifacts {
		if err := complete(a); err != nil {
			return fmt.Errorf("an artifact: %w", err)
		}
	}
	return nil
}

// complete names the first key that is missing or null.
func complete(object any) error {
	v := reflect.ValueOf(object)
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && f.IsNil() {
			return fmt.Errorf("%s is missing or null", v.Type().Field(i).Tag.Get("json"))
		}
	}
	return nil
}

// strict asks for JSON answers of releases that say everything, as those do that
// upload-ota-payload wrote.
func (g *generator) strict() {
	asked := 0
	for _, p := range g.distinct() {
		body := g.tree.Bodies[p.folder.Bodies[p.slot]]
		if body.Payload == nil || body.Payload.MD5 == "" || body.Payload.SHA1 == "" || body.Release.Created.IsZero() || body.Release.Forced == nil {
			continue
		}
		for key, json := range g.objects(p, manifest.JSON) {
			c := g.direct("strict/"+g.below(key), key, object(json))
			c.Want.Release = true
			g.add(c)
		}
		if asked++; asked == mostHeads {
			return
		}
	}
}
