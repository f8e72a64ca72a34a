package publish

import (
	"context"
	"fmt"
	"strings"
)

// elsewhere finds the prefixes of a store below which the same fleet is
// published: with its slug, or one of its payloads. It looks at the first keys
// only, which a state is among; where they may not be listed, it finds none.
func elsewhere(ctx context.Context, site *Site, store Store) (prefixes []string) {
	ours := map[string]bool{}
	for _, p := range site.Tree.Payloads {
		ours[p.SHA256[:payloadDigits]+"/"] = true
	}
	for _, p := range site.Tree.Stored {
		ours[p.SHA256[:payloadDigits]+"/"] = true
	}
	const page = 1000 // of a listing
	n := 0
	for e, err := range store.List(ctx, "") {
		if n++; err != nil || n > page {
			break
		}
		prefix, isState := strings.CutSuffix(e.Key, "/"+StateFolder+"/state")
		if !isState || prefix == site.Tree.Layout.Prefix {
			continue
		}
		remote, err := ReadState(ctx, store, prefix)
		if err != nil || remote.State == nil {
			continue
		}
		same := remote.State.Done.BurnedIn.Slug == site.Tree.Fleet.Project.Slug
		for _, p := range remote.State.Live.Payloads {
			_, rest, _ := strings.Cut(strings.TrimPrefix(p.Key, prefix), "/payloads/")
			same = same || ours[rest[:min(len(rest), payloadDigits+1)]]
		}
		if same {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// payloadDigits is how many digits of its SHA-256 a payload's key has.
const payloadDigits = 32

// otherPrefix is that the first publish below a prefix is none of the fleet.
func otherPrefix(p *Proposal) (trips []Trip) {
	for _, prefix := range p.elsewhere {
		trips = append(trips, Trip{
			Concerns: "all devices in the field",
			What: fmt.Sprintf("prefix would change from %s to %s: devices go on asking below the old one, where nothing changes any more",
				prefix, p.Site.Tree.Layout.Prefix),
			Limit: "it is burned into firmware",
		})
	}
	return trips
}
