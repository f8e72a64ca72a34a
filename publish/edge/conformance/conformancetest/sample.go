// Package conformancetest has fleets to test edges with.
package conformancetest

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
	"cairn/releases/fleettest"

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
	return s
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
	return group.Wait()
}
