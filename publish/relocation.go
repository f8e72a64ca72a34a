package publish

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"cairn/manifest"
	"cairn/releases"
)

// Relocation is devices that change cohort when a site is published: those that
// go from one to another.
type Relocation struct {
	From, To string
	Hashes   []string // of their serials, as [manifest.Hash] gives them, ascending
}

// Getter reads objects, as [Store.Get] does.
type Getter interface {
	Get(ctx context.Context, key string) (*Stored, error)
}

// WithRelocations is what is known, and which devices change cohort when a site
// is there instead.
func (l *Inventory) WithRelocations(ctx context.Context, site *Site, from Getter) (*Inventory, error) {
	known := *l
	var err error
	known.relocated, err = l.relocations(ctx, site, from, func() int { return DefaultConcurrency }, false)
	return &known, err
}

// relocations finds the devices that are in one cohort now, and in another when
// the site is there. It reads what the cohort index is about to lose: each shard
// that changes, and each of its encodings where they are in doubt or were only
// listed, as an edge may send any.
func (l *Inventory) relocations(ctx context.Context, site *Site, from Getter, parallel func() int, listed bool) ([]Relocation, error) {
	index := site.index()
	live := l.Folder(index.Key, index.Digits)
	var ask []place
	for i, bucket := range index.Buckets {
		for variant, was := range l.Answers[live.Answer(bucket)].Variants {
			shall := site.want.Answers[index.Answers[i]].Variants[variant]
			other := was.MD5 != shall.MD5 && (listed || EncodingOf(variant) == manifest.Identity)
			if was.Presence != Absent && (was.Presence != Present || other) {
				ask = append(ask, place{indexFolder, int32(i), uint8(variant)})
			}
		}
	}
	var mu sync.Mutex
	type way struct{ from, to string }
	found := map[way][]string{}
	err := Each(ctx, parallel, len(ask), func(ctx context.Context, i int) error {
		was, err := readShard(ctx, from, index.key(int(ask[i].index), int(ask[i].variant)), EncodingOf(int(ask[i].variant)))
		if err != nil || was == nil {
			return err
		}
		shall := cohortsIn(site.Tree.Shard(int(ask[i].index)))
		for hash := range shall {
			was[hash] = cmp.Or(was[hash], releases.DefaultCohort)
		}
		mu.Lock()
		defer mu.Unlock()
		for hash, from := range was {
			if to := cmp.Or(shall[hash], releases.DefaultCohort); from != to {
				found[way{from, to}] = append(found[way{from, to}], hash)
			}
		}
		return nil
	})
	all := []Relocation{}
	for w, hashes := range found {
		slices.Sort(hashes)
		all = append(all, Relocation{w.from, w.to, slices.Compact(hashes)}) // a shard's encodings say the same
	}
	slices.SortFunc(all, func(a, b Relocation) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	return all, err
}

// cohortBucket is a bucket of a cohort.
type cohortBucket struct {
	cohort string
	bucket uint16
}

// leaving is the buckets that a device leaves, by its cohort's.
func leaving(relocations []Relocation, l manifest.Layout) map[cohortBucket]bool {
	all := map[cohortBucket]bool{}
	for _, r := range relocations {
		for _, hash := range r.Hashes {
			all[cohortBucket{r.From, uint16(manifest.Index(l.Bucket(hash)))}] = true
		}
	}
	return all
}

// readShard gives the cohorts that a shard in the store lists; nil where it
// isn't there: then the identity says it, or no publish has ever ended.
func readShard(ctx context.Context, from Getter, key string, e manifest.Encoding) (map[string]string, error) {
	object, err := from.Get(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer object.Close()
	stored, err := io.ReadAll(object)
	if err != nil {
		return nil, err
	}
	var shard bytes.Buffer
	_ = Decode(&shard, e, bytes.NewReader(stored), maxState) // of what is broken a device reads no more either
	return cohortsIn(shard.Bytes()), nil
}

// cohortsIn is the cohorts that a shard lists, by the hashes of the devices.
func cohortsIn(shard []byte) map[string]string {
	cohorts := map[string]string{}
	for line := range strings.Lines(string(shard)) {
		hash, cohort, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if len(hash) == len(manifest.Hash("")) {
			cohorts[hash] = cohort
		}
	}
	return cohorts
}
