package releases_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"cairn/releases"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const plain = `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
-- releases/1.0.0.toml --
version = "1.0.0"
notes = "it's\nso"
created = 2026-12-01T09:00:00Z
[extra_info]
"a.b" = { c = 1 }
[payload.main."rev.A"]
file = "a.bin"
-- releases/a.bin --
abc
-- cohorts/beta.toml --
devices = ["SN-1"]
[activate."1.0.0"]
paused = 2026-12-02T09:30:00Z
rollout = [ { at = 2026-12-01T09:00:00Z, percent = 1 }, { at = 2026-12-03T09:00:00Z, percent = 100 } ]
`

// TestSpellings has the plain project in other words.
func TestSpellings(t *testing.T) {
	want, err := releases.Load(project(plain))
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]string{
		"single quotes": `
-- releases/1.0.0.toml --
'version' = '1.0.0'
notes = '''
it's
so'''
"created" = 2026-12-01T09:00:00Z
['extra_info']
'a.b' = { 'c' = 0x1 }
['payload'.'main'.'rev.A']
'file' = 'a.bin'
`,
		"escapes": `
-- releases/1.0.0.toml --
"\u0076ersion" = "\U00000031.0.0"
notes = """\
   it's
so"""
created = 2026-12-01T09:00:00Z
[extra_info]
"a\u002Eb".c = +1
[payload."mai\u006e"."rev\u002EA"]
file = "\u0061.bin"
`,
		"dotted keys": `
-- releases/1.0.0.toml --
version = "1.0.0"
notes = "it's\nso"
created = 2026-12-01T09:00:00Z
extra_info."a.b".c = 1
payload . main . "rev.A" . file = "a.bin"
-- cohorts/beta.toml --
activate."1.0.0".paused = 2026-12-02T09:30:00Z
activate."1.0.0".rollout = [ { at = 2026-12-01T09:00:00Z, percent = 1 }, { at = 2026-12-03T09:00:00Z, percent = 100 } ]
devices = ["SN-1"]
`,
		"inline tables": `
-- cairn.toml --
project = { slug = "demo", base_url = "https://ota.example.com" }
-- releases/1.0.0.toml --
version = "1.0.0"
notes = "it's\nso"
created = 2026-12-01T09:00:00Z
extra_info = { "a.b".c = 1 }
payload = { main = { "rev.A" = { file = "a.bin" } } }
-- cohorts/beta.toml --
devices = ["SN-1"]
activate = { "1.0.0" = { paused = 2026-12-02T09:30:00Z, rollout = [ { at = 2026-12-01T09:00:00Z, percent = 1 }, { at = 2026-12-03T09:00:00Z, percent = 100 } ] } }
`,
		"arrays of tables": `
-- cohorts/beta.toml --
devices = [ # one
  "SN-1", # a line
]
[[activate."1.0.0".rollout]]
at = 2026-12-01T09:00:00Z
percent = 1.0
[activate]
[activate."1.0.0"]
paused = 2026-12-02T09:30:00Z
[[activate."1.0.0".rollout]]
percent = 1e2
at = 2026-12-03T09:00:00Z
`,
		"other zones": `
-- releases/1.0.0.toml --
version = "1.0.0"
notes = "it's\nso"
created = 2026-12-01 10:00:00.000+01:00
[extra_info]
"a.b" = { c = 1 }
[payload.main."rev.A"]
file = "a.bin"
-- cohorts/beta.toml --
devices = ["SN-1"]
[activate."1.0.0"]
paused = 2026-12-02t04:00:00-05:30
rollout = [ { at = 2026-12-01T09:00:00z, percent = 1 }, { at = 2026-12-03 09:00:00Z, percent = 100 } ]
`,
		"no zone is UTC": `
-- releases/1.0.0.toml --
version = "1.0.0"
notes = "it's\nso"
created = 2026-12-01T09:00:00
[extra_info]
"a.b" = { c = 1 }
[payload.main."rev.A"]
file = "a.bin"
-- cohorts/beta.toml --
devices = ["SN-1"]
[activate."1.0.0"]
paused = 2026-12-02 09:30:00.0
rollout = [ { at = 2026-12-01T09:00:00, percent = 1 }, { at = 2026-12-03T09:00:00.000000, percent = 100 } ]
`,
	} {
		t.Run(name, func(t *testing.T) { same(t, want, project(plain, files)) })
	}
}

func same(t *testing.T, want *releases.Fleet, fsys fstest.MapFS) {
	t.Helper()
	got, err := releases.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(releases.Fleet{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func rewritten(fsys fstest.MapFS, rewrite func(string) string) fstest.MapFS {
	for name, f := range fsys {
		if !strings.HasSuffix(name, ".bin") {
			f.Data = []byte(rewrite(string(f.Data)))
		}
	}
	return fsys
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func marked(s string) string { return "\uFEFF" + s }

// TestEditors has files as editors of other systems write them.
func TestEditors(t *testing.T) {
	lists := `
-- cohorts/beta.toml --
devices_file = "beta.txt"
[activate."1.0.0"]
-- cohorts/beta.txt --
SN-1
# comment
SN-2 # comment
`
	want, err := releases.Load(project(plain, lists))
	if err != nil {
		t.Fatal(err)
	}
	same(t, want, rewritten(project(plain, lists), crlf))
	same(t, want, rewritten(project(plain, lists), marked))
	same(t, want, rewritten(project(plain, lists), func(s string) string { return marked(crlf(s)) }))
	same(t, want, rewritten(project(plain, lists), strings.TrimSpace))
}

func TestEditorsFaults(t *testing.T) {
	fsys := project(sound, `
-- cohorts/beta.toml --
devices_file = "beta.txt"
[activate."1.0.0"]
rollout = 130
-- cohorts/beta.txt --
S N-1
SN 2
`)
	_, err := releases.Load(rewritten(fsys, func(s string) string { return marked(crlf(s)) }))
	want := `cohorts/beta.toml:3:11: rollout 130 is over 100 percent
  3 | rollout = 130
hint: rollout is the share of the cohort's devices, 0 to 100
cohorts/beta.txt:1:1: "S N-1" is no device serial
  1 | S N-1
hint: a device serial is letters, digits, - and _, at most 128 characters
cohorts/beta.txt:2:1: "SN 2" is no device serial
  2 | SN 2
hint: a device serial is letters, digits, - and _, at most 128 characters`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
