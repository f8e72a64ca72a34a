package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// neighbor is another prefix of a store below which something is published.
type neighbor struct {
	prefix string
	same   bool // the same fleet: with its slug, or one of its payloads
}

// elsewhere finds where the same fleet is published, and the prefixes that lie
// inside the site's, by the foreign keys there, or that it lies in. Elsewhere it
// looks at the first keys only, which a state is among; where they may not be
// listed, it finds those it lies in.
func elsewhere(ctx context.Context, site *Site, store Store, foreign []string) (found []neighbor) {
	ours := map[string]bool{}
	for _, p := range site.Tree.Payloads {
		ours[p.SHA256[:payloadDigits]+"/"] = true
	}
	for _, p := range site.Tree.Stored {
		ours[p.SHA256[:payloadDigits]+"/"] = true
	}
	own := site.Tree.Layout.Prefix
	var prefixes []string
	for i := range own {
		if own[i] == '/' {
			prefixes = append(prefixes, own[:i])
		}
	}
	keys, n := slices.Clone(foreign), 0
	for e, err := range store.List(ctx, "") {
		const page = 1000 // of a listing
		if n++; err != nil || n > page {
			break
		}
		keys = append(keys, e.Key)
	}
	for _, key := range keys {
		if prefix, isState := strings.CutSuffix(key, "/"+StateFolder+"/state"); isState {
			prefixes = append(prefixes, prefix)
		}
	}
	slices.Sort(prefixes)
	for _, prefix := range slices.Compact(prefixes) {
		if prefix == own {
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
		if same || inside(prefix, own) || inside(own, prefix) {
			found = append(found, neighbor{prefix, same})
		}
	}
	return found
}

// inside says whether a prefix lies below another one.
func inside(prefix, other string) bool { return strings.HasPrefix(prefix, other+"/") }

// payloadDigits is how many digits of its SHA-256 a payload's key has.
const payloadDigits = 32

// otherPrefix is that the first publish below a prefix is none of the fleet, or
// mixes its keys with those of another one.
func otherPrefix(p *Proposal) (trips []Trip) {
	own := p.Site.Tree.Layout.Prefix
	for _, n := range p.elsewhere {
		t := Trip{Concerns: "all devices in the field", Limit: "it is burned into firmware"}
		switch {
		case n.same:
			t.What = fmt.Sprintf("prefix would change from %s to %s: devices go on asking below the old one, where nothing changes any more", n.prefix, own)
		case inside(own, n.prefix):
			t.What = fmt.Sprintf("prefix %s lies inside %s, below which another fleet is published: each takes the keys of the other for strays", own, n.prefix)
		default:
			t.What = fmt.Sprintf("prefix %s lies inside %s, which is new here: each fleet takes the keys of the other for strays", n.prefix, own)
		}
		if !n.same {
			t.Concerns, t.Limit = "both fleets", `give each a prefix of its own, such as "a" and "b"`
		}
		trips = append(trips, t)
	}
	return trips
}
