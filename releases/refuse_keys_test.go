package releases_test

import "testing"

func TestRefuseProjectKeys(t *testing.T) {
	refuse(t, []refusal{
		{"slug", `
-- cairn.toml --
[project]
slug = "smart fridge"
base_url = "https://ota.example.com"
`, `
cairn.toml:2:8: slug "smart fridge" … valid
hint: slug … [-a-zA-Z0-9_]+
`},
		{"empty slug", `
-- cairn.toml --
[project]
slug = ""
base_url = "https://ota.example.com"
`, `
cairn.toml:2:8: slug "" … valid
hint: slug … [-a-zA-Z0-9_]+
`},
		{"base_url without scheme", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "ota.example.com"
`, `
cairn.toml:3:12: base_url "ota.example.com" … URL
hint: write base_url = "https://ota.example.com"
`},
		{"base_url of another scheme", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "ftp://ota.example.com"
`, `
cairn.toml:3:12: base_url "ftp://ota.example.com" … URL
hint: write base_url = "https://ota.example.com"
`},
		{"base_url with a query", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com/?a=b"
`, `
cairn.toml:3:12: base_url "https://ota.example.com/?a=b" … fragment
hint: write base_url = "https://ota.example.com"
`},
		{"base_url with a password", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://user:pass@ota.example.com"
`, `
cairn.toml:3:12: base_url "https://user:pass@ota.example.com" … name
hint: write base_url = "https://ota.example.com"
`},
		{"base_url with a space", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com/my fleet"
`, `
cairn.toml:3:12: base_url "https://ota.example.com/my fleet" … ASCII
hint: write base_url = "https://ota.example.com"
`},
		{"prefix with a double slash", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
prefix = "ota//fridges"
`, `
cairn.toml:4:10: prefix "ota//fridges" … valid
hint: [-a-zA-Z0-9_]+ … "ota/fridges"
`},
		{"prefix with a leading slash", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
prefix = "/ota"
`, `
cairn.toml:4:10: prefix "/ota" … valid
hint: [-a-zA-Z0-9_]+ … "ota/fridges"
`},
		{"prefix with a slash at the end", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
prefix = "ota/"
`, `
cairn.toml:4:10: prefix "ota/" … valid
hint: [-a-zA-Z0-9_]+ … "ota/fridges"
`},
		{"prefix with dots", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
prefix = "ota/../other"
`, `
cairn.toml:4:10: prefix "ota/../other" … valid
hint: [-a-zA-Z0-9_]+ … "ota/fridges"
`},
		{"empty prefix", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
prefix = ""
`, `
cairn.toml:4:10: prefix "" … valid
hint: [-a-zA-Z0-9_]+ … "ota/fridges"
`},
		{"key with a space", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
key = "top secret"
`, `
cairn.toml:4:7: key "top secret" … valid
hint: without spaces
`},
		{"empty key", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
key = ""
`, `
cairn.toml:4:7: key "" … valid
hint: without spaces
`},
		{"key that is not ASCII", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
key = "schlüssel"
`, `
cairn.toml:4:7: key "schlüssel" … valid
hint: without spaces
`},
		{"version_order and unknown_version", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
version_order = "calver"
unknown_version = "newest"
`, `
cairn.toml:4:17: version_order "calver" … known
hint: version_order … "semver" … "natural"
cairn.toml:5:19: unknown_version "newest" … known
hint: unknown_version … "ordered" … "hold"
`},
		{"unknown_version of the first contract", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
unknown_version = "oldest"
`, `
cairn.toml:4:19: unknown_version "oldest" … gone
hint: leave the line out … "ordered"
`},
		{"order not known: no version is at fault", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
version_order = "naturl"
[software.main]
known_versions = ["2024.06"]
-- releases/r.toml --
version = "rev9"
`, `
cairn.toml:4:17: version_order "naturl" … known
hint: version_order … "semver" … "natural"
`},
		{"digits", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
bucket_digits = 0
cohort_digits = 5
`, `
cairn.toml:4:17: bucket_digits 0 … 1 … 4
hint: 16 … files
cairn.toml:5:17: cohort_digits 5 … 1 … 4
hint: 16 … files
`},
		{"longest serial", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
max_serial = 129
`, `
cairn.toml:4:14: max_serial 129 … 1 … 128
hint: firmware … promised
`},
		{"serials over the longest", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
max_serial = 3
-- cohorts/beta.toml --
devices = ["SN1", "SN-1", "S.10"]
devices_file = "beta.txt"
-- cohorts/beta.txt --
SN2
 SN-02 # longer
`, `
cohorts/beta.toml:1:19: device … "SN-1" … 4 … max_serial … 3
hint: max_serial … [project]
cohorts/beta.toml:1:27: "S.10" … serial
hint: 128 characters
cohorts/beta.txt:2:2: device … "SN-02" … 5 … max_serial … 3
hint: max_serial … [project]
`},
	})
}
