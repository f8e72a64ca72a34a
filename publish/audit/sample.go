package audit

import (
	"iter"
	"math/rand/v2"
)

// Sample draws n of so many answers, each n of them as likely as any other, and
// keeps their order (selection sampling: Knuth, TAOCP volume 2, section 3.4.2,
// algorithm S). Payloads are few, and any number of devices may need one: all
// of them are in each sample, and not counted.
func Sample(objects iter.Seq[Object], of, n int, draw *rand.Rand) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		left, wanted := of, n
		for o := range objects {
			if o.payload() || o.Small {
				if !yield(o) {
					return
				}
				continue
			}
			if left == 0 {
				continue
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
