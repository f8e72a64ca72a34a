package publish_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"cairn/manifest"
	"cairn/publish"
)

// TestSiblingsOfShards are those of shards of any size, from a fleet of ten
// million devices, too.
func TestSiblingsOfShards(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 2))
	cohorts := []string{"default", "east", "a-cohort-with-a-long-name"}
	for lines := 1; lines < 5000; lines += 1 + lines/3 {
		var shard bytes.Buffer
		for i := range lines {
			fmt.Fprintf(&shard, "%08x%08x %s\n", i<<16|dice.IntN(1<<16), dice.Uint32(), cohorts[dice.IntN(len(cohorts))])
		}
		for encoding, most := range map[manifest.Encoding]int{manifest.Brotli: 45, manifest.Gzip: 50} {
			sibling := publish.Sibling(manifest.CohortIndex, shard.Bytes(), encoding)
			if sibling == nil {
				if lines > 8 {
					t.Errorf("%d lines have no %s", lines, encoding)
				}
				continue
			}
			var decoded bytes.Buffer
			if err := publish.Decode(&decoded, encoding, bytes.NewReader(sibling.Bytes), int64(shard.Len())+1); err != nil || !bytes.Equal(decoded.Bytes(), shard.Bytes()) {
				t.Errorf("the %s of %d lines decodes to %d bytes, not the %d that it is made of: %v", encoding, lines, decoded.Len(), shard.Len(), err)
			}
			if lines > 100 && len(sibling.Bytes)*100 > most*shard.Len() {
				t.Errorf("the %s of %d lines has %d of %d bytes, more than %d %%", encoding, lines, len(sibling.Bytes), shard.Len(), most)
			}
		}
	}
}
