// Package conformancetest has fleets to test edges with.
package conformancetest

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/releases/signing"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/sync/errgroup"
)

// Sample is a fleet at an instant, with the content of its payloads.
type Sample struct {
	Name  string
	Fleet *releases.Fleet
	At    time.Time
	Files fs.FS // the project folder

	stored map[*releases.Payload][]byte
}

// Load reads the definitions of a sample.
func Load(name string, files fs.FS, at time.Time) (*Sample, error) {
	f, err := releases.Load(files)
	if err != nil {
		return nil, fmt.Errorf("sample %s: %w", name, err)
	}
	return &Sample{Name: name, Fleet: f, At: at, Files: files}, nil
}

//go:embed odd.txtar
var odd []byte

// Odd has odd names in every role. Its Files can be copied to a folder, as a
// project.
func Odd() *Sample {
	files := fstest.MapFS{}
	for _, f := range txtar.Parse(odd).Files {
		files[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	s, err := Load("odd", files, fleettest.Start)
	if err != nil {
		panic(err) // it is part of the program
	}
	s.sign()
	return s
}

// Keys of the signed samples.
var (
	root   = bytes.Repeat([]byte{1}, 32)
	online = bytes.Repeat([]byte{11}, 32)
)

// sign has the answers signed, as [signing] in its definitions would.
func (s *Sample) sign() {
	origin := s.Fleet.Project.KeyName()
	key, by := signing.NewPrivate(origin, online), signing.NewPrivate(signing.RootName(origin), root)
	keys := &signing.Keys{Origin: origin, Generation: 1, Threshold: 1, Expires: 1<<32 - 1, Online: []signing.Key{key.Key}}
	n := &signing.Note{Text: keys.Text()}
	if err := n.Add([]signing.Key{by.Key}, by.Sign(n.Text)); err != nil {
		panic(err) // likewise
	}
	s.Fleet.Signing = &releases.Signing{Roots: []signing.Key{by.Key}, RootThreshold: 1, Note: n.Bytes(), Keys: keys}
}

// signed are the objects of the signed form.
func (s *Sample) signed(site *publish.Site) (objects []publish.Object, err error) {
	by := s.Fleet.Signing
	if by == nil {
		return nil, nil
	}
	form, err := site.Tree.Signed()
	if err != nil {
		return nil, err
	}
	at := uint32(s.At.Unix())
	head := signing.Head{Origin: by.Keys.Origin, Generation: by.Keys.Generation, Epoch: at, Issued: at, Expires: at + 14*86400, Latest: form.Latest, Cohorts: form.Cohorts}
	note, err := by.Keys.SignedNote(head.Text(), signing.NewPrivate(by.Keys.Origin, online).Sign(head.Text()))
	if err != nil {
		return nil, err
	}
	add := func(class manifest.Class, key string, body []byte) {
		content := publish.BytesContent(body)
		objects = append(objects, publish.Object{Key: key, Content: &content, Header: publish.HeaderOf(manifest.Location{Class: class}, s.Fleet.Cache)})
	}
	for _, p := range form.Parts {
		add(manifest.SignedPart, site.Tree.Layout.PartKey(p.Digest), p.Body)
	}
	add(manifest.SignedKeys, site.Tree.Layout.KeysKey(), by.Note)
	add(manifest.SignedHead, site.Tree.Layout.HeadKey(), note)
	return objects, nil
}

// Random is one of [fleettest.Random], in the middle of its rollouts. Its Files
// are only the payloads.
func Random(seed uint64) *Sample {
	f, files := fleettest.Random(seed), fstest.MapFS{}
	s := &Sample{fmt.Sprintf("random %d", seed), f, fleettest.Start.Add(3 * 24 * time.Hour), files, map[*releases.Payload][]byte{}}
	if seed%2 == 0 {
		f.Project.Key = fmt.Sprintf("key-%d", seed)
	}
	for _, p := range f.Payloads() {
		if p.URL != "" {
			continue
		}
		content := bytes.Repeat([]byte(p.SHA256), int(p.Size)/len(p.SHA256)+1)[:p.Size]
		s.stored[p] = content
		if p.File != "" {
			p.File = "payloads/" + p.SHA256
			files[p.File] = &fstest.MapFile{Data: content}
			delete(s.stored, p)
		}
		sha, md := sha256.Sum256(content), md5.Sum(content)
		p.SHA256, p.MD5 = hex.EncodeToString(sha[:]), hex.EncodeToString(md[:])
	}
	return s
}

// Site is what devices get.
func (s *Sample) Site() *publish.Site {
	return publish.NewSite(manifest.New(s.Fleet, s.At), s.Fleet.Cache, s.Files)
}

// Publish puts everything into a store, stored payloads too.
func (s *Sample) Publish(ctx context.Context, store publish.Store) error {
	site := s.Site()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(store.Traits().Parallel)
	put := func(o publish.Object) {
		group.Go(func() error { return store.Put(ctx, o.Key, *o.Content, o.Header) })
	}
	header := publish.HeaderOf(manifest.Location{Class: manifest.Payload}, s.Fleet.Cache)
	for p, content := range s.stored {
		stored := publish.BytesContent(content)
		put(publish.Object{Key: site.Tree.Layout.PayloadKey(p.SHA256, p.Name), Content: &stored, Header: header})
	}
	for o := range site.Objects() {
		put(o)
	}
	signed, err := s.signed(site)
	if err != nil {
		return errors.Join(err, group.Wait())
	}
	for _, o := range signed {
		put(o)
	}
	return group.Wait()
}
