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
cairn.toml:2:8: slug "smart fridge" is not valid
  2 | slug = "smart fridge"
hint: a slug is letters, digits, - and _: [-a-zA-Z0-9_]+
`},
		{"empty slug", `
-- cairn.toml --
[project]
slug = ""
base_url = "https://ota.example.com"
`, `
cairn.toml:2:8: slug "" is not valid
  2 | slug = ""
hint: a slug is letters, digits, - and _: [-a-zA-Z0-9_]+
`},
		{"base_url without scheme", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "ota.example.com"
`, `
cairn.toml:3:12: base_url "ota.example.com" is no http or https URL
  3 | base_url = "ota.example.com"
hint: write base_url = "https://ota.example.com"
`},
		{"base_url of another scheme", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "ftp://ota.example.com"
`, `
cairn.toml:3:12: base_url "ftp://ota.example.com" is no http or https URL
  3 | base_url = "ftp://ota.example.com"
hint: write base_url = "https://ota.example.com"
`},
		{"base_url with a query", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com/?a=b"
`, `
cairn.toml:3:12: base_url "https://ota.example.com/?a=b" has a query or a fragment
  3 | base_url = "https://ota.example.com/?a=b"
hint: write base_url = "https://ota.example.com"
`},
		{"base_url with a password", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://user:pass@ota.example.com"
`, `
cairn.toml:3:12: base_url "https://user:pass@ota.example.com" has a user name in it
  3 | base_url = "https://user:pass@ota.example.com"
hint: write base_url = "https://ota.example.com"
`},
		{"base_url with a space", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com/my fleet"
`, `
cairn.toml:3:12: base_url "https://ota.example.com/my fleet" has other characters than printable ASCII
  3 | base_url = "https://ota.example.com/my fleet"
hint: write base_url = "https://ota.example.com"
`},
		{"prefix with a double slash", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
prefix = "ota//fridges"
`, `
cairn.toml:4:10: prefix "ota//fridges" is not valid
  4 | prefix = "ota//fridges"
hint: a prefix is segments of [-a-zA-Z0-9_]+ between single slashes: "ota/fridges"
`},
		{"prefix with a leading slash", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
prefix = "/ota"
`, `
cairn.toml:4:10: prefix "/ota" is not valid
  4 | prefix = "/ota"
hint: a prefix is segments of [-a-zA-Z0-9_]+ between single slashes: "ota/fridges"
`},
		{"prefix with a slash at the end", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
prefix = "ota/"
`, `
cairn.toml:4:10: prefix "ota/" is not valid
  4 | prefix = "ota/"
hint: a prefix is segments of [-a-zA-Z0-9_]+ between single slashes: "ota/fridges"
`},
		{"prefix with dots", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
prefix = "ota/../other"
`, `
cairn.toml:4:10: prefix "ota/../other" is not valid
  4 | prefix = "ota/../other"
hint: a prefix is segments of [-a-zA-Z0-9_]+ between single slashes: "ota/fridges"
`},
		{"empty prefix", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
prefix = ""
`, `
cairn.toml:4:10: prefix "" is not valid
  4 | prefix = ""
hint: a prefix is segments of [-a-zA-Z0-9_]+ between single slashes: "ota/fridges"
`},
		{"key with a space", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
key = "top secret"
`, `
cairn.toml:4:7: key "top secret" is not valid
  4 | key = "top secret"
hint: it is sent as an HTTP header: one or more characters of printable ASCII, without spaces
`},
		{"empty key", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
key = ""
`, `
cairn.toml:4:7: key "" is not valid
  4 | key = ""
hint: it is sent as an HTTP header: one or more characters of printable ASCII, without spaces
`},
		{"key that is not ASCII", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
key = "schlüssel"
`, `
cairn.toml:4:7: key "schlüssel" is not valid
  4 | key = "schlüssel"
hint: it is sent as an HTTP header: one or more characters of printable ASCII, without spaces
`},
		{"version_order and unknown_version", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
version_order = "calver"
unknown_version = "newest"
`, `
cairn.toml:4:17: version_order "calver" is not known
  4 | version_order = "calver"
hint: version_order is "semver" or "natural"
cairn.toml:5:19: unknown_version "newest" is not known
  5 | unknown_version = "newest"
hint: unknown_version is "oldest" or "hold"
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
cairn.toml:4:17: version_order "naturl" is not known
  4 | version_order = "naturl"
hint: version_order is "semver" or "natural"
`},
		{"digits", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
bucket_digits = 0
cohort_digits = 5
`, `
cairn.toml:4:17: bucket_digits 0 is outside 1 to 4
  4 | bucket_digits = 0
hint: each digit makes 16 times as many files
cairn.toml:5:17: cohort_digits 5 is outside 1 to 4
  5 | cohort_digits = 5
hint: each digit makes 16 times as many files
`},
		{"longest serial", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
max_serial = 129
`, `
cairn.toml:4:14: max_serial 129 is outside 1 to 128
  4 | max_serial = 129
hint: it is the most characters of a device serial that firmware is promised
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
cohorts/beta.toml:1:19: device serial "SN-1" has 4 characters, and max_serial is 3
  1 | devices = ["SN1", "SN-1", "S.10"]
hint: firmware built for max_serial refuses it: raise it in [project] only for firmware that is built anew
cohorts/beta.toml:1:27: "S.10" is no device serial
  1 | devices = ["SN1", "SN-1", "S.10"]
hint: a device serial is letters, digits, - and _, at most 128 characters
cohorts/beta.txt:2:2: device serial "SN-02" has 5 characters, and max_serial is 3
  2 |  SN-02 # longer
hint: firmware built for max_serial refuses it: raise it in [project] only for firmware that is built anew
`},
	})
}
