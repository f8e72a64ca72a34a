package edit

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"cairn/releases"

	"github.com/google/go-cmp/cmp"
)

const uploadedRelease = `# The stall.
version = "1.1.0" # not 1.0.1
notes = "Fixes the stall."
must_pass_through = false

[payload.main.mp] # built by hand
stored = "mp.bin"
size = 3
sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
extra_info = { ticket = "FW-1", count = 1 }

[extra_info]
x = "y"
`

// uploads is a project with that release.
func uploads(t *testing.T) Project {
	t.Helper()
	files := fstest.MapFS{
		"cairn.toml":                   {Data: []byte("[project]\nslug = \"demo\"\nbase_url = \"https://x.example\"\nversion_order = \"natural\"\n")},
		"releases/1.1.0/release.toml":  {Data: []byte(uploadedRelease)},
		"releases/taken.toml":          {Data: []byte("version = \"other\"\n")},
		"releases/taken-2.toml":        {Data: []byte("version = \"another\"\n")},
		"releases/inline.toml":         {Data: []byte("payload = { main = { mp = { file = \"a.bin\" } } }\nversion = \"inline\"\n")},
		"releases/a.bin":               {Data: []byte("abc")},
		"releases/1.2.0-folder/x.toml": {Data: []byte("\uFEFFversion = \"bom\"\r\n")},
	}
	fleet, err := releases.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return Project{Fleet: fleet, Source: releases.Source{Files: files}}
}

func digest(c string) string { return strings.Repeat(c, 64) }

func image(hardware, sha string) releases.Payload {
	return releases.Payload{SoftwareType: "main", HardwareVersion: hardware, Name: "fw-" + hardware + ".bin", Size: 3, SHA256: digest(sha), MD5: strings.Repeat(sha, 32), SHA1: strings.Repeat(sha, 40)}
}

func TestUpload(t *testing.T) {
	delta := image("mp", "d")
	delta.From = "1.0.0"
	told := image("mp", "a")
	told.ExtraInfo = map[string]any{"ticket": "FW-1", "by": "ci"}
	fresh := image("rev 2", "b")
	fresh.ExtraInfo = map[string]any{"b": "2", "a": "\"1\""}
	sameFile := image("mp", "x")
	sameFile.SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // of abc
	for _, test := range []struct {
		name  string
		u     Upload
		file  string // "" for no change
		after string
	}{
		{"a new release", Upload{Version: "1.2.0", Payload: image("mp", "b"), Notes: "New.\n\"Really\".", MustPassThrough: true, MinVersion: "1.0.0", Commit: "c0ffee"}, "releases/1.2.0.toml", `version = "1.2.0"
notes = "New.\n\"Really\"."
must_pass_through = true
min_version = "1.0.0"
revision = "c0ffee"

[payload.main.mp]
stored = "fw-mp.bin"
size = 3
sha256 = "` + digest("b") + `"
md5 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
sha1 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
`},
		{"a new release with a delta only", Upload{Version: "v1.2.0+b/1", Payload: delta}, "releases/v1.2.0_2bb_2f1.toml", `version = "v1.2.0+b/1"

[delta.main.mp."1.0.0"]
stored = "fw-mp.bin"
size = 3
sha256 = "` + digest("d") + `"
md5 = "dddddddddddddddddddddddddddddddd"
sha1 = "dddddddddddddddddddddddddddddddddddddddd"
`},
		{"a name that is taken", Upload{Version: "taken", Payload: image("mp", "b")}, "releases/taken-3.toml", `version = "taken"

[payload.main.mp]
stored = "fw-mp.bin"
size = 3
sha256 = "` + digest("b") + `"
md5 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
sha1 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
`},
		{"other hardware", Upload{Version: "1.1.0", Payload: fresh, Notes: "Fixes the stall.", Revision: "r1"}, "releases/1.1.0/release.toml", `# The stall.
version = "1.1.0" # not 1.0.1
notes = "Fixes the stall."
must_pass_through = false
revision = "r1"

[payload.main.mp] # built by hand
stored = "mp.bin"
size = 3
sha256 = "` + digest("a") + `"
extra_info = { ticket = "FW-1", count = 1 }

[payload.main."rev 2"]
stored = "fw-rev 2.bin"
size = 3
sha256 = "` + digest("b") + `"
md5 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
sha1 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

[payload.main."rev 2".extra_info]
a = "\"1\""
b = "2"

[extra_info]
x = "y"
`},
		{"the same again, with more to say", Upload{Version: "1.1.0", Payload: told, Commit: "c0ffee"}, "releases/1.1.0/release.toml",
			strings.Replace(uploadedRelease, `count = 1 }`, `count = 1, by = "ci" }`, 1)},
		{"the same again", Upload{Version: "1.1.0", Payload: image("mp", "a"), Notes: "Fixes the stall.", Commit: "c0ffee"}, "", ""},
		{"what a file has", Upload{Version: "inline", Payload: sameFile, Commit: "c0ffee"}, "", ""},
		{"into an inline table", Upload{Version: "inline", Payload: image("evt", "e")}, "releases/inline.toml",
			`payload = { main = { mp = { file = "a.bin" }, evt = { stored = "fw-evt.bin", size = 3, sha256 = "` + digest("e") + `", md5 = "` + strings.Repeat("e", 32) + `", sha1 = "` + strings.Repeat("e", 40) + `" } } }
version = "inline"
`},
		{"after a byte order mark", Upload{Version: "bom", Payload: releases.Payload{SoftwareType: "main", HardwareVersion: "mp", Name: "é", Size: 1, SHA256: digest("1"), MD5: strings.Repeat("1", 32), SHA1: strings.Repeat("1", 40)}}, "releases/1.2.0-folder/x.toml",
			"\uFEFFversion = \"bom\"\r\n\r\n[payload.main.mp]\r\nstored = \"é\"\r\nsize = 1\r\nsha256 = \"" + digest("1") + "\"\r\nmd5 = \"" + strings.Repeat("1", 32) + "\"\r\nsha1 = \"" + strings.Repeat("1", 40) + "\"\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := uploads(t)
			changes, named, err := p.Upload(test.u)
			if err != nil {
				t.Fatal(err)
			}
			if named.SHA256 != test.u.Payload.SHA256 {
				t.Errorf("it is %+v", named)
			}
			if test.file == "" {
				if len(changes) > 0 {
					t.Errorf("changed %q", changes[0].After)
				}
				return
			}
			if len(changes) != 1 || changes[0].File != test.file {
				t.Fatalf("changed %+v", changes)
			}
			if diff := cmp.Diff(test.after, string(changes[0].After)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			after, err := p.Check(changes)
			if err != nil {
				t.Fatal(err)
			}
			if again, _, err := after.Upload(test.u); err != nil || len(again) > 0 {
				t.Errorf("a second time: %q, %v", again, err)
			}
		})
	}
}

func TestUploadRefused(t *testing.T) {
	told := image("mp", "f")
	told.ExtraInfo = map[string]any{"count": "1", "ticket": "FW-2"}
	delta := image("mp", "d")
	delta.From = "1.0.0"
	long := strings.Repeat("+", 100)
	for _, test := range []struct {
		name, want string
		u          Upload
	}{
		{"all at once", fmt.Sprintf(`releases/1.1.0/release.toml:6: release 1.1.0 has another payload in [payload.main.mp]: sha256 %s, and not %s
a device may have it already: give the new build a version of its own, or take that table out first
releases/1.1.0/release.toml:3: notes of release 1.1.0 is "Fixes the stall.", and not "Other."
edit it there, or leave the option out
releases/1.1.0/release.toml:4: must_pass_through of release 1.1.0 is false
edit it there, or leave the option out
releases/1.1.0/release.toml:10: extra_info count of this payload is 1, and not "1"
edit it there, or leave the option out
releases/1.1.0/release.toml:10: extra_info ticket of this payload is "FW-1", and not "FW-2"
edit it there, or leave the option out`, digest("a"), digest("f")),
			Upload{Version: "1.1.0", Payload: told, Notes: "Other.", MustPassThrough: true}},
		{"a long version", fmt.Sprintf("version %q takes 300 bytes as a path segment, over 200; use a shorter one", long),
			Upload{Version: long, Payload: image("mp", "f")}},
	} {
		if _, _, err := uploads(t).Upload(test.u); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v\nwant %s", test.name, err, test.want)
		}
	}
}
