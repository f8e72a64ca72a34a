package simulate

import (
	"slices"

	"cairn/manifest"
	"cairn/releases"
)

// table is what devices with one reach and target are offered.
type table struct {
	next   []int32           // by version: the release's, or upToDate or unanswered
	fates  []fate            // by version: where it leads if it stays like this
	newest int32             // the highest release in reach, below 0 for none
	offers manifest.Offers   // where anything is held
	needs  [][]releases.Need // by version: those of what is offered; nil where nothing needs anything
}

const (
	upToDate   int32 = -1
	unanswered int32 = -2 // there is no answer at all: it tries again later
)

// fate is what becomes of a device that polls on and on.
type fate uint8

const (
	settled fate = iota // it runs the newest release in its reach, or none is for it
	onItsWay
	held  // by unknown_version = "hold"
	kept  // by a block, min_version or dead end
	stuck // under the newest release
	circling
)

// tableOf asks a tree as devices do.
func (s *simulation) tableOf(tree *manifest.Tree, r reach, target int) table {
	cohort, bucket := s.fleet.Cohorts[r.cohort], s.bucketName(r.bucket)
	t := table{next: make([]int32, len(s.versions.names)), newest: -1}
	for v, name := range s.versions.names {
		t.next[v] = unanswered
		if _, body, found := tree.Find(cohort.Slug, bucket, manifest.Device{Target: s.targets[target], CurrentVersion: name}); found {
			t.next[v] = upToDate
			if body.Release != nil {
				t.next[v] = s.versions.of[body.Version()]
				if needs := body.Release.Components[s.targets[target].SoftwareType].Needs; len(needs) > 0 {
					if t.needs == nil {
						t.needs = make([][]releases.Need, len(t.next))
					}
					t.needs[v] = needs
				}
			}
		}
	}
	other := tree.Folder(s.layout.AnswerFolder(s.targets[target], cohort.Slug, manifest.OtherSegment))
	if i := other.IndexOf(bucket); i >= 0 {
		if in := other.Reach.Releases[other.Reach.Group[i]]; len(in) > 0 {
			t.newest = s.versions.of[in[len(in)-1].VersionOf(other.Target.SoftwareType)]
			if s.resolver.Held(s.targets[target]) {
				t.offers = s.resolver.Offers(s.targets[target], cohort, in)
			}
		}
	}
	for v := range t.next {
		t.fates = append(t.fates, s.fate(&t, target, int32(v)))
	}
	return t
}

// end follows the answers from a version on: to where they end, or for ever.
func (t *table) end(v int32) int32 {
	for range t.next {
		if t.next[v] < 0 {
			break
		}
		v = t.next[v]
	}
	return v
}

// decision is what the definitions say of a version, where anything is held.
func (s *simulation) decision(t *table, target int, v int32) manifest.Decision {
	if t.offers.Known == nil {
		return manifest.Decision{}
	}
	return t.offers.Of(s.tree.Known[s.targets[target]], s.versions.names[v])
}

func (s *simulation) fate(t *table, target int, from int32) fate {
	v := t.end(from)
	switch {
	case t.next[v] >= 0:
		return circling
	case t.newest >= 0 && v != t.newest && !s.versions.below(t.newest, v):
		if t.next[v] == upToDate && v != 0 && s.fleet.Project.Unknown == releases.HoldUnknown &&
			!slices.Contains(s.tree.Known[s.targets[target]], s.versions.names[v]) {
			return held
		}
		if d := s.decision(t, target, v); t.next[v] == upToDate && d.Kept() && d.Rule != manifest.NeedUnmet {
			return kept
		}
		return stuck
	case t.next[v] == unanswered:
		return stuck
	case v != from:
		return onItsWay
	}
	return settled
}
