package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cairn/manifest"
	"cairn/releases/signing"
)

// signedPlan is what a plan does to the signed form.
type signedPlan struct {
	by     *Signing
	want   *manifest.Signed
	head   signing.Head // that is put, or else is there
	note   []byte       // the head that is put, without signatures until it is signed; nil where none is
	leaves int          // rows of answers, and shards, that are put
	gone   map[[16]byte]bool
}

// oldPart is how long a part stays to which no head leads any more. A walk
// takes seconds, and a cache keeps a head for as long as an answer.
const oldPart = 24 * time.Hour

// now is the publisher's clock. Who only looks goes by the instant of the
// answers.
func (p *Proposal) now() time.Time {
	if p.Remote.read.IsZero() {
		return p.Edition.At
	}
	return p.Remote.read
}

// planSigned plans the signed form, as it is wanted; where that is an error,
// nothing of it. Now decides whether the
// head is old, and which parts are.
func (p *Plan) planSigned(by *Signing, want *manifest.Signed, now time.Time) error {
	live := p.Live.Signed
	s := &signedPlan{by: by, want: want, head: live.Head, gone: map[[16]byte]bool{}}
	next := signing.Head{Origin: by.Keys.Origin, Generation: by.Keys.Generation, Latest: want.Latest, Cohorts: want.Cohorts}
	if was := live.Head.Generation; was > next.Generation {
		return fmt.Errorf("the keys that sign are of generation %d, and generation %d is published: devices refuse what is older\nbring in the keys of that generation, or make a later one with 'cairn keys rotate'", next.Generation, was)
	}
	same := live.Head
	same.Epoch, same.Issued, same.Expires = 0, 0, 0
	reason := right
	switch {
	case live.HeadNote == (KnownNote{}) || same != next:
		reason = newOrChanged(live.HeadNote)
	case now.Sub(seconds(live.Head.Issued)) >= by.Renew:
		reason = Renewed
	}
	if reason != right {
		s.head = next
		if err := s.issue(live.Head, now); err != nil {
			return err
		}
		if noteOf(s.note) == live.HeadNote { // without signatures, as a build leaves it
			s.note, reason = nil, right
		}
	}
	p.signed = s
	for i := range want.Parts {
		if live.part(nameOf(want.Parts[i].Digest)) != nil {
			continue
		}
		p.add(SignedParts, operation{place: place{folder: partFolder, index: int32(i)}, reason: New})
		if want.Parts[i].Leaf() {
			s.leaves++
		}
	}
	if live.KeysNote != noteOf(by.KeysNote) {
		p.add(SignedKeys, operation{place: place{folder: keysFolder}, reason: newOrChanged(live.KeysNote)})
	}
	if reason != right {
		p.add(SignedHead, operation{place: place{folder: headFolder}, reason: reason})
	} else if !by.Sweep {
		return nil
	}
	for i, part := range live.Parts {
		old := !part.UnnamedSince.IsZero() && now.Sub(part.UnnamedSince) >= oldPart
		if want.Named(part.Name) == nil && (old || by.Sweep) {
			p.add(OldParts, operation{place: place{folder: oldPartFolder, index: int32(i)}, reason: Gone, gone: true})
			s.gone[part.Name] = true
		}
	}
	return nil
}

func newOrChanged(was KnownNote) Reason {
	if was == (KnownNote{}) {
		return New
	}
	return Changed
}

func seconds(since1970 uint32) time.Time { return time.Unix(int64(since1970), 0).UTC() }

// issue writes the text of the head as of an instant. It comes after another.
func (s *signedPlan) issue(was signing.Head, at time.Time) (err error) {
	s.head.Issued, s.head.Expires = uint32(at.Unix()), uint32(at.Add(s.by.Valid).Unix())
	s.head.Epoch, err = s.by.Keys.NextEpoch(was, s.head.Issued)
	s.note = s.head.Text()
	return err
}

// ErrNoSigner is the error of a publish that must sign, and has no key.
var ErrNoSigner = errors.New("the answers have to be signed, and there is no key to sign with\ngive --sign-key FILE, --sign-with COMMAND or CAIRN_SIGN_KEY; --unsigned leaves what is signed as it is")

// How far instants may be apart.
const (
	maxClockSkew = 5 * time.Minute  // the clock of who signs, and the store's
	maxHeadAge   = 15 * time.Minute // the instant of the answers, and the clock, where the head is issued at it
)

// prepare signs the head. It is issued at the instant of the answers, so that
// whoever has the definitions can compute its roots; where that is not just now,
// at the clock's.
func (p *Proposal) prepare(ctx context.Context, now time.Time) error {
	s := p.signed
	if s == nil || p.Len() == 0 {
		return nil
	}
	if len(s.by.Signers) == 0 {
		return ErrNoSigner
	}
	if s.note == nil {
		return nil
	}
	if date := p.Remote.Date; !date.IsZero() && now.Sub(date).Abs() > maxClockSkew {
		return fmt.Errorf("the clock says %s, and that of %s %s: devices go by when a head was issued\nset the clock; --unsigned publishes the rest, and leaves what is signed as it is", now.Format(time.RFC3339), p.Store, date.UTC().Format(time.RFC3339))
	}
	at := p.Edition.At
	if at.After(now) || now.Sub(at) > maxHeadAge {
		at = now
	}
	if err := s.issue(p.Live.Signed.Head, at); err != nil {
		return err
	}
	var signatures [][]byte
	for _, sign := range s.by.Signers {
		signature, err := sign(ctx, s.note)
		if err != nil {
			return unsignable(err)
		}
		signatures = append(signatures, signature)
	}
	note, err := s.by.Keys.SignedNote(s.note, signatures...)
	if err != nil {
		return unsignable(err)
	}
	s.note = note
	return nil
}

func unsignable(err error) error {
	return fmt.Errorf("signing the head: %w\nnothing is written; --unsigned publishes the rest, and leaves what is signed as it is", err)
}

// besides is an object that no tree has.
func (p *Plan) besides(at place) Object {
	layout := p.Site.Tree.Layout
	object := func(class manifest.Class, key string, body []byte) Object {
		content := BytesContent(body)
		return Object{key, &content, HeaderOf(manifest.Location{Class: class}, p.Site.Cache)}
	}
	switch at.folder {
	case partFolder:
		part := p.signed.want.Parts[at.index]
		return object(manifest.SignedPart, layout.PartKey(part.Digest), part.Body)
	case keysFolder:
		return object(manifest.SignedKeys, layout.KeysKey(), p.signed.by.KeysNote)
	case headFolder:
		return object(manifest.SignedHead, layout.HeadKey(), p.signed.note)
	case oldPartFolder:
		return Object{Key: partKey(layout, p.Live.Signed.Parts[at.index].Name)}
	}
	return Object{Key: p.Live.Leftovers[at.index]}
}

// size is how many bytes a put sends.
func (p *Plan) size(at place) int64 {
	if at.folder <= leftoverFolder && at.folder != renderedFolder {
		return p.besides(at).Content.Size
	}
	return p.Site.content(at).Size
}

// Head is what a plan does to the signed head.
type Head struct {
	Signed  bool      // it is signed, rather than left as it is
	Reason  Reason    // why it is signed
	Rows    int       // rows of answers, and files of the cohort index, that are put
	Expires time.Time // UTC, whole seconds
	// Requests is how many it takes until the head is there, those for the state
	// and payloads included: then devices that verify know what is published.
	Requests int
}

// Head is what happens to the signed head; nil where nothing is signed.
func (p *Plan) Head() *Head {
	if p.signed == nil {
		return nil
	}
	const last = 1 // of the state
	h := &Head{Rows: p.signed.leaves, Expires: seconds(p.signed.head.Expires), Requests: 1 + StatePuts - last}
	for phase := range SignedHead + 1 {
		h.Requests += p.phaseLen(phase)
	}
	for _, o := range p.single(SignedHead) {
		h.Reason, h.Signed = o.reason, true
	}
	return h
}

// len is how many objects the signed form has.
func (s *signedPlan) len() int {
	if s == nil {
		return 0
	}
	const notes = 2
	return len(s.want.Parts) + notes
}

// signedDuring is what is known of the signed form while a plan is carried out.
func (p *Plan) signedDuring() *KnownSigned {
	if p.signed == nil {
		return p.Live.Signed
	}
	during := p.signedResult()
	during.Doubtful = p.phaseLen(SignedKeys)+p.phaseLen(SignedHead) > 0
	for i := range during.Parts {
		part := &during.Parts[i]
		part.Doubtful = part.Doubtful || p.Live.Signed.part(part.Name) == nil || p.signed.going(*part)
	}
	return during
}

// signedAfter is that when it has been carried out.
func (p *Plan) signedAfter(now time.Time) *KnownSigned {
	if p.signed == nil {
		return p.Live.Signed
	}
	after := p.signedResult()
	after.Parts = slices.DeleteFunc(after.Parts, p.signed.going)
	if p.signed.note == nil {
		return after
	}
	for i := range after.Parts {
		part := &after.Parts[i]
		switch {
		case p.leadsTo(part.Name):
			part.UnnamedSince = time.Time{}
		case part.UnnamedSince.IsZero():
			part.UnnamedSince = now
		}
	}
	return after
}

// signedResult is the notes as they shall be, with the parts that are there and
// those that are put.
func (p *Plan) signedResult() *KnownSigned {
	s := p.signed
	result := p.Live.Signed.clone()
	result.KeysNote = noteOf(s.by.KeysNote)
	if s.note != nil {
		result.Head, result.HeadNote = s.head, noteOf(s.note)
	}
	for _, part := range s.want.Parts {
		if name := nameOf(part.Digest); p.Live.Signed.part(name) == nil {
			result.Parts = append(result.Parts, KnownPart{Name: name, Size: int64(len(part.Body))})
		}
	}
	result.sort()
	return result
}

// going says whether the plan deletes a part.
func (s *signedPlan) going(part KnownPart) bool { return s.gone[part.Name] }

// leadsTo says whether the head leads to a part. That of a stop leaves the
// cohort index as it was, and with it parts of which the plan knows nothing.
func (p *Plan) leadsTo(name [16]byte) bool {
	if p.signed.want.Named(name) != nil {
		return true
	}
	was := p.Live.Signed.part(name)
	return p.Stops() && was != nil && was.UnnamedSince.IsZero()
}
