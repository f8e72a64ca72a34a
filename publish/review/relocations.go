package review

import (
	"cmp"
	"fmt"
	"strconv"

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
		r := Relocation{From: c.From, To: c.To, Devices: len(c.Hashes), Serials: []string{}}
		if len(c.Hashes) <= fewDevices {
			r.Serials = append(r.Serials, c.Hashes...)
		}
		for _, hash := range r.Serials {
			names[hash] = "hash " + hash
		}
		all = append(all, r)
	}
	if len(names) > 0 {
		for _, c := range fleet.Cohorts {
			for hash := range names {
				number, _ := strconv.ParseUint(hash, 16, 64)
				if _, listed := c.Devices.Under(len(hash), number); len(listed) > 0 {
					names[hash] = c.Devices.Serial(int(listed[0]))
				}
			}
		}
	}
	for _, r := range all {
		for i, hash := range r.Serials {
			r.Serials[i] = names[hash]
		}
	}
	return all
}

// Shrunk is a cohort that lists fewer than half of the devices that it had,
// where as many are in no list any more: it may be cut off.
type Shrunk struct {
	Cohort string `json:"cohort"`
	File   string `json:"file"` // the list, relative to the project folder, or "s3://BUCKET/KEY"
	Before int    `json:"before"`
	After  int    `json:"after"`
}

func shrunk(relocations []Relocation, fleet *releases.Fleet) []Shrunk {
	all := []Shrunk{}
	for _, c := range fleet.Cohorts {
		if c.Slug == releases.DefaultCohort {
			continue
		}
		before, unlisted := c.Devices.Len(), 0
		for _, r := range relocations {
			if r.To == c.Slug {
				before -= r.Devices
			}
			if r.From == c.Slug {
				before += r.Devices
				if r.To == releases.DefaultCohort {
					unlisted += r.Devices
				}
			}
		}
		if after := c.Devices.Len(); 2*after < before && 2*unlisted > before {
			all = append(all, Shrunk{c.Slug, cmp.Or(c.DevicesFile, c.File), before, after})
		}
	}
	return all
}

// String is "cohort held lists 3 devices, and has listed 8: is cohorts/held.txt whole?".
func (s Shrunk) String() string {
	return fmt.Sprintf("cohort %s lists %s, and has listed %d: is %s whole?", s.Cohort, plural(s.After, "device"), s.Before, s.File)
}
