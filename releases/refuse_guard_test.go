package releases_test

import "testing"

func TestRefuseGuardAndPrices(t *testing.T) {
	refuse(t, []refusal{
		{"guard over 100", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[guard]
max_exposure_increase = 100.5
max_deletes = 101
`, `
cairn.toml:5:25: max_exposure_increase 100.5 is over 100 percent
  5 | max_exposure_increase = 100.5
hint: max_exposure_increase is the percentage points of a cohort that one publish may newly expose to a release, 0 to 100; 100 stops nothing
cairn.toml:6:15: max_deletes 101 is over 100 percent
  6 | max_deletes = 101
hint: max_deletes is the share of the published keys that one publish may delete, 0 to 100; 100 stops nothing
`},
		{"guard under 0", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[guard]
max_exposure_increase = -1
max_deletes = -1e-300
`, `
cairn.toml:5:25: max_exposure_increase -1 is under 0 percent
  5 | max_exposure_increase = -1
hint: max_exposure_increase is the percentage points of a cohort that one publish may newly expose to a release, 0 to 100; 100 stops nothing
cairn.toml:6:15: max_deletes -1e-300 is under 0 percent
  6 | max_deletes = -1e-300
hint: max_deletes is the share of the published keys that one publish may delete, 0 to 100; 100 stops nothing
`},
		{"guard without a number", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[guard]
max_exposure_increase = nan
max_deletes = inf
`, `
cairn.toml:5:25: max_exposure_increase nan is no percentage
  5 | max_exposure_increase = nan
hint: max_exposure_increase is the percentage points of a cohort that one publish may newly expose to a release, 0 to 100; 100 stops nothing
cairn.toml:6:15: max_deletes inf is over 100 percent
  6 | max_deletes = inf
hint: max_deletes is the share of the published keys that one publish may delete, 0 to 100; 100 stops nothing
`},
		{"prices", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[prices]
put = -0.005
get = inf
delete = nan
currency = "€"
`, `
cairn.toml:5:7: put -0.005 is no price
  5 | put = -0.005
hint: a price of 1,000 requests is a finite number, 0 or more
cairn.toml:6:7: get inf is no price
  6 | get = inf
hint: a price of 1,000 requests is a finite number, 0 or more
cairn.toml:7:10: delete nan is no price
  7 | delete = nan
hint: a price of 1,000 requests is a finite number, 0 or more
cairn.toml:8:12: currency "€" is not valid
  8 | currency = "€"
hint: 1 to 8 characters of printable ASCII, without spaces: "EUR"
`},
		{"prices beyond numbers", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[prices]
put = -inf
get = +inf
delete = -1
currency = "US dollars"
`, `
cairn.toml:5:7: put -inf is no price
  5 | put = -inf
hint: a price of 1,000 requests is a finite number, 0 or more
cairn.toml:6:7: get +inf is no price
  6 | get = +inf
hint: a price of 1,000 requests is a finite number, 0 or more
cairn.toml:7:10: delete -1 is no price
  7 | delete = -1
hint: a price of 1,000 requests is a finite number, 0 or more
cairn.toml:8:12: currency "US dollars" is not valid
  8 | currency = "US dollars"
hint: 1 to 8 characters of printable ASCII, without spaces: "EUR"
`},
		{"currency too long", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[prices]
currency = "123456789"
`, `
cairn.toml:5:12: currency "123456789" is not valid
  5 | currency = "123456789"
hint: 1 to 8 characters of printable ASCII, without spaces: "EUR"
`},
		{"currency with a space", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[prices]
currency = "US $"
`, `
cairn.toml:5:12: currency "US $" is not valid
  5 | currency = "US $"
hint: 1 to 8 characters of printable ASCII, without spaces: "EUR"
`},
		{"no currency", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[prices]
currency = ""
`, `
cairn.toml:5:12: currency "" is not valid
  5 | currency = ""
hint: 1 to 8 characters of printable ASCII, without spaces: "EUR"
`},
	})
}
