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

// place is a bucket of a cohort.
type place struct {
	cohort string
	bucket uint16
}

// findLeaving finds the places that a device is in now and won't be in when the
// site is there. It reads what the cohort index is about to lose: each of its
// objects that may have other content, as an edge may send any of them.
func (l *Live) findLeaving(ctx context.Context, site *Site, store Store) (map[place]bool, error) {
	index := &site.live.Folders[0]
	live := l.Folder(index.Key, index.Digits)
	var ask []ref
	for i, slot := range index.Slots {
		for cell, was := range l.Kinds[live.Kind(slot)] {
			shall := site.live.Kinds[index.Kinds[i]][cell]
			if was.Presence != Absent && (was.Presence != Present || was.MD5 != shall.MD5) {
				ask = append(ask, ref{slot: int32(i), cell: uint8(cell)})
			}
		}
	}
	var mu sync.Mutex
	leaving := map[place]bool{}
	err := each(ctx, store.Traits().Parallel, len(ask), func(ctx context.Context, i int) error {
		was, err := readShard(ctx, store, site.key(ask[i]), encodings[int(ask[i].cell)%len(encodings)])
		if err != nil || was == nil {
			return err
		}
		shall := cohortsIn(site.Tree.Shards[ask[i].slot])
		for hash := range shall {
			was[hash] = cmp.Or(was[hash], releases.DefaultCohort)
		}
		mu.Lock()
		defer mu.Unlock()
		for hash, cohort := range was {
			if cohort != cmp.Or(shall[hash], releases.DefaultCohort) {
				leaving[place{cohort, uint16(manifest.Index(site.Tree.Layout.Bucket(hash)))}] = true
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
