package edge

import (
	"sync"

	"cairn/manifest"
	"cairn/publish"
)

// keepAtMost is how many bytes a handler keeps of what it has read. The
// answers of a large tree are links to a few hundred files.
const keepAtMost = 64 << 20

// overhead is what an answer takes besides its body, about.
const overhead = 1 << 10

// identity is what an answer is kept under: what it is read from, and what the
// key says of its header. The file of an empty answer may have keys of both
// forms.
type identity struct {
	mark     publish.Mark
	class    manifest.Class
	form     manifest.Form
	encoding manifest.Encoding
}

// kept are answers in memory. The zero value has none.
type kept struct {
	mu      sync.RWMutex
	answers map[identity]*answer
	size    int // in bytes
}

func (k *kept) get(id identity) *answer {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.answers[id]
}

// put keeps an answer, and forgets all others where they are too many.
func (k *kept) put(id identity, a *answer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	size := len(a.body) + overhead
	if k.answers == nil || k.size+size > keepAtMost {
		k.answers, k.size = map[identity]*answer{}, 0
	}
	k.answers[id] = a
	k.size += size
}
