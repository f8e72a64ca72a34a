package publish

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"sync"
	"time"

	"cairn/manifest"
	"cairn/releases/signing"
)

// Signer signs the text of a head with a key: the 64 bytes of Ed25519.
type Signer func(ctx context.Context, text []byte) ([]byte, error)

// Signing is how the answers of an edition are signed.
type Signing struct {
	Keys     *signing.Keys // that sign heads
	KeysNote []byte        // the statement of them, as it is published
	Valid    time.Duration // of a head, from when it is issued
	Renew    time.Duration // the age at which a head is signed again though nothing changed
	Signers  []Signer      // as many as the keys' threshold; none where nothing is written
	Sweep    bool          // parts to which the head doesn't lead go at once: no device reads them
}

// KnownSigned is what is known of the signed form in a store.
type KnownSigned struct {
	// Head is the one that was put last; zero where none is known. No epoch
	// above its own was given out in its generation.
	Head signing.Head
	// HeadNote and KeysNote are the notes; zero where one isn't known.
	HeadNote, KeysNote KnownNote
	// Doubtful says that what did not end may have put other notes.
	Doubtful bool
	Parts    []KnownPart // ascending by name

	there signing.Head // as it was read, and verifies
}

// KnownNote is a note in the bucket.
type KnownNote struct {
	Size int64    // in bytes
	MD5  [16]byte // RFC 1321
}

func noteOf(b []byte) KnownNote {
	if b == nil {
		return KnownNote{}
	}
	return KnownNote{int64(len(b)), md5.Sum(b)}
}

// KnownPart is a part in the bucket.
type KnownPart struct {
	Name [16]byte // the first half of its digest
	Size int64    // in bytes
	// Doubtful says that what did not end may have put or deleted it, or that
	// it was only listed.
	Doubtful bool
	// UnnamedSince is when a head was put that doesn't lead to it any more;
	// zero while one does.
	UnnamedSince time.Time

	sum [16]byte // MD5, as a listing shows it; zero where none does
}

func (p KnownPart) compare(name [16]byte) int { return bytes.Compare(p.Name[:], name[:]) }

func nameOf(digest [32]byte) [16]byte { return [16]byte(digest[:16]) }

func partKey(l manifest.Layout, name [16]byte) string {
	return l.SignedFolder() + hex.EncodeToString(name[:])
}

// part is a part by its name; nil where it isn't known to be there.
func (k *KnownSigned) part(name [16]byte) *KnownPart {
	i, found := slices.BinarySearchFunc(k.Parts, name, KnownPart.compare)
	if !found {
		return nil
	}
	return &k.Parts[i]
}

// clone is a copy that may be changed; that of nil is empty.
func (k *KnownSigned) clone() *KnownSigned {
	if k == nil {
		return &KnownSigned{}
	}
	c := *k
	c.Parts = slices.Clone(k.Parts)
	return &c
}

func (k *KnownSigned) sort() {
	slices.SortFunc(k.Parts, func(a, b KnownPart) int { return a.compare(b.Name) })
}

// Len is how many objects there are.
func (k *KnownSigned) Len() (n int) {
	for range k.Objects(manifest.Layout{}) {
		n++
	}
	return n
}

// SignedObject is an object of the signed form, as far as it is known.
type SignedObject struct {
	Key     string
	Size    int64    // in bytes
	MD5     [16]byte // zero where it isn't known
	SHA256  string   // of a part, its first 32 hex digits
	InDoubt bool
}

// Objects goes through what is there, ascending by key.
func (k *KnownSigned) Objects(l manifest.Layout) iter.Seq[SignedObject] {
	return func(yield func(SignedObject) bool) {
		if k == nil {
			return
		}
		for _, p := range k.Parts {
			if !yield(SignedObject{partKey(l, p.Name), p.Size, p.sum, hex.EncodeToString(p.Name[:]), p.Doubtful}) {
				return
			}
		}
		for key, note := range k.notes(l) {
			if (k.Doubtful || note != KnownNote{}) && !yield(SignedObject{key, note.Size, note.MD5, "", k.Doubtful}) {
				return
			}
		}
	}
}

// notes goes through the notes in order.
func (k *KnownSigned) notes(l manifest.Layout) iter.Seq2[string, KnownNote] {
	return func(yield func(string, KnownNote) bool) {
		_ = yield(l.HeadKey(), k.HeadNote) && yield(l.KeysKey(), k.KeysNote)
	}
}

// inDoubt says whether anything is.
func (k *KnownSigned) inDoubt() bool {
	return k != nil && (k.Doubtful || slices.ContainsFunc(k.Parts, func(p KnownPart) bool { return p.Doubtful }))
}

// withDoubts is what is known, and what is in doubt of another.
func (k *KnownSigned) withDoubts(of *KnownSigned) *KnownSigned {
	if !of.inDoubt() {
		return k
	}
	all := k.clone()
	all.Doubtful = all.Doubtful || of.Doubtful
	var more []KnownPart
	for _, p := range of.Parts {
		if known := all.part(p.Name); p.Doubtful && known != nil {
			known.Doubtful = true
		} else if p.Doubtful {
			more = append(more, p)
		}
	}
	all.Parts = append(all.Parts, more...)
	all.sort()
	return all
}

// saw takes what a listing shows of the signed form.
func (k *KnownSigned) saw(at manifest.Location, e Entry) *KnownSigned {
	if k == nil {
		k = &KnownSigned{Doubtful: true}
	}
	if at.Class == manifest.SignedPart {
		p := KnownPart{Size: e.Size, Doubtful: true}
		_, _ = hex.Decode(p.Name[:], []byte(at.SHA256))
		p.sum, _ = etagMD5(e)
		k.Parts = append(k.Parts, p) // a listing is in order
	}
	return k
}

// confirmSigned reads what is in doubt of the signed form: the notes, and the
// parts that are wanted. What it finds wrong is as if it weren't there.
func (p *Proposal) confirmSigned(ctx context.Context, want *manifest.Signed) error {
	known := p.Live.Signed.clone()
	if s := p.Remote.State; p.Scanned && s != nil && s.Live.Signed != nil {
		// An older head may have been put in its place, and verifies, too.
		known.Head, known.HeadNote, known.Doubtful = s.Live.Signed.Head, s.Live.Signed.HeadNote, true
	}
	known.there = known.Head
	if known.Doubtful || p.Live.Signed == nil && !p.Scanned {
		if err := p.readNotes(ctx, known); err != nil {
			return err
		}
	}
	var mu sync.Mutex
	wrong := map[[16]byte]bool{}
	err := Each(ctx, atOnce(p.Store, 0), len(known.Parts), func(ctx context.Context, i int) error {
		part := &known.Parts[i]
		if !part.Doubtful {
			return nil
		}
		wanted := want.Named(part.Name)
		if wanted == nil {
			part.Doubtful = !p.Scanned
			return nil
		}
		right := part.sum == md5.Sum(wanted.Body)
		if part.sum == [16]byte{} {
			body, err := readSmall(ctx, p.Store, partKey(p.Site.Tree.Layout, part.Name))
			if err != nil {
				return err
			}
			right = sha256.Sum256(body) == wanted.Digest
		}
		part.Doubtful = false
		mu.Lock()
		defer mu.Unlock()
		wrong[part.Name] = !right
		return nil
	})
	known.Parts = slices.DeleteFunc(known.Parts, func(p KnownPart) bool { return wrong[p.Name] })
	live := *p.Live
	live.Signed = known
	p.Live = &live
	return err
}

// readNotes reads the notes that are there. A head that doesn't verify is as if
// there were none.
func (p *Proposal) readNotes(ctx context.Context, known *KnownSigned) error {
	layout := p.Site.Tree.Layout
	head, err := readSmall(ctx, p.Store, layout.HeadKey())
	if err != nil {
		return err
	}
	keys, err := readSmall(ctx, p.Store, layout.KeysKey())
	if err != nil {
		return err
	}
	known.Doubtful, known.KeysNote = false, noteOf(keys)
	if noteOf(head) == known.HeadNote {
		return nil
	}
	var there signing.Head
	if head != nil {
		if there, err = p.Edition.Signing.Keys.OpenHead(head); err != nil {
			p.HeadProblem = fmt.Errorf("%s: %w", layout.HeadKey(), err)
		}
	}
	if known.Head == (signing.Head{}) {
		known.Head, known.HeadNote = there, noteOf(head)
	} else {
		known.HeadNote = KnownNote{} // the one that was about to be put may land yet: its epoch stands
	}
	known.there = there
	return nil
}

// readSmall reads an object of the signed form; nil where it isn't there. One
// that is too long is read in part.
func readSmall(ctx context.Context, store Store, key string) ([]byte, error) {
	object, err := store.Get(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer object.Close()
	const most = 64 << 20 // a shard of ten million devices
	b, err := io.ReadAll(io.LimitReader(object, most))
	if b == nil {
		b = []byte{}
	}
	return b, err
}
