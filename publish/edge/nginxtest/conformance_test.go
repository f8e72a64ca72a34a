//go:build unix

package nginxtest

import (
	"net/url"
	"os"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/dirstore"
	"cairn/publish/edge/conformance"
	"cairn/publish/edge/conformance/conformancetest"
	"cairn/templates/edge/nginx"
)

var at = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)

// samples have one and two digits, both orders of versions with either answer
// to unknown ones, fleets with and without a key, prefixes of one and of two
// segments, and a base_url with a path.
func samples(t *testing.T) []*conformancetest.Sample {
	t.Helper()
	example, err := conformancetest.Load("smartfridge", os.DirFS("../../../examples/smartfridge"), at)
	if err != nil {
		t.Fatal(err)
	}
	all := []*conformancetest.Sample{example, conformancetest.Odd()}
	for _, seed := range []uint64{0, 2, 7, 15} {
		all = append(all, conformancetest.Random(seed))
	}
	all[len(all)-1].Fleet.Project.BaseURL += "/ota/fw%20v1.$0"
	return all
}

// config is that of an edge, without a root or an origin.
func config(s *conformancetest.Sample) nginx.Config {
	return nginx.Config{Project: s.Fleet.Project, Cache: s.Fleet.Cache}
}

func put(t *testing.T, s *conformancetest.Sample, store publish.Store) {
	t.Helper()
	if err := s.Publish(t.Context(), store); err != nil {
		t.Fatal(err)
	}
}

// conform asks for all cases, and leaves none out.
func conform(t *testing.T, s *conformancetest.Sample, base string) {
	t.Helper()
	base += (&url.URL{Path: s.Fleet.Project.BasePath()}).EscapedPath()
	result, err := conformance.Run(t.Context(), base, conformance.Cases(s.Fleet, s.At), conformance.Options{Concurrency: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range result.Failed {
		if i == 5 {
			break
		}
		t.Error(f)
	}
	t.Logf("%d passed, %d failed", result.Passed, len(result.Failed))
}

// hide puts a state beside a tree, which must not be served.
func hide(t *testing.T, s *conformancetest.Sample, store publish.Store) {
	t.Helper()
	if err := store.Put(t.Context(), publish.StateKey(s.Fleet.Project.Prefix), publish.BytesContent([]byte("state")), publish.Header{}); err != nil {
		t.Fatal(err)
	}
}

func TestDirectory(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			root := folder(t)
			put(t, s, dirstore.New(root))
			hide(t, s, dirstore.New(root))
			c := config(s)
			c.Root = root
			conform(t, s, start(t, c).url)
		})
	}
}

func TestOrigin(t *testing.T) {
	b := newBuckets(t)
	for _, s := range samples(t) {
		t.Run(s.Name, func(t *testing.T) {
			store, origin := b.bucket(t)
			t.Parallel()
			put(t, s, store)
			hide(t, s, store)
			conform(t, s, start(t, overOrigin(t, s, origin)).url)
		})
	}
}

func overOrigin(t *testing.T, s *conformancetest.Sample, origin string) nginx.Config {
	t.Helper()
	c := config(s)
	var err error
	if c.Origin, err = url.Parse(origin); err != nil {
		t.Fatal(err)
	}
	return c
}
