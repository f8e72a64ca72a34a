// Package device writes cairn_ota.h, the C header with which firmware computes
// its own keys and goes the way of a device, as DESIGN.md section 1 defines it.
package device

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/url"
	"strings"
	"text/template"

	"cairn/manifest"
	"cairn/releases"
)

// Promise is what a project promises its firmware, for as long as that is in
// the field: it makes the header's code and memory smaller.
type Promise struct {
	MaxSerial int // bytes of a device serial, 1 to 128; 0 is 128
	MaxCohort int // bytes of a cohort's slug, 7 to 200; 0 is 63
}

// The bounds of a promise. A cohort's array has room for "default" at least.
const (
	LongestSerial  = 128
	ShortestCohort = len(releases.DefaultCohort)
	LongestCohort  = releases.MaxSegment
	usualCohort    = 63
)

func (p Promise) withDefaults() Promise {
	if p.MaxSerial == 0 {
		p.MaxSerial = LongestSerial
	}
	if p.MaxCohort == 0 {
		p.MaxCohort = usualCohort
	}
	return p
}

// Check says what of a fleet breaks the promise.
func (p Promise) Check(f *releases.Fleet) error {
	p = p.withDefaults()
	if p.MaxSerial < 1 || p.MaxSerial > LongestSerial {
		return fmt.Errorf("a serial of at most %d bytes: the bound is 1 to %d", p.MaxSerial, LongestSerial)
	}
	if p.MaxCohort < ShortestCohort || p.MaxCohort > LongestCohort {
		return fmt.Errorf("a cohort of at most %d bytes: the bound is %d to %d", p.MaxCohort, ShortestCohort, LongestCohort)
	}
	for _, c := range f.Cohorts {
		if len(c.Slug) > p.MaxCohort {
			return fmt.Errorf("cohort %q has %d bytes, and the header would promise %d at most", c.Slug, len(c.Slug), p.MaxCohort)
		}
		for i := range c.Devices {
			if d := &c.Devices[i]; len(d.Serial) > p.MaxSerial {
				return fmt.Errorf("%s: serial %q has %d bytes, and the header would promise %d at most", c.Place(d), d.Serial, len(d.Serial), p.MaxSerial)
			}
		}
	}
	return nil
}

//go:embed cairn_ota.h.tmpl
var text string

var header = template.Must(template.New("cairn_ota.h").Funcs(template.FuncMap{"c": quote}).Parse(text))

// quote writes printable ASCII as a C string.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// Header is cairn_ota.h for a project.
func Header(p releases.Project, promise Promise) ([]byte, error) {
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
		Promise
		Origin, Host, Port string
		TLS                int
		Root               string
	}{
		p, promise.withDefaults(),
		origin, base.Hostname(), port,
		tls,
		path + "/" + strings.TrimSuffix(cohorts, "/cohorts/"),
	})
	return b.Bytes(), err
}
