package publish

import (
	"fmt"
	"slices"

	"cairn/releases"
)

// Loss is how many keys a plan deletes for whose devices no other key
// answers. A version folder that is dropped because _other says the same is
// not among them.
func (p *Plan) Loss() int {
	n := 0
	for _, o := range p.operations() {
		if o.gone && o.folder >= 0 && !p.answered(&p.Live.Folders[o.folder], p.Live.Folders[o.folder].Buckets[o.index]) {
			n++
		}
	}
	return n
}

// answered says whether the site answers those who look for an answer in a
// bucket of a folder as it was decided for them: in the folder, or in _other
// where the version is known.
func (p *Plan) answered(f *Folder, bucket uint16) bool {
	s := p.Site
	if s.want.Folder(f.Key, f.Digits).Answer(bucket) != 0 {
		return true
	}
	fallback := s.fallback(f)
	if fallback == nil || s.want.Folder(fallback.Key, f.Digits).Answer(bucket) == 0 {
		return false
	}
	segment := f.Location(s.Tree.Layout).VersionSegment
	return slices.ContainsFunc(s.Tree.Known[fallback.Target], func(version string) bool { return releases.Escape(version) == segment })
}

func overDeleted(p *Proposal) (trips []Trip) {
	limit := p.Edition.Limits.MaxDeletes
	trip := func(n, of int, concerns, what string) {
		if share := 100 * float64(n) / float64(of); n > 0 && share > limit+rounding {
			trips = append(trips, Trip{Concerns: concerns, What: fmt.Sprintf(what, n, of, percent(share)), Limit: "max_deletes is " + percent(limit)})
		}
	}
	trip(p.Loss(), p.Live.Len(), "devices that find no answer any more",
		"%d of %d published keys (%s %%) would be deleted, and nothing answers in their place")
	lost, of := p.lostShards()
	trip(lost, of, "devices that a cohort lists",
		"%d of %d files of the cohort index (%s %%) would be deleted, and whoever asks for them is in default then")
	return trips
}

// lostShards is how many keys of the cohort index a plan deletes, and how many
// there are. A sibling that isn't needed any more is none.
func (p *Plan) lostShards() (lost, of int) {
	index := p.Site.index()
	identity := variantOf(textForm, 0)
	for _, f := range p.Live.Folders {
		if f.Key != index.Key {
			continue
		}
		for i, answer := range f.Answers {
			if p.Live.Answers[answer].Variants[identity].Presence == Absent {
				continue
			}
			of++
			if p.Site.want.Folder(f.Key, f.Digits).Answer(f.Buckets[i]) == 0 {
				lost++
			}
		}
	}
	return lost, of
}
