package audit

import (
	"iter"
	"math/rand/v2"
)

// Sample draws n of so many objects, each n of them as likely as any other,
// and keeps their order (selection sampling: Knuth, TAOCP volume 2, section
// 3.4.2, algorithm S).
func Sample(objects iter.Seq[Object], of, n int, draw *rand.Rand) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		left, wanted := of, n
		for o := range objects {
			if wanted == 0 || left == 0 {
				return
			}
			if draw.IntN(left) < wanted {
				wanted--
				if !yield(o) {
					return
				}
			}
			left--
		}
	}
}
