package publish

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/releases"
)

// Scan lists what is in a store below the site's prefix. Contents are known by
// ETag where that is an MD5, and are fetched where it isn't, so many at once
// (0: as many as the store takes). Whether what looks like one is one shows an
// object or two that are not what the site has.
// A listing has no headers: where the store keeps any, those of the objects
// that have the site's content are asked for, one by one; the others are going
// to be written again anyway.
func Scan(ctx context.Context, site *Site, store Store, concurrency int) (*Inventory, error) {
	s := scan{
		site:    site,
		live:    &Inventory{},
		content: interned[scanned]{},
		header:  interned[Header]{},
		known:   map[scanned]string{},
	}
	s.headerOf(Header{})
	for _, answer := range site.want.Answers {
		for _, v := range answer.Variants {
			s.known[scanned{v.Size, v.MD5, true}] = strings.Join(answer.Offers, "") // one at most
		}
	}
	if err := s.list(ctx, store); err != nil {
		return nil, err
	}
	lie, err := s.odd.lie(ctx, store)
	if err != nil {
		return nil, err
	}
	if err := s.look(ctx, store, concurrency, lie); err != nil {
		return nil, err
	}
	if err := s.lookAtPayloads(ctx, store, concurrency); err != nil {
		return nil, err
	}
	if err := s.name(ctx, store, concurrency); err != nil {
		return nil, err
	}
	s.fold()
	s.live.relocated, err = s.live.relocations(ctx, site, store, atOnce(store, concurrency), true)
	s.live.leaving = leaving(s.live.relocated, site.Tree.Layout)
	return s.live, err
}

type scan struct {
	site *Site
	live *Inventory
	seen []sighting // in the order of their keys

	contents []scanned
	content  interned[scanned]
	headers  []Header
	header   interned[Header]
	known    map[scanned]string // what the site's contents offer
	odd      oddTags
}

// scanned is a content as a listing shows it.
type scanned struct {
	size    int64
	md5     [16]byte
	certain bool // the MD5 is known
}

// interned numbers distinct values in the order in which they come.
type interned[K comparable] map[K]int

func (t interned[K]) of(k K) (i int, added bool) {
	i, ok := t[k]
	if !ok {
		i = len(t)
		t[k] = i
	}
	return i, !ok
}

// sighting is an object in 16 bytes: a million of them take little room.
type sighting struct {
	folder  int32
	bucket  uint16
	variant uint8
	content uint32
	header  uint16
}

func (s *scan) contentOf(c scanned) uint32 {
	i, added := s.content.of(c)
	if added {
		s.contents = append(s.contents, c)
	}
	return uint32(i)
}

func (s *scan) headerOf(h Header) uint16 {
	i, added := s.header.of(h)
	if added {
		s.headers = append(s.headers, h)
	}
	return uint16(i)
}

func (s *scan) key(o sighting) string {
	f := Folder{Key: s.live.Folders[o.folder].Key, Digits: s.live.Folders[o.folder].Digits, Buckets: []uint16{o.bucket}}
	return f.key(0, int(o.variant))
}

func (s *scan) list(ctx context.Context, store Store) error {
	layout := s.site.Tree.Layout
	type id struct {
		key    string
		digits int
	}
	folders := map[id]int32{}
	for e, err := range store.List(ctx, layout.Prefix+"/") {
		if err != nil {
			return err
		}
		at, ours := layout.ParseAny(e.Key)
		sum, certain := etagMD5(e)
		switch {
		case strings.HasPrefix(e.Key, layout.Prefix+"/"+StateFolder+"/"):
		case strings.HasPrefix(path.Base(e.Key), TempPrefix):
			s.live.Leftovers = append(s.live.Leftovers, e.Key)
		case !ours:
			s.live.Foreign = append(s.live.Foreign, e.Key)
		case at.Class == manifest.Status:
			if s.site.Tree.Fleet.Publish.Status != releases.PublicStatus {
				s.live.Leftovers = append(s.live.Leftovers, e.Key)
			}
		case at.Class.Signed():
			s.live.Signed = s.live.Signed.saw(at, e)
		case at.Class == manifest.Rendered:
			s.live.Payloads = append(s.live.Payloads, KnownPayload{Key: e.Key, Size: e.Size, MD5: sum})
		case at.Class == manifest.Payload:
			s.live.Payloads = append(s.live.Payloads, KnownPayload{Key: e.Key, Size: e.Size, MD5: sum})
			if at, ours := s.site.find(e.Key); certain && ours && s.site.object(at).Content.MD5 != sum {
				s.odd.add(e, true)
			}
		default:
			name := cmp.Or(at.Bucket, at.Shard)
			folder := id{folderOf(e.Key), manifest.Digits(name)}
			row, ok := folders[folder]
			if !ok {
				row = int32(len(s.live.Folders))
				folders[folder] = row
				s.live.Folders = append(s.live.Folders, Folder{Key: folder.key, Digits: folder.digits})
			}
			content := scanned{e.Size, sum, certain}
			s.seen = append(s.seen, sighting{
				folder:  row,
				bucket:  uint16(manifest.Index(name)),
				variant: uint8(variantAt(at)),
				content: s.contentOf(content),
			})
			if _, known := s.known[content]; certain && !known && e.Size > 0 {
				s.odd.add(e, false)
			}
		}
	}
	return nil
}

// look asks for what the listing doesn't show, which is more where its tags lie.
func (s *scan) look(ctx context.Context, store Store, concurrency int, lie bool) error {
	keepsHeaders := store.Traits().Headers
	type found struct {
		content scanned
		header  Header
	}
	var ask []int32
	for i, o := range s.seen {
		c := s.contents[o.content]
		_, known := s.known[c]
		if !c.certain || keepsHeaders && known || lie && !known && c.size > 0 {
			ask = append(ask, int32(i))
		}
	}
	// In portions, so that few answers are held at a time.
	const portion = 1 << 14
	for len(ask) > 0 {
		part := ask[:min(portion, len(ask))]
		ask = ask[len(part):]
		got := make([]found, len(part))
		err := Each(ctx, atOnce(store, concurrency), len(part), func(ctx context.Context, i int) error {
			o := s.seen[part[i]]
			c := s.contents[o.content]
			if _, known := s.known[c]; known {
				_, header, err := store.Stat(ctx, s.key(o))
				got[i] = found{c, header}
				return err
			}
			n, sum, header, err := read(ctx, store, s.key(o))
			got[i] = found{scanned{n, sum, true}, header}
			return err
		})
		if err != nil {
			return err
		}
		for i, f := range got {
			o := &s.seen[part[i]]
			o.content, o.header = s.contentOf(f.content), s.headerOf(f.header)
		}
	}
	for i := range s.live.Payloads {
		if p := &s.live.Payloads[i]; lie {
			p.MD5 = [16]byte{} // its key is made of its digest
		}
	}
	return nil
}

// lookAtPayloads asks for the headers of the payloads that the site puts, and
// for the contents of rendered files that no listing tells.
func (s *scan) lookAtPayloads(ctx context.Context, store Store, concurrency int) error {
	return Each(ctx, atOnce(store, concurrency), len(s.live.Payloads), func(ctx context.Context, i int) (err error) {
		p := &s.live.Payloads[i]
		switch _, ours := s.site.find(p.Key); {
		case ours && s.site.renders(p.Key) && p.MD5 == [16]byte{}:
			p.Size, p.MD5, p.Header, err = read(ctx, store, p.Key)
		case ours && store.Traits().Headers:
			_, p.Header, err = store.Stat(ctx, p.Key)
		}
		return err
	})
}

// read is what an object holds, and its headers.
func read(ctx context.Context, store Store, key string) (size int64, md [16]byte, header Header, err error) {
	live, err := store.Get(ctx, key)
	if err != nil {
		return 0, md, header, err
	}
	defer live.Close()
	sum := md5.New()
	size, err = io.Copy(sum, live)
	return size, [16]byte(sum.Sum(nil)), live.Header, err
}

// name finds out which versions the contents offer that the site hasn't, from
// one JSON answer of each.
func (s *scan) name(ctx context.Context, store Store, concurrency int) error {
	var ask []sighting
	asked := map[uint32]bool{}
	for _, o := range s.seen {
		c := s.contents[o.content]
		if _, known := s.known[c]; !known && int(o.variant) == variantOf(jsonForm, 0) && c.size > 0 && !asked[o.content] {
			asked[o.content] = true
			ask = append(ask, o)
		}
	}
	versions := make([]string, len(ask))
	err := Each(ctx, atOnce(store, concurrency), len(ask), func(ctx context.Context, i int) error {
		live, err := store.Get(ctx, s.key(ask[i]))
		if err != nil {
			return err
		}
		defer live.Close()
		var answer struct{ Version string }
		const most = 1 << 20 // no answer of cairn's is that long
		if err := json.NewDecoder(io.LimitReader(live, most)).Decode(&answer); err != nil && ctx.Err() == nil {
			return nil // not an answer: it offers nothing
		}
		versions[i] = answer.Version
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("reading answers: %w", err)
	}
	for i, o := range ask {
		s.known[s.contents[o.content]] = versions[i]
	}
	return nil
}

// fold makes rows of what was seen.
func (s *scan) fold() {
	answers := newAnswerTable(len(s.site.want.Answers))
	for from := 0; from < len(s.seen); {
		first, to := s.seen[from], from
		var answer Answer
		for ; to < len(s.seen) && s.seen[to].folder == first.folder && s.seen[to].bucket == first.bucket; to++ {
			o := s.seen[to]
			c := s.contents[o.content]
			answer.Variants[o.variant] = Variant{Present, c.size, c.md5, s.headers[o.header]}
			if version := s.known[c]; version != "" {
				answer.Offers = union(answer.Offers, []string{version})
			}
		}
		f := &s.live.Folders[first.folder]
		f.Buckets = append(f.Buckets, first.bucket)
		f.Answers = append(f.Answers, answers.intern(answer))
		from = to
	}
	slices.SortFunc(s.live.Folders, compareFolders)
	s.live.Answers = answers.answers
}

// leftovers is what writes that were cut off have left below a prefix, as far as
// it is old enough.
func leftovers(ctx context.Context, store Store, prefix string, old func(Entry) bool) (keys []string, err error) {
	for e, err := range store.List(ctx, prefix+"/") {
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(path.Base(e.Key), TempPrefix) && old(e) {
			keys = append(keys, e.Key)
		}
	}
	return keys, nil
}
