package lint

import (
	"fmt"
	"slices"

	"cairn/releases"

	"github.com/cespare/xxhash/v2"
)

// maxSerials is how many pairs of serials are reported; the rest is counted.
const maxSerials = 20

// serials looks for serials that come to the same: of a million, too.
func (l *linter) serials() {
	const rule, hint = "similar-serials", "a device is known by exactly the serial that it sends: keep that one only"
	if slices.Contains(l.Lint.Allow, rule) {
		return
	}
	var buffer []byte
	bare := releases.Fleet{}
	for _, c := range l.Cohorts {
		bare.Cohorts = append(bare.Cohorts, &releases.Cohort{Devices: c.Devices.By(func(serial []byte) uint64 {
			buffer = bareSerial(buffer[:0], serial)
			return xxhash.Sum64(buffer)
		})})
	}
	var pairs [][2]releases.Listing // the first of its kind, and another
	first := releases.Listing{Cohort: -1}
	for x := range bare.Listings() {
		if first.Cohort >= 0 && x.Hash == first.Hash {
			pairs = append(pairs, [2]releases.Listing{first, x})
		} else {
			first = x
		}
	}
	slices.SortFunc(pairs, func(x, y [2]releases.Listing) int { return x[1].Compare(y[1]) })
	for n, pair := range pairs {
		first, other := l.Cohorts[pair[0].Cohort], l.Cohorts[pair[1].Cohort]
		a, b := pair[0].Device, pair[1].Device
		message := fmt.Sprintf("device serial %q looks like %q in %s, but is another one", other.Devices.Serial(b), first.Devices.Serial(a), first.Place(a))
		if n == maxSerials {
			message = fmt.Sprintf("%d more device serials look like another one", len(pairs)-n)
		}
		l.warnings = append(l.warnings, &Warning{rule, releases.Fault{Place: other.Place(b), Message: message, Hint: hint}})
		if n == maxSerials {
			return
		}
	}
}

// bareSerial appends a serial without case, separators and leading zeros.
func bareSerial(to, serial []byte) []byte {
	start := len(to)
	for i := range len(serial) {
		b := serial[i]
		switch {
		case b == '-' || b == '_' || b == '0' && len(to) == start:
			continue
		case 'A' <= b && b <= 'Z':
			b += 'a' - 'A'
		}
		to = append(to, b)
	}
	return to
}
