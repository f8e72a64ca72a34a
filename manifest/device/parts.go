package device

import (
	"crypto/sha256"
	"fmt"

	"cairn/manifest"
	"cairn/releases/signing"
)

// Parts fetches all parts below a head, each once, and holds them to their
// digests. It gives how many there are, and their bytes.
func Parts(l manifest.Layout, head signing.Head, get Fetch) (n int, size int64, err error) {
	p := &poll{Device: &Device{Layout: l}, get: get}
	seen := map[[32]byte]bool{}
	type node struct {
		digest [32]byte
		leaf   bool // a row or a shard
	}
	todo := []node{{digest: head.Latest}, {digest: head.Cohorts}}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at.digest] || at.digest == [32]byte{} {
			continue
		}
		seen[at.digest] = true
		body, err := p.part(at.digest)
		if err != nil {
			return n, size, err
		}
		n, size = n+1, size+int64(len(body))
		const inner, entry = 1 + 16*sha256.Size, 8 + sha256.Size
		switch {
		case at.leaf:
		case len(body) == inner && body[0] == 'I':
			for rest := body[1:]; len(rest) > 0; rest = rest[sha256.Size:] {
				todo = append(todo, node{digest: [32]byte(rest)})
			}
		case len(body)%entry == 1 && body[0] == 'B':
			for rest := body[1:]; len(rest) > 0; rest = rest[entry:] {
				todo = append(todo, node{[32]byte(rest[8:]), true})
			}
		default:
			return n, size, fmt.Errorf("%s: it is neither an inner node nor a bin", l.PartKey(at.digest))
		}
	}
	return n, size, nil
}
