package publish

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// After is what is known of the store when the first so many operations of the
// plan have been carried out, and any of the others may have been: they are in
// doubt. So After(0) is what to write down before the first of them, and
// After(Len()) what the store holds at the end. Payloads that no release names
// are so from now on, if they were not before.
func (p *Plan) After(done int, now time.Time) *Live {
	a := after{plan: p, kinds: newKindTable(p.Live.Kinds...), memo: map[change]uint32{}}
	a.rows()
	for i, o := range p.ops {
		a.apply(o, i < done)
	}
	after := &Live{Kinds: a.kinds.kinds, Foreign: p.Live.Foreign}
	for _, f := range a.folders {
		if f = f.withoutNothing(); len(f.Slots) > 0 {
			after.Folders = append(after.Folders, f)
		}
	}
	after.Payloads = p.payloadsAfter(done, now)
	return after
}

type after struct {
	plan    *Plan
	kinds   *kindTable
	folders []Folder
	site    []row // for each of the site's folders
	live    []row // for each of the store's
	memo    map[change]uint32
}

// row is where a folder's slots are among those of a folder of both.
type row struct {
	folder int32
	slots  []int32 // nil where they are the same
}

// change is what an operation does to a kind.
type change struct {
	kind, to uint32 // the site's kind, 0 for a deletion
	cell     uint8
	done     bool
}

// rows puts the store's folders and the site's together, with the store's
// kinds.
func (a *after) rows() {
	a.site = make([]row, len(a.plan.Site.live.Folders))
	a.live = make([]row, len(a.plan.Live.Folders))
	for i, p := range a.plan.pairs {
		l, s := row{folder: int32(i)}, row{folder: int32(i)}
		var f Folder
		switch {
		case p.site == nil:
			f = *p.live
			f.Kinds = slices.Clone(f.Kinds)
		case p.live == nil:
			f = *p.site
			f.Kinds = make([]uint32, len(f.Slots))
		case slices.Equal(p.live.Slots, p.site.Slots):
			f = *p.live
			f.Kinds = slices.Clone(f.Kinds)
		default:
			f = Folder{Key: p.live.Key, Digits: p.live.Digits}
			l.slots, s.slots = make([]int32, len(p.live.Slots)), make([]int32, len(p.site.Slots))
			p.slots(func(in, out int) {
				var slot uint16
				var kind uint32
				if out >= 0 {
					slot = p.site.Slots[out]
					s.slots[out] = int32(len(f.Slots))
				}
				if in >= 0 {
					slot, kind = p.live.Slots[in], p.live.Kinds[in]
					l.slots[in] = int32(len(f.Slots))
				}
				f.Slots = append(f.Slots, slot)
				f.Kinds = append(f.Kinds, kind)
			})
		}
		a.folders = append(a.folders, f)
		if p.live != nil {
			a.live[p.liveRow] = l
		}
		if p.site != nil {
			a.site[p.siteRow] = s
		}
	}
}

func (a *after) apply(o op, done bool) {
	if o.row < 0 {
		return
	}
	at, to := a.site, uint32(0)
	if o.gone {
		at = a.live
	} else {
		to = a.plan.Site.live.Folders[o.row].Kinds[o.slot]
	}
	slot := o.slot
	if slots := at[o.row].slots; slots != nil {
		slot = slots[slot]
	}
	kind := &a.folders[at[o.row].folder].Kinds[slot]
	c := change{*kind, to, o.cell, done}
	next, ok := a.memo[c]
	if !ok {
		k := a.kinds.kinds[c.kind]
		k[c.cell] = a.cell(k[c.cell], a.plan.Site.live.Kinds[to][c.cell], done)
		next = a.kinds.intern(k)
		a.memo[c] = next
	}
	*kind = next
}

// cell is what is known of an object that was one and shall be another.
func (a *after) cell(was, shall Cell, done bool) Cell {
	if done {
		return shall
	}
	doubt := Cell{Presence: Perhaps, Offers: was.Offers}
	if was.Presence >= Doubtful && shall.Presence == Present {
		doubt.Presence = Doubtful
	}
	if shall.Offers != "" && !slices.Contains(strings.Split(was.Offers, "\n"), shall.Offers) {
		doubt.Offers = strings.TrimPrefix(was.Offers+"\n"+shall.Offers, "\n")
	}
	return doubt
}

// withoutNothing leaves out the slots where nothing is.
func (f Folder) withoutNothing() Folder {
	if !slices.Contains(f.Kinds, 0) {
		return f
	}
	kept := Folder{Key: f.Key, Digits: f.Digits}
	for i, k := range f.Kinds {
		if k != 0 {
			kept.Slots = append(kept.Slots, f.Slots[i])
			kept.Kinds = append(kept.Kinds, k)
		}
	}
	return kept
}

func (p *Plan) payloadsAfter(done int, now time.Time) []LivePayload {
	all := slices.Clone(p.Live.Payloads)
	for i, o := range p.ops {
		if o.row != payloadRow {
			continue
		}
		want := p.Site.object(ref{row: payloadRow, slot: o.slot})
		l := LivePayload{Key: want.Key, Size: want.Content.Size, MD5: want.Content.MD5, Header: want.Header, Perhaps: i >= done}
		if at := slices.IndexFunc(all, func(x LivePayload) bool { return x.Key == l.Key }); at >= 0 {
			all[at] = l
		} else {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b LivePayload) int { return cmp.Compare(a.Key, b.Key) })
	for i := range all {
		switch {
		case p.Site.names(all[i].Key):
			all[i].Unnamed = time.Time{}
		case all[i].Unnamed.IsZero():
			all[i].Unnamed = now
		}
	}
	return all
}
