package publish

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"runtime"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/releases"

	"golang.org/x/sync/errgroup"
)

// Site is a tree as the objects that a bucket shall hold: every key with its
// content and its headers. It is a value, like the tree.
type Site struct {
	Tree  *manifest.Tree
	Cache releases.Cache

	live     *Live             // what a store that holds it holds; its first folder is the cohort index
	contents [][cells]*Content // for each of the kinds
	payloads []Content
}

// Object is an object of a site.
type Object struct {
	Key     string
	Content *Content
	Header  Header
}

// NewSite encodes a tree's bodies, each once. The payloads are read from the
// project folder, when they are opened.
func NewSite(tree *manifest.Tree, cache releases.Cache, project fs.FS) *Site {
	s := &Site{Tree: tree, Cache: cache, live: &Live{}, contents: make([][cells]*Content, 1)}
	bodies := make([][cells]*Content, len(tree.Bodies))
	shards := make([][cells]*Content, len(tree.Shards))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, b := range tree.Bodies {
		group.Go(func() error {
			copy(bodies[i][jsonCell:], encode(b.JSON))
			copy(bodies[i][textCell:], encode(b.Text))
			return nil
		})
	}
	for i, body := range tree.Shards {
		group.Go(func() error {
			copy(shards[i][textCell:], encode(body))
			return nil
		})
	}
	_ = group.Wait()
	kinds := newKindTable()
	add := func(contents [cells]*Content, class manifest.Class, offers string) uint32 {
		var kind Kind
		for c, content := range contents {
			if content != nil {
				at := manifest.Location{Class: class, Form: forms[c/len(encodings)], Encoding: encodings[c%len(encodings)]}
				kind[c] = Cell{Present, content.Size, content.MD5, HeaderOf(at, cache), offers}
			}
		}
		i := kinds.intern(kind)
		if int(i) == len(s.contents) {
			s.contents = append(s.contents, contents)
		}
		return i
	}
	index := Folder{Key: tree.Layout.CohortsFolder(), Digits: tree.Layout.CohortDigits}
	for i, contents := range shards {
		index.Slots = append(index.Slots, uint16(i))
		index.Kinds = append(index.Kinds, add(contents, manifest.CohortIndex, ""))
	}
	s.live.Folders = append(s.live.Folders, index)
	kindOf := make([]uint32, len(bodies))
	for i, contents := range bodies {
		kindOf[i] = add(contents, manifest.Answer, tree.Bodies[i].Version())
	}
	for _, f := range tree.Folders {
		folder := Folder{f.Key, tree.Layout.BucketDigits, f.Buckets, make([]uint32, len(f.Bodies))}
		for i, body := range f.Bodies {
			folder.Kinds[i] = kindOf[body]
		}
		s.live.Folders = append(s.live.Folders, folder)
	}
	s.live.Kinds = kinds.kinds
	for _, p := range tree.Payloads {
		s.payloads = append(s.payloads, payloadContent(project, p))
	}
	return s
}

func payloadContent(project fs.FS, p *releases.Payload) Content {
	c := Content{Size: p.Size}
	_, _ = hex.Decode(c.MD5[:], []byte(p.MD5))
	c.Open = func() (io.ReadSeekCloser, error) {
		f, err := project.Open(p.File)
		if err != nil {
			return nil, fmt.Errorf("open payload: %w", err)
		}
		seeker, ok := f.(io.ReadSeekCloser)
		if !ok {
			f.Close()
			return nil, fmt.Errorf("open payload %q: the file cannot seek", p.File)
		}
		return seeker, nil
	}
	return c
}

// ref is an object's place in a site, from which key and content follow: a
// million of them take little room.
type ref struct {
	row  int32 // of the folders, or payloadRow
	slot int32 // of the folder's slots, or of the payloads
	cell uint8
}

const payloadRow = -1

// refs goes through all objects in byte order of their keys.
func (s *Site) refs() iter.Seq[ref] {
	return func(yield func(ref) bool) {
		for row := range s.live.Folders {
			for slot, kind := range s.live.Folders[row].Kinds {
				for cell, content := range s.contents[kind] {
					if content != nil && !yield(ref{int32(row), int32(slot), uint8(cell)}) {
						return
					}
				}
			}
		}
		for i := range s.payloads {
			if !yield(ref{row: payloadRow, slot: int32(i)}) {
				return
			}
		}
	}
}

// Len is the number of objects.
func (s *Site) Len() int {
	n := 0
	for range s.refs() {
		n++
	}
	return n
}

// Objects goes through all objects in byte order of their keys.
func (s *Site) Objects() iter.Seq[Object] {
	return func(yield func(Object) bool) {
		for r := range s.refs() {
			if !yield(s.object(r)) {
				return
			}
		}
	}
}

func (s *Site) key(r ref) string {
	if r.row == payloadRow {
		p := s.Tree.Payloads[r.slot]
		return s.Tree.Layout.PayloadKey(p.SHA256, p.Name)
	}
	return s.live.Folders[r.row].key(int(r.slot), int(r.cell))
}

func (s *Site) content(r ref) *Content {
	if r.row == payloadRow {
		return &s.payloads[r.slot]
	}
	return s.contents[s.live.Folders[r.row].Kinds[r.slot]][r.cell]
}

func (s *Site) object(r ref) Object {
	if r.row == payloadRow {
		return Object{s.key(r), s.content(r), HeaderOf(manifest.Location{Class: manifest.Payload}, s.Cache)}
	}
	f := &s.live.Folders[r.row]
	return Object{f.key(int(r.slot), int(r.cell)), s.content(r), s.live.Kinds[f.Kinds[r.slot]][r.cell].Header}
}

// find is the place of the object at a key.
func (s *Site) find(key string) (ref, bool) {
	at, ok := s.Tree.Layout.Parse(key)
	if !ok {
		return ref{}, false
	}
	if at.Class == manifest.Payload {
		i, found := slices.BinarySearchFunc(s.Tree.Payloads, key, func(p *releases.Payload, key string) int {
			return strings.Compare(s.Tree.Layout.PayloadKey(p.SHA256, p.Name), key)
		})
		return ref{row: payloadRow, slot: int32(i)}, found
	}
	name, digits, form := at.Bucket, s.Tree.Layout.BucketDigits, at.Form
	if at.Class == manifest.CohortIndex {
		name, digits, form = at.Shard, s.Tree.Layout.CohortDigits, manifest.Text
	}
	folder := Folder{Key: key[:strings.LastIndexByte(key, '/')+1], Digits: digits}
	row, found := slices.BinarySearchFunc(s.live.Folders, folder, compareFolders)
	if !found {
		return ref{}, false
	}
	slot, found := slices.BinarySearch(s.live.Folders[row].Slots, uint16(manifest.Index(name)))
	if !found {
		return ref{}, false
	}
	cell := slices.Index(forms[:], form)*len(encodings) + slices.Index(encodings[:], at.Encoding)
	r := ref{int32(row), int32(slot), uint8(cell)}
	return r, s.content(r) != nil
}

// Get opens the object at a key, as [Store.Get] does.
func (s *Site) Get(_ context.Context, key string) (*Stored, error) {
	r, ok := s.find(key)
	if !ok {
		return nil, &fs.PathError{Op: "get", Path: key, Err: fs.ErrNotExist}
	}
	o := s.object(r)
	reader, err := o.Content.Reader()
	if err != nil {
		return nil, err
	}
	return &Stored{reader, Entry{Key: key, Size: o.Content.Size, ETag: hex.EncodeToString(o.Content.MD5[:])}, o.Header}, nil
}
