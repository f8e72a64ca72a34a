package releases_test

import "testing"

func TestRefuseRelease(t *testing.T) {
	refuse(t, []refusal{
		{"no version", `
-- releases/r.toml --
notes = "x"
`, `
releases/r.toml:1:1: file … version
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
releases/r.toml:1:11: version … number … string
hint: version = "…"
releases/r.toml:2:16: display_name … integer … string
hint: display_name = "…"
releases/r.toml:3:9: notes … array … string
hint: notes = "…"
releases/r.toml:4:12: revision … integer … string
hint: revision = "…"
releases/r.toml:5:11: created … string … date-time
hint: created = 2026-12-01T09:00:00Z
releases/r.toml:6:13: is_forced … string … boolean
hint: is_forced = … is_forced =
releases/r.toml:7:21: must_pass_through … integer … boolean
hint: must_pass_through = … must_pass_through =
releases/r.toml:8:13: withdrawn … boolean … string
hint: withdrawn = "…"
releases/r.toml:9:14: extra_info … string … table
hint: keys … values
releases/r.toml:10:11: payload … integer … table
hint: write a table: [payload.…]
releases/r.toml:11:9: delta … string … table
hint: write a table: [delta.…]
`},
		{"dates of other kinds", `
-- releases/r.toml --
version = "1.1.0"
created = 2026-12-01
`, `
releases/r.toml:2:11: created … time … date-time
hint: created = 2026-12-01T09:00:00Z
`},
		{"unknown keys", `
-- releases/r.toml --
version = "1.1.0"
must_pass_trough = true
note = "x"
channel = "beta"
`, `
releases/r.toml:2:1: unknown … "must_pass_trough" … file
hint: did you mean "must_pass_through"?
releases/r.toml:3:1: unknown … "note" … file
hint: did you mean "notes"?
releases/r.toml:4:1: unknown … "channel" … file
hint: blocked, component, created, dead_end, delta, display_name, extra_info, is_forced, min_version, must_pass_through, notes, payload, resumed, revision, updated, version, withdrawn
`},
		{"version is not SemVer", `
-- releases/r.toml --
version = "1.1"
`, `
releases/r.toml:1:11: version "1.1" … version
hint: 1.2.3-rc.1 … version_order = "natural" … [project]
`},
		{"version with leading zero is not SemVer", `
-- releases/r.toml --
version = "1.01.0"
`, `
releases/r.toml:1:11: version "1.01.0" … version
hint: 1.2.3-rc.1 … version_order = "natural" … [project]
`},
		{"version is empty", `
-- releases/r.toml --
version = ""
`, `
releases/r.toml:1:11: version is empty
hint: 1 … 128 … end
`},
		{"version with space at an end", `
-- releases/r.toml --
version = "1.1.0 "
`, `
releases/r.toml:1:11: version "1.1.0 " … end
hint: 1 … 128 … end
`},
		{"version with a control character", `
-- releases/r.toml --
version = "1.1.0\u0007"
`, `
releases/r.toml:1:11: version "1.1.0\a" … character
hint: 1 … 128 … end
`},
		{"one version twice", `
-- releases/a.toml --
version = "1.1.0"
-- releases/b/b.toml --
notes = "the same"
version = "1.1.0"
`, `
releases/b/b.toml:2:11: version "1.1.0" … releases/a.toml:1:11
hint: version … own
`},
		{"release that is activated by a faulty version is not missed", `
-- releases/r.toml --
version = "1.1"
-- cohorts/beta.toml --
[activate."1.1"]
`, `
releases/r.toml:1:11: version "1.1" … version
hint: 1.2.3-rc.1 … version_order = "natural" … [project]
`},
		{"file that defines a version may be the one that is missed", `
-- releases/1.1.0.toml --
version = 
-- cohorts/beta.toml --
[activate."1.1.0"]
`, `
cohorts/beta.toml:1:11: release … "1.1.0"
hint: "1.0.0" … releases/1.1.0.toml
releases/1.1.0.toml:1:11: value … line
hint: "…"
`},
		{"release of an unknown version", `
-- releases/r.toml --
version = 1.1
-- cohorts/beta.toml --
[activate."2.3.4"]
`, `
cohorts/beta.toml:1:11: release … "2.3.4"
hint: releases/r.toml
releases/r.toml:1:11: version … number … string
hint: version = "…"
`},
		{"number that JSON has not", `
-- releases/r.toml --
version = "1.1.0"
[extra_info]
limits = [1.5, nan,
  { high = +inf }]
`, `
releases/r.toml:3:16: nan … number
hint: write … quotes
releases/r.toml:4:12: +inf … number
hint: write … quotes
`},
		{"delta from a version that is not SemVer", `
-- releases/r.toml --
version = "1.1.0"
[delta.main.mp."1.0"]
url = "https://cdn.example.com/1.patch"
size = 10
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`, `
releases/r.toml:2:16: version "1.0" … version
hint: 1.2.3-rc.1 … version_order = "natural" … [project]
`},
		{"delta from a version without quotes", `
-- releases/r.toml --
version = "1.1.0"
[delta.main.mp.1.0.0]
file = "a.bin"
`, `
releases/r.toml:2:20: version 1.0.0 … tables
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
releases/r.toml:2:20: version 1.0.0 … tables
hint: write [delta.main.mp."1.0.0"]
releases/r.toml:4:20: version 1.0.1 … tables
hint: write [delta.main.mp."1.0.1"]
releases/r.toml:6:20: version 0.9.0-factory … tables
hint: write [delta.main.mp."0.9.0-factory"]
`},
		{"delta from a version in quotes with a wrong key", `
-- releases/r.toml --
version = "1.1.0"
[delta.main.mp."1.0.0".extra-info]
x = 1
`, `
releases/r.toml:2:16: [delta.main.mp."1.0.0"] … file, stored … url
hint: file = "…" … releases/r.toml
releases/r.toml:2:24: unknown … "extra-info" … [delta.main.mp."1.0.0"]
hint: did you mean "extra_info"?
`},
		{"hardware version with a dot without quotes", `
-- releases/r.toml --
version = "1.1.0"
[payload.main.rev.A]
file = "a.bin"
`, `
releases/r.toml:2:15: [payload.main.rev] … file, stored … url
hint: file = "…" … releases/r.toml
releases/r.toml:2:19: unknown … "A" … [payload.main.rev]
hint: extra_info, file, md5, sha1, sha256, size, stored, url, zchunk; a name with a dot stands in quotes: [payload.main."rev.A"]
`},
		{"no hardware version", `
-- releases/r.toml --
version = "1.1.0"
[payload.main]
file = "a.bin"
`, `
releases/r.toml:3:1: [payload.main] … file … version
hint: [payload.main.…] … …
`},
		{"no version that the delta patches", `
-- releases/r.toml --
version = "1.1.0"
[delta.main.mp]
file = "a.bin"
`, `
releases/r.toml:3:1: [delta.main.mp] … file … patches
hint: [delta.main.mp.…] … …
`},
		{"payload of another kind", `
-- releases/r.toml --
version = "1.1.0"
payload.main = "a.bin"
`, `
releases/r.toml:2:16: payload.main … string … table
hint: write a table: [payload.main]
`},
		{"hardware of another kind", `
-- releases/r.toml --
version = "1.1.0"
payload.main.mp = "a.bin"
`, `
releases/r.toml:2:19: payload.main.mp … string … table
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
releases/r.toml:2:10: software … "main\t" … character
hint: 1 … 128 … end
releases/r.toml:2:19: hardware version is empty
hint: 1 … 128 … end
releases/r.toml:4:8: software … " x" … end
hint: 1 … 128 … end
releases/r.toml:4:18: version is empty
hint: 1 … 128 … end
`},
	})
}
