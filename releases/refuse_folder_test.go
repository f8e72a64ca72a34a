package releases_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// onDisk writes a project into a folder of its own, which the file system
// does not leave.
func onDisk(t *testing.T, files ...string) (folder string, fsys fs.FS) {
	t.Helper()
	folder = t.TempDir()
	if err := os.CopyFS(folder, project(files...)); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return folder, root.FS()
}

func symlink(t *testing.T, to, from string) {
	t.Helper()
	if err := os.Symlink(to, from); err != nil {
		t.Fatal(err)
	}
}

func TestNoProject(t *testing.T) {
	_, fsys := onDisk(t)
	checkFaults(t, fsys, `
cairn.toml:1:1: no such file
hint: name … --dir
`)
}

// TestNoProjectFile has a project that is sound but for the missing file,
// with versions of an order that nothing states.
func TestNoProjectFile(t *testing.T) {
	fsys := project(sound, "-- releases/r.toml --\nversion = \"rev9\"")
	delete(fsys, "cairn.toml")
	checkFaults(t, fsys, `
cairn.toml:1:1: no such file
hint: name … --dir
`)
}

func TestProjectFileIsFolder(t *testing.T) {
	_, fsys := onDisk(t, "-- cairn.toml/x --")
	checkFaults(t, fsys, `
cairn.toml:1:1: it is a folder
hint: name … --dir
`)
}

func TestLinksWithin(t *testing.T) {
	folder, fsys := onDisk(t, sound, `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "link.bin"
-- cohorts/alpha.toml --
devices_file = "link.txt"
-- lists/alpha.txt --
SN-9
`)
	symlink(t, "a.bin", filepath.Join(folder, "releases/link.bin"))
	symlink(t, "../lists/alpha.txt", filepath.Join(folder, "cohorts/link.txt"))
	checkFaults(t, fsys, "")
}

func TestLinksOut(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("version = \"2.0.0\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder, fsys := onDisk(t, sound, `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "link.bin"
[payload.main.evt]
file = "out/secret"
-- cohorts/alpha.toml --
devices_file = "link.txt"
`)
	symlink(t, filepath.Join(outside, "secret"), filepath.Join(folder, "releases/link.bin"))
	symlink(t, filepath.Join(outside, "secret"), filepath.Join(folder, "releases/s.toml"))
	symlink(t, filepath.Join(outside, "secret"), filepath.Join(folder, "cohorts/link.txt"))
	symlink(t, outside, filepath.Join(folder, "releases/out"))
	checkFaults(t, fsys, `
cohorts/alpha.toml:1:16: devices_file "link.txt" … folder
hint: file
releases/r.toml:3:8: payload file "link.bin" … folder
hint: file
releases/r.toml:5:8: payload file "out/secret" … folder
hint: file
releases/s.toml:1:1: leads … folder
hint: file
`)
}

func TestFolders(t *testing.T) {
	_, fsys := onDisk(t, sound, `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "folder"
[payload.main.evt]
file = "."
[payload.main.dvt]
file = "a.bin/x"
-- releases/named.toml/r.toml --
version = "1.2.0"
-- cohorts/alpha.toml --
devices_file = ".."
-- cohorts/named.toml/x --
`)
	checkFaults(t, fsys, `
cohorts/alpha.toml:1:16: devices_file ".." … folder
hint: file … cohorts/alpha.toml
releases/r.toml:3:8: payload file "folder" … folder
hint: releases/r.toml
releases/r.toml:5:8: payload file "." … folder
hint: releases/r.toml
releases/r.toml:7:8: payload file "a.bin/x" … directory
hint: releases/r.toml
`)
}

// guarded refuses to open some files.
type guarded struct {
	fs.FS
	closed map[string]bool
}

func (g guarded) Open(name string) (fs.File, error) {
	if g.closed[name] {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return g.FS.Open(name)
}

func TestUnreadable(t *testing.T) {
	fsys := project(sound, `
-- releases/r.toml --
version = "1.1.0"
[payload.main.mp]
file = "closed.bin"
-- releases/closed.bin --
abc
-- releases/closed.toml --
-- releases/shut/s.toml --
-- cohorts/alpha.toml --
devices_file = "alpha.txt"
-- cohorts/alpha.txt --
-- cohorts/closed.toml --
`)
	closed := map[string]bool{}
	for _, name := range []string{"releases/closed.bin", "releases/closed.toml", "releases/shut", "cohorts/alpha.txt", "cohorts/closed.toml"} {
		closed[name] = true
	}
	checkFaults(t, guarded{fsys, closed}, `
cohorts/alpha.toml:1:16: devices_file "alpha.txt" … read
hint: file … cohorts/alpha.toml
cohorts/closed.toml:1:1: permission … read
hint: make it readable
releases/closed.toml:1:1: permission … read
hint: make it readable
releases/r.toml:3:8: payload file "closed.bin" … read
hint: releases/r.toml
releases/shut:1:1: permission … read
hint: make it readable
`)
}

func TestUnreadableFolders(t *testing.T) {
	checkFaults(t, guarded{project(sound), map[string]bool{"cairn.toml": true, "releases": true, "cohorts": true}}, `
cairn.toml:1:1: permission … read
hint: name … --dir
cohorts:1:1: permission … read
hint: make it readable
releases:1:1: permission … read
hint: make it readable
`)
}

func TestFoldersThatAreFiles(t *testing.T) {
	checkFaults(t, fstest.MapFS{
		"cairn.toml": {Data: project(sound)["cairn.toml"].Data},
		"releases":   {Data: []byte("x")},
		"cohorts":    {Data: []byte("x")},
	}, `
cohorts:1:1: it is no folder
hint: stand … files
releases:1:1: it is no folder
hint: stand … files
`)
}
