package edge

import (
	"time"

	"cairn/manifest"
	"cairn/publish"

	"github.com/maypok86/otter/v2"
)

// keepAtMost is how many bytes a handler keeps of what it has read.
const keepAtMost = 64 << 20

// overhead is what an answer takes besides its body and key, about.
const overhead = 1 << 10

// identity is what an answer is kept under: its key, or where the source marks
// its objects what it is read from, and what the key says of its header. The
// answers of a large tree are links to a few hundred files, and that of an empty
// one may have keys of both forms. A sibling that is made here has the body that
// it is made of for a key.
type identity struct {
	key      string
	mark     publish.Mark
	class    manifest.Class
	form     manifest.Form
	encoding manifest.Encoding
}

// kept are answers in memory: those that are asked for most, where there are too
// many. Each is kept for its lifetime, and those that ask at once wait for one.
type kept = otter.Cache[identity, *answer]

func newKept(now func() time.Time) *kept {
	return otter.Must(&otter.Options[identity, *answer]{
		MaximumWeight:    keepAtMost,
		Weigher:          func(id identity, a *answer) uint32 { return uint32(len(id.key) + len(a.body) + overhead) },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[identity, *answer]) time.Duration { return e.Value.lifetime }),
		Clock:            clock(now),
	})
}

// clock is one of [Options]; nil is one that stands still.
type clock func() time.Time

// NowNano is the time in nanoseconds since 1970.
func (c clock) NowNano() int64 {
	if c == nil {
		return 0
	}
	return c().UnixNano()
}

// Tick gives none: what is over goes when it is asked for, or room is needed.
func (clock) Tick(time.Duration) <-chan time.Time { return nil }
