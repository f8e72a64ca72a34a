package releases_test

import "testing"

func TestRefuseProject(t *testing.T) {
	refuse(t, []refusal{
		{"empty", `
-- cairn.toml --
`, `
cairn.toml:1:1: no [project]
hint: [project] … slug … base_url
`},
		{"no project table", `
-- cairn.toml --
slug = "demo"
base_url = "https://ota.example.com"
`, `
cairn.toml:1:1: no [project]
hint: [project] … slug … base_url
cairn.toml:1:1: unknown … "slug" … file
hint: adoption, cache, format, gate, guard, hardware, lint, notify, prices, project, promise, publish, report, signing, software
cairn.toml:2:1: unknown … "base_url" … file
hint: adoption, cache, format, gate, guard, hardware, lint, notify, prices, project, promise, publish, report, signing, software
`},
		{"project of another kind", `
-- cairn.toml --
project = "demo"
`, `
cairn.toml:1:11: project … string … table
hint: write a table: [project]
`},
		{"project an array of tables", `
-- cairn.toml --
[[project]]
slug = "demo"
`, `
cairn.toml:1:3: project … array … table
hint: write a table: [project]
`},
		{"nothing in project", `
-- cairn.toml --
[project]
`, `
cairn.toml:1:2: [project] has no base_url
hint: base_url = "https://…"
cairn.toml:1:2: [project] has no slug
hint: slug = "…"
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
cairn.toml:2:8: slug … integer … string
hint: slug = "…"
cairn.toml:3:16: organization … array … string
hint: organization = "…"
cairn.toml:4:12: base_url … boolean … string
hint: base_url = "…"
cairn.toml:5:10: prefix … number … string
hint: prefix = "…"
cairn.toml:6:7: key … time … string
hint: key = "…"
cairn.toml:7:17: version_order … table … string
hint: version_order = "…"
cairn.toml:8:19: unknown_version … date … string
hint: unknown_version = "…"
cairn.toml:9:17: bucket_digits … string … integer
hint: without quotes
cairn.toml:10:17: cohort_digits … number … integer
hint: without quotes
cairn.toml:12:18: known_versions … string … array
hint: write known_versions = ["0.9.0"]
cairn.toml:14:6: integer … string
hint: to = "…"
cairn.toml:15:12: endpoint … integer … string
hint: endpoint = "…"
cairn.toml:16:10: region … integer … string
hint: region = "…"
cairn.toml:18:11: answers … integer … string
hint: "48h", "36h30m", "60s"
cairn.toml:19:11: cohorts … number … string
hint: "48h", "36h30m", "60s"
cairn.toml:21:25: max_exposure_increase … string … number
hint: max_exposure_increase = 20
cairn.toml:22:15: max_deletes … string … number
hint: max_deletes = 20
cairn.toml:24:7: put … string … number
hint: put = 0.005
cairn.toml:25:7: get … table … number
hint: get = 0.005
cairn.toml:26:10: delete … boolean … number
hint: delete = 0.005
cairn.toml:27:12: currency … integer … string
hint: currency = "…"
`},
		{"a status for nobody", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[publish]
status = "secret"
`, `
cairn.toml:5:10: status "secret" is not known
hint: "public" … "private"
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
cairn.toml:1:12: software … integer … table
hint: write a table: [software.…]
cairn.toml:2:11: publish … string … table
hint: write a table: [publish]
cairn.toml:3:9: cache … integer … table
hint: write a table: [cache]
cairn.toml:4:9: guard … integer … table
hint: write a table: [guard]
cairn.toml:5:10: prices … string … table
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
cairn.toml:5:8: software.main … array … table
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
cairn.toml:7:3: known … number … string
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
cairn.toml:4:1: unknown … "bucket_digit" … [project]
hint: did you mean "bucket_digits"?
cairn.toml:5:1: unknown … "organisation" … [project]
hint: did you mean "organization"?
cairn.toml:6:1: unknown … "colour" … [project]
hint: base_url, bucket_digits, cohort_digits, eager, key, max_serial, organization, prefix, seed, slug, timezone, unknown_version, version_order
cairn.toml:8:1: unknown … "known_version" … [software.main]
hint: did you mean "known_versions"?
cairn.toml:10:1: unknown … "form" … [publish]
hint: endpoint, region, status, to
cairn.toml:12:1: unknown … "answer" … [cache]
hint: did you mean "answers"?
cairn.toml:14:1: unknown … "max_delete" … [guard]
hint: did you mean "max_deletes"?
cairn.toml:15:1: unknown … "max_removals" … [guard]
hint: max_deletes, max_exposure_increase
cairn.toml:17:1: unknown … "head" … [prices]
hint: currency, delete, get, put
cairn.toml:18:2: unknown … "projects" … file
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
cairn.toml:4:17: unknown … "fw" … [software.stm32]
hint: known_versions; a name with a dot stands in quotes: [software."stm32.fw"]
`},
		{"known version", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software.main]
known_versions = ["0.9.0", "0.9", ""]
`, `
cairn.toml:5:28: version "0.9" … version
hint: 1.2.3-rc.1 … version_order = "natural" … [project]
cairn.toml:5:35: version is empty
hint: 1 … 128 … end
`},
		{"software type", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[software." main"]
`, `
cairn.toml:4:11: software … " main" … end
hint: 1 … 128 … end
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
cairn.toml:5:6: "public" … s3://
hint: write "dir:public" or "s3://bucket"
cairn.toml:6:12: endpoint "s3.example.com" … URL
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
cairn.toml:5:6: "s3://bucket/ota" … project.prefix
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
cairn.toml:5:11: answers "-1s" … lifetime
hint: from 0s
cairn.toml:6:11: cohorts "1500ms" … lifetime
hint: from 0s
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
cairn.toml:5:11: answers "8761h" … lifetime
hint: from 0s
cairn.toml:6:11: cohorts "60" … duration
hint: "48h", "36h30m", "60s"
`},
	})
}
