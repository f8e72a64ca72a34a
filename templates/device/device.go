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
	"sync"
	"text/template"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/signing"
)

// The bounds of what firmware is promised: the most bytes of a cohort's slug. A
// cohort's array has room for "default" at least.
const (
	ShortestCohort = len(releases.DefaultCohort)
	LongestCohort  = releases.MaxSegment
)

// Check says what of a fleet breaks the promises of a header: that cohorts have
// short names, and that few keys sign answers.
func Check(f *releases.Fleet, o Options) error {
	if o.MaxCohort < ShortestCohort || o.MaxCohort > LongestCohort {
		return fmt.Errorf("a cohort of at most %d bytes: the bound is %d to %d", o.MaxCohort, ShortestCohort, LongestCohort)
	}
	for _, c := range f.Cohorts {
		if len(c.Slug) > o.MaxCohort {
			return fmt.Errorf("cohort %q has %d bytes, and the header would promise %d at most", c.Slug, len(c.Slug), o.MaxCohort)
		}
	}
	if o.MaxKeys < 1 || o.MaxKeys > signing.MaxOnline {
		return fmt.Errorf("room for %d keys: the bound is 1 to %d", o.MaxKeys, signing.MaxOnline)
	}
	if o.Signed != nil && len(o.Signed.Keys.Online) > o.MaxKeys {
		return fmt.Errorf("%s has %d keys, and the header would have room for %d", o.Signed.KeysFile, len(o.Signed.Keys.Online), o.MaxKeys)
	}
	return nil
}

//go:embed header
var files embed.FS

var header = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("cairn_ota.h.tmpl").Funcs(template.FuncMap{"c": quote, "key": burned}).ParseFS(files, "header/*"))
})

// quote writes printable ASCII as a C string.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// burned writes a key as devices have it, the id and 32 bytes, as C's elements.
func burned(k signing.Key) string {
	var b strings.Builder
	for i, v := range append(k.ID[:], k.Public...) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "0x%02x", v)
	}
	return b.String()
}

// Options say what the header has. The zero value compares, promises nothing of
// cohorts, and takes answers that are not signed.
type Options struct {
	MaxCohort int // most bytes of a cohort's slug; 0 for [LongestCohort]
	// NoCompare leaves out the comparison of versions. A device whose version
	// has no folder is up to date then.
	NoCompare bool
	// Signed takes signed answers alone: of these roots, and keys from this
	// generation on. Its Keys are not nil.
	Signed  *releases.Signing
	MaxKeys int // most keys that sign heads; 0 for [signing.MaxOnline]
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
	err = header().Execute(&b, struct {
		releases.Project
		MaxCohort          int
		Compare, Offers    bool
		Signed             *releases.Signing
		MaxKeys            int
		KeyName            string
		Origin, Host, Port string
		TLS                int
		Root               string
	}{
		p, cmp.Or(o.MaxCohort, LongestCohort), !o.NoCompare, !o.NoCompare && o.Signed == nil,
		o.Signed, cmp.Or(o.MaxKeys, signing.MaxOnline), p.KeyName(),
		origin, base.Hostname(), port,
		tls,
		path + "/" + strings.TrimSuffix(cohorts, "/cohorts/"),
	})
	return b.Bytes(), err
}
