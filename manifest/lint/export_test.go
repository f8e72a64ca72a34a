package lint

import (
	"time"

	"cairn/manifest/simulate"
	"cairn/releases"
)

// Served is the releases that some device gets at an instant or later.
func Served(f *releases.Fleet, at time.Time) map[*releases.Release]bool {
	served := map[*releases.Release]bool{}
	for w := range simulate.Ways(f, at, simulate.Kinds(f)) {
		for _, d := range w.Offers {
			served[d.Release] = true
		}
	}
	return served
}
