package publish

import (
	"math"
	"slices"
	"strings"
	"time"
)

// InDoubt is what is known of the store while a plan is carried out, and
// after that was cut off: all that it touches is in doubt. Payloads that no
// release names are unreferenced from now on, if they were not before.
func (p *Plan) InDoubt(now time.Time) *Inventory {
	doubtful := &Inventory{Payloads: p.payloadsAfter(now, true), Signed: p.signedDuring()}
	p.fill(doubtful, func(bucketPair) bool { return true }, p.between)
	return doubtful
}

// fill gives an inventory the folders, with the buckets that the plan may touch
// where these are there, and what their answers become; the others stay as they
// are.
func (p *Plan) fill(in *Inventory, there func(bucketPair) bool, becomes func(was, want uint32) Answer) {
	table, known := newAnswerTable(len(p.Live.Answers)), map[[2]uint32]uint32{}
	for i := range p.pairs {
		pair := &p.pairs[i]
		f := pair.emptyFolder()
		pair.buckets(func(b bucketPair) {
			at, touched := [2]uint32{b.was, b.want}, p.touches(pair, b.bucket)
			if touched && !there(b) || !touched && b.live < 0 {
				return
			}
			if !touched {
				at[1] = untouched
			}
			answer, ok := known[at]
			if !ok {
				next := p.Live.Answers[b.was]
				if touched {
					next = becomes(b.was, b.want)
				}
				answer = table.intern(next)
				known[at] = answer
			}
			f.Buckets = append(f.Buckets, b.bucket)
			f.Answers = append(f.Answers, answer)
		})
		if len(f.Buckets) > 0 {
			in.Folders = append(in.Folders, f)
		}
	}
	in.Answers = table.answers
}

// emptyFolder is the folder without its buckets, and with room for them.
func (p *folderPair) emptyFolder() Folder {
	room := max(len(p.inLive.Buckets), len(p.inSite.Buckets))
	return Folder{p.folder().Key, p.folder().Digits, make([]uint16, 0, room), make([]uint32, 0, room)}
}

// untouched is the answer that a plan leaves as it is.
const untouched = math.MaxUint32

// between is what is known of an answer that was one and is about to be
// another.
func (p *Plan) between(was, want uint32) Answer {
	answer, next := p.Live.Answers[was], &p.Site.want.Answers[want]
	for i, reason := range p.compare(was, want) {
		if reason == right {
			continue
		}
		presence := MaybePresent
		if answer.Variants[i].Presence >= MaybeChanged && next.Variants[i].Presence == Present {
			presence = MaybeChanged
		}
		answer.Variants[i] = Variant{Presence: presence}
		answer.Offers = union(answer.Offers, next.Offers)
	}
	return answer
}

// union is the versions of both, ascending.
func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// Result is what the store holds when a plan has been carried out.
func (p *Plan) Result(now time.Time) *Inventory {
	result := &Inventory{Answers: p.Site.want.Answers, Folders: p.Site.want.Folders, Payloads: p.payloadsAfter(now, false), Signed: p.signedAfter(now)}
	if p.only != nil {
		result.Folders = nil
		p.fill(result, func(b bucketPair) bool { return b.site >= 0 }, func(_, want uint32) Answer { return p.Site.want.Answers[want] })
	}
	return result
}

func (p *Plan) payloadsAfter(now time.Time, doubtful bool) []KnownPayload {
	put := map[string]bool{}
	var all []KnownPayload
	for _, o := range p.single(Payloads) {
		want := p.Site.object(o.place)
		put[want.Key] = true
		all = append(all, KnownPayload{Key: want.Key, Size: want.Content.Size, MD5: want.Content.MD5, Header: want.Header, Doubtful: doubtful})
	}
	for _, l := range p.Live.Payloads {
		if !put[l.Key] {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b KnownPayload) int { return strings.Compare(a.Key, b.Key) })
	all = p.renderedAfter(all, doubtful)
	for i := range all {
		switch {
		case p.Site.references(all[i].Key):
			all[i].UnreferencedSince = time.Time{}
		case all[i].UnreferencedSince.IsZero():
			all[i].UnreferencedSince = now
		}
	}
	return all
}
