package review

import (
	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
)

// Relocation is devices that change cohort.
type Relocation struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Devices int      `json:"devices"`
	Serials []string `json:"serials"` // of a few; "hash …" where nobody lists it any more
}

// fewDevices is how many are named.
const fewDevices = 5

func relocations(plan *publish.Plan, fleet *releases.Fleet) []Relocation {
	all := []Relocation{}
	names := map[string]string{} // by hash, those that are to be told
	for _, c := range plan.Crowds() {
		if c.Stays() || c.Hashes == nil {
			continue
		}
		if len(c.Hashes) <= fewDevices {
			for _, hash := range c.Hashes {
				names[hash] = "hash " + hash
			}
		}
	}
	if len(names) > 0 {
		for _, c := range fleet.Cohorts {
			for _, d := range c.Devices {
				if hash := manifest.Hash(d.Serial); names[hash] != "" {
					names[hash] = d.Serial
				}
			}
		}
	}
	for _, c := range plan.Crowds() {
		if c.Stays() || c.Hashes == nil {
			continue
		}
		r := Relocation{From: c.From, To: c.To, Devices: len(c.Hashes), Serials: []string{}}
		if len(c.Hashes) <= fewDevices {
			for _, hash := range c.Hashes {
				r.Serials = append(r.Serials, names[hash])
			}
		}
		all = append(all, r)
	}
	return all
}
