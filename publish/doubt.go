package publish

import (
	"slices"
	"strings"
	"time"
)

// InDoubt is what is known of the store while a plan is carried out, and
// after that was cut off: all that it touches is in doubt. Payloads that no
// release names are unreferenced from now on, if they were not before.
func (p *Plan) InDoubt(now time.Time) *Inventory {
	table, known := newAnswerTable(), map[[2]uint32]uint32{}
	doubtful := &Inventory{Payloads: p.payloadsAfter(now, true)}
	for _, pair := range p.pairs {
		f := Folder{Key: pair.folder().Key, Digits: pair.folder().Digits}
		pair.buckets(func(b bucketPair) {
			at := [2]uint32{b.was, b.want}
			answer, ok := known[at]
			if !ok {
				answer = table.intern(p.between(b.was, b.want))
				known[at] = answer
			}
			f.Buckets = append(f.Buckets, b.bucket)
			f.Answers = append(f.Answers, answer)
		})
		doubtful.Folders = append(doubtful.Folders, f)
	}
	doubtful.Answers = table.answers
	return doubtful
}

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
	return &Inventory{Answers: p.Site.want.Answers, Folders: p.Site.want.Folders, Payloads: p.payloadsAfter(now, false)}
}

func (p *Plan) payloadsAfter(now time.Time, doubtful bool) []KnownPayload {
	put := map[string]bool{}
	var all []KnownPayload
	for _, o := range slices.Concat(p.ops[Payloads][:]...) {
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
