package publish

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"runtime"
	"slices"
	"sort"
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

	want     *Inventory           // what a store that holds it holds
	contents [][variants]*Content // for each of its answers
	payloads []Content
	rendered []rendered // ascending by key

	// unrendered is why nothing is rendered: then what is there stays, but for what
	// a stop takes away.
	unrendered error
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
	return (*Remote)(nil).Site(tree, cache, project)
}

// Site is [NewSite] where a state is known: the compressed shards of the cohort
// index that it has are not made again. The remote may be nil.
func (r *Remote) Site(tree *manifest.Tree, cache releases.Cache, project fs.FS) *Site {
	s := &Site{Tree: tree, Cache: cache, want: &Inventory{}, contents: make([][variants]*Content, 1)}
	encoded := encodeTree(tree, r.answersOf(tree.Layout))
	answers := newAnswerTable(len(encoded.shards))
	add := func(contents [variants]*Content, class manifest.Class, offers ...string) uint32 {
		answer := Answer{Offers: offers}
		for i, content := range contents {
			if content != nil {
				at := manifest.Location{Class: class, Form: formOf(i), Encoding: EncodingOf(i)}
				answer.Variants[i] = Variant{Present, content.Size, content.MD5, HeaderOf(at, cache)}
			}
		}
		number := answers.intern
		if class == manifest.CohortIndex && contents[variantOf(textForm, 0)].Size > 0 {
			number = answers.add // no two shards list the same device
		}
		i := number(answer)
		if int(i) == len(s.contents) {
			s.contents = append(s.contents, contents)
		}
		return i
	}
	index := Folder{Key: tree.Layout.CohortsFolder(), Digits: tree.Layout.CohortDigits}
	for i, contents := range encoded.shards {
		index.Buckets = append(index.Buckets, uint16(i))
		index.Answers = append(index.Answers, add(contents, manifest.CohortIndex))
	}
	s.want.Folders = append(s.want.Folders, index)
	answer := func(body uint32, below []*Content) uint32 {
		contents := encoded.bodies[body]
		copy(contents[variantOf(belowForm, 0):], below)
		var offers []string
		if version := tree.Bodies[body].Version(); version != "" {
			offers = []string{version}
		}
		return add(contents, manifest.Answer, offers...)
	}
	plain, fallback := make([]uint32, len(encoded.bodies)), map[belowKey]uint32{}
	for i := range encoded.bodies {
		plain[i] = answer(uint32(i), nil)
	}
	for i, b := range encoded.belowOf {
		fallback[b.belowKey] = answer(b.body, encoded.below[i])
	}
	for _, f := range tree.Folders {
		all := make([]uint32, len(f.Bodies))
		for i, body := range f.Bodies {
			all[i] = plain[body]
			if f.VersionSegment == manifest.OtherSegment {
				all[i] = fallback[belowKey{body, f.AnyVersion}]
			}
		}
		if n := len(f.Buckets); s.eager() {
			s.want.Folders = append(s.want.Folders, Folder{f.Key, eagerDigits, eagerBuckets, all[n:]})
			all = all[:n]
		}
		s.want.Folders = append(s.want.Folders, Folder{f.Key, tree.Layout.BucketDigits, f.Buckets, all})
	}
	s.want.Answers = answers.answers
	for _, p := range tree.Payloads {
		s.payloads = append(s.payloads, payloadContent(project, p))
	}
	s.render()
	return s
}

// encodedTree is the contents that the objects of a tree have.
type encodedTree struct {
	bodies  [][variants]*Content // of each body, as JSON and text
	belowOf []belowBody
	below   [][]*Content // of each of those
	shards  [][variants]*Content
}

// encodeTree encodes each body and each shard once, but for the shards that are
// known.
func encodeTree(tree *manifest.Tree, known func(int) *Answer) *encodedTree {
	e := &encodedTree{bodies: make([][variants]*Content, len(tree.Bodies)), belowOf: belowBodies(tree), shards: make([][variants]*Content, tree.Layout.Shards())}
	e.below = make([][]*Content, len(e.belowOf))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range tree.Bodies {
		group.Go(func() error {
			copy(e.bodies[i][variantOf(jsonForm, 0):], encode(manifest.Answer, tree.Bodies[i].JSON))
			copy(e.bodies[i][variantOf(textForm, 0):], encode(manifest.Answer, tree.Bodies[i].Text))
			return nil
		})
	}
	for i, b := range e.belowOf {
		group.Go(func() error {
			e.below[i] = encode(manifest.Answer, b.folder.Below(&tree.Bodies[b.body]))
			return nil
		})
	}
	const portion = 64
	for first := 0; first < len(e.shards); first += portion {
		group.Go(func() error {
			for i := first; i < min(first+portion, len(e.shards)); i++ {
				e.shards[i] = shardContents(tree, i, known)
			}
			return nil
		})
	}
	_ = group.Wait()
	return e
}

// belowBody is a body that a fallback folder has in the form [manifest.Below].
type belowBody struct {
	belowKey
	folder *manifest.Folder // the first that has it
}

// belowKey is equal for equal bytes.
type belowKey struct {
	body       uint32 // of the tree
	anyVersion bool
}

// belowBodies lists them, each once.
func belowBodies(tree *manifest.Tree) []belowBody {
	var all []belowBody
	seen := map[belowKey]bool{}
	for i := range tree.Folders {
		f := &tree.Folders[i]
		if f.VersionSegment != manifest.OtherSegment {
			continue
		}
		for _, body := range f.Bodies {
			if key := (belowKey{body, f.AnyVersion}); !seen[key] {
				seen[key] = true
				all = append(all, belowBody{key, f})
			}
		}
	}
	return all
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

// place is where an object is in a site or an inventory. Key and content
// follow from it, so a million of them take little room.
type place struct {
	folder  int32 // of the folders, or one of those below
	index   int32 // of the folder's buckets, or of the payloads
	variant uint8
}

// The folders of what is in none.
const (
	payloadFolder  = -1
	leftoverFolder = -2
	partFolder     = -3 // of those of the signed form that are wanted
	keysFolder     = -4
	headFolder     = -5
	oldPartFolder  = -6 // of those that are there
	renderedFolder = -7 // of the files that the site has
	unwantedFolder = -8 // of those that are there, by their place among the payloads
)

// indexFolder is the cohort index, the first of a site's folders: those of the
// tree follow it.
const indexFolder = 0

// eagerDigits is what a folder has that holds the answer of
// [manifest.EagerBucket] alone, beside the one with the buckets.
const eagerDigits = 0

var eagerBuckets = []uint16{0}

func (s *Site) eager() bool { return s.Tree.Fleet.Project.Eager }

func (s *Site) index() *Folder { return &s.want.Folders[indexFolder] }

// treeFolder is the folder of the tree that one of the site's is made of; nil
// for the cohort index, and for -1.
func (s *Site) treeFolder(folder int32) *manifest.Folder {
	if folder <= indexFolder {
		return nil
	}
	folder--
	if s.eager() {
		folder /= 2
	}
	return &s.Tree.Folders[folder]
}

// places goes through all objects in byte order of their keys.
func (s *Site) places() iter.Seq[place] {
	return func(yield func(place) bool) {
		for folder, i := range s.answers() {
			for variant, content := range s.contents[s.want.Folders[folder].Answers[i]] {
				if content != nil && !yield(place{int32(folder), int32(i), uint8(variant)}) {
					return
				}
			}
		}
		for i := range s.payloads {
			if !yield(place{folder: payloadFolder, index: int32(i)}) {
				return
			}
		}
		for i := range s.rendered {
			if !yield(place{folder: renderedFolder, index: int32(i)}) {
				return
			}
		}
	}
}

// answers goes through the shards and all answers, by folder and place in it, in
// byte order of their keys.
func (s *Site) answers() iter.Seq2[int, int] {
	return func(yield func(folder, i int) bool) {
		folders := s.want.Folders
		each := func(folder, from, to int) bool {
			for i := from; i < to; i++ {
				if !yield(folder, i) {
					return false
				}
			}
			return true
		}
		for folder := 0; folder < len(folders); folder++ {
			if folders[folder].Digits != eagerDigits {
				if !each(folder, 0, len(folders[folder].Answers)) {
					return
				}
				continue
			}
			// It comes among the buckets of the next one.
			eager := folder
			folder++
			n := len(folders[folder].Answers)
			below := sort.Search(n, func(i int) bool { return folders[folder].key(i, 0) > folders[eager].key(0, 0) })
			if !each(folder, 0, below) || !each(eager, 0, 1) || !each(folder, below, n) {
				return
			}
		}
	}
}

// Len is the number of objects.
func (s *Site) Len() int { return s.want.Len() + len(s.payloads) + len(s.rendered) }

// Objects goes through all objects in byte order of their keys.
func (s *Site) Objects() iter.Seq[Object] {
	return func(yield func(Object) bool) {
		for at := range s.places() {
			if !yield(s.object(at)) {
				return
			}
		}
	}
}

func (s *Site) content(at place) *Content {
	switch at.folder {
	case payloadFolder:
		return &s.payloads[at.index]
	case renderedFolder:
		return &s.rendered[at.index].content
	}
	return s.contents[s.want.Folders[at.folder].Answers[at.index]][at.variant]
}

func (s *Site) object(at place) Object {
	if at.folder == payloadFolder {
		p := s.Tree.Payloads[at.index]
		return Object{s.Tree.Layout.PayloadKey(p.SHA256, p.Name), s.content(at), HeaderOf(manifest.Location{Class: manifest.Payload}, s.Cache)}
	}
	if at.folder == renderedFolder {
		return s.rendered[at.index].object(s)
	}
	f := &s.want.Folders[at.folder]
	return Object{f.key(int(at.index), int(at.variant)), s.content(at), s.want.Answers[f.Answers[at.index]].Variants[at.variant].Header}
}

// find is the place of the object at a key.
func (s *Site) find(key string) (place, bool) {
	layout := s.Tree.Layout
	at, ok := layout.Parse(key)
	if !ok {
		return place{}, false
	}
	if at.Class.Signed() || at.Class == manifest.Status {
		return place{}, false
	}
	if at.Class == manifest.Rendered {
		i, found := slices.BinarySearchFunc(s.rendered, key, func(r rendered, key string) int { return strings.Compare(r.key, key) })
		return place{folder: renderedFolder, index: int32(i)}, found
	}
	if at.Class == manifest.Payload {
		i, found := s.payload(s.Tree.Payloads, key)
		return place{folder: payloadFolder, index: int32(i)}, found
	}
	name := cmp.Or(at.Bucket, at.Shard)
	folder, found := slices.BinarySearchFunc(s.want.Folders, Folder{Key: folderOf(key), Digits: manifest.Digits(name)}, compareFolders)
	if !found {
		return place{}, false
	}
	i, found := slices.BinarySearch(s.want.Folders[folder].Buckets, uint16(manifest.Index(name)))
	if !found {
		return place{}, false
	}
	there := place{int32(folder), int32(i), uint8(variantAt(at))}
	return there, s.content(there) != nil
}

// folderOf is the key of the folder that an answer or a shard is in.
func folderOf(key string) string { return key[:strings.LastIndexByte(key, '/')+1] }

func (s *Site) payload(all []*releases.Payload, key string) (int, bool) {
	return slices.BinarySearchFunc(all, key, func(p *releases.Payload, key string) int {
		return strings.Compare(s.Tree.Layout.PayloadKey(p.SHA256, p.Name), key)
	})
}

// references says whether a release names the payload at a key, or whether it is
// no payload.
func (s *Site) references(key string) bool {
	_, published := s.payload(s.Tree.Payloads, key)
	_, stored := s.payload(s.Tree.Stored, key)
	return published || stored || s.renders(key)
}

// Get opens the object at a key, as [Store.Get] does.
func (s *Site) Get(_ context.Context, key string) (*Stored, error) {
	at, ok := s.find(key)
	if !ok {
		return nil, &fs.PathError{Op: "get", Path: key, Err: fs.ErrNotExist}
	}
	o := s.object(at)
	reader, err := o.Content.Reader()
	if err != nil {
		return nil, err
	}
	entry := Entry{Key: key, Size: o.Content.Size, ETag: hex.EncodeToString(o.Content.MD5[:])}
	return &Stored{ReadSeekCloser: reader, Entry: entry, Header: o.Header}, nil
}
