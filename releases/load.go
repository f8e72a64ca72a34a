package releases

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cairn/releases/syntax"
)

// ProjectFile is the file that makes a folder a project.
const ProjectFile = "cairn.toml"

// Source is where definitions are read from.
type Source struct {
	// Files are those of the project folder. A file system that follows links
	// out of its root would let definitions name any file of the machine: use
	// [os.Root.FS].
	Files fs.FS
	// Lists reads the lists of devices that are in buckets. Without it such a
	// list is a fault.
	Lists Lists
	// Warnings are the names that [lint] may allow; without any it may allow
	// what it likes.
	Warnings []string
}

// Load reads definitions that need nothing but files: see [Source.Load].
func Load(fsys fs.FS, warnings ...string) (*Fleet, error) {
	return Source{Files: fsys, Warnings: warnings}.Load()
}

// Load reads the definitions. Where they are at fault the error is [Faults],
// which names every fault there is. The payload files are read whole, for their
// digests.
func (s Source) Load() (*Fleet, error) {
	l := s.loader()
	l.definitions()
	l.digest()
	return l.result()
}

// LoadToStop reads the definitions as [Source.Load] does, for an edit that takes
// a release back. What is wrong comes beside the fleet, but for faults of the
// project file and of its own files, those that the edit changes. That a list of
// devices cannot be read is no fault of the file that names it.
//
// A release with faults is left out, and a cohort that has some, or activates
// such a release, is [Cohort.Partial]. A payload whose file cannot be read has a
// digest of zeros.
func (s Source) LoadToStop(own []string) (*Fleet, Faults, error) {
	l := s.loader()
	l.definitions()
	faulty := map[string]bool{}
	for _, f := range l.faults {
		if l.follows[f] {
			continue
		}
		faulty[f.Place.File] = true
		if f := f.Place.File; f == ProjectFile || f == "releases" || f == "cohorts" {
			own = append(own[:len(own):len(own)], f)
		}
	}
	if slices.ContainsFunc(own, func(file string) bool { return faulty[file] }) {
		l.digest()
		_, err := l.result()
		return nil, nil, err
	}
	l.leaveOut(faulty)
	l.digest()
	for _, p := range l.payloads {
		if p.payload.SHA256 == "" {
			p.payload.SHA256 = strings.Repeat("0", 64)
		}
	}
	return l.fleet, l.faults.sorted(), nil
}

// leaveOut leaves releases with faults out of the fleet.
func (l *loader) leaveOut(faulty map[string]bool) {
	out := func(r *Release) bool { return faulty[r.File] || l.refused[r.Version] }
	l.fleet.Releases = slices.DeleteFunc(l.fleet.Releases, out)
	for _, c := range l.fleet.Cohorts {
		left := slices.DeleteFunc(c.Activations, func(a Activation) bool { return out(a.Release) })
		c.Partial = c.Partial || faulty[c.File] || len(left) < len(c.Activations)
		c.Activations = left
		if _, read := l.fleet.documents[c.File]; read || c.File == "" {
			continue
		}
		for _, r := range l.fleet.Releases { // what is withdrawn is so here, too
			if r.Withdrawn != "" {
				c.Activations = append(c.Activations, Activation{Release: r, Seed: l.fleet.Project.Seed.Of(c.Slug, r.Version)})
			}
		}
	}
}

// Outline reads the definitions as [Load] does, but no payload file and no list
// in a bucket: of those it tells what is stated.
func Outline(fsys fs.FS) (*Fleet, error) {
	l := Source{Files: fsys}.loader()
	l.outline = true
	l.definitions()
	return l.result()
}

// ReadProject reads the text of a [ProjectFile] by itself. Where it is at fault
// the error is [Faults].
func ReadProject(text []byte) (*Fleet, error) {
	l := Source{}.loader()
	l.project(l.parse(ProjectFile, text))
	return l.result()
}

type loader struct {
	fsys     fs.FS
	lists    Lists
	outline  bool // no list in a bucket is read
	fleet    *Fleet
	faults   Faults
	warnings []string // names of all; nil where nobody has told
	versions map[string]*versionPlace
	refused  map[string]bool   // versions of releases, stated but faulty
	unread   []string          // files of releases whose version is not known
	follows  map[*Fault]bool   // from a file or a list that cannot be read
	slugs    map[string]string // of cohorts, in lower case: how each is written
	texts    map[string]*file  // where cohorts list devices, by path
	inline   map[*Cohort][]int // the offsets of the devices that a cohort's own file lists
	payloads []pendingPayload
}

func (s Source) loader() *loader {
	lists := s.Lists
	if lists == nil {
		lists = unread
	}
	return &loader{fsys: s.Files, lists: lists, warnings: s.Warnings, fleet: &Fleet{documents: map[string]*table{}}, refused: map[string]bool{}, follows: map[*Fault]bool{}, slugs: map[string]string{}, texts: map[string]*file{}, inline: map[*Cohort][]int{}}
}

func (l *loader) definitions() {
	l.project(l.document(ProjectFile, `work in a project folder, or name one with --dir`))
	l.releases()
	l.unmet()
	l.cohorts()
}

func (l *loader) result() (*Fleet, error) {
	if len(l.faults) > 0 {
		return nil, l.faults.sorted()
	}
	return l.fleet, nil
}

// fault reports what is wrong with a file as a whole.
func (l *loader) fault(file, hint, format string, args ...any) {
	l.faults = append(l.faults, &Fault{Place: Place{file, 1, 1}, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// document reads a TOML file, and reports one that can't be read or parsed.
func (l *loader) document(name, hint string) *table {
	text, err := read(l.fsys, name)
	if err != nil {
		l.fault(name, wayOut(err, hint), "%s", reason(err))
		return nil
	}
	return l.parse(name, text)
}

func (l *loader) parse(name string, text []byte) *table {
	f := &file{path: name, text: text, faults: &l.faults}
	d, err := syntax.Parse(text)
	var bad *syntax.Error
	if errors.As(err, &bad) {
		f.fault(bad.Offset, bad.Hint, "%s", bad.Message)
		return nil
	}
	l.fleet.documents[name] = f.table(tree(d))
	return l.fleet.documents[name]
}

func read(fsys fs.FS, name string) ([]byte, error) {
	text, err := readFile(fsys, name)
	if err != nil {
		return nil, err
	}
	return plain(name, text)
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	if err := regular(fsys, name); err != nil {
		return nil, err
	}
	return fs.ReadFile(fsys, name)
}

// plain gives a text, unpacked, and without the byte order mark that some editors
// begin it with.
func plain(name string, packed []byte) ([]byte, error) {
	text, err := unpack(name, packed)
	if err != nil {
		return nil, err
	}
	return PlainText(text)
}

// regular says why something that may be there is no file to read, such as a
// pipe that nobody writes to.
func regular(fsys fs.FS, name string) error {
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file")
	}
	return nil
}

// reason is what is wrong with a file, without the words that say how it was
// found out.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	case errors.Is(err, fs.ErrPermission):
		return "no permission to read it"
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if leadsOut(err) {
		return "it leads out of the project folder"
	}
	return err.Error()
}

// leadsOut tells a link to a place outside, which [os.Root] has no value for.
func leadsOut(err error) bool { return strings.Contains(err.Error(), "escapes from parent") }

// wayOut is a hint for a file that cannot be read.
func wayOut(err error, hint string) string {
	switch {
	case leadsOut(err):
		return "put the file itself in the place of the link"
	case errors.Is(err, ErrUTF16):
		return UTF16Hint
	}
	return hint
}

// inside resolves a path that a file states relative to itself.
func (f *file) inside(n *node, stated string) (string, bool) {
	full := path.Join(path.Dir(f.path), stated)
	if stated == "" {
		f.fault(n.offset, "name a file, relative to "+path.Dir(f.path)+"/", "the path is empty")
		return "", false
	}
	if !path.IsAbs(stated) && fs.ValidPath(full) {
		return full, true
	}
	f.fault(n.offset, "name a file in the project folder, relative to "+path.Dir(f.path)+"/",
		"path %q leads out of the project folder", stated)
	return "", false
}

// tomlFiles lists the definitions in a folder, hidden files aside. A folder
// that is not there has none.
func (l *loader) tomlFiles(folder string, deep bool) []string {
	var names []string
	err := fs.WalkDir(l.fsys, folder, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == folder && errors.Is(err, fs.ErrNotExist):
			return fs.SkipAll
		case err != nil:
			l.fault(name, "make it readable", "%s", reason(err))
			l.unread = append(l.unread, name)
			return fs.SkipDir
		case deep && d.Type() == fs.ModeSymlink && l.isFolder(name):
			l.fault(name, "put the folder itself in its place", "links to folders are not followed")
			l.unread = append(l.unread, name)
		case !d.IsDir() && name == folder:
			l.fault(name, "definitions stand in files in it", "it is no folder")
		case d.IsDir() && name != folder && (!deep || d.Name()[0] == '.'):
			return fs.SkipDir
		case !d.IsDir() && path.Ext(name) == ".toml" && d.Name()[0] != '.':
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		l.fault(folder, "make it readable", "%s", reason(err))
	}
	slices.Sort(names)
	return names
}

func (l *loader) isFolder(name string) bool {
	info, err := fs.Stat(l.fsys, name)
	return err == nil && info.IsDir()
}

// MaxName is how many characters a version, software type, hardware version or
// serial has at most.
const MaxName = 128

// name reports what cannot be a version, software type or hardware version.
func (f *file) name(offset int, what, s string) bool {
	hint := fmt.Sprintf("a %s is 1 to %d characters, without control characters or space at either end", what, MaxName)
	switch {
	case s == "":
		f.fault(offset, hint, "%s is empty", what)
	case !utf8.ValidString(s):
		f.fault(offset, hint, "%s %q is not UTF-8", what, s)
	case utf8.RuneCountInString(s) > MaxName:
		f.fault(offset, hint, "%s has %d characters", what, utf8.RuneCountInString(s))
	case strings.ContainsFunc(s, unicode.IsControl):
		f.fault(offset, hint, "%s %q has a control character", what, s)
	case strings.TrimSpace(s) != s:
		f.fault(offset, hint, "%s %q has space at an end", what, s)
	default:
		return f.segment(offset, what, s)
	}
	return false
}

// segment reports what would be too long in a key.
func (f *file) segment(offset int, what, s string) bool {
	if n := len(Escape(s)); n > MaxSegment {
		f.fault(offset, "use a shorter name; every byte but A–Z a–z 0–9 . - takes three",
			"%s %q takes %d bytes as a path segment, over %d", what, s, n, MaxSegment)
		return false
	}
	return true
}

// version reports what cannot be a version of this project.
func (l *loader) version(f *file, offset int, s string) bool {
	if !f.name(offset, "version", s) {
		return false
	}
	if err := l.fleet.Project.Order.Check(s); err != nil {
		f.fault(offset, `write it as in 1.2.3-rc.1, or set version_order = "natural" in [project]`, "%s", err)
		return false
	}
	return true
}

// ValidSlug says whether s can be a cohort slug: [-a-zA-Z0-9_]+, at most
// [MaxSegment] bytes.
func ValidSlug(s string) bool { return ofSlugCharacters(s) && len(s) <= MaxSegment }

// ValidSerial says whether s can be a device serial: [-a-zA-Z0-9_]+, at most
// 128 characters.
func ValidSerial(s string) bool { return ofSlugCharacters(s) && len(s) <= MaxName }

func ofSlugCharacters(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '_' && (c == '.' || !standsForItself(c)) {
			return false
		}
	}
	return s != ""
}
