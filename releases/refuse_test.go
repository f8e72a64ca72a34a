package releases_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"cairn/releases"
)

// sound is a project without faults. Tests lay files over it.
const sound = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
-- releases/1.0.0.toml --
version = "1.0.0"
[payload.main.mp]
file = "a.bin"
-- releases/a.bin --
abc
-- releases/folder/empty.bin --
-- cohorts/beta.toml --
devices = ["SN-1"]
[activate."1.0.0"]
`

// project makes a project of files, each of which a line "-- path --" begins.
// A later one takes the place of an earlier one.
func project(files ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, text := range files {
		for _, part := range strings.Split("\n"+text, "\n-- ")[1:] {
			name, content, _ := strings.Cut(part, " --")
			if content = strings.TrimPrefix(content, "\n"); content != "" {
				content = strings.TrimSuffix(content, "\n") + "\n"
			}
			fsys[name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return fsys
}

// refusal is files laid over the sound project, and the faults that Load must
// find in them, as [checkFaults] takes them.
type refusal struct{ name, files, want string }

func refuse(t *testing.T, rows []refusal) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Helper()
			checkFaults(t, project(sound, row.files), row.want)
		})
	}
}

// checkFaults holds what Load says to what it must: the place of each fault, in
// order, and what matters of its words. Of a fault there are up to three lines:
//
//	cohorts/beta.toml:2:11: rollout 130 … 100 percent
//	  2 | rollout = 130
//	hint: 0 to 100
//
// An … stands for any words. The line of the file need not be there.
func checkFaults(t *testing.T, fsys fs.FS, want string) {
	t.Helper()
	_, err := releases.Load(fsys, "many-hops", "plain-http")
	var faults releases.Faults
	if err != nil && !errors.As(err, &faults) {
		t.Fatal(err)
	}
	expected := expectations(want)
	ok := len(faults) == len(expected)
	for i := range min(len(faults), len(expected)) {
		e, f := expected[i], faults[i]
		_, message, _ := strings.Cut(f.Error(), ": ")
		ok = ok && f.Place.String() == e.place && says(message, e.message) && e.hint != "" && says(f.Hint, e.hint) && strings.Contains(message, e.source)
	}
	if !ok {
		t.Errorf("faults are\n%v\nwant\n%s", err, want)
	}
}

type expectation struct{ place, message, source, hint string }

func expectations(want string) []expectation {
	var list []expectation
	for line := range strings.SplitSeq(strings.Trim(want, "\n"), "\n") {
		hint, isHint := strings.CutPrefix(line, "hint: ")
		place, message, _ := strings.Cut(line, ": ")
		switch last := len(list) - 1; {
		case isHint:
			list[last].hint = hint
		case strings.HasPrefix(line, "  "):
			list[last].source = "\n" + line
		case line != "":
			list = append(list, expectation{place: place, message: message})
		}
	}
	return list
}

// says tells whether a text has some words in their order.
func says(text, words string) bool {
	for part := range strings.SplitSeq(words, " … ") {
		_, after, ok := strings.Cut(text, part)
		if text = after; !ok {
			return false
		}
	}
	return true
}

// TestSays holds the check to what it must find wrong.
func TestSays(t *testing.T) {
	for words, want := range map[string]bool{"a … c": true, "c … a": false, "b": true, "a b c": true, "d": false, "a … b … b": false} {
		if says("a b c", words) != want {
			t.Errorf("%q: %t", words, !want)
		}
	}
}

func TestSoundProject(t *testing.T) {
	if _, err := releases.Load(project(sound)); err != nil {
		t.Fatal(err)
	}
}
