package manifest

import (
	"cairn/releases"

	"github.com/cespare/xxhash/v2"
)

// Ranks is the order in which a rollout takes the buckets: element i is the
// rank of the i-th bucket, from 0. A rollout that covers n buckets covers
// those of a rank below n.
func (l Layout) Ranks(seed string) []uint16 {
	hashes, buckets := make([]uint64, l.Buckets()), make([]uint32, l.Buckets())
	text := append([]byte(seed), '/')
	for i := range hashes {
		hashes[i], buckets[i] = xxhash.Sum64(append(text, l.BucketName(i)...)), uint32(i)
	}
	releases.SortByHash(hashes, buckets)
	ranks := make([]uint16, len(buckets))
	for rank, bucket := range buckets {
		ranks[bucket] = uint16(rank)
	}
	return ranks
}
