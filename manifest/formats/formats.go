// Package formats renders what a cohort is offered as files for other clients
// than those of the device contract, by the [format] tables of cairn.toml. A
// template sees [Data], and a few functions; its output is bounded.
package formats

import (
	"bytes"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

//go:embed builtin
var files embed.FS

// Builtin lists the names of the templates that come with cairn, ascending.
func Builtin() []string {
	entries, err := files.ReadDir("builtin")
	if err != nil {
		panic(err) // it is in the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".tmpl"))
	}
	return names
}

// functions are those that a template may call: those of text/template too,
// where they make texts.
var functions = template.FuncMap{
	"print":    func(args ...any) (string, error) { return limited(fmt.Sprint(args...)) },
	"println":  func(args ...any) (string, error) { return limited(fmt.Sprintln(args...)) },
	"printf":   func(format string, args ...any) (string, error) { return limited(fmt.Sprintf(format, args...)) },
	"html":     func(args ...any) (string, error) { return limited(template.HTMLEscaper(args...)) },
	"js":       func(args ...any) (string, error) { return limited(template.JSEscaper(args...)) },
	"urlquery": func(args ...any) (string, error) { return limited(template.URLQueryEscaper(args...)) },
	"json": func(v any) (string, error) {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		err := enc.Encode(v)
		return strings.TrimSuffix(b.String(), "\n"), err
	},
	"xml": func(v any) (string, error) {
		var b bytes.Buffer
		err := xml.EscapeText(&b, fmt.Append(nil, v))
		return b.String(), err
	},
	"base64": func(digits string) (string, error) {
		b, err := hex.DecodeString(digits)
		return base64.StdEncoding.EncodeToString(b), err
	},
	"time": func(layout, at string) (string, error) {
		t, err := time.Parse(time.RFC3339Nano, at)
		return t.Format(layout), err
	},
}

// compile reads the template of a format.
func compile(f releases.Format) (*bounded, error) {
	text := f.Text
	if f.Builtin != "" {
		content, err := files.ReadFile("builtin/" + f.Builtin + ".tmpl")
		if err != nil {
			return nil, errNoTemplate
		}
		text = string(content)
	}
	if text == "" {
		return nil, errors.New("it is empty")
	}
	t := &bounded{}
	return t, t.parse(text)
}

var errNoTemplate = errors.New("no template")

// execute renders a file.
func execute(t *bounded, d Data) ([]byte, error) {
	t.steps = 0
	t.out.Reset()
	err := t.Execute(t, d)
	return []byte(t.out.String()), err
}

// File is a rendered file.
type File struct {
	Key  string
	Body []byte
}

// Render makes the files of a tree, ascending by key. An error is that of a
// template, which [Check] finds as well.
func Render(tree *manifest.Tree) ([]File, error) {
	var all []File
	if len(tree.Fleet.Formats) == 0 {
		return nil, nil
	}
	resolver := manifest.NewResolver(tree.Fleet)
	for _, f := range tree.Fleet.Formats {
		t, err := compile(f)
		if err != nil {
			return nil, fmt.Errorf("format %s: %w", f.Name, err)
		}
		for i := range tree.Folders {
			if folder := &tree.Folders[i]; folder.VersionSegment == manifest.OtherSegment {
				r := renderer{tree, resolver, f, t, folder}
				files, err := r.files()
				if err != nil {
					return nil, fmt.Errorf("format %s: %w", f.Name, err)
				}
				all = append(all, files...)
			}
		}
	}
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Key, b.Key) })
	return all, nil
}

// renderer makes the files of one format for the devices of one cohort and
// target.
type renderer struct {
	tree     *manifest.Tree
	resolver *manifest.Resolver
	format   releases.Format
	template *bounded
	folder   *manifest.Folder
}

func (r *renderer) files() ([]File, error) {
	at := manifest.Location{Class: manifest.Rendered, Format: r.format.Name, Target: r.folder.Target, Cohort: r.folder.Cohort, Name: r.format.Path}
	reach := r.folder.Reach
	if r.format.Scope == releases.CohortScope {
		body, err := execute(r.template, r.data("", r.common()))
		return []File{{r.tree.Layout.Key(at), body}}, err
	}
	var all []File
	for i, bucket := range r.folder.Buckets {
		at.Bucket = r.tree.Layout.BucketName(int(bucket))
		body, err := execute(r.template, r.data(at.Bucket, reach.Releases[reach.Group[i]]))
		if err != nil {
			return nil, err
		}
		all = append(all, File{r.tree.Layout.Key(at), body})
	}
	return all, nil
}

// common is the releases that are in reach of all buckets: a rollout that has
// not reached all of a cohort is none of them.
func (r *renderer) common() []*releases.Release {
	reach := r.folder.Reach
	common := slices.Clone(reach.Releases[reach.Group[0]])
	for _, g := range slices.Compact(slices.Sorted(slices.Values(reach.Group[:len(r.folder.Buckets)]))) {
		common = slices.DeleteFunc(common, func(x *releases.Release) bool { return !slices.Contains(reach.Releases[g], x) })
	}
	return common
}

// data is what devices are offered that have these releases in reach.
func (r *renderer) data(bucket string, reach []*releases.Release) Data {
	t, project := r.folder.Target, r.tree.Fleet.Project
	d := Data{
		Project: project.Slug, Organization: project.Organization, BaseURL: project.BaseURL,
		SoftwareType: t.SoftwareType, HardwareVersion: t.HardwareVersion, Cohort: r.folder.Cohort, Bucket: bucket,
	}
	offers := r.resolver.Offers(t, r.tree.Fleet.Cohort(r.folder.Cohort), reach)
	offer := func(of manifest.Decision) *Offer {
		if of.Payload == nil {
			return nil
		}
		o := newOffer(r.tree, of.Release, of.Payload)
		return &o
	}
	d.Latest, d.Newest = offer(offers.Unknown), offer(offers.None)
	nodes := map[string]Offer{}
	for _, release := range reach {
		if p := release.Payload(t.SoftwareType, t.HardwareVersion, ""); p != nil {
			o := newOffer(r.tree, release, p)
			nodes[o.Version] = o
		}
	}
	known := r.resolver.Known(t)
	type way struct{ from, to string }
	var ways []way
	for i, decision := range offers.Known {
		if decision.Payload == nil {
			continue
		}
		to := decision.Release.VersionOf(t.SoftwareType)
		if _, whole := nodes[to]; whole {
			ways = append(ways, way{known[i], to})
		}
	}
	for _, w := range ways {
		if _, there := nodes[w.from]; !there {
			nodes[w.from] = Offer{Version: w.from, ReleaseInfo: map[string]any{}, PayloadInfo: map[string]any{}}
		}
	}
	versions := slices.SortedFunc(maps.Keys(nodes), project.Order.Compare)
	for _, v := range versions {
		d.Nodes = append(d.Nodes, nodes[v])
	}
	for _, w := range ways {
		d.Edges = append(d.Edges, Edge{slices.Index(versions, w.from), slices.Index(versions, w.to)})
	}
	return d
}
