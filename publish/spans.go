package publish

import (
	"cairn/manifest"
)

// operations are those of one phase and urgency, in their order: first those on
// folders of answers, then others.
type operations struct {
	spans   []span
	spanned int // how many operations the spans have
	single  []operation
}

func (l *operations) len() int { return l.spanned + len(l.single) }

// span is the operations, of one phase and urgency, on some buckets of a folder
// that follow each other. What they are follows from the answers there: a tree
// of ten million buckets has forty million operations.
type span struct {
	pair   int32 // of the plan's
	cursor       // where the buckets begin
}

// spanBuckets is how many buckets a span has, but for the last of a folder.
const spanBuckets = 32

// planFolder plans the operations on the i-th pair of folders.
func (p *Plan) planFolder(i int) {
	pair := &p.pairs[i]
	var recent [64]struct {
		was, want uint32
		reasons   *[variants]Reason
	}
	for at := (cursor{}); !pair.over(at); {
		from := at
		var found [phases][urgencies]int
		at = pair.some(at, func(b bucketPair) {
			if !p.touches(pair, b.bucket) {
				return
			}
			memo := &recent[(b.was*31+b.want)%uint32(len(recent))]
			if memo.reasons == nil || memo.was != b.was || memo.want != b.want {
				memo.was, memo.want, memo.reasons = b.was, b.want, p.compare(b.was, b.want)
			}
			if *memo.reasons == unchanged {
				return
			}
			p.folderOps(pair, b, memo.reasons, func(phase Phase, o operation) {
				found[phase][o.reason.urgency()]++
				p.counted(o)
			})
		})
		for phase := range found {
			for urgency, n := range found[phase] {
				if n > 0 {
					list := &p.ops[phase][urgency]
					list.spans = append(list.spans, span{int32(i), from})
					list.spanned += n
				}
			}
		}
	}
}

// folderOps gives the operations that a bucket takes, by why each variant of
// its answer is to change.
func (p *Plan) folderOps(pair *folderPair, b bucketPair, reasons *[variants]Reason, give func(Phase, operation)) {
	withdraws := outOfReach(pair.fallback, pair.folder(), b.bucket, p.Live.Answers[b.was].Offers) != ""
	unread := b.site >= 0 && pair.unread != nil && pair.unread[b.site]
	for variant, reason := range reasons {
		if reason == right {
			continue
		}
		o := operation{place: place{pair.site, int32(b.site), uint8(variant)}, reason: reason}
		if reason == Gone {
			o.folder, o.index, o.gone = pair.live, int32(b.live), true
		}
		if withdraws && reason != New && reason != HeadersChanged {
			o.reason = Withdraws
		}
		phase := pair.usual
		switch {
		case o.gone && EncodingOf(variant) == manifest.Identity && pair.usual != Fallbacks:
			phase = Deletions
		case unread && pair.usual == Fallbacks:
			phase = NewFallbacks
		case unread:
			phase = NewBuckets
		}
		give(phase, o)
	}
}

// all goes through the operations of a list.
func (p *Plan) all(phase Phase, urgency int, yield func(operation) bool) bool {
	list := &p.ops[phase][urgency]
	for _, s := range list.spans {
		pair, more := &p.pairs[s.pair], true
		pair.some(s.cursor, func(b bucketPair) {
			if !more || !p.touches(pair, b.bucket) {
				return
			}
			p.folderOps(pair, b, p.compare(b.was, b.want), func(of Phase, o operation) {
				if more && of == phase && o.reason.urgency() == urgency {
					more = yield(o)
				}
			})
		})
		if !more {
			return false
		}
	}
	for _, o := range list.single {
		if !yield(o) {
			return false
		}
	}
	return true
}
