package publish

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cairn/releases"
)

// BurnedIn is what firmware in the field has in it of a project, beside the
// prefix.
type BurnedIn struct {
	Slug         string                  `json:"slug"`
	BaseURL      string                  `json:"base_url"`
	BucketDigits int                     `json:"bucket_digits"`
	CohortDigits int                     `json:"cohort_digits"`
	Order        releases.Order          `json:"version_order"`
	Unknown      releases.UnknownVersion `json:"unknown_version,omitempty"`
	// Roots is the public keys that sign the statement of keys, a space between
	// two; "" where answers are not signed.
	Roots string `json:"roots,omitempty"`
	// Eager says that there are answers for devices that ask eagerly.
	Eager bool `json:"eager,omitempty"`
}

// BurnedInOf is what firmware has in it of a fleet's project.
func BurnedInOf(f *releases.Fleet) BurnedIn {
	p := &f.Project
	b := BurnedIn{p.Slug, p.BaseURL, p.BucketDigits, p.CohortDigits, p.Order, p.Unknown, "", p.Eager}
	if f.Signing != nil {
		var roots []string
		for _, root := range f.Signing.Roots {
			roots = append(roots, root.String())
		}
		b.Roots = strings.Join(roots, " ")
	}
	return b
}

// lostRoots is the roots of the one that the other lacks.
func lostRoots(was, is BurnedIn) []string {
	kept := strings.Fields(is.Roots)
	return slices.DeleteFunc(strings.Fields(was.Roots), func(root string) bool { return slices.Contains(kept, root) })
}

// otherLayout compares what is burned in with what the last publish recorded,
// or else with what is there. A publish that did not end was let through.
func otherLayout(p *Proposal) (trips []Trip) {
	now := BurnedInOf(p.Site.Tree.Fleet)
	before := p.burnedIn()
	if s := p.Remote.State; s != nil && s.Doing != nil && s.Doing.BurnedIn == now {
		return nil
	}
	changed := func(key string, was, is any, seen string) {
		if was != is {
			trips = append(trips, Trip{
				Concerns: "all devices in the field",
				What:     fmt.Sprintf("%s would change from %v to %v: %s", key, was, is, seen),
				Limit:    "it is burned into firmware",
			})
		}
	}
	changed("slug", before.Slug, now.Slug, "the keys stay, since the prefix does, but an edge or header made for the old slug says another fleet")
	changed("base_url", before.BaseURL, now.BaseURL, "devices go on asking at the old one, and are sent to the new one for payloads")
	changed("bucket_digits", before.BucketDigits, now.BucketDigits, "devices go on asking for names of the old length, which are deleted: they find no answer any more")
	changed("cohort_digits", before.CohortDigits, now.CohortDigits, "devices go on asking for shards of the old length, which are deleted: all of them are in default then")
	changed("version_order", before.Order, now.Order, "devices and edges go on comparing by the old one, and take or leave what _other offers by that")
	changed("unknown_version", cmp.Or(before.Unknown, now.Unknown), now.Unknown, map[releases.UnknownVersion]string{
		releases.HoldUnknown:    "devices on versions that nobody listed are offered nothing any more",
		releases.OrderedUnknown: "devices on versions that nobody listed are offered what is above them, and firmware that does not compare takes it whatever it runs",
	}[now.Unknown])
	if before.Eager && !now.Eager {
		trips = append(trips, Trip{
			Concerns: "devices in the field that ask eagerly",
			What:     "eager would change from true to false: they go on asking for answers that are deleted, and find none any more",
			Limit:    "it is burned into firmware",
		})
	}
	if lost := lostRoots(before, now); len(lost) > 0 {
		trips = append(trips, Trip{
			Concerns: "all devices in the field that verify",
			What:     fmt.Sprintf("[signing] would lack the root %s: devices that have no other one take no new keys, and once they are rotated, or nothing is signed any more, no head", lost[0]),
			Limit:    "it is burned into firmware",
		})
	}
	return trips
}

// burnedIn is what was burned in when the last publish ended. Where no state
// tells, the lengths of names do, and the rest is taken to be as it is.
func (p *Proposal) burnedIn() BurnedIn {
	if s := p.Remote.State; s != nil && s.Done.BurnedIn != (BurnedIn{}) {
		return s.Done.BurnedIn
	}
	was := BurnedInOf(p.Site.Tree.Fleet)
	index := p.Site.index()
	buckets, shards := map[int]bool{}, map[int]bool{}
	for _, f := range p.Live.Folders {
		switch {
		case f.Key == index.Key:
			shards[f.Digits] = true
		case f.Digits == eagerDigits:
			was.Eager = true
		default:
			buckets[f.Digits] = true
		}
	}
	was.BucketDigits, was.CohortDigits = digitsOf(buckets, was.BucketDigits), digitsOf(shards, was.CohortDigits)
	return was
}

// digitsOf is the length of names that is there; the usual one, if that is.
func digitsOf(there map[int]bool, usual int) int {
	for digits := range 5 {
		if there[digits] && !there[usual] {
			return digits
		}
	}
	return usual
}
