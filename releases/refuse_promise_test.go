package releases_test

import "testing"

func TestRefusePromise(t *testing.T) {
	const head = "\n-- cairn.toml --\n[project]\nslug = \"demo\"\nbase_url = \"https://ota.example.com\"\n[promise]\n"
	refuse(t, []refusal{
		{"wrong kinds", head + `never_down = "yes"
max_new_per_day = true
everyone_ends_within = 14
max_hops = "3"
except = "internal"
max_hop = 3
`, `
cairn.toml:5:14: never_down … string … boolean
hint: write never_down = true
cairn.toml:6:19: max_new_per_day … boolean … string
hint: write max_new_per_day = "10 %"
cairn.toml:7:24: everyone_ends_within … integer … string
hint: "14d"
cairn.toml:8:12: max_hops … string … integer
hint: without quotes
cairn.toml:9:10: except … string … array
hint: write except = ["internal"]
cairn.toml:10:1: unknown key "max_hop"
hint: did you mean "max_hops"?
`},
		{"wrong values", head + `max_new_per_day = "0 %"
everyone_ends_within = "0d"
max_hops = -1
except = ["beta", "internal", 3]
`, `
cairn.toml:5:19: max_new_per_day "0 %" is no percentage over 0
hint: "10 %"
cairn.toml:6:24: everyone_ends_within "0d" is no
hint: "14d"
cairn.toml:7:12: max_hops -1 is under 1
hint: each device
cairn.toml:8:19: there is no cohort "internal"
hint: slug
cairn.toml:8:31: a cohort … integer … string
hint: write except
`},
		{"over 100", head + "max_new_per_day = 100.5\n", `
cairn.toml:5:19: max_new_per_day "100.5" is no percentage over 0, up to 100
hint: "10 %"
`},
	})
}
