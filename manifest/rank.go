package manifest

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Ranks is the order in which a rollout takes the buckets: element i is the
// rank of the i-th bucket, from 0. A rollout that covers n buckets covers
// those of a rank below n.
func (l Layout) Ranks(seed string) []uint16 {
	type draw struct {
		hash   uint64
		bucket uint16
	}
	draws := make([]draw, l.Buckets())
	text := append([]byte(seed), '/')
	for i := range draws {
		draws[i] = draw{xxhash.Sum64(append(text, l.BucketName(i)...)), uint16(i)}
	}
	slices.SortFunc(draws, func(a, b draw) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.bucket, b.bucket))
	})
	ranks := make([]uint16, len(draws))
	for rank, d := range draws {
		ranks[d.bucket] = uint16(rank)
	}
	return ranks
}
