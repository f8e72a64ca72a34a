// Package cloudfront writes the function with which CloudFront answers devices,
// and what it knows of the tree.
package cloudfront

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/templates/edge/javascript"
)

// Limits of CloudFront: docs.aws.amazon.com, "Quotas" and "File format for
// key-value pairs".
const (
	MaxFunction = 10 << 10  // bytes
	MaxStore    = 5_000_000 // bytes of the file
	MaxKey      = 512       // characters
	MaxValue    = 1024      // characters
)

// marker is what a line may have that is put before the function.
const marker = 120

//go:embed function.js.tmpl
var source string

// Headers is what "aws cloudfront create-response-headers-policy" makes a
// policy of: a function for viewer requests states no header of what comes out
// of the bucket.
//
//go:embed headers.json
var Headers []byte

var function = template.Must(template.New("").Funcs(template.FuncMap{
	"js": func(s string) (string, error) {
		b, err := json.Marshal(s)
		return string(b), err
	},
	"seconds": func(d time.Duration) int64 { return int64(d / time.Second) },
}).Parse(source))

// Function makes the code of the function.
func Function(f *releases.Fleet) ([]byte, error) {
	var b bytes.Buffer
	err := function.Execute(&b, struct {
		releases.Project
		Cache  releases.Cache
		Device string
		Base   string // as a request has it
	}{f.Project, f.Cache, javascript.Device(f.Project.Eager) + javascript.Versions(f.Project.Order), (&url.URL{Path: f.Project.BasePath()}).EscapedPath()})
	if err != nil {
		return nil, err
	}
	about, code, _ := strings.Cut(b.String(), begin)
	script := about + begin + uncommented(code)
	if len(script) > MaxFunction-marker {
		return nil, fmt.Errorf("the function has %d bytes, and CloudFront takes %d", len(script), MaxFunction-marker)
	}
	return []byte(script), nil
}

// begin is the line with which the function begins, behind what is said of it.
const begin = "import cf from 'cloudfront';\n"

// uncommented leaves out lines that are comments, and what indents the others,
// for the limit on the size.
func uncommented(script string) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		if line = strings.TrimLeft(line, " "); !strings.HasPrefix(line, "//") && line != "\n" {
			b.WriteString(line)
		}
	}
	return b.String()
}

// Pair is a key of the store, and its value.
type Pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Pairs are what the function knows of a tree: the cohort of each listed
// device, each version folder, and who takes what versions without one are
// offered, in the order of the tree.
func Pairs(t *manifest.Tree) []Pair {
	var pairs []Pair
	for x := range t.Fleet.Listings() {
		pairs = append(pairs, Pair{fmt.Sprintf("d/%016x", x.Hash), t.Fleet.Cohorts[x.Cohort].Slug})
	}
	root := t.Layout.Prefix + "/v1/latest/"
	for i := range t.Folders {
		f := &t.Folders[i]
		pairs = append(pairs, folder("f/"+strings.TrimSuffix(strings.TrimPrefix(f.Key, root), "/"), f, t.Layout)...)
		at := strings.TrimSuffix(strings.TrimPrefix(f.Key, root), "/"+manifest.OtherSegment+"/")
		n := len(f.Buckets)
		if value := floor(f, f.Bodies[:n], t); value != "" {
			pairs = append(pairs, Pair{"b/" + at, value})
		}
		if value := floor(f, f.Bodies[n:], t); value != "" {
			pairs = append(pairs, Pair{"b/" + at + "/" + manifest.EagerBucket, value})
		}
	}
	return pairs
}

// anyVersion is the value of a track in which no versions are compared.
const anyVersion = "*"

// floor says which versions take what a folder for versions without one offers
// in some of its bodies: "<" and the lowest version of all buckets, so that it is above theirs in every
// bucket; or any. It is "" where nothing is offered, and for other folders.
func floor(f *manifest.Folder, bodies []uint32, t *manifest.Tree) string {
	if f.VersionSegment != manifest.OtherSegment {
		return ""
	}
	lowest := ""
	for _, body := range bodies {
		switch v := t.Bodies[body].Version(); {
		case v == "":
		case f.AnyVersion:
			return anyVersion
		case lowest == "" || t.Fleet.Project.Order.Compare(v, lowest) < 0:
			lowest = v
		}
	}
	if lowest == "" {
		return ""
	}
	return "<" + lowest
}

// folder says which buckets of a folder are up to date: a bit for each, or "="
// and the bit that all of them have. Buckets of four digits have a value for
// each first digit. Those who ask eagerly have one of their own.
func folder(key string, f *manifest.Folder, layout manifest.Layout) []Pair {
	bits := make([]bool, layout.Buckets())
	same := true
	for slot, bucket := range f.Buckets {
		bits[bucket] = f.Bodies[slot] == 0 // the first body is the marker
		same = same && bits[bucket] == (f.Bodies[0] == 0)
	}
	values := []Pair{{key, ""}}
	if layout.BucketDigits == 4 {
		values = nil
		for digit := range 16 {
			values = append(values, Pair{fmt.Sprintf("%s/%x", key, digit), ""})
		}
	}
	per := len(bits) / len(values)
	all := map[bool]string{true: "=1", false: "=0"}
	for i := range values {
		values[i].Value = all[f.Bodies[0] == 0]
		if !same {
			values[i].Value = hex(bits[i*per : (i+1)*per])
		}
	}
	for _, body := range f.Bodies[len(f.Buckets):] {
		values = append(values, Pair{key + "/" + manifest.EagerBucket, all[body == 0]})
	}
	return values
}

const digits = "0123456789abcdef"

func hex(bits []bool) string {
	var b strings.Builder
	for i := 0; i < len(bits); i += 4 {
		digit := 0
		for _, bit := range bits[i : i+4] {
			digit <<= 1
			if bit {
				digit |= 1
			}
		}
		b.WriteByte(digits[digit])
	}
	return b.String()
}

// Store writes pairs as the file that CloudFront imports.
func Store(pairs []Pair) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`{"data":[`)
	for i, p := range pairs {
		if len(p.Key) > MaxKey || len(p.Value) > MaxValue {
			return nil, fmt.Errorf("key %q of the key-value store is too long: CloudFront takes keys of %d characters and values of %d", p.Key, MaxKey, MaxValue)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		line, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		b.WriteByte('\n')
		b.Write(line)
	}
	b.WriteString("\n]}\n")
	if b.Len() > MaxStore {
		return nil, fmt.Errorf("the key-value store has %d bytes for %d keys, and CloudFront takes %d", b.Len(), len(pairs), MaxStore)
	}
	return b.Bytes(), nil
}

// ReadStore reads the pairs of a file that [Store] wrote, or of what the API's
// ListKeys answers.
func ReadStore(file []byte) ([]Pair, error) {
	var store struct{ Data, Items []Pair } // keys in any case
	if err := json.Unmarshal(file, &store); err != nil {
		return nil, err
	}
	pairs := append(store.Data, store.Items...)
	if store.Data == nil && store.Items == nil {
		return nil, errors.New(`it has neither "data" nor "Items"`)
	}
	for _, p := range pairs {
		folder := strings.HasPrefix(p.Key, "f/") && (p.Value == "=0" || p.Value == "=1" || p.Value != "" && strings.Trim(p.Value, digits) == "")
		floor := isFloor(p.Key) && (p.Value == anyVersion || strings.HasPrefix(p.Value, "<"))
		if !isDevice(p.Key) && !folder && !floor {
			return nil, fmt.Errorf("key %q with value %q is not of cairn", p.Key, p.Value)
		}
	}
	return pairs, nil
}
