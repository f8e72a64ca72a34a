package publish

import (
	"iter"
	"slices"

	"cairn/manifest"
)

// Phase is when an operation comes. Each phase is complete before the next
// one begins, so that at every instant each device gets its old answer or its
// new one, and no answer names a payload that is not there. A sibling that goes
// does so where its folder's answers are put: an edge would go on serving it.
type Phase uint8

// The phases, in their order.
const (
	Payloads     Phase = iota // never overwritten
	SignedParts               // likewise
	SignedKeys                // what says which keys sign heads
	SignedHead                // all of it for devices that verify
	NewBuckets                // answers of version folders and _none, in buckets that are new to a cohort
	NewFallbacks              // _other there
	Cohorts                   // the cohort index
	Versions                  // version folders, and _none
	Fallbacks                 // _other, put or gone
	Formats                   // files for other clients, put or gone
	Deletions                 // of version folders and _none
	OldParts                  // deletions of what no head leads to any more
	phases                    // how many there are
)

// String names the phase: "payloads".
func (p Phase) String() string {
	return [...]string{"payloads", "signed parts", "keys", "signed head", "answers in new buckets", "fallback answers in new buckets", "cohort index",
		"answers", "fallback answers", "formats", "deletions", "old parts"}[p]
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
	Renewed                      // the head is signed again, since it is old
	right                        // none: the key is as it shall be
)

// String is the reason in a few words: "new".
func (r Reason) String() string {
	return [...]string{"new", "changed", "headers changed", "withdraws", "in doubt", "gone", "left over", "renewed"}[r]
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
	Live    *Inventory // what the store holds, as far as is known
	Missing []string   // keys of stored payloads that are not there

	headers bool
	pairs   []folderPair
	differs map[[2]uint32]*[variants]Reason // by the answers of live and site
	ops     [phases][urgencies]operations
	count   [right]int
	totals  struct { // of the operations on folders of answers
		puts, deletes int
		bytes         int64
	}

	signed *signedPlan // nil where nothing is signed

	only      map[devices]map[uint16]bool  // the buckets that it may touch; nil for all, and payloads too
	unchecked []string                     // cohorts that served lower versions before; nil where nothing is on record
	crowds    []Crowd                      // nil until somebody asks
	trips     []Trip                       // likewise
	versions  map[manifest.Target][]string // that have a folder in the store; likewise

	remembered []Remembered // versions that devices may run, by the state
}

// operation is a put of a site's object, or the deletion of one of the
// store's, whose place is in the live inventory.
type operation struct {
	place
	reason Reason
	gone   bool
}

// NewPlan plans what makes a store hold a site, from what is known of the
// store. Headers says whether the store keeps any.
func NewPlan(site *Site, live *Inventory, headers bool) *Plan {
	if len(live.Answers) == 0 {
		empty := *live
		empty.Answers = make([]Answer, 1)
		live = &empty
	}
	p := &Plan{Site: site, Live: live, headers: headers, differs: map[[2]uint32]*[variants]Reason{}}
	for _, s := range site.Tree.Stored {
		key := site.Tree.Layout.PayloadKey(s.SHA256, s.Name)
		if l := live.Payload(key); l == nil || l.Doubtful || l.Size != s.Size {
			p.Missing = append(p.Missing, key)
		}
	}
	p.planPayloads()
	p.pair()
	p.findUnread()
	for i := range p.pairs {
		p.planFolder(i)
	}
	p.planRendered(false)
	for i := range live.Leftovers {
		p.add(Deletions, operation{place{folder: leftoverFolder, index: int32(i)}, Leftover, true})
	}
	return p
}

func (p *Plan) add(phase Phase, o operation) {
	of := &p.ops[phase][o.reason.urgency()].single
	*of = append(*of, o)
	p.count[o.reason]++
}

// counted counts an operation on a folder of answers.
func (p *Plan) counted(o operation) {
	p.count[o.reason]++
	if o.gone {
		p.totals.deletes++
		return
	}
	p.totals.puts++
	p.totals.bytes += p.size(o.place)
}

// single is the operations of a phase that are on no folder of answers.
func (p *Plan) single(phase Phase) (all []operation) {
	for urgency := range p.ops[phase] {
		all = append(all, p.ops[phase][urgency].single...)
	}
	return all
}

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
func (p *Plan) Len() int {
	n := 0
	for phase := range phases {
		n += p.phaseLen(phase)
	}
	return n
}

func (p *Plan) phaseLen(phase Phase) int {
	n := 0
	for urgency := range p.ops[phase] {
		n += p.ops[phase][urgency].len()
	}
	return n
}

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

// Unchanged is the number of the site's objects that are right as they are.
func (p *Plan) Unchanged() int {
	puts, _, _ := p.Totals()
	return p.Site.Len() + p.signed.len() - puts
}

// Totals is how many puts and deletions there are, and the bytes that the puts
// send.
func (p *Plan) Totals() (puts, deletes int, bytes int64) {
	puts, deletes, bytes = p.totals.puts, p.totals.deletes, p.totals.bytes
	for phase := range phases {
		for _, o := range p.single(phase) {
			if o.gone {
				deletes++
			} else {
				puts++
				bytes += p.size(o.place)
			}
		}
	}
	return puts, deletes, bytes
}

// Kept is the number of payloads that no release names.
func (p *Plan) Kept() int {
	n := 0
	for _, l := range p.Live.Payloads {
		if !p.Site.references(l.Key) {
			n++
		}
	}
	return n
}

// ReferencesChanged says whether releases name other payloads than the state
// knows of.
func (p *Plan) ReferencesChanged() bool {
	return slices.ContainsFunc(p.Live.Payloads, func(l KnownPayload) bool { return l.UnreferencedSince.IsZero() != p.Site.references(l.Key) })
}

// operations goes through them in their order.
func (p *Plan) operations() iter.Seq2[Phase, operation] {
	return func(yield func(Phase, operation) bool) {
		for phase := range phases {
			for o := range p.inPhase(phase) {
				if !yield(phase, o) {
					return
				}
			}
		}
	}
}

// inPhase goes through the operations of a phase in their order.
func (p *Plan) inPhase(phase Phase) iter.Seq[operation] {
	return func(yield func(operation) bool) {
		for urgency := range urgencies {
			if !p.all(phase, urgency, yield) {
				return
			}
		}
	}
}

// Ops goes through the operations in their order.
func (p *Plan) Ops() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		for phase, o := range p.operations() {
			if !yield(p.op(phase, o)) {
				return
			}
		}
	}
}

func (p *Plan) op(phase Phase, o operation) Op {
	full := Op{Phase: phase, Reason: o.reason, gone: o.gone}
	switch {
	case o.folder == renderedFolder:
		full.Object = p.Site.object(o.place)
	case o.folder == unwantedFolder:
		full.Object.Key = p.Live.Payloads[o.index].Key
	case o.folder <= leftoverFolder:
		full.Object = p.besides(o.place)
	case o.gone:
		full.Object.Key = p.Live.Folders[o.folder].key(int(o.index), int(o.variant))
	default:
		full.Object = p.Site.object(o.place)
	}
	if o.reason == Withdraws {
		full.Withdraws = p.withdraws(o)
	}
	return full
}

// withdraws is the version that an operation withdraws.
func (p *Plan) withdraws(o operation) string {
	folders := p.Site.want.Folders
	if o.gone {
		folders = p.Live.Folders
	}
	f := &folders[o.folder]
	bucket := f.Buckets[o.index]
	was := p.Live.Folder(f.Key, f.Digits)
	return outOfReach(p.Site.fallback(f), f, bucket, p.Live.Answers[was.Answer(bucket)].Offers)
}
