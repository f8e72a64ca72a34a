package publish

import (
	"context"
	"crypto/md5"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// LongestRequest is how long a request may be on its way: S3 refuses what was
// signed longer ago.
const LongestRequest = 15 * time.Minute

// Late is the writes of a publisher that lost its lease, which may still land:
// nobody can stop a request that is on its way.
type Late struct {
	Until time.Time  // UTC; later than that nothing lands
	Keys  *Inventory // what they may touch: all of it is in doubt
}

// late is what may still land of publishers that lost their lease: of the one
// whose lease has run out when the state was read, and of those before; nil for
// nothing.
func (r *Remote) late() *Late {
	switch s := r.State; {
	case s == nil:
		return nil
	case s.Lease != nil:
		return s.Late.and(s.Live, r.read.Add(LongestRequest))
	default:
		return s.Late
	}
}

// Late is what may still land after the proposal is carried out; nil where
// nothing may, as far as is known.
func (p *Proposal) Late() *Late {
	late := p.Remote.late()
	if late == nil || !p.Remote.read.Before(late.Until) {
		return nil // all of it has been read since
	}
	return late
}

// and is the late writes together with those in doubt of an inventory.
func (l *Late) and(live *Inventory, until time.Time) *Late {
	all := newOverlay(&Inventory{})
	all.addDoubts(live)
	if l != nil {
		all.addDoubts(l.Keys)
		if l.Until.After(until) {
			until = l.Until
		}
	}
	if keys := all.inventory(); len(keys.Folders)+len(keys.Payloads) > 0 || keys.Signed != nil {
		return &Late{until, keys}
	}
	return nil
}

// reread reads the keys that late writes may have touched, and gives what is
// known then: what is not as it was known is in doubt.
func (l *Inventory) reread(ctx context.Context, store Store, late *Inventory) (*Inventory, error) {
	changes := newOverlay(l)
	var mu sync.Mutex
	type bucket struct {
		folder *Folder
		i      int
	}
	var ask []bucket
	for f := range late.Folders {
		for i := range late.Folders[f].Buckets {
			ask = append(ask, bucket{&late.Folders[f], i})
		}
	}
	err := Each(ctx, atOnce(store, 0), len(ask), func(ctx context.Context, n int) error {
		folder, i := ask[n].folder, ask[n].i
		doubt := late.Answers[folder.Answers[i]]
		known := l.Answers[l.Folder(folder.Key, folder.Digits).Answer(folder.Buckets[i])]
		found := Answer{Offers: doubt.Offers}
		for variant, v := range doubt.Variants {
			was := known.Variants[variant]
			if v.Presence == Absent || was.Presence == MaybePresent || was.Presence == MaybeChanged {
				continue // it is going to be written anyway
			}
			now, err := readVariant(ctx, store, folder.key(i, variant))
			if err != nil {
				return err
			}
			if now == was || now.Presence == Present && was.Presence == Present && !store.Traits().Headers && now.MD5 == was.MD5 {
				continue
			}
			if now.Presence == Absent {
				v.Presence = MaybePresent
			}
			found.Variants[variant] = Variant{Presence: v.Presence}
		}
		if found.Variants != [variants]Variant{} {
			mu.Lock()
			defer mu.Unlock()
			changes.add(folder, i, found)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range late.Payloads {
		if known := l.Payload(p.Key); known != nil {
			p = *known
			p.Doubtful = true
			changes.payloads[p.Key] = p
		}
	}
	changes.signed = changes.signed.withDoubts(late.Signed)
	now := changes.inventory()
	now.Foreign, now.Leftovers = l.Foreign, l.Leftovers
	return now, nil
}

// readVariant reads an object, which may not be there.
func readVariant(ctx context.Context, store Store, key string) (Variant, error) {
	live, err := store.Get(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return Variant{}, nil
	}
	if err != nil {
		return Variant{}, err
	}
	defer live.Close()
	sum := md5.New()
	n, err := io.Copy(sum, live)
	return Variant{Present, n, [16]byte(sum.Sum(nil)), live.Header}, err
}

// overlay is an inventory to which doubts are added.
type overlay struct {
	table    *answerTable
	folders  []Folder
	owned    map[string]bool // by the key of a folder's first bucket of none
	payloads map[string]KnownPayload
	signed   *KnownSigned
}

func newOverlay(on *Inventory) *overlay {
	o := &overlay{owned: map[string]bool{}, payloads: map[string]KnownPayload{}, folders: slices.Clone(on.Folders), signed: on.Signed}
	o.table = newAnswerTable(len(on.Answers), on.Answers...)
	for _, p := range on.Payloads {
		o.payloads[p.Key] = p
	}
	return o
}

// add adds the doubts of a folder's i-th answer.
func (o *overlay) add(of *Folder, i int, doubt Answer) {
	at, found := slices.BinarySearchFunc(o.folders, *of, compareFolders)
	id := of.Key + strings.Repeat("0", of.Digits)
	switch {
	case !found:
		o.folders = slices.Insert(o.folders, at, Folder{Key: of.Key, Digits: of.Digits})
	case !o.owned[id]:
		o.folders[at].Buckets, o.folders[at].Answers = slices.Clone(o.folders[at].Buckets), slices.Clone(o.folders[at].Answers)
	}
	o.owned[id] = true
	f := &o.folders[at]
	place, found := slices.BinarySearch(f.Buckets, of.Buckets[i])
	if !found {
		f.Buckets = slices.Insert(f.Buckets, place, of.Buckets[i])
		f.Answers = slices.Insert(f.Answers, place, 0)
	}
	answer := o.table.answers[f.Answers[place]]
	answer.Offers = union(answer.Offers, doubt.Offers)
	for variant, v := range doubt.Variants {
		switch was := &answer.Variants[variant]; {
		case v.Presence == Absent:
		case was.Presence == MaybePresent || v.Presence == MaybePresent:
			*was = Variant{Presence: MaybePresent}
		default:
			*was = v
		}
	}
	f.Answers[place] = o.table.intern(answer)
}

// addDoubts adds what is in doubt of an inventory.
func (o *overlay) addDoubts(l *Inventory) {
	doubts := make([]Answer, len(l.Answers))
	for i, a := range l.Answers {
		for variant, v := range a.Variants {
			if v.Presence == MaybePresent || v.Presence == MaybeChanged {
				doubts[i].Variants[variant], doubts[i].Offers = v, a.Offers
			}
		}
	}
	for f := range l.Folders {
		for i, a := range l.Folders[f].Answers {
			if doubts[a].Variants != [variants]Variant{} {
				o.add(&l.Folders[f], i, doubts[a])
			}
		}
	}
	for _, p := range l.Payloads {
		if p.Doubtful {
			o.payloads[p.Key] = p
		}
	}
	o.signed = o.signed.withDoubts(l.Signed)
}

func (o *overlay) inventory() *Inventory {
	l := &Inventory{Folders: o.folders, Signed: o.signed}
	// Answers that are idle now are left out.
	table, place := newAnswerTable(0), map[uint32]uint32{}
	for f := range l.Folders {
		answers := slices.Clone(l.Folders[f].Answers)
		for i, a := range answers {
			at, ok := place[a]
			if !ok {
				at = table.intern(o.table.answers[a])
				place[a] = at
			}
			answers[i] = at
		}
		l.Folders[f].Answers = answers
	}
	l.Answers = table.answers
	for _, p := range o.payloads {
		l.Payloads = append(l.Payloads, p)
	}
	slices.SortFunc(l.Payloads, func(a, b KnownPayload) int { return strings.Compare(a.Key, b.Key) })
	return l
}
