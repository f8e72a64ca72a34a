package conformance

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"cairn/manifest"
)

// mostParts is how many parts of the signed form are asked for at most.
const mostParts = 97

// signed asks for what is signed: the notes, and the parts below the head.
func (g *generator) signed() {
	by := g.fleet.Signing
	if by == nil || by.Keys == nil {
		return
	}
	form, err := g.tree.Signed()
	if err != nil {
		return // nothing can be published of it
	}
	ask := func(name, key string, want Want, mediaType string, lifetime time.Duration, lists ...string) Case {
		c := g.direct("signed/"+name, key, want).needing(Signed)
		c.Want.Framed, c.Want.Type = true, mediaType
		c.Want.Lists = map[string][]string{"Cache-Control": append(lists, "public", fmt.Sprintf("max-age=%d", int(lifetime.Seconds())))}
		g.add(c)
		c.Want.Type, c.Want.Lists = "", nil // a store may state less to HEAD
		return c
	}
	text := mediaType(manifest.Text)
	c := ask("head.txt", g.layout.HeadKey(), Want{Status: []int{http.StatusOK}, Starts: "cairn head 1\n" + by.Keys.Origin + "\n"}, text, g.fleet.Cache.Answers)
	c.Name += "/HEAD"
	g.add(head(c))
	c = ask("keys.txt", g.layout.KeysKey(), object(by.Note), text, g.fleet.Cache.Answers)
	c.Name += "/HEAD"
	g.add(head(c))
	c.Name, c.Want.Framed = "tree/again/keys.txt", false
	g.cached(c, nil)
	for i := range spread(len(form.Parts), mostParts) {
		part := &form.Parts[i]
		want := Want{Status: []int{http.StatusOK}, SHA256: hex.EncodeToString(part.Digest[:])}
		c := ask(want.SHA256[:32], g.layout.PartKey(part.Digest), want, "application/octet-stream", 24*time.Hour, "immutable")
		if i < mostHeads {
			c.Name += "/HEAD"
			g.add(head(c))
		}
	}
	for _, name := range []string{"", "head", "head.txt.br", "keys.txt.gz", "0123456789abcdef0123456789abcdeg", "0123456789abcdef"} {
		g.add(g.direct("signed/absent/"+name, g.layout.SignedFolder()+name, gone()))
	}
}
