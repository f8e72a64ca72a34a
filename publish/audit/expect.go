package audit

import (
	"crypto/md5"
	"encoding/hex"
	"iter"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
)

// OfSite is the objects of a site, those that are said to be stored included.
func OfSite(site *publish.Site) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		var body Digest
		var rendered []Object // behind the payloads
		for o := range site.Objects() {
			at, _ := site.Tree.Layout.Parse(o.Key)
			if at.Class == manifest.Payload {
				continue
			}
			if at.Class == manifest.Rendered {
				rendered = append(rendered, Object{Key: o.Key, Digest: Digest{o.Content.Size, o.Content.MD5}, Header: &o.Header})
				continue
			}
			object := Object{Key: o.Key, Digest: Digest{o.Content.Size, o.Content.MD5}, Header: &o.Header}
			if object.Encoding = at.Encoding; object.Encoding == manifest.Identity {
				body = object.Digest
			}
			object.Body = body
			if !yield(object) {
				return
			}
		}
		for _, o := range append(payloads(site.Tree), rendered...) {
			if !yield(o) {
				return
			}
		}
	}
}

// payloads is what the answers of a tree name, ascending by key. A payload
// that was stored before keeps the headers that it was stored with.
func payloads(tree *manifest.Tree) []Object {
	header := publish.HeaderOf(manifest.Location{Class: manifest.Payload}, releases.Cache{})
	object := func(p *releases.Payload) Object {
		o := Object{Key: tree.Layout.PayloadKey(p.SHA256, p.Name), Digest: Digest{Size: p.Size}, SHA256: p.SHA256}
		_, _ = hex.Decode(o.MD5[:], []byte(p.MD5))
		return o
	}
	var all []Object
	for _, p := range tree.Payloads {
		o := object(p)
		o.Header = &header
		all = append(all, o)
	}
	for _, p := range tree.Stored {
		o := object(p)
		o.Stored = true
		all = append(all, o)
	}
	slices.SortFunc(all, byKey)
	return all
}

func byKey(a, b Object) int { return strings.Compare(a.Key, b.Key) }

// OfState is the objects that a state records.
func OfState(state *publish.State) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		live := state.Live
		var some []Object // of the folders at one key
		for i, f := range live.Folders {
			some = appendFolder(some, live, f)
			if i+1 < len(live.Folders) && live.Folders[i+1].Key == f.Key {
				continue // names of other numbers of digits lie between these
			}
			slices.SortFunc(some, byKey)
			for _, o := range some {
				if !yield(o) {
					return
				}
			}
			some = some[:0]
		}
		layout := manifest.Layout{Prefix: state.Prefix}
		for _, p := range live.Payloads {
			at, _ := layout.ParseAny(p.Key)
			o := Object{Key: p.Key, Digest: Digest{p.Size, p.MD5}, Header: stated(p.Header), SHA256: at.SHA256, InDoubt: p.Doubtful}
			if !yield(o) {
				return
			}
		}
		for o := range live.Signed.Objects(layout) {
			if !yield(Object{Key: o.Key, Digest: Digest{o.Size, o.MD5}, SHA256: o.SHA256, Small: true, InDoubt: o.InDoubt}) {
				return
			}
		}
	}
}

// OfStatus is what tells how a publish stands, as its state records it; it comes
// behind all other objects. Nil is none, or one that is not for all.
func OfStatus(state *publish.State) []Object {
	if state == nil || state.Done.Status == nil || state.Done.Status.Private {
		return nil
	}
	body := state.Done.Status.Encode()
	header := publish.HeaderOf(manifest.Location{Class: manifest.Status}, releases.Cache{})
	return []Object{{Key: state.Done.Status.Key(state.Prefix), Digest: Digest{int64(len(body)), md5.Sum(body)}, Header: &header}}
}

func appendFolder(some []Object, live *publish.Inventory, f publish.Folder) []Object {
	names := manifest.Layout{BucketDigits: f.Digits}
	for i, bucket := range f.Buckets {
		name := f.Key + names.BucketName(int(bucket))
		var body Digest
		for j, v := range live.Answers[f.Answers[i]].Variants {
			o := Object{
				Key: name + publish.VariantSuffix(j), Digest: Digest{v.Size, v.MD5}, Header: stated(v.Header), Encoding: publish.EncodingOf(j),
				InDoubt: v.Presence == publish.MaybePresent || v.Presence == publish.MaybeChanged,
			}
			if o.Encoding == manifest.Identity {
				body = o.Digest
			}
			o.Body = body
			if v.Presence != publish.Absent {
				some = append(some, o)
			}
		}
	}
	return some
}

// stated is nil for a header of which nothing is known, as of one that has been
// listed in a store that keeps none.
func stated(h publish.Header) *publish.Header {
	if h == (publish.Header{}) {
		return nil
	}
	return &h
}
