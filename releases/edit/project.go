package edit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"cairn/releases"
)

// Project is definitions without faults beside the texts that they come from.
type Project struct {
	Fleet *releases.Fleet
	releases.Source
	// Stops says that what is wrong elsewhere keeps no change back.
	Stops bool
}

// Change is what becomes of a file of the project folder.
type Change struct {
	File   string // its path there
	Before []byte // nil for a file that is new
	After  []byte // nil for a file that goes
}

func (c Change) goes() bool { return c.Before != nil && c.After == nil }

// Check loads the definitions as they are after some changes. The error is the
// loader's: [releases.Faults].
func (p Project) Check(changes []Change) (Project, error) {
	source := p.Source
	source.Files = overlay{p.Files, changes}
	if p.Stops {
		var own []string
		for _, c := range changes {
			own = append(own, c.File)
		}
		fleet, _, err := source.LoadToStop(own)
		return Project{fleet, source, true}, err
	}
	fleet, err := source.Load()
	return Project{fleet, source, false}, err
}

// change edits a file, which may not be there yet; nil where that leaves it as
// it was.
func (p Project) change(file string, edit func(*Document) error) ([]Change, error) {
	before, err := fs.ReadFile(p.Files, file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	text, marked := bytes.CutPrefix(before, mark)
	d, err := Parse(text)
	if err == nil {
		err = edit(d)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	after := d.Bytes()
	if marked {
		after = slices.Concat(mark, after)
	}
	if before != nil && bytes.Equal(before, after) {
		return nil, nil
	}
	return []Change{{file, before, after}}, nil
}

// mark is the byte order mark that some editors begin a text with.
var mark = []byte("\uFEFF")

// overlay is a folder in which some files are others, new, or gone.
type overlay struct {
	fs.FS
	changes []Change
}

func (o overlay) Open(name string) (fs.File, error) {
	for _, c := range o.changes {
		if c.File == name {
			if c.goes() {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
			}
			return &text{bytes.NewReader(c.After), entry{c}}, nil
		}
	}
	return o.FS.Open(name)
}

// Stat knows the folder of a new file, which may be new itself.
func (o overlay) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(o.FS, name)
	for _, c := range o.changes {
		switch {
		case c.File == name && c.goes():
			return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
		case c.File == name:
			return entry{c}, nil
		case errors.Is(err, fs.ErrNotExist) && path.Dir(c.File) == name:
			return fs.Stat(o.FS, ".")
		}
	}
	return info, err
}

// ReadDir lists a folder with the files that are new in it, without those that
// go.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.FS, name)
	for _, c := range o.changes {
		if c.goes() {
			entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return path.Join(name, e.Name()) == c.File })
		}
		if c.Before == nil && path.Dir(c.File) == name {
			entries, err = append(entries, fs.FileInfoToDirEntry(entry{c})), nil
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// text is a changed file that is open.
type text struct {
	*bytes.Reader
	entry entry
}

func (t *text) Stat() (fs.FileInfo, error) { return t.entry, nil }
func (t *text) Close() error               { return nil }

// entry is a changed file in a listing.
type entry struct{ Change }

func (e entry) Name() string       { return path.Base(e.File) }
func (e entry) Size() int64        { return int64(len(e.After)) }
func (e entry) Mode() fs.FileMode  { return 0o644 }
func (e entry) ModTime() time.Time { return time.Time{} }
func (e entry) IsDir() bool        { return false }
func (e entry) Sys() any           { return nil }
