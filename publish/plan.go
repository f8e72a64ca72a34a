package publish

// Phase is when an operation comes. Each phase is complete before the next
// one begins, so that at every instant each device gets its old answer or its
// new one, and no answer names a payload that is not there.
type Phase uint8

// The phases, in their order.
const (
	Payloads   Phase = iota // never overwritten
	NewBuckets              // answers in buckets that are new to a cohort
	Cohorts                 // the cohort index
	Versions                // version folders
	Fallbacks               // _none and _other
	Deletions
	phases // how many there are
)

// String names the phase: "payloads".
func (p Phase) String() string {
	return [...]string{"payloads", "answers in new buckets", "cohort index", "answers", "fallback answers", "deletions"}[p]
}

// Reason is why an operation is planned.
type Reason uint8

// The reasons.
const (
	New      Reason = iota // the key is not there
	Changed                // the key has other content
	Gone                   // the site has no such key any more
	Leftover               // an interrupted publish left it behind
)

// String is the reason in a word: "new".
func (r Reason) String() string {
	return [...]string{"new", "changed", "gone", "left over"}[r]
}

// Plan is what makes a store hold a site. It is a value; Apply carries it out.
type Plan struct {
	site      *Site
	ops       []op
	gone      []string // keys to delete
	Unchanged int      // keys that are right as they are
	Kept      int      // payloads that no release names
	Foreign   []string // keys below the prefix that are none of cairn's
	Missing   []string // keys of stored payloads that are not there
}

// op is an operation in 12 bytes: a put of a site's object, or the deletion of
// the plan's gone key at slot.
type op struct {
	row, slot      int32 // as of a ref; goneRow for a deletion
	form, encoding uint8
	phase          Phase
	reason         Reason
}

const goneRow = -3

func (o op) ref() ref { return ref{o.row, o.slot, o.form, o.encoding} }

// Op is one operation of a plan.
type Op struct {
	Phase  Phase
	Reason Reason
	Object Object // a put; for a deletion only its key
}

// Delete says whether the operation deletes its key.
func (o Op) Delete() bool { return o.Phase == Deletions }

// Len is the number of operations.
func (p *Plan) Len() int { return len(p.ops) }

// Op is the i-th operation.
func (p *Plan) Op(i int) Op {
	o := p.ops[i]
	if o.row == goneRow {
		return Op{o.phase, o.reason, Object{Key: p.gone[o.slot]}}
	}
	return Op{o.phase, o.reason, p.site.object(o.ref())}
}

// Count is the number of operations for one reason.
func (p *Plan) Count(r Reason) int {
	n := 0
	for _, o := range p.ops {
		if o.reason == r {
			n++
		}
	}
	return n
}
