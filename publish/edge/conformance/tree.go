package conformance

import (
	"iter"
	"net/http"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/publish"
)

// object is what a key of the tree holds: 200 with its body, which may be of
// zero bytes.
func object(body []byte) Want {
	text := string(body)
	return Want{Status: []int{http.StatusOK}, Body: &text}
}

// shard is what a key of the cohort index holds.
func (g *generator) shard(i int) Want { return object(g.tree.Shards[i]) }

// index asks for the cohort index: shards that list devices, and others.
func (g *generator) index() {
	var full, empty []int
	for i, body := range g.tree.Shards {
		if len(body) > 0 {
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

// answers asks for answers by their keys.
func (g *generator) answers() {
	total := 0
	for _, f := range g.tree.Folders {
		total += len(f.Buckets)
	}
	row, before, asked := 0, 0, 0
	for i := range spread(total, mostFolders) {
		for i-before >= len(g.tree.Folders[row].Buckets) {
			before += len(g.tree.Folders[row].Buckets)
			row++
		}
		f := &g.tree.Folders[row]
		slot := i - before
		for at, body := range g.objects(f, slot) {
			key := g.layout.Key(at)
			name := strings.TrimPrefix(key, g.layout.Prefix+"/v1/")
			c := g.direct(name, key, object(body))
			g.add(c)
			if asked < mostHeads {
				c.Name += "/HEAD"
				g.add(head(c))
			}
		}
		asked++
	}
	g.answerSiblings()
}

// objects goes through the forms of the answer in a folder's slot.
func (g *generator) objects(f *manifest.Folder, slot int) iter.Seq2[manifest.Location, []byte] {
	return func(yield func(manifest.Location, []byte) bool) {
		at := manifest.Location{
			Class: manifest.Answer, Target: f.Target, Cohort: f.Cohort,
			VersionSegment: f.VersionSegment, Bucket: g.layout.BucketName(int(f.Buckets[slot])),
		}
		for _, at.Form = range []manifest.Form{manifest.Text, manifest.JSON, manifest.Below} {
			if body, err := g.tree.Get(at); err == nil && !yield(at, body) {
				return
			}
		}
	}
}

// answerSiblings asks for the siblings of answers by their keys, once for each
// distinct answer.
func (g *generator) answerSiblings() {
	type answer struct {
		body     uint32
		fallback bool
	}
	type place struct {
		folder *manifest.Folder
		slot   int
	}
	seen := map[answer]bool{}
	var first []place
	for i := range g.tree.Folders {
		f := &g.tree.Folders[i]
		for slot, body := range f.Bodies {
			if a := (answer{body, f.VersionSegment == manifest.OtherSegment}); !seen[a] {
				seen[a] = true
				first = append(first, place{f, slot})
			}
		}
	}
	for i := range spread(len(first), mostSiblings) {
		for at, body := range g.objects(first[i].folder, first[i].slot) {
			key := g.layout.Key(at)
			g.sibling(strings.TrimPrefix(key, g.layout.Prefix+"/v1/"), key, object(body))
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
