package publish

import (
	"iter"
	"slices"
)

// Phase is when an operation comes. Each phase is complete before the next
// one begins, so that at every instant each device gets its old answer or its
// new one, and no answer names a payload that is not there. A sibling that goes
// does so where its folder's answers are put: an edge would go on serving it.
type Phase uint8

// The phases, in their order.
const (
	Payloads     Phase = iota // never overwritten
	NewBuckets                // answers of version folders and _none, in buckets that are new to a cohort
	NewFallbacks              // _other there
	Cohorts                   // the cohort index
	Versions                  // version folders, and _none
	Fallbacks                 // _other, put or gone
	Deletions                 // of version folders and _none
	phases                    // how many there are
)

// String names the phase: "payloads".
func (p Phase) String() string {
	return [...]string{"payloads", "answers in new buckets", "fallback answers in new buckets", "cohort index",
		"answers", "fallback answers", "deletions"}[p]
}

// Reason is why an operation is planned.
type Reason uint8

// The reasons.
const (
	New            Reason = iota // the key is not there
	Changed                      // the key has other content
	HeadersChanged               // the content is the same, its headers are not
	Withdraws                    // the key offers a release that is out of reach now
	InDoubt                      // a publish that did not end may have touched the key
	Gone                         // the site has no such key any more
	Leftover                     // an interrupted write left it behind
	reasons                      // how many there are
)

// String is the reason in a few words: "new".
func (r Reason) String() string {
	return [...]string{"new", "changed", "headers changed", "withdraws", "in doubt", "gone", "left over"}[r]
}

// urgency is the order of operations inside a phase: what withdraws an offer
// goes first, what may do so next.
func (r Reason) urgency() int {
	switch r {
	case Withdraws:
		return 0
	case InDoubt:
		return 1
	}
	return 2
}

const urgencies = 3

// Plan is what makes a store hold a site. It is a value; Apply carries it out.
type Plan struct {
	Site    *Site
	Live    *Live    // what the store holds, as far as is known
	Missing []string // keys of stored payloads that are not there

	pairs []pair
	ops   []op
	count [reasons]int
}

// op is an operation in 12 bytes: a put of a site's object, or the deletion
// of one of the store's.
type op struct {
	row, slot int32 // of the site's folders, the store's for a deletion, or one of the rows below
	cell      uint8
	phase     Phase
	reason    Reason
	gone      bool // a deletion
}

const leftoverRow = -2

// Op is one operation of a plan.
type Op struct {
	Phase  Phase
	Reason Reason
	// Withdraws is the version of the release that is taken back, "" for
	// none.
	Withdraws string
	Object    Object // a put; for a deletion only its key

	gone bool
}

// Delete says whether the operation deletes its key.
func (o Op) Delete() bool { return o.gone }

// Why is the reason as a user reads it: "withdraws 1.1.0".
func (o Op) Why() string {
	if o.Reason == Withdraws {
		return o.Reason.String() + " " + o.Withdraws
	}
	return o.Reason.String()
}

// Len is the number of operations.
func (p *Plan) Len() int { return len(p.ops) }

// Counts goes through the reasons that there are, with the number of
// operations for each.
func (p *Plan) Counts() iter.Seq2[Reason, int] {
	return func(yield func(Reason, int) bool) {
		for r, n := range p.count {
			if n > 0 && !yield(Reason(r), n) {
				return
			}
		}
	}
}

// Count is the number of operations for one reason.
func (p *Plan) Count(r Reason) int { return p.count[r] }

// Unchanged is the number of the site's objects that are right as they are.
func (p *Plan) Unchanged() int {
	puts, _, _ := p.Totals()
	return p.Site.Len() - puts
}

// Totals is how many puts and deletions there are, and the bytes that the puts
// send.
func (p *Plan) Totals() (puts, deletes int, bytes int64) {
	for _, o := range p.ops {
		if o.gone {
			deletes++
		} else {
			puts++
			bytes += p.Site.content(ref{o.row, o.slot, o.cell}).Size
		}
	}
	return puts, deletes, bytes
}

// Kept is the number of payloads that no release names.
func (p *Plan) Kept() int {
	n := 0
	for _, l := range p.Live.Payloads {
		if !p.Site.names(l.Key) {
			n++
		}
	}
	return n
}

// Renamed says whether releases name other payloads than the state knows of.
func (p *Plan) Renamed() bool {
	return slices.ContainsFunc(p.Live.Payloads, func(l LivePayload) bool { return l.Unnamed.IsZero() != p.Site.names(l.Key) })
}

// Op is the i-th operation.
func (p *Plan) Op(i int) Op {
	o := p.ops[i]
	full := Op{Phase: o.phase, Reason: o.reason, gone: o.gone}
	switch {
	case o.row == leftoverRow:
		full.Object.Key = p.Live.Leftovers[o.slot]
	case o.gone:
		full.Object.Key = p.Live.Folders[o.row].key(int(o.slot), int(o.cell))
	default:
		full.Object = p.Site.object(ref{o.row, o.slot, o.cell})
	}
	if o.reason == Withdraws {
		full.Withdraws = p.withdraws(o)
	}
	return full
}

// withdraws is the version that an operation withdraws.
func (p *Plan) withdraws(o op) string {
	var f *Folder
	if o.gone {
		f = &p.Live.Folders[o.row]
	} else {
		f = &p.Site.live.Folders[o.row]
	}
	bucket := f.Slots[o.slot]
	was := p.Live.Folder(f.Key, f.Digits)
	return outOfReach(p.Site.others(f.Key), bucket, p.Live.Kinds[was.Kind(bucket)][o.cell].Offers)
}
