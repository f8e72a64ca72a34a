package edit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"time"

	"cairn/releases"
	"cairn/releases/syntax"
)

// Upload is a payload for a release, with what else is to be said of the
// release. What is empty says nothing.
type Upload struct {
	Version string // of the release, which is made where there is none
	// Component is the version of the payload's software type, where that is not
	// the release's.
	Component string
	// Payload is stored in the bucket: it has no File and no URL. The values
	// of its ExtraInfo are strings.
	Payload         releases.Payload
	Notes           string
	MustPassThrough bool
	MinVersion      string
	Revision        string
	// Commit is a revision that is written where the release has none, and
	// means no other where it has one.
	Commit string
	// Created is when the payload was built: from now on the release was
	// updated then, and created, if it says nothing of that so far.
	Created time.Time
}

// Upload adds a payload to a release, which keeps what it says of itself: other
// bytes for the same devices, or another value of a key, are an error that names
// the line of each. It gives the payload as the release names it then, which
// may be under another name, from a File or at a URL.
func (p Project) Upload(u Upload) ([]Change, *releases.Payload, error) {
	r, err := p.release(u.Version)
	if err != nil {
		if r, err = p.newRelease(u.Version); err != nil {
			return nil, nil, err
		}
	}
	there := r.Payload(u.Payload.SoftwareType, u.Payload.HardwareVersion, u.Payload.From)
	if err := errors.Join(p.conflicts(u, r, there)...); err != nil {
		return nil, nil, err
	}
	changes, err := p.change(r.File, func(d *Document) error { return u.write(d, r, there) })
	if there == nil {
		there = &u.Payload
	}
	return changes, there, err
}

// newRelease is one without a file so far.
func (p Project) newRelease(version string) (*releases.Release, error) {
	segment := releases.Escape(version)
	if len(segment) > releases.MaxSegment {
		return nil, fmt.Errorf("version %q takes %d bytes as a path segment, over %d; use a shorter one", version, len(segment), releases.MaxSegment)
	}
	name := "releases/" + segment + ".toml"
	for n := 2; ; n++ {
		_, err := fs.Stat(p.Files, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return &releases.Release{File: name}, nil
		case err != nil:
			return nil, err
		}
		name = fmt.Sprintf("releases/%s-%d.toml", segment, n)
	}
}

// table is the path of a payload's table.
func table(p *releases.Payload, key ...any) []any {
	path := []any{"payload", p.SoftwareType, p.HardwareVersion}
	if p.Delta() {
		path = []any{"delta", p.SoftwareType, p.HardwareVersion, p.From}
	}
	return append(path, key...)
}

// conflicts are what a release says otherwise.
func (p Project) conflicts(u Upload, r *releases.Release, there *releases.Payload) (errs []error) {
	fault := func(path []any, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: "+format, append([]any{p.place(r.File, path)}, args...)...))
	}
	if there != nil && there.SHA256 != u.Payload.SHA256 {
		fault(table(there), "release %s has another payload in [%s]: sha256 %s, and not %s\na device may have it already: give the new build a version of its own, or take that table out first",
			u.Version, syntax.Path(names(table(there))...), there.SHA256, u.Payload.SHA256)
	}
	if err := p.otherComponent(u, r); err != nil {
		errs = append(errs, err)
	}
	if there != nil && u.Payload.Zchunk != nil && (there.Zchunk == nil || there.Zchunk.SHA256 != u.Payload.Zchunk.SHA256) {
		fault(table(there), "release %s has another zchunk image there, or none\na device may have it already: give the new build a version of its own, or take that table out first", u.Version)
	}
	const wayOut = "edit it there, or leave the option out"
	for _, k := range []struct{ key, there, want string }{{"notes", r.Notes, u.Notes}, {"revision", r.Revision, u.Revision}, {"min_version", r.MinVersion, u.MinVersion}} {
		if k.want != "" && k.there != "" && k.there != k.want {
			fault([]any{k.key}, "%s of release %s is %q, and not %q\n%s", k.key, u.Version, k.there, k.want, wayOut)
		}
	}
	if must := []any{"must_pass_through"}; u.MustPassThrough && !r.MustPassThrough && p.place(r.File, must) != r.File {
		fault(must, "must_pass_through of release %s is false\n%s", u.Version, wayOut)
	}
	if there != nil {
		for _, k := range slices.Sorted(maps.Keys(u.Payload.ExtraInfo)) {
			if is, ok := there.ExtraInfo[k]; ok && is != u.Payload.ExtraInfo[k] {
				fault(table(there, "extra_info", k), "extra_info %s of this payload is %#v, and not %#v\n%s", k, is, u.Payload.ExtraInfo[k], wayOut)
			}
		}
	}
	return errs
}

// otherComponent says that the release has another version of the software.
func (p Project) otherComponent(u Upload, r *releases.Release) error {
	software := u.Payload.SoftwareType
	path := []any{"component", software, "version"}
	if _, own := r.Components[software]; !own {
		i := slices.IndexFunc(r.Payloads, func(p *releases.Payload) bool { return p.SoftwareType == software })
		if i < 0 {
			return nil
		}
		path = table(r.Payloads[i])
	}
	if version := r.VersionOf(software); u.Component != "" && u.Component != version {
		return fmt.Errorf("%s: release %s has %s in version %s, and not %s\na device may have it already: put the new build into another release",
			p.place(r.File, path), u.Version, software, version, u.Component)
	}
	return nil
}

// place is where a path stands in a file, "releases/1.1.0.toml:3", or the file
// itself where it doesn't.
func (p Project) place(file string, path []any) string {
	text, err := fs.ReadFile(p.Files, file)
	if err != nil {
		return file
	}
	text = bytes.TrimPrefix(text, mark)
	d, err := Parse(text)
	if err != nil {
		return file
	}
	i := slices.IndexFunc(d.items, func(i syntax.Item) bool { return under(i, path) })
	if i < 0 {
		return file
	}
	return releases.Place{File: file, Line: 1 + bytes.Count(text[:d.items[i].Begin], []byte("\n"))}.String()
}

// write adds what is not there.
func (u Upload) write(d *Document, r *releases.Release, there *releases.Payload) error {
	revision := u.Revision
	if there == nil && revision == "" {
		revision = u.Commit
	}
	var err error
	add := func(literal string, path ...any) { err = cmp.Or(err, d.Set(literal, path...)) }
	if r.Version == "" {
		add(syntax.String(u.Version), "version")
	}
	if u.Notes != "" && r.Notes == "" {
		add(syntax.String(u.Notes), "notes")
	}
	if u.MustPassThrough && !r.MustPassThrough {
		add("true", "must_pass_through")
	}
	if u.MinVersion != "" && r.MinVersion == "" {
		add(syntax.String(u.MinVersion), "min_version")
	}
	if revision != "" && r.Revision == "" {
		add(syntax.String(revision), "revision")
	}
	if there == nil {
		u.writeDates(r, add)
	}
	if _, own := r.Components[u.Payload.SoftwareType]; u.Component != "" && u.Component != r.Version && !own {
		add(syntax.String(u.Component), "component", u.Payload.SoftwareType, "version")
	}
	p, said := &u.Payload, map[string]any(nil)
	if there != nil {
		said = there.ExtraInfo
	} else {
		writeFile(p, table(p), add)
		if p.Zchunk != nil {
			writeFile(p.Zchunk, table(p, "zchunk"), add)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(p.ExtraInfo)) {
		if _, ok := said[k]; !ok {
			add(syntax.String(p.ExtraInfo[k].(string)), table(p, "extra_info", k)...)
		}
	}
	return err
}

// writeDates adds what a JSON answer would have null without.
func (u Upload) writeDates(r *releases.Release, add func(literal string, path ...any)) {
	if u.Created.IsZero() {
		return
	}
	if r.Created.IsZero() {
		add(Time(u.Created), "created")
	}
	if u.Created.After(r.Updated) {
		add(Time(u.Created), "updated")
	}
	if r.Forced == nil {
		add("false", "is_forced")
	}
}

// writeFile adds a file that is stored in the bucket to a table.
func writeFile(of *releases.Payload, table []any, add func(literal string, path ...any)) {
	key := func(key string) []any { return append(slices.Clip(table), key) }
	add(syntax.String(of.Name), key("stored")...)
	add(strconv.FormatInt(of.Size, 10), key("size")...)
	add(syntax.String(of.SHA256), key("sha256")...)
	add(syntax.String(of.MD5), key("md5")...)
	add(syntax.String(of.SHA1), key("sha1")...)
	if of.BuildID != "" {
		add(syntax.String(of.BuildID), key("build_id")...)
	}
}
