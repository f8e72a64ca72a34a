package publish

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
)

// Confirm asks the store for the payloads that a site needs and that are not
// known for certain: those that are said to be stored, and those in doubt.
// It finds out which devices are about to change cohort. It gives what is known then. A listing needs
// no confirmation.
func (l *Inventory) Confirm(ctx context.Context, site *Site, store Store) (*Inventory, error) {
	sizes := map[string]int64{}
	for _, p := range site.Tree.Stored {
		sizes[site.Tree.Layout.PayloadKey(p.SHA256, p.Name)] = p.Size
	}
	for _, p := range site.Tree.Payloads {
		key := site.Tree.Layout.PayloadKey(p.SHA256, p.Name)
		if known := l.Payload(key); known != nil && known.Doubtful {
			sizes[key] = p.Size
		}
	}
	confirmed := *l
	confirmed.Payloads = slices.Clone(l.Payloads)
	for key, size := range sizes {
		known := l.Payload(key)
		if known != nil && !known.Doubtful && known.Size == size {
			continue
		}
		there, header, err := store.Stat(ctx, key)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		confirmed.Payloads = slices.DeleteFunc(confirmed.Payloads, func(p KnownPayload) bool { return p.Key == key })
		if err == nil {
			// Its tag may be no MD5, but its key is made of its digest.
			confirmed.Payloads = append(confirmed.Payloads, KnownPayload{Key: key, Size: there.Size, Header: header})
		}
	}
	slices.SortFunc(confirmed.Payloads, func(a, b KnownPayload) int { return strings.Compare(a.Key, b.Key) })
	mayBeThere := func(a Answer) bool {
		return slices.ContainsFunc(a.Variants[:], func(v Variant) bool { return v.Presence == MaybePresent })
	}
	var err error
	confirmed.relocated, err = l.relocations(ctx, site, store, atOnce(store, 0), false)
	if slices.ContainsFunc(l.Answers, mayBeThere) {
		confirmed.leaving = leaving(confirmed.relocated, site.Tree.Layout)
	}
	return &confirmed, err
}
