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
max_moved_down = 100.1
`, `
cairn.toml:5:25: max_exposure_increase 100.5 … 100 percent
hint: max_exposure_increase … 0 … 100; 100
cairn.toml:6:15: max_deletes 101 … 100 percent
hint: max_deletes … 0 … 100; 100
cairn.toml:7:18: max_moved_down 100.1 … 100 percent
hint: max_moved_down … 0 … 100; 100
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
cairn.toml:5:25: max_exposure_increase -1 … 0 percent
hint: max_exposure_increase … 0 … 100; 100
cairn.toml:6:15: max_deletes -1e-300 … 0 percent
hint: max_deletes … 0 … 100; 100
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
cairn.toml:5:25: max_exposure_increase nan … percentage
hint: max_exposure_increase … 0 … 100; 100
cairn.toml:6:15: max_deletes inf … 100 percent
hint: max_deletes … 0 … 100; 100
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
cairn.toml:5:7: put -0.005 … price
hint: 1,000 … 0 … more
cairn.toml:6:7: get inf … price
hint: 1,000 … 0 … more
cairn.toml:7:10: delete nan … price
hint: 1,000 … 0 … more
cairn.toml:8:12: currency "€" … valid
hint: 1 … 8 … "EUR"
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
cairn.toml:5:7: put -inf … price
hint: 1,000 … 0 … more
cairn.toml:6:7: get +inf … price
hint: 1,000 … 0 … more
cairn.toml:7:10: delete -1 … price
hint: 1,000 … 0 … more
cairn.toml:8:12: currency "US dollars" … valid
hint: 1 … 8 … "EUR"
`},
		{"currency too long", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[prices]
currency = "123456789"
`, `
cairn.toml:5:12: currency "123456789" … valid
hint: 1 … 8 … "EUR"
`},
		{"currency with a space", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[prices]
currency = "US $"
`, `
cairn.toml:5:12: currency "US $" … valid
hint: 1 … 8 … "EUR"
`},
		{"no currency", `
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
[prices]
currency = ""
`, `
cairn.toml:5:12: currency "" … valid
hint: 1 … 8 … "EUR"
`},
	})
}
