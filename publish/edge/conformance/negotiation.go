package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"path"
	"strings"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/edge"
)

// accept asks with Accept: the two questions have an answer in one media type
// each, but that /url has one in JSON, too.
func (g *generator) accept() {
	q := "?" + query(g.update)
	accepting := func(types string) func(Case) Case {
		return func(c Case) Case { return c.accepting(types) }
	}
	right, idle := g.right(g.update), g.right(g.idle)
	for _, accept := range []string{"text/plain", "text/html, */*;q=0.1", "text/plain, */*", "image/png"} {
		g.both("accept/"+accept, q, right, accepting(accept))
	}
	for _, accept := range []string{"application/json", "application/json, text/plain;q=0.5"} {
		g.add(g.question("accept/"+accept+"/json", edge.LatestPath+q, right(manifest.JSON)).accepting(accept))
		g.both("accept/"+accept+"/up to date", "?"+query(g.idle), idle, accepting(accept))
	}
	body := g.answer(g.update)
	if body.Payload == nil {
		return
	}
	text := right(manifest.Text)
	text.Lists = map[string][]string{"Vary": {"Accept"}} // RFC 9110 section 12.5.5
	wrapped := content(manifest.JSON, wrap(string(body.Text)))
	wrapped.Lists = text.Lists
	for _, wish := range []struct {
		accept string
		want   Want
	}{
		{"application/json", wrapped},
		{"application/json;q=0.9", wrapped},
		{"Application/JSON", wrapped},
		{"application/json, text/plain;q=0.5", wrapped},
		{"text/plain;q=0.5, application/json", wrapped},
		{"text/html, application/json", wrapped},
		{"text/plain, application/json;q=0.5", text},
		{"application/json;q=0", text},
		{"application/jsonp", text},
		{"*/*", text},
	} {
		c := g.question("wrap/"+wish.accept, edge.LatestURLPath+q, wish.want)
		g.add(c.accepting(wish.accept).needing(JSONWrap))
	}
}

// wrap is a URL as /url gives it in JSON.
func wrap(url string) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(map[string]any{"data": map[string]string{"url": url}})
	return []byte(strings.TrimSpace(b.String()))
}

// encodings are those that an answer may also be there in.
var encodings = []manifest.Encoding{manifest.Brotli, manifest.Gzip}

// siblings are the encodings that an answer is also there in.
func (g *generator) siblings(key string) []manifest.Encoding {
	var there []manifest.Encoding
	for _, e := range encodings {
		if o, err := g.site.Get(context.Background(), key+string(e)); err == nil {
			o.Close()
			there = append(there, e)
		}
	}
	return there
}

// wishes are the values of Accept-Encoding, and what each allows.
var wishes = []struct {
	accept  string
	codings []string
}{
	{"", nil},
	{"identity", nil},
	{"gzip", []string{"gzip"}},
	{"br", []string{"br"}},
	{"GZIP", []string{"gzip"}},
	{"gzip, deflate, br", []string{"gzip", "br"}},
	{"gzip,br", []string{"gzip", "br"}},
	{"br;q=1.0, gzip;q=0.8, *;q=0.1", []string{"gzip", "br"}},
	{"*", []string{"gzip", "br"}},
	{"gzip;q=0", nil},
	{"br;q=0, gzip;q=0.000", nil},
	{"br;q=0, gzip", []string{"gzip"}},
	{"gzip;q=0, br", []string{"br"}},
	{"*;q=0, identity", nil},
	{"deflate, zstd", nil},
	{"xgzip, brotli", nil},
}

// codings asks for answers with Accept-Encoding.
func (g *generator) codings() {
	key, body, _ := g.find(g.update)
	if body.Payload == nil {
		return
	}
	right := g.right(g.update)
	for _, f := range forms {
		there := g.siblings(key + string(f.Form))
		negotiated := there
		if path.Base(path.Dir(key)) == manifest.OtherSegment {
			negotiated = nil // an edge has compared versions there, and may leave it at what it has
		}
		g.coded(g.question("coding/"+f.name, f.path+"?"+query(g.update), right(f.Form)), negotiated)
		g.coded(g.direct("coding/"+f.name, key+string(f.Form), object(body.Of(f.Form))), there)
	}
}

// coded asks with Accept-Encoding (RFC 9110 section 12.5.3): the content may
// always come as it is, and in another coding only where that is allowed.
func (g *generator) coded(c Case, there []manifest.Encoding) {
	name := c.Name
	for _, wish := range wishes {
		c.Name, c.Want.Encodings = name+"/"+wish.accept, wish.codings
		g.add(c.with(strings.TrimSpace("Accept-Encoding: " + wish.accept)))
	}
	if len(there) == 0 {
		return
	}
	c = c.needing(Negotiation)
	c.Want.Lists = map[string][]string{"Vary": {"Accept-Encoding"}}
	c.Name, c.Want.Encodings = name+"/negotiated", nil
	g.add(c)
	for _, e := range there {
		coding := publish.ContentEncoding(e)
		c.Name, c.Want.Encoded = name+"/negotiated "+coding, coding
		g.add(c.with("Accept-Encoding: " + coding))
	}
}

// again asks for what the client has: by its ETag (RFC 9110 section 13.1.2),
// and by one that is not its own.
func (g *generator) again() {
	key, body, _ := g.find(g.update)
	if body.Payload == nil {
		return
	}
	right := g.right(g.update)
	for _, f := range forms {
		c := g.question("again/"+f.name, f.path+"?"+query(g.update), right(f.Form))
		g.cached(c, g.siblings(key+string(f.Form)))
		c.Name += "/a range"
		c.Want.Status, c.Want.Part = []int{http.StatusOK, http.StatusPartialContent}, &[2]int64{0, 9}
		g.add(c.with("Range: bytes=0-9"))
		g.cached(g.direct("again/"+f.name, key+string(f.Form), object(body.Of(f.Form))), g.siblings(key+string(f.Form)))
	}
}

// cached asks for what the client has, in all its encodings.
func (g *generator) cached(c Case, there []manifest.Encoding) {
	name := c.Name
	c.Name = name + "/another ETag"
	g.add(c.with(`If-None-Match: "no-such-tag"`))
	same := Want{
		Status:  []int{http.StatusNotModified},
		Body:    new(string),
		Headers: map[string]string{"ETag": "{etag}"}, // RFC 9110 section 15.4.5
	}
	c = c.with(closeLine).needing(ETags)
	for _, line := range []string{`If-None-Match: {etag}`, `If-None-Match: "no-such-tag", {etag}`, `If-None-Match: *`} {
		c.Name = name + "/" + line
		g.add(c.again(line, same))
	}
	for _, e := range there {
		coding := publish.ContentEncoding(e)
		encoded := c.with("Accept-Encoding: " + coding)
		encoded.Name, encoded.Want.Encodings = name+"/in "+coding, []string{coding}
		g.add(encoded.again(`If-None-Match: {etag}`, same))
	}
}
