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

	bodies   [][len(forms)]encoded // by the tree's bodies and by form
	shards   []encoded
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
	s := &Site{
		Tree:   tree,
		Cache:  cache,
		bodies: make([][len(forms)]encoded, len(tree.Bodies)),
		shards: make([]encoded, len(tree.Shards)),
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, b := range tree.Bodies {
		group.Go(func() error {
			for f, form := range forms {
				s.bodies[i][f] = encode(b.Of(form))
			}
			return nil
		})
	}
	for i, body := range tree.Shards {
		if len(body) == 0 {
			s.shards[i] = encoded{&empty}
			continue
		}
		group.Go(func() error {
			s.shards[i] = encode(body)
			return nil
		})
	}
	_ = group.Wait()
	for _, p := range tree.Payloads {
		s.payloads = append(s.payloads, payloadContent(project, p))
	}
	return s
}

var forms = [...]manifest.Form{manifest.JSON, manifest.Text}

var empty = BytesContent(nil)

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
	row      int32 // a folder of answers, or one of the two below
	slot     int32 // in the folder's buckets, the shards or the payloads
	form     uint8
	encoding uint8
}

const (
	shardRow   = -1
	payloadRow = -2
)

// refs goes through all objects in byte order of their keys.
func (s *Site) refs() iter.Seq[ref] {
	return func(yield func(ref) bool) {
		each := func(row, slot, form int, e *encoded) bool {
			for i, c := range e {
				if c != nil && !yield(ref{int32(row), int32(slot), uint8(form), uint8(i)}) {
					return false
				}
			}
			return true
		}
		for i := range s.shards {
			if !each(shardRow, i, 0, &s.shards[i]) {
				return
			}
		}
		for i, folder := range s.Tree.Folders {
			for j, body := range folder.Bodies {
				for f := range forms {
					if !each(i, j, f, &s.bodies[body][f]) {
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
	layout := s.Tree.Layout
	switch r.row {
	case shardRow:
		return layout.CohortKey(layout.ShardName(int(r.slot))) + string(encodings[r.encoding])
	case payloadRow:
		p := s.Tree.Payloads[r.slot]
		return layout.PayloadKey(p.SHA256, p.Name)
	}
	f := &s.Tree.Folders[r.row]
	return f.Key + layout.BucketName(int(f.Buckets[r.slot])) + string(forms[r.form]) + string(encodings[r.encoding])
}

func (s *Site) content(r ref) *Content {
	switch r.row {
	case shardRow:
		return s.shards[r.slot][r.encoding]
	case payloadRow:
		return &s.payloads[r.slot]
	}
	return s.bodies[s.Tree.Folders[r.row].Bodies[r.slot]][r.form][r.encoding]
}

func (s *Site) location(r ref) manifest.Location {
	at := manifest.Location{Class: manifest.Answer, Form: forms[r.form], Encoding: encodings[r.encoding]}
	switch r.row {
	case shardRow:
		at.Class = manifest.CohortIndex
	case payloadRow:
		at.Class = manifest.Payload
	}
	return at
}

func (s *Site) object(r ref) Object {
	return Object{s.key(r), s.content(r), HeaderOf(s.location(r), s.Cache)}
}

// find is the place of the object at a key.
func (s *Site) find(key string) (ref, bool) {
	at, ok := s.Tree.Layout.Parse(key)
	if !ok {
		return ref{}, false
	}
	r := ref{
		form:     uint8(max(0, slices.Index(forms[:], at.Form))),
		encoding: uint8(slices.Index(encodings[:], at.Encoding)),
	}
	switch at.Class {
	case manifest.CohortIndex:
		r.row, r.slot = shardRow, int32(manifest.Index(at.Shard))
	case manifest.Answer:
		row, slot := s.Tree.Find(key[:strings.LastIndexByte(key, '/')+1], at.Bucket)
		if row < 0 {
			return ref{}, false
		}
		r.row, r.slot = int32(row), int32(slot)
	case manifest.Payload:
		i, found := slices.BinarySearchFunc(s.Tree.Payloads, key, func(p *releases.Payload, key string) int {
			return strings.Compare(s.Tree.Layout.PayloadKey(p.SHA256, p.Name), key)
		})
		return ref{row: payloadRow, slot: int32(i)}, found
	}
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
