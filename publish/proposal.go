package publish

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Edition is what is to be published: what the definitions say at an instant.
type Edition struct {
	Site     *Site
	At       time.Time // the instant that the answers are for, UTC
	Source   string    // of the definitions, such as a commit
	Rollouts []Rollout // in force at the instant
	Limits   Limits
	Lacks    []Lack // of what was published last
	// Signing is nil where the answers are not signed, or their signed form is
	// to stay as it is.
	Signing *Signing
	// Stops says that it takes a release back: payloads that no answer names
	// are no reason then to keep it.
	Stops bool
}

// Lack is that the definitions may not have what those had that were published
// last: to publish them would take that back.
type Lack struct {
	What string // "commit A is checked out, which is older than B, which was published"
	Hint string // the way out
}

// Proposal is an edition beside what a store holds.
type Proposal struct {
	*Plan
	Edition Edition
	Store   Store
	Remote  *Remote
	Scanned bool // what is there was listed, not taken from the state
	// HeadProblem says why the head that is there counts for nothing.
	HeadProblem error
	// Unsigned says why what is signed stays as it is, where it should not. It
	// holds no stop up.
	Unsigned error
	// NoRoom is what signed devices are not offered by a stop, though others are,
	// since the format has no room for it; nil for nothing.
	NoRoom error

	whole     *releases.Fleet // of a stop, whose site has less; nil for the site's
	elsewhere []neighbor      // where the fleet is not published yet
}

// ProposeOptions say how a proposal is made. The zero value works.
type ProposeOptions struct {
	Rescan      bool // list what is there instead of trusting the state
	Concurrency int  // requests at once; 0 is what the store takes
}

// Propose plans what makes a store hold the edition: from the state, or from a
// listing where there is none. It only reads.
func (e Edition) Propose(ctx context.Context, store Store, remote *Remote, opts ProposeOptions) (*Proposal, error) {
	p := &Proposal{Edition: e, Store: store, Remote: remote}
	var live *Inventory
	var err error
	if remote.State != nil && !opts.Rescan && !remote.Distrusted {
		live = remote.State.Live
		if late := remote.State.Late; late != nil {
			live, err = live.reread(ctx, store, late.Keys)
		}
		if err == nil {
			live, err = live.Confirm(ctx, e.Site, store)
		}
		if s := remote.State; err == nil && (s.Doing != nil || s.Late != nil) && store.Traits().TempFiles {
			live.Leftovers, err = leftovers(ctx, store, e.Site.Tree.Layout.Prefix, func(Entry) bool { return true })
		}
	} else {
		live, err = Scan(ctx, e.Site, store, opts.Concurrency)
		p.Scanned = true
	}
	if err != nil {
		return nil, err
	}
	if remote.State == nil && len(live.Folders) == 0 {
		p.elsewhere = elsewhere(ctx, e.Site, store, live.Foreign)
	}
	p.plan(live, store.Traits().Headers)
	if e.Signing == nil {
		return p, nil
	}
	want, unsigned := e.Site.Tree.Signed()
	if unsigned != nil {
		want = &manifest.Signed{}
	}
	if err := p.confirmSigned(ctx, want); err != nil {
		return nil, err
	}
	if unsigned == nil {
		unsigned = p.planSigned(e.Signing, want, p.now())
	}
	if p.Unsigned = unsigned; unsigned != nil && !e.Stops {
		return nil, unsigned
	}
	return p, nil
}

// Beside plans what makes a store hold the edition by what is known of it.
// Headers says whether the store keeps any.
func (e Edition) Beside(live *Inventory, remote *Remote, headers bool) *Proposal {
	p := &Proposal{Edition: e, Remote: remote}
	p.plan(live, headers)
	return p
}

func (p *Proposal) plan(live *Inventory, headers bool) {
	p.Plan = NewPlan(p.Edition.Site, live, headers)
	if p.Remote.State != nil {
		p.unchecked = p.Remote.State.Done.Unchecked
		p.remembered = p.Remote.Remembered()
	}
}

// MissingError is that payloads which should be in a store already are not.
type MissingError struct {
	Store Store
	Keys  []string
}

func (e *MissingError) Error() string {
	const most = 20
	keys, more := e.Keys, ""
	if len(keys) > most {
		keys, more = keys[:most], fmt.Sprintf("\n  and %d more", len(keys)-most)
	}
	return fmt.Sprintf("stored payloads are not in %s, or not of the stated size:\n  %s%s", e.Store, strings.Join(keys, "\n  "), more)
}

func (p *Proposal) admissible() error {
	if p.Stops() {
		return nil
	}
	if p.Unsigned != nil {
		return p.Unsigned
	}
	if needed := p.needed(); len(needed) > 0 {
		return &MissingError{p.Store, needed}
	}
	return p.Tripped()
}

// Stoppable says whether it is better to take back first what the definitions
// stop, by [Proposal.Stop]: the rest has payloads to put, or must not be
// published, such as since it is blocked.
func (p *Proposal) Stoppable(blocked bool) bool {
	return blocked || p.phaseLen(Payloads) > 0 || p.admissible() != nil
}

// needed is the missing payloads without which it must not be published.
func (p *Proposal) needed() []string {
	if !p.Edition.Stops || len(p.Missing) == 0 {
		return p.Missing
	}
	offered, needed := map[string]bool{}, map[string]bool{}
	for _, a := range p.Site.want.Answers {
		for _, version := range a.Offers {
			offered[version] = true
		}
	}
	for _, r := range p.Site.Tree.Fleet.Releases {
		for _, of := range r.Files() {
			if offered[r.VersionOf(of.SoftwareType)] {
				needed[p.Site.Tree.Layout.PayloadKey(of.SHA256, of.Name)] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(p.Missing), func(key string) bool { return !needed[key] })
}

func (p *Proposal) states(now time.Time) (during, after State) {
	stamp := Stamp{Published: now, At: p.Edition.At, Source: p.Edition.Source, Encoder: Encoder, BurnedIn: BurnedInOf(p.Site.Tree.Fleet), Unchecked: uncheckedIn(p.Site.Tree.Fleet), Rollouts: p.Edition.Rollouts, Stops: p.StopsAfter(now), Versions: p.remembers(now), Kept: p.keeps()}
	prefix := p.Site.Tree.Layout.Prefix
	if done := p.Remote.State; p.Stops() && done != nil {
		// The rest is still to come.
		stamp.BurnedIn, stamp.Unchecked = done.Done.BurnedIn, done.Done.Unchecked
		if len(p.Edition.Lacks) > 0 {
			stamp.Source = done.Done.Source // which is still lacking
		}
	}
	during = State{Prefix: prefix, Live: p.InDoubt(now), Doing: &stamp, Late: p.Late()}
	if p.Remote.State != nil {
		during.Done = p.Remote.State.Done
	}
	after = State{Prefix: prefix, Live: p.Result(now), Done: stamp, Late: p.Late()}
	after.Done.Status = p.status(now, after.Live)
	return during, after
}

// UndoesError is that another publisher has taken releases back while a publish
// was planned that offers them.
type UndoesError struct{ Rollouts []Rollout }

func (e *UndoesError) Error() string {
	var all []string
	for _, r := range e.Rollouts {
		all = append(all, fmt.Sprintf("%s in cohort %s", r.Version, r.Cohort))
	}
	return fmt.Sprintf("somebody else has published meanwhile, and has taken back %s, which this would offer again: nothing was written\nbring in what they changed, and read 'cairn plan' before another publish", strings.Join(all, ", "))
}

func (p *Proposal) undoes(before *Remote) error {
	if before == p.Remote {
		return nil
	}
	was, now := before.offers(), p.Remote.offers()
	var undone []Rollout
	for _, r := range p.Edition.Rollouts {
		id := [2]string{r.Cohort, r.Version}
		if now[id] < was[id] && r.Percent > now[id] {
			undone = append(undone, r)
		}
	}
	if undone == nil {
		return nil
	}
	return &UndoesError{undone}
}

// offers is the percent of each cohort and version that was published last, or
// was about to be.
func (r *Remote) offers() map[[2]string]float64 {
	if r.State == nil {
		return nil
	}
	last := r.State.Done.Rollouts
	if r.State.Doing != nil {
		last = r.State.Doing.Rollouts
	}
	all := map[[2]string]float64{}
	for _, of := range last {
		all[[2]string{of.Cohort, of.Version}] = of.Percent
	}
	return all
}

func (p *Proposal) recorded() bool {
	s := p.Remote.State
	if p.Stops() {
		return s == nil || slices.EqualFunc(s.Done.Stops, p.StopsAfter(time.Time{}), Stop.equal)
	}
	if s == nil || p.Remote.Distrusted || s.Doing != nil || s.Lease != nil || s.Late != nil && p.Late() == nil || s.Done.Encoder != Encoder || s.Done.Source != p.Edition.Source || s.Done.BurnedIn != BurnedInOf(p.Site.Tree.Fleet) || p.ReferencesChanged() || !p.sameStatus() {
		return false
	}
	buckets := p.Site.Tree.Layout.Buckets()
	same := func(a, b Rollout) bool {
		return a.Cohort == b.Cohort && a.Version == b.Version && a.Seed == b.Seed &&
			releases.Buckets(a.Percent, buckets) == releases.Buckets(b.Percent, buckets) && reflect.DeepEqual(a.Targets, b.Targets)
	}
	return slices.EqualFunc(s.Done.Stops, p.StopsAfter(time.Time{}), Stop.equal) && slices.EqualFunc(s.Done.Versions, p.remembers(time.Time{}), Remembered.equal) &&
		slices.Equal(s.Done.Unchecked, uncheckedIn(p.Site.Tree.Fleet)) && slices.EqualFunc(s.Done.Rollouts, p.Edition.Rollouts, same) && slices.Equal(s.Done.Kept, p.keeps())
}
