package releases_test

import "testing"

func TestRefuseRelease(t *testing.T) {
	refuse(t, []refusal{
		{"no version", `
-- releases/r.toml --
notes = "x"
`, `
releases/r.toml:1:1: the file has no version
  1 | notes = "x"
hint: write version = "1.2.3"
`},
		{"wrong kinds", `
-- releases/r.toml --
version = 1.1
display_name = 1
notes = ["x"]
revision = 0x89335ff
created = "2026-12-01T09:00:00Z"
is_forced = "yes"
must_pass_through = 1
withdrawn = true
extra_info = "x"
payload = 1
delta = "x"
`, `
releases/r.toml:1:11: version is a number, not a string
  1 | version = 1.1
hint: write version = "…", in quotes
releases/r.toml:2:16: display_name is an integer, not a string
  2 | display_name = 1
hint: write display_name = "…", in quotes
releases/r.toml:3:9: notes is an array, not a string
  3 | notes = ["x"]
hint: write notes = "…", in quotes
releases/r.toml:4:12: revision is an integer, not a string
  4 | revision = 0x89335ff
hint: write revision = "…", in quotes
releases/r.toml:5:11: created is a string, not a date-time
  5 | created = "2026-12-01T09:00:00Z"
hint: write created = 2026-12-01T09:00:00Z, without quotes
releases/r.toml:6:13: is_forced is a string, not a boolean
  6 | is_forced = "yes"
hint: write is_forced = true or is_forced = false, without quotes
releases/r.toml:7:21: must_pass_through is an integer, not a boolean
  7 | must_pass_through = 1
hint: write must_pass_through = true or must_pass_through = false, without quotes
releases/r.toml:8:13: withdrawn is a boolean, not a string
  8 | withdrawn = true
hint: write withdrawn = "…", in quotes
releases/r.toml:9:14: extra_info is a string, not a table
  9 | extra_info = "x"
hint: write a table of your own keys and values
releases/r.toml:10:11: payload is an integer, not a table
  10 | payload = 1
hint: write a table: [payload.…]
releases/r.toml:11:9: delta is a string, not a table
  11 | delta = "x"
hint: write a table: [delta.…]
`},
		{"dates of other kinds", `
-- releases/r.toml --
version = "1.1.0"
created = 2026-12-01
`, `
releases/r.toml:2:11: created is a date without a time, not a date-time
  2 | created = 2026-12-01
hint: write created = 2026-12-01T09:00:00Z, without quotes
`},
		{"unknown keys", `
-- releases/r.toml --
version = "1.1.0"
must_pass_trough = true
note = "x"
channel = "beta"
`, `
releases/r.toml:2:1: unknown key "must_pass_trough" in the file
  2 | must_pass_trough = true
hint: did you mean "must_pass_through"?
releases/r.toml:3:1: unknown key "note" in the file
  3 | note = "x"
hint: did you mean "notes"?
releases/r.toml:4:1: unknown key "channel" in the file
  4 | channel = "beta"
hint: known here: created, delta, display_name, extra_info, is_forced, must_pass_through, notes, payload, revision, version, withdrawn
`},
		{"version is not SemVer", `
-- releases/r.toml --
version = "1.1"
`, `
releases/r.toml:1:11: version "1.1" is not a SemVer version
  1 | version = "1.1"
hint: write it as in 1.2.3-rc.1, or set version_order = "natural" in [project]
`},
		{"version with leading zero is not SemVer", `
-- releases/r.toml --
version = "1.01.0"
`, `
releases/r.toml:1:11: version "1.01.0" is not a SemVer version
  1 | version = "1.01.0"
hint: write it as in 1.2.3-rc.1, or set version_order = "natural" in [project]
`},
		{"version is empty", `
-- releases/r.toml --
version = ""
`, `
releases/r.toml:1:11: version is empty
  1 | version = ""
hint: a version is 1 to 128 characters, without control characters or space at either end
`},
		{"version with space at an end", `
-- releases/r.toml --
version = "1.1.0 "
`, `
releases/r.toml:1:11: version "1.1.0 " has space at an end
  1 | version = "1.1.0 "
hint: a version is 1 to 128 characters, without control characters or space at either end
`},
		{"version with a control character", `
-- releases/r.toml --
version = "1.1.0\u0007"
`, `
releases/r.toml:1:11: version "1.1.0\a" has a control character
  1 | version = "1.1.0\u0007"
hint: a version is 1 to 128 characters, without control characters or space at either end
`},
		{"one version twice", `
-- releases/a.toml --
version = "1.1.0"
-- releases/b/b.toml --
notes = "the same"
version = "1.1.0"
`, `
releases/b/b.toml:2:11: version "1.1.0" is also that of releases/a.toml:1:11
  2 | version = "1.1.0"
hint: give each release a version of its own
`},
		{"release that is activated by a faulty version is not missed", `
-- releases/r.toml --
version = "1.1"
-- cohorts/beta.toml --
[activate."1.1"]
`, `
releases/r.toml:1:11: version "1.1" is not a SemVer version
  1 | version = "1.1"
hint: write it as in 1.2.3-rc.1, or set version_order = "natural" in [project]
`},
		{"file that defines a version may be the one that is missed", `
-- releases/1.1.0.toml --
version = 
-- cohorts/beta.toml --
[activate."1.1.0"]
`, `
cohorts/beta.toml:1:11: no release has version "1.1.0"
  1 | [activate."1.1.0"]
hint: did you mean "1.0.0"? Otherwise mend releases/1.1.0.toml first, which may define it
releases/1.1.0.toml:1:11: value, but got the end of the line
  1 | version =
hint: text stands in quotes: "…"
`},
		{"release of an unknown version", `
-- releases/r.toml --
version = 1.1
-- cohorts/beta.toml --
[activate."2.3.4"]
`, `
cohorts/beta.toml:1:11: no release has version "2.3.4"
  1 | [activate."2.3.4"]
hint: mend releases/r.toml first, which may define it
releases/r.toml:1:11: version is a number, not a string
  1 | version = 1.1
hint: write version = "…", in quotes
`},
		{"number that JSON has not", `
-- releases/r.toml --
version = "1.1.0"
[extra_info]
limits = [1.5, nan,
  { high = +inf }]
`, `
releases/r.toml:3:16: nan is not a finite number
  3 | limits = [1.5, nan,
hint: JSON has no such number; write it in quotes
releases/r.toml:4:12: +inf is not a finite number
  4 |   { high = +inf }]
hint: JSON has no such number; write it in quotes
`},
		{"delta from a version that is not SemVer", `
-- releases/r.toml --
version = "1.1.0"
[delta.main.mp."1.0"]
url = "https://cdn.example.com/1.patch"
size = 10
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`, `
releases/r.toml:2:16: version "1.0" is not a SemVer version
  2 | [delta.main.mp."1.0"]
hint: write it as in 1.2.3-rc.1, or set version_order = "natural" in [project]
`},
		{"delta from a version without quotes", `
-- releases/r.toml --
version = "1.1.0"
[delta.main.mp.1.0.0]
file = "a.bin"
`, `
releases/r.toml:2:20: version 1.0.0 stands without quotes, so its dots separate tables
  2 | [delta.main.mp.1.0.0]
hint: write [delta.main.mp."1.0.0"]
`},
		{"delta from several versions without quotes", `
-- releases/r.toml --
version = "1.1.0"
[delta.main.mp.1.0.0]
file = "a.bin"
[delta.main.mp.1.0.1]
file = "a.bin"
[delta.main.mp.0.9.0-factory]
file = "a.bin"
`, `
releases/r.toml:2:20: version 1.0.0 stands without quotes, so its dots separate tables
  2 | [delta.main.mp.1.0.0]
hint: write [delta.main.mp."1.0.0"]
releases/r.toml:4:20: version 1.0.1 stands without quotes, so its dots separate tables
  4 | [delta.main.mp.1.0.1]
hint: write [delta.main.mp."1.0.1"]
releases/r.toml:6:20: version 0.9.0-factory stands without quotes, so its dots separate tables
  6 | [delta.main.mp.0.9.0-factory]
hint: write [delta.main.mp."0.9.0-factory"]
`},
		{"delta from a version in quotes with a wrong key", `
-- releases/r.toml --
version = "1.1.0"
[delta.main.mp."1.0.0".extra-info]
x = 1
`, `
releases/r.toml:2:16: [delta.main.mp."1.0.0"] has none of file, stored and url
  2 | [delta.main.mp."1.0.0".extra-info]
hint: write file = "…", relative to releases/r.toml
releases/r.toml:2:24: unknown key "extra-info" in [delta.main.mp."1.0.0"]
  2 | [delta.main.mp."1.0.0".extra-info]
hint: did you mean "extra_info"?
`},
		{"hardware version with a dot without quotes", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.rev.A]
file = "a.bin"
`, `
releases/r.toml:2:15: [payload.main.rev] has none of file, stored and url
  2 | [payload.main.rev.A]
hint: write file = "…", relative to releases/r.toml
releases/r.toml:2:19: unknown key "A" in [payload.main.rev]
  2 | [payload.main.rev.A]
hint: known here: extra_info, file, md5, sha256, size, stored, url; a name with a dot stands in quotes: [payload.main."rev.A"]
`},
		{"no hardware version", `
-- releases/r.toml --
version = "1.1.0"
[payload.main]
file = "a.bin"
`, `
releases/r.toml:3:1: [payload.main] has file, but names no hardware version
  3 | file = "a.bin"
hint: write [payload.main.…], where … is the hardware version
`},
		{"no version that the delta patches", `
-- releases/r.toml --
version = "1.1.0"
[delta.main.mp]
file = "a.bin"
`, `
releases/r.toml:3:1: [delta.main.mp] has file, but names no version that it patches
  3 | file = "a.bin"
hint: write [delta.main.mp.…], where … is the version that it patches
`},
		{"payload of another kind", `
-- releases/r.toml --
version = "1.1.0"
payload.main = "a.bin"
`, `
releases/r.toml:2:16: payload.main is a string, not a table
  2 | payload.main = "a.bin"
hint: write a table: [payload.main]
`},
		{"hardware of another kind", `
-- releases/r.toml --
version = "1.1.0"
payload.main.mp = "a.bin"
`, `
releases/r.toml:2:19: payload.main.mp is a string, not a table
  2 | payload.main.mp = "a.bin"
hint: write a table: [payload.main.mp]
`},
		{"software type and hardware version", `
-- releases/r.toml --
version = "1.1.0"
[payload."main\t".""]
file = "a.bin"
[delta." x"."y ".""]
file = "a.bin"
`, `
releases/r.toml:2:10: software type "main\t" has a control character
  2 | [payload."main\t".""]
hint: a software type is 1 to 128 characters, without control characters or space at either end
releases/r.toml:2:19: hardware version is empty
  2 | [payload."main\t".""]
hint: a hardware version is 1 to 128 characters, without control characters or space at either end
releases/r.toml:4:8: software type " x" has space at an end
  4 | [delta." x"."y ".""]
hint: a software type is 1 to 128 characters, without control characters or space at either end
releases/r.toml:4:18: version is empty
  4 | [delta." x"."y ".""]
hint: a version is 1 to 128 characters, without control characters or space at either end
`},
	})
}
