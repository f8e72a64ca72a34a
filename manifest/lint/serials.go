package lint

import (
	"cmp"
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
	type listed struct {
		same           uint64 // hash of the bare serial
		cohort, device int32
	}
	var all []listed
	var buffer []byte
	for i, c := range l.Cohorts {
		for j := range c.Devices {
			buffer = bareSerial(buffer[:0], c.Devices[j].Serial)
			all = append(all, listed{xxhash.Sum64(buffer), int32(i), int32(j)})
		}
	}
	inOrder := func(a, b listed) int { return cmp.Or(cmp.Compare(a.cohort, b.cohort), cmp.Compare(a.device, b.device)) }
	slices.SortFunc(all, func(a, b listed) int { return cmp.Or(cmp.Compare(a.same, b.same), inOrder(a, b)) })
	var pairs [][2]listed // the first of its kind, and another
	for i, first := 1, 0; i < len(all); i++ {
		if all[i].same == all[first].same {
			pairs = append(pairs, [2]listed{all[first], all[i]})
		} else {
			first = i
		}
	}
	slices.SortFunc(pairs, func(x, y [2]listed) int { return inOrder(x[1], y[1]) })
	for n, pair := range pairs {
		first, other := l.Cohorts[pair[0].cohort], l.Cohorts[pair[1].cohort]
		a, b := &first.Devices[pair[0].device], &other.Devices[pair[1].device]
		message := fmt.Sprintf("device serial %q looks like %q in %s, but is another one", b.Serial, a.Serial, first.Place(a))
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
func bareSerial(to []byte, serial string) []byte {
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
