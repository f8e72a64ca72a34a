package conformance

import (
	"iter"
	"net/http"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
)

// object is what a key of the tree holds: 200 with its body, which may be of
// zero bytes.
func object(body []byte) Want {
	text := string(body)
	return Want{Status: []int{http.StatusOK}, Body: &text}
}

// shard is what a key of the cohort index holds.
func (g *generator) shard(i int) Want { return object(g.tree.Shard(i)) }

// index asks for the cohort index: shards that list devices, and others.
func (g *generator) index() {
	var full, empty []int
	for i := range g.layout.Shards() {
		if len(g.tree.Shard(i)) > 0 {
			full = append(full, i)
		} else {
			empty = append(empty, i)
		}
	}
	for _, shards := range [][]int{full, empty} {
		for i := range spread(len(shards), mostShards) {
			key := g.layout.CohortKey(g.layout.ShardName(shards[i]))
			c := g.direct("cohorts/"+g.layout.ShardName(shards[i]), key, g.shard(shards[i]))
			g.add(c)
			if i == 0 {
				c.Name += "/HEAD"
				g.add(head(c))
				c.Name, c.Target = strings.Replace(c.Name, "HEAD", "a query", 1), c.Target+"?x=1"
				g.add(c)
			}
			g.sibling("cohorts/"+g.layout.ShardName(shards[i]), key, c.Want)
		}
	}
	if len(full) > 0 {
		key := g.layout.CohortKey(g.layout.ShardName(full[0]))
		g.coded(g.direct("coding/cohorts", key, g.shard(full[0])), g.siblings(key))
		g.cached(g.direct("again/cohorts", key, g.shard(full[0])), g.siblings(key))
	}
}

// place is where an answer is.
type place struct {
	folder *manifest.Folder
	slot   int
}

// distinct is where each distinct answer is first.
func (g *generator) distinct() []place {
	type answer struct {
		body     uint32
		fallback bool
	}
	var places []place
	seen := map[answer]bool{}
	for i := range g.tree.Folders {
		f := &g.tree.Folders[i]
		for slot, body := range f.Bodies {
			if a := (answer{body, f.VersionSegment == manifest.OtherSegment}); !seen[a] {
				seen[a] = true
				places = append(places, place{f, slot})
			}
		}
	}
	return places
}

// answers asks for answers by their keys, and for the siblings of each distinct
// one.
func (g *generator) answers() {
	var all []place
	for i := range g.tree.Folders {
		for slot := range g.tree.Folders[i].Bodies {
			all = append(all, place{&g.tree.Folders[i], slot})
		}
	}
	distinct, asked := g.distinct(), 0
	for i := range spread(len(all), mostFolders) {
		for key, body := range g.objects(all[i], every...) {
			c := g.direct(g.below(key), key, object(body))
			g.add(c)
			if asked < mostHeads {
				c.Name += "/HEAD"
				g.add(head(c))
			}
		}
		asked++
	}
	for i := range spread(len(distinct), mostSiblings) {
		for key, body := range g.objects(distinct[i], every...) {
			g.sibling(g.below(key), key, object(body))
		}
	}
}

// rendered asks for what is rendered for other clients, and for a payload beside
// it.
func (g *generator) rendered() {
	var all []publish.Object
	for o := range g.site.Objects() {
		if at, _ := g.layout.Parse(o.Key); at.Class == manifest.Rendered {
			all = append(all, o)
		}
	}
	for i := range spread(len(all), mostShards) {
		o := all[i]
		want := object(o.Content.Bytes)
		c := g.direct(g.below(o.Key), o.Key, want)
		g.add(c)
		if i > 0 {
			continue
		}
		c.Name += "/HEAD"
		g.add(head(c))
		want.Type = o.Header.ContentType
		g.add(g.direct("type/rendered", o.Key, want).needing(Types))
		g.add(g.direct("rendered/absent", o.Key+"x", gone()))
		at, _ := g.layout.Parse(o.Key)
		for _, p := range g.tree.Payloads {
			at.Name = p.SHA256 + "." + releases.Escape(p.Name)
			if _, ok := g.layout.PayloadBeside(at); ok {
				g.add(g.direct("rendered/a payload beside", g.layout.Key(at), Want{Status: []int{http.StatusOK}, SHA256: p.SHA256}).needing(Beside))
				break
			}
		}
	}
}

// below is a key without what all of the tree have in common.
func (g *generator) below(key string) string {
	return strings.TrimPrefix(key, g.layout.Prefix+"/v1/")
}

var every = []manifest.Form{manifest.Text, manifest.JSON, manifest.Below}

// objects goes through the keys of an answer in some forms, and what is there.
func (g *generator) objects(p place, forms ...manifest.Form) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		at := manifest.Location{
			Class: manifest.Answer, Target: p.folder.Target, Cohort: p.folder.Cohort,
			VersionSegment: p.folder.VersionSegment, Bucket: g.tree.BucketAt(p.folder, p.slot),
		}
		for _, at.Form = range forms {
			if body, err := g.tree.Get(at); err == nil && !yield(g.layout.Key(at), body) {
				return
			}
		}
	}
}

// sibling asks for the siblings of a key, which are always encoded.
func (g *generator) sibling(name, key string, want Want) {
	there := g.siblings(key)
	for _, e := range encodings {
		c := g.direct(name+string(e), key+string(e), gone())
		if slices.Contains(there, e) {
			c.Want = want
			c.Want.Encoded = publish.ContentEncoding(e)
		}
		g.add(c.with("Accept-Encoding: br, gzip"))
	}
}

// types asks for the media types of docs/hosting.md.
func (g *generator) types() {
	ask := func(name, key, mediaType string) {
		c := g.direct("type/"+name, key, Want{Status: []int{http.StatusOK}, Type: mediaType})
		g.add(c.needing(Types))
	}
	ask("cohorts", g.layout.CohortKey(g.layout.ShardName(0)), mediaType(manifest.Text))
	if key, body, _ := g.find(g.update); body.Payload != nil {
		for _, f := range forms {
			ask(f.name, key+string(f.Form), mediaType(f.Form))
		}
	}
	if len(g.tree.Payloads) > 0 {
		p := g.tree.Payloads[0]
		ask("payload", g.layout.PayloadKey(p.SHA256, p.Name), "application/octet-stream")
	}
}
