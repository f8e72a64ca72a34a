// Package signing is the notes by which devices know that answers are right:
// the head, which commits to all of them, as the contract of signed answers
// defines it. It does no I/O, and knows no clock.
package signing

import (
	"encoding/base64"
	"fmt"
)

// Head is what is signed: it commits to every answer of a fleet.
type Head struct {
	Origin          string   // whose answers they are
	Generation      uint32   // of the keys that sign it, 1 or more
	Epoch           uint32   // goes up with each head of a generation
	Issued, Expires uint32   // seconds since 1970
	Latest, Cohorts [32]byte // roots of the signed form
}

// Text is what is signed: five lines.
func (h Head) Text() []byte {
	root := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, "cairn head 1\n%s\n%d %d %d %d\n%s\n%s\n",
		h.Origin, h.Generation, h.Epoch, h.Issued, h.Expires, root(h.Latest[:]), root(h.Cohorts[:]))
}
