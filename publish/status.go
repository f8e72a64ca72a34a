package publish

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Status tells people and checkers how a publish stands: [manifest.Layout.StatusKey].
// It names no device. A publish that records nothing leaves it as it is, so it is
// the same until something is published, or becomes due.
type Status struct {
	Project   string    `json:"project"`   // slug
	Published time.Time `json:"published"` // UTC
	At        time.Time `json:"at"`        // UTC: the instant that the answers are for
	Source    string    `json:"source"`    // of the definitions, such as a commit
	// ExpectBefore is when the schedule, or the age of the signed head, calls for
	// the next publish; UTC, nil for never.
	ExpectBefore *time.Time     `json:"expect_before"`
	Cohorts      []CohortStatus `json:"cohorts"` // ascending
	Private      bool           `json:"private,omitempty"`
}

// CohortStatus is what a cohort is offered, or will be.
type CohortStatus struct {
	Cohort   string          `json:"cohort"`
	Releases []ReleaseStatus `json:"releases"`
}

// ReleaseStatus is how far a release is rolled out.
type ReleaseStatus struct {
	Version string      `json:"version"`
	Percent float64     `json:"percent"` // 0 to 100
	Next    *NextStatus `json:"next"`    // nil for no more
}

// NextStatus is a change that the schedule brings.
type NextStatus struct {
	At      time.Time `json:"at"` // UTC
	Percent float64   `json:"percent"`
}

// status is what to tell of the proposal once it is published, with all that will
// be there then; nil for nothing. What is left of a stop is due at once.
func (p *Proposal) status(now time.Time, live *Inventory) *Status {
	fleet := p.Site.Tree.Fleet
	if p.whole != nil {
		fleet = p.whole
	}
	if fleet.Publish.Status == "" {
		return nil
	}
	s := &Status{Project: fleet.Project.Slug, Published: now.UTC(), At: p.Edition.At.UTC(), Source: p.Edition.Source, Cohorts: []CohortStatus{}, Private: fleet.Publish.Status == releases.PrivateStatus}
	due := func(at time.Time) {
		if s.ExpectBefore == nil || at.Before(*s.ExpectBefore) {
			s.ExpectBefore = &at
		}
	}
	percent := map[[2]string]float64{}
	for _, r := range p.Edition.Rollouts {
		percent[[2]string{r.Cohort, r.Version}] = r.Percent
	}
	buckets := manifest.LayoutOf(fleet).Buckets()
	for _, c := range fleet.Cohorts {
		all := []ReleaseStatus{}
		for _, a := range c.Activations {
			r := ReleaseStatus{Version: a.Release.Version, Percent: percent[[2]string{c.Slug, a.Release.Version}]}
			for change := range a.Changes(p.Edition.At, buckets) {
				r.Next = &NextStatus{change.At.UTC(), change.Percent}
				due(r.Next.At)
				break
			}
			if r.Percent > 0 || r.Next != nil {
				all = append(all, r)
			}
		}
		s.Cohorts = append(s.Cohorts, CohortStatus{c.Slug, all})
	}
	if head := live.Signed; p.Edition.Signing != nil && head != nil && head.Head.Issued > 0 {
		due(seconds(head.Head.Issued).UTC().Add(p.Edition.Signing.Renew))
	}
	if p.Stops() {
		due(s.At)
	}
	return s
}

// due is what of a status calls for another one: where it is, and what comes next.
func (s *Status) due() []byte {
	if s == nil {
		return nil
	}
	same := *s
	same.Published, same.At, same.Source, same.Cohorts = time.Time{}, time.Time{}, "", nil
	for _, c := range s.Cohorts {
		all := CohortStatus{Cohort: c.Cohort}
		for _, r := range c.Releases {
			r.Percent = 0
			all.Releases = append(all.Releases, r)
		}
		same.Cohorts = append(same.Cohorts, all)
	}
	return same.Encode()
}

// Encode is the status as an object holds it.
func (s *Status) Encode() []byte {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // nothing in it can't be JSON
	}
	return append(text, '\n')
}

// Key is where the status of a prefix is; "" for none.
func (s *Status) Key(prefix string) string {
	switch {
	case s == nil:
		return ""
	case s.Private:
		return PrivateStatusKey(prefix)
	}
	return manifest.Layout{Prefix: prefix}.StatusKey()
}

// PrivateStatusKey is where the status of a prefix is that is not for all.
func PrivateStatusKey(prefix string) string { return prefix + "/" + StateFolder + "/status.json" }

// tells says whether a state has another status than what was there.
func (s *State) tells(before *Remote) bool { return s.Done.Status != before.status() }

// tell puts the status of a state, once all else is there, and takes away one that
// was elsewhere. Where that fails, or there is no room, the state says so, and the
// next publish tells.
func (s *State) tell(ctx context.Context, store Store, before *Remote, full bool) (err error) {
	is, was := s.Done.Status.Key(s.Prefix), before.status().Key(s.Prefix)
	if is != "" && !full {
		header := HeaderOf(manifest.Location{Class: manifest.Status}, releases.Cache{})
		err = store.Put(ctx, is, BytesContent(s.Done.Status.Encode()), header)
	}
	if was != "" && was != is && err == nil {
		err = store.Delete(ctx, was)
	}
	if err == nil && !full {
		return nil
	}
	if s.Done.Status = nil; is == "" {
		s.Done.Status = before.status()
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("all is published but %s: %w", cmp.Or(is, was), err)
}

// status is the one that is there, as far as is known.
func (r *Remote) status() *Status {
	if r.State == nil {
		return nil
	}
	return r.State.Done.Status
}

// sameStatus says whether what is there has been told.
func (p *Proposal) sameStatus() bool {
	is := p.status(time.Time{}, p.Live)
	return bytes.Equal(is.due(), p.Remote.status().due()) && (is == nil || !p.Scanned)
}
