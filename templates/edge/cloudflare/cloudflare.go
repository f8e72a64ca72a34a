// Package cloudflare writes the Worker with which Cloudflare answers devices.
package cloudflare

import (
	"bytes"
	"embed"
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"time"

	"cairn/releases"
	"cairn/releases/syntax"
	"cairn/templates/edge/javascript"
)

// Options say where the Worker finds the tree: one of the two.
type Options struct {
	Bucket string // an R2 bucket
	Origin string // a URL, to which a slash and a key are added
}

// File is one of those that make the Worker.
type File struct {
	Name    string
	Content []byte
}

// CompatibilityDate is the version of the Workers API that the Worker is
// written for and tested with.
const CompatibilityDate = "2026-04-01"

//go:embed *.js *.tmpl
var sources embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"js":      syntax.String, // JavaScript reads it as TOML does
	"seconds": func(d time.Duration) int64 { return int64(d / time.Second) },
}).ParseFS(sources, "*.tmpl"))

// Files makes the Worker of a fleet, in the order of their names.
func Files(f *releases.Fleet, opts Options) ([]File, error) {
	base, err := url.Parse(f.Project.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("base_url: %w", err)
	}
	if f.Project.BasePath() != "" {
		return nil, fmt.Errorf("base_url %s has a path, and a Worker answers for a whole host: give devices a host of their own", f.Project.BaseURL)
	}
	if opts.Origin != "" {
		u, err := url.Parse(opts.Origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("the origin %q is no URL such as https://bucket.s3.eu-central-1.amazonaws.com", opts.Origin)
		}
		if u.User != nil {
			return nil, fmt.Errorf("the origin %s has a name in it, and a Worker reads without one", u.Redacted())
		}
	}
	data := struct {
		releases.Project
		Options
		Cache                         releases.Cache
		Name, Host, CompatibilityDate string
		Keyed                         bool
	}{f.Project, opts, f.Cache, name(f.Project.Slug), base.Hostname(), CompatibilityDate, f.Project.Key != ""}
	data.Origin = strings.TrimRight(opts.Origin, "/")
	files := []File{
		{Name: "config.js"},
		{"device.js", []byte(javascript.Device(f.Project.Eager) + "\n" + javascript.Versions(f.Project.Order) + "\nexport { escape, hash, maxSegment, readings, takes, xxh64 };\n")},
		{Name: "negotiate.js"}, {Name: "tree.js"}, {Name: "worker.js"}, {Name: "wrangler.toml"},
	}
	for i := range files {
		if files[i].Content != nil {
			continue
		}
		if content, err := sources.ReadFile(files[i].Name); err == nil {
			files[i].Content = content
			continue
		}
		var b bytes.Buffer
		if err := templates.ExecuteTemplate(&b, files[i].Name+".tmpl", data); err != nil {
			return nil, err
		}
		files[i].Content = b.Bytes()
	}
	return files, nil
}

// name is that of the Worker: Cloudflare takes lower-case letters, digits and
// dashes, 63 at most.
func name(slug string) string {
	s := "cairn-" + strings.ToLower(strings.ReplaceAll(slug, "_", "-"))
	return strings.TrimRight(s[:min(len(s), 63)], "-")
}
