package simulate

import (
	"bytes"
	"slices"
	"strconv"

	"cairn/releases"
)

// index is the cohort index as devices read it.
type index struct {
	slugs []string // the fleet's cohorts, then those that only the index names
	other int32    // the cohort of who is not listed
	of    map[uint64]int32
}

func newIndex(f *releases.Fleet) *index {
	x := &index{of: map[uint64]int32{}}
	for i, c := range f.Cohorts {
		x.slugs = append(x.slugs, c.Slug)
		if c.Slug == releases.DefaultCohort {
			x.other = int32(i)
		}
	}
	return x
}

// read adds a shard's lines, "<h> <cohort>". A device takes the first that
// begins with its hash.
func (x *index) read(shard []byte) {
	for line := range bytes.Lines(shard) {
		h, cohort, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		hash, err := strconv.ParseUint(string(h), 16, 64)
		if _, again := x.of[hash]; ok && err == nil && len(h) == 16 && !again {
			x.of[hash] = x.slug(string(cohort))
		}
	}
}

func (x *index) slug(cohort string) int32 {
	i := slices.Index(x.slugs, cohort)
	if i < 0 {
		i = len(x.slugs)
		x.slugs = append(x.slugs, cohort)
	}
	return int32(i)
}

// cohortOf is the cohort of a device by its hash.
func (x *index) cohortOf(hash uint64) int32 {
	if i, listed := x.of[hash]; listed {
		return i
	}
	return x.other
}
