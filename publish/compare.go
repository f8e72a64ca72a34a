package publish

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"iter"
	"path"
	"slices"
	"strings"

	"cairn/manifest"
)

// Compare lists what is in a store below the site's prefix, and plans what
// makes it the site. Contents are compared by ETag where that is an MD5, and
// by fetching, so many at once, where it isn't. Payloads are compared by size:
// their keys are their digests. Headers are not compared: a listing has none.
func Compare(ctx context.Context, s *Site, store Store, concurrency int) (*Plan, error) {
	c := comparison{site: s, plan: &Plan{site: s}, live: map[ref]bool{}, fallback: s.fallbacks(), stored: map[string]int64{}}
	for _, p := range s.Tree.Stored {
		c.stored[s.Tree.Layout.PayloadKey(p.SHA256, p.Name)] = p.Size
	}
	err := c.merge(ctx, store)
	if err == nil {
		err = c.fetch(ctx, store, concurrency)
	}
	if err != nil {
		return nil, err
	}
	for key := range c.stored {
		c.plan.Missing = append(c.plan.Missing, key)
	}
	slices.Sort(c.plan.Missing)
	c.order()
	return c.plan, nil
}

type comparison struct {
	site     *Site
	plan     *Plan
	doubtful []ref            // of the right size, and with no MD5 to go by
	live     map[ref]bool     // the fallback answers that are there
	fallback []int32          // for each folder, that of the same devices' _other
	stored   map[string]int64 // sizes of the stored payloads not yet seen
}

// merge goes through the site's keys and the store's at once, both in order.
func (c *comparison) merge(ctx context.Context, store Store) error {
	next, stop := iter.Pull(c.site.refs())
	defer stop()
	r, more := next()
	for e, err := range store.List(ctx, c.site.Tree.Layout.Prefix+"/") {
		if err != nil {
			return err
		}
		for ; more && c.site.key(r) < e.Key; r, more = next() {
			c.put(r, New)
		}
		if more && c.site.key(r) == e.Key {
			c.both(r, e)
			r, more = next()
		} else {
			c.extra(e)
		}
	}
	for ; more; r, more = next() {
		c.put(r, New)
	}
	return nil
}

func (c *comparison) put(r ref, why Reason) {
	c.plan.ops = append(c.plan.ops, op{row: r.row, slot: r.slot, form: r.form, encoding: r.encoding, reason: why})
}

func (c *comparison) remove(key string, why Reason) {
	c.plan.ops = append(c.plan.ops, op{row: goneRow, slot: int32(len(c.plan.gone)), reason: why})
	c.plan.gone = append(c.plan.gone, key)
}

// both compares an object with what is at its key.
func (c *comparison) both(r ref, e Entry) {
	if r.row >= 0 && r.row == c.fallback[r.row] && r.form == 0 && r.encoding == 0 {
		c.live[r] = true
	}
	content := c.site.content(r)
	switch {
	case e.Size != content.Size:
		c.put(r, Changed)
	case r.row == payloadRow || e.Size == 0:
		c.plan.Unchanged++
	case len(e.ETag) != 32:
		c.doubtful = append(c.doubtful, r)
	case e.ETag != hex.EncodeToString(content.MD5[:]):
		c.put(r, Changed)
	default:
		c.plan.Unchanged++
	}
}

// extra deals with an object that the site doesn't have.
func (c *comparison) extra(e Entry) {
	layout := c.site.Tree.Layout
	at, ours := layout.ParseAny(e.Key)
	switch {
	case strings.HasPrefix(e.Key, layout.Prefix+"/"+StateFolder+"/"):
	case strings.HasPrefix(path.Base(e.Key), TempPrefix):
		c.remove(e.Key, Leftover)
	case !ours:
		c.plan.Foreign = append(c.plan.Foreign, e.Key)
	case at.Class != manifest.Payload:
		c.remove(e.Key, Gone)
	case c.stored[e.Key] == e.Size:
		delete(c.stored, e.Key)
	default:
		c.plan.Kept++
	}
}

// fetch reads what is doubtful.
func (c *comparison) fetch(ctx context.Context, store Store, concurrency int) error {
	differs := make([]bool, len(c.doubtful))
	err := each(ctx, concurrency, len(c.doubtful), func(ctx context.Context, i int) error {
		live, err := store.Get(ctx, c.site.key(c.doubtful[i]))
		if err != nil {
			return err
		}
		defer live.Close()
		b, err := io.ReadAll(live)
		differs[i] = !bytes.Equal(b, c.site.content(c.doubtful[i]).Bytes)
		return err
	})
	for i, r := range c.doubtful {
		if differs[i] {
			c.put(r, Changed)
		} else {
			c.plan.Unchanged++
		}
	}
	return err
}

// order sorts the operations by their phases, and leaves them in the order of
// their keys otherwise.
func (c *comparison) order() {
	var begin [phases + 1]int
	for i := range c.plan.ops {
		o := &c.plan.ops[i]
		o.phase = c.phase(*o)
		begin[o.phase+1]++
	}
	for p := range phases {
		begin[p+1] += begin[p]
	}
	sorted := make([]op, len(c.plan.ops))
	for _, o := range c.plan.ops {
		sorted[begin[o.phase]] = o
		begin[o.phase]++
	}
	c.plan.ops = sorted
}

// phase is when an operation comes.
func (c *comparison) phase(o op) Phase {
	switch {
	case o.row == goneRow:
		return Deletions
	case o.row == payloadRow:
		return Payloads
	case o.row == shardRow:
		return Cohorts
	case !c.live[ref{row: c.fallback[o.row], slot: o.slot}]:
		return NewBuckets
	case isFallback(&c.site.Tree.Folders[o.row]):
		return Fallbacks
	}
	return Versions
}

func isFallback(f *manifest.Folder) bool {
	return f.VersionSegment == manifest.NoneSegment || f.VersionSegment == manifest.OtherSegment
}

// fallbacks gives for each folder the row of the _other folder of the same
// devices; they share their buckets and so their slots.
func (s *Site) fallbacks() []int32 {
	type devices struct {
		target manifest.Target
		cohort string
	}
	other := map[devices]int32{}
	for i, f := range s.Tree.Folders {
		if f.VersionSegment == manifest.OtherSegment {
			other[devices{f.Target, f.Cohort}] = int32(i)
		}
	}
	rows := make([]int32, len(s.Tree.Folders))
	for i, f := range s.Tree.Folders {
		rows[i] = other[devices{f.Target, f.Cohort}]
	}
	return rows
}
