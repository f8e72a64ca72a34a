package releases_test

import "testing"

func TestRefuseProject(t *testing.T) {
	refuse(t, []refusal{
		{"empty", `
-- cairn.toml --
`, `
cairn.toml:1:1: no [project]
hint: write [project] with a slug and a base_url
`},
		{"no project table", `
-- cairn.toml --
slug = "demo"
base_url = "https://ota.example.com"
`, `
cairn.toml:1:1: no [project]
  1 | slug = "demo"
hint: write [project] with a slug and a base_url
cairn.toml:1:1: unknown key "slug" in the file
  1 | slug = "demo"
hint: known here: cache, guard, lint, prices, project, publish, software
cairn.toml:2:1: unknown key "base_url" in the file
  2 | base_url = "https://ota.example.com"
hint: known here: cache, guard, lint, prices, project, publish, software
`},
		{"project of another kind", `
-- cairn.toml --
project = "demo"
`, `
cairn.toml:1:11: project is a string, not a table
  1 | project = "demo"
hint: write a table: [project]
`},
		{"project an array of tables", `
-- cairn.toml --
[[project]]
slug = "demo"
`, `
cairn.toml:1:3: project is an array, not a table
  1 | [[project]]
hint: write a table: [project]
`},
		{"nothing in project", `
-- cairn.toml --
[project]
`, `
cairn.toml:1:2: [project] has no base_url
  1 | [project]
hint: write base_url = "https://…", where devices see the bucket
cairn.toml:1:2: [project] has no slug
  1 | [project]
hint: write slug = "…", the short name of the fleet
`},
		{"wrong kinds", `
-- cairn.toml --
[project]
slug = 3
organization = ["acme"]
base_url = true
prefix = 1.5
key = 2026-12-01
version_order = { semver = true }
unknown_version = 09:00:00
bucket_digits = "2"
cohort_digits = 2.0
[software.main]
known_versions = "0.9.0"
[publish]
to = 1
endpoint = 2
region = 3
[cache]
answers = 60
cohorts = 5.0
[guard]
max_exposure_increase = "25"
max_deletes = "20 %"
[prices]
put = "0.005"
get = { usd = 0.0004 }
delete = false
currency = 1
`, `
cairn.toml:2:8: slug is an integer, not a string
  2 | slug = 3
hint: write slug = "…", in quotes
cairn.toml:3:16: organization is an array, not a string
  3 | organization = ["acme"]
hint: write organization = "…", in quotes
cairn.toml:4:12: base_url is a boolean, not a string
  4 | base_url = true
hint: write base_url = "…", in quotes
cairn.toml:5:10: prefix is a number, not a string
  5 | prefix = 1.5
hint: write prefix = "…", in quotes
cairn.toml:6:7: key is a date without a time, not a string
  6 | key = 2026-12-01
hint: write key = "…", in quotes
cairn.toml:7:17: version_order is a table, not a string
  7 | version_order = { semver = true }
hint: write version_order = "…", in quotes
cairn.toml:8:19: unknown_version is a time without a date, not a string
  8 | unknown_version = 09:00:00
hint: write unknown_version = "…", in quotes
cairn.toml:9:17: bucket_digits is a string, not an integer
  9 | bucket_digits = "2"
hint: write a whole number, without quotes
cairn.toml:10:17: cohort_digits is a number, not an integer
  10 | cohort_digits = 2.0
hint: write a whole number, without quotes
cairn.toml:12:18: known_versions is a string, not an array
  12 | known_versions = "0.9.0"
hint: write known_versions = ["0.9.0"]
cairn.toml:14:6: to is an integer, not a string
  14 | to = 1
hint: write to = "…", in quotes
cairn.toml:15:12: endpoint is an integer, not a string
  15 | endpoint = 2
hint: write endpoint = "…", in quotes
cairn.toml:16:10: region is an integer, not a string
  16 | region = 3
hint: write region = "…", in quotes
cairn.toml:18:11: answers is an integer, not a string
  18 | answers = 60
hint: write hours, minutes and seconds, in quotes: "48h", "36h30m", "60s"
cairn.toml:19:11: cohorts is a number, not a string
  19 | cohorts = 5.0
hint: write hours, minutes and seconds, in quotes: "48h", "36h30m", "60s"
cairn.toml:21:25: max_exposure_increase is a string, not a number
  21 | max_exposure_increase = "25"
hint: write max_exposure_increase = 20, without quotes
cairn.toml:22:15: max_deletes is a string, not a number
  22 | max_deletes = "20 %"
hint: write max_deletes = 20, without quotes
cairn.toml:24:7: put is a string, not a number
  24 | put = "0.005"
hint: write put = 0.005, without quotes
cairn.toml:25:7: get is a table, not a number
  25 | get = { usd = 0.0004 }
hint: write get = 0.005, without quotes
cairn.toml:26:10: delete is a boolean, not a number
  26 | delete = false
hint: write delete = 0.005, without quotes
cairn.toml:27:12: currency is an integer, not a string
  27 | currency = 1
hint: write currency = "…", in quotes
`},
		{"tables of other kinds", `
-- cairn.toml --
software = 1
publish = "dir:public"
cache = 60
guard = 20
prices = "USD"
[project]
slug = "demo"
base_url = "https://ota.example.com"
`, `
cairn.toml:1:12: software is an integer, not a table
  1 | software = 1
hint: write a table: [software.…]
cairn.toml:2:11: publish is a string, not a table
  2 | publish = "dir:public"
hint: write a table: [publish]
cairn.toml:3:9: cache is an integer, not a table
  3 | cache = 60
hint: write a table: [cache]
cairn.toml:4:9: guard is an integer, not a table
  4 | guard = 20
hint: write a table: [guard]
cairn.toml:5:10: prices is a string, not a table
  5 | prices = "USD"
hint: write a table: [prices]
`},
		{"software of another kind", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software]
main = ["0.9.0"]
`, `
cairn.toml:5:8: software.main is an array, not a table
  5 | main = ["0.9.0"]
hint: write a table: [software.main]
`},
		{"known version of another kind", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = [
  "0.9.0",
  0.8,
]
`, `
cairn.toml:7:3: a known version is a number, not a string
  7 |   0.8,
hint: write known_versions = ["0.9.0"]
`},
		{"unknown keys", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
bucket_digit = 2
organisation = "acme"
colour = "blue"
[software.main]
known_version = []
[publish]
form = "dir:public"
[cache]
answer = "60s"
[guard]
max_delete = 20
max_removals = 20
[prices]
head = 0.0004
[projects]
x = 1
`, `
cairn.toml:4:1: unknown key "bucket_digit" in [project]
  4 | bucket_digit = 2
hint: did you mean "bucket_digits"?
cairn.toml:5:1: unknown key "organisation" in [project]
  5 | organisation = "acme"
hint: did you mean "organization"?
cairn.toml:6:1: unknown key "colour" in [project]
  6 | colour = "blue"
hint: known here: base_url, bucket_digits, cohort_digits, key, max_serial, organization, prefix, slug, timezone, unknown_version, version_order
cairn.toml:8:1: unknown key "known_version" in [software.main]
  8 | known_version = []
hint: did you mean "known_versions"?
cairn.toml:10:1: unknown key "form" in [publish]
  10 | form = "dir:public"
hint: known here: endpoint, region, to
cairn.toml:12:1: unknown key "answer" in [cache]
  12 | answer = "60s"
hint: did you mean "answers"?
cairn.toml:14:1: unknown key "max_delete" in [guard]
  14 | max_delete = 20
hint: did you mean "max_deletes"?
cairn.toml:15:1: unknown key "max_removals" in [guard]
  15 | max_removals = 20
hint: known here: max_deletes, max_exposure_increase
cairn.toml:17:1: unknown key "head" in [prices]
  17 | head = 0.0004
hint: known here: currency, delete, get, put
cairn.toml:18:2: unknown key "projects" in the file
  18 | [projects]
hint: did you mean "project"?
`},
		{"software type with dots without quotes", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.stm32.fw]
known_versions = []
`, `
cairn.toml:4:17: unknown key "fw" in [software.stm32]
  4 | [software.stm32.fw]
hint: known here: known_versions; a name with a dot stands in quotes: [software."stm32.fw"]
`},
		{"known version", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = ["0.9.0", "0.9", ""]
`, `
cairn.toml:5:28: version "0.9" is not a SemVer version
  5 | known_versions = ["0.9.0", "0.9", ""]
hint: write it as in 1.2.3-rc.1, or set version_order = "natural" in [project]
cairn.toml:5:35: version is empty
  5 | known_versions = ["0.9.0", "0.9", ""]
hint: a version is 1 to 128 characters, without control characters or space at either end
`},
		{"software type", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software." main"]
`, `
cairn.toml:4:11: software type " main" has space at an end
  4 | [software." main"]
hint: a software type is 1 to 128 characters, without control characters or space at either end
`},
		{"publish.to", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[publish]
to = "public"
endpoint = "s3.example.com"
`, `
cairn.toml:5:6: "public" is neither dir: nor s3://
  5 | to = "public"
hint: write "dir:public" or "s3://bucket"
cairn.toml:6:12: endpoint "s3.example.com" is no http or https URL
  6 | endpoint = "s3.example.com"
hint: write endpoint = "https://s3.example.com"
`},
		{"publish.to without a folder", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[publish]
to = "dir:"
`, `
cairn.toml:5:6: "dir:" names no folder
  5 | to = "dir:"
hint: write "dir:public" or "s3://bucket"
`},
		{"publish.to without a bucket", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[publish]
to = "s3://"
`, `
cairn.toml:5:6: "s3://" names no bucket
  5 | to = "s3://"
hint: write "dir:public" or "s3://bucket"
`},
		{"publish.to with one slash", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[publish]
to = "s3:/bucket"
`, `
cairn.toml:5:6: "s3:/bucket" names no bucket
  5 | to = "s3:/bucket"
hint: write "dir:public" or "s3://bucket"
`},
		{"publish.to with a key", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[publish]
to = "s3://bucket/ota"
`, `
cairn.toml:5:6: "s3://bucket/ota" names more than a bucket: what comes before the keys is project.prefix
  5 | to = "s3://bucket/ota"
hint: write "dir:public" or "s3://bucket"
`},
		{"cache lifetimes", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[cache]
answers = "-1s"
cohorts = "1500ms"
`, `
cairn.toml:5:11: answers "-1s" is no cache lifetime
  5 | answers = "-1s"
hint: whole seconds, from 0s to a year
cairn.toml:6:11: cohorts "1500ms" is no cache lifetime
  6 | cohorts = "1500ms"
hint: whole seconds, from 0s to a year
`},
		{"cache lifetimes of more than a year and of no unit", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[cache]
answers = "8761h"
cohorts = "60"
`, `
cairn.toml:5:11: answers "8761h" is no cache lifetime
  5 | answers = "8761h"
hint: whole seconds, from 0s to a year
cairn.toml:6:11: cohorts "60" is no duration
  6 | cohorts = "60"
hint: write hours, minutes and seconds, in quotes: "48h", "36h30m", "60s"
`},
	})
}
