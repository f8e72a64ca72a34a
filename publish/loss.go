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
	segment := f.location(s.Tree.Layout).VersionSegment
	return slices.ContainsFunc(s.Tree.Known[fallback.Target], func(version string) bool { return releases.Escape(version) == segment })
}

func overDeleted(p *Proposal) []Trip {
	limit := p.Edition.Limits.MaxDeletes
	n, of := p.Loss(), p.Live.Len()
	share := 100 * float64(n) / float64(of)
	if share <= limit+rounding {
		return nil
	}
	return []Trip{{
		Concerns: "devices that find no answer any more",
		What:     fmt.Sprintf("%d of %d published keys (%s %%) would be deleted, and nothing answers in their place", n, of, percent(share)),
		Limit:    "max_deletes is " + percent(limit),
	}}
}
