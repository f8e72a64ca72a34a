package publish

import (
	"cmp"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/releases"
)

// tally adds up the shares of cohorts that something happens to.
type tally map[part]*share

// part is devices of a cohort, in it after a publish, or before it where they
// go to another one.
type part struct {
	target     manifest.Target
	version    string
	cohort, to string // to is "" for those that are in the cohort then
}

type share struct {
	percent float64
	offered string
}

// add counts n of a crowd's devices, as so many percent at most: in the cohort
// where they are then, unless its size is 0, and in the one that they come
// from. The default cohort
// lists none, so nobody knows what share of it those are that join or leave.
func (all tally) add(c *Crowd, n int, most float64, of part, offered string) {
	tell := func(cohort, to string, whole int) {
		of.cohort, of.to = cohort, to
		if all[of] == nil {
			all[of] = &share{offered: offered}
		}
		all[of].percent += min(most, 100*float64(n)/float64(whole))
	}
	if c.OfTo > 0 && (c.Stays() || c.To != releases.DefaultCohort) {
		tell(c.To, "", c.OfTo)
	}
	if !c.Stays() && c.From != releases.DefaultCohort {
		tell(c.From, c.To, c.OfFrom)
	}
}

// parts lists what is in a tally: by cohort, target and version.
func (all tally) parts(o releases.Order) (parts []part) {
	for of := range all {
		parts = append(parts, of)
	}
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(strings.Compare(a.cohort, b.cohort), strings.Compare(a.to, b.to), strings.Compare(a.target.SoftwareType, b.target.SoftwareType),
			strings.Compare(a.target.HardwareVersion, b.target.HardwareVersion), o.Compare(a.version, b.version))
	})
	return parts
}
