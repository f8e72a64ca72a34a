// Package device writes cairn_ota.h, the C header with which firmware computes
// its own keys and goes the way of a device, as docs/contract.md section 1 defines it.
package device

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"net/url"
	"strings"
	"text/template"

	"cairn/manifest"
	"cairn/releases"
)

// The bounds of what firmware is promised: the most bytes of a cohort's slug. A
// cohort's array has room for "default" at least.
const (
	ShortestCohort = len(releases.DefaultCohort)
	LongestCohort  = releases.MaxSegment
)

// CheckCohorts says what of a fleet breaks the promise of short cohorts.
func CheckCohorts(f *releases.Fleet, most int) error {
	if most < ShortestCohort || most > LongestCohort {
		return fmt.Errorf("a cohort of at most %d bytes: the bound is %d to %d", most, ShortestCohort, LongestCohort)
	}
	for _, c := range f.Cohorts {
		if len(c.Slug) > most {
			return fmt.Errorf("cohort %q has %d bytes, and the header would promise %d at most", c.Slug, len(c.Slug), most)
		}
	}
	return nil
}

//go:embed header
var files embed.FS

var header = template.Must(template.New("cairn_ota.h.tmpl").Funcs(template.FuncMap{"c": quote}).ParseFS(files, "header/*"))

// quote writes printable ASCII as a C string.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// Options say what the header has. The zero value compares, and promises
// nothing of cohorts.
type Options struct {
	MaxCohort int // most bytes of a cohort's slug; 0 for [LongestCohort]
	// NoCompare leaves out the comparison of versions. A device whose version
	// has no folder is up to date then.
	NoCompare bool
	Signed    *Signed // nil for answers that are not
}

// Signed is what a device that takes signed answers has from the factory, as
// docs/signing.md defines it.
type Signed struct {
	Origin     string     // names the online keys
	Roots      [][36]byte // each the 4 bytes of an id and an Ed25519 public key
	Threshold  int        // so many of the roots sign the online keys
	Generation uint32     // the least one of the online keys
	MaxKeys    int        // most online keys, 1 to 3
}

// Header is cairn_ota.h for a project.
func Header(p releases.Project, o Options) ([]byte, error) {
	base, err := url.Parse(p.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	port, tls := base.Port(), 0
	if base.Scheme == "https" {
		tls = 1
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[base.Scheme]
	}
	origin, path := p.BaseURL, ""
	if i := strings.Index(origin[len(base.Scheme)+len("://"):], "/"); i >= 0 {
		i += len(base.Scheme) + len("://")
		origin, path = origin[:i], origin[i:]
	}
	cohorts := manifest.Layout{Prefix: p.Prefix}.CohortsFolder()
	var b bytes.Buffer
	err = header.Execute(&b, struct {
		releases.Project
		MaxCohort          int
		Compare, Offers    bool
		Signed             *Signed
		Origin, Host, Port string
		TLS                int
		Root               string
	}{
		p, cmp.Or(o.MaxCohort, LongestCohort), !o.NoCompare, !o.NoCompare && o.Signed == nil, o.Signed,
		origin, base.Hostname(), port,
		tls,
		path + "/" + strings.TrimSuffix(cohorts, "/cohorts/"),
	})
	return b.Bytes(), err
}
