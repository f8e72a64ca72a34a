package publish

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"

	"cairn/manifest"
	"cairn/releases"
)

// cohortBucket is a bucket of a cohort.
type cohortBucket struct {
	cohort string
	bucket uint16
}

// findLeaving finds the buckets that a device is in now and won't be in when
// the site is there. It reads what the cohort index is about to lose: each of
// its objects that may have other content, as an edge may send any of them.
func (l *Inventory) findLeaving(ctx context.Context, site *Site, store Store) (map[cohortBucket]bool, error) {
	index := site.index()
	live := l.Folder(index.Key, index.Digits)
	var ask []place
	for i, bucket := range index.Buckets {
		for variant, was := range l.Answers[live.Answer(bucket)].Variants {
			shall := site.want.Answers[index.Answers[i]].Variants[variant]
			if was.Presence != Absent && (was.Presence != Present || was.MD5 != shall.MD5) {
				ask = append(ask, place{indexFolder, int32(i), uint8(variant)})
			}
		}
	}
	var mu sync.Mutex
	leaving := map[cohortBucket]bool{}
	err := each(ctx, store.Traits().Parallel, len(ask), func(ctx context.Context, i int) error {
		was, err := readShard(ctx, store, index.key(int(ask[i].index), int(ask[i].variant)), EncodingOf(int(ask[i].variant)))
		if err != nil || was == nil {
			return err
		}
		shall := cohortsIn(site.Tree.Shards[ask[i].index])
		for hash := range shall {
			was[hash] = cmp.Or(was[hash], releases.DefaultCohort)
		}
		mu.Lock()
		defer mu.Unlock()
		for hash, cohort := range was {
			if cohort != cmp.Or(shall[hash], releases.DefaultCohort) {
				leaving[cohortBucket{cohort, uint16(manifest.Index(site.Tree.Layout.Bucket(hash)))}] = true
			}
		}
		return nil
	})
	return leaving, err
}

// readShard gives the cohorts that a shard in the store lists; nil where it
// isn't there: then the identity says it, or no publish has ever ended.
func readShard(ctx context.Context, store Store, key string, e manifest.Encoding) (map[string]string, error) {
	object, err := store.Get(ctx, key)
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
