package conformance

import (
	"net/http"
	"slices"
	"strings"
)

// keys asks with the key of the project right, wrong and missing.
func (g *generator) keys() {
	right := g.right(g.update)
	q := "?" + query(g.update)
	lines := []string{hostLine, agentLine, acceptLine}
	with := func(more ...string) func(Case) Case {
		return func(c Case) Case { return c.instead(lines...).with(more...) }
	}
	key := g.fleet.Project.Key
	if key == "" {
		g.both("key/none is asked for", q, right, with(keyField+": x"))
		return
	}
	for _, name := range []string{strings.ToLower(keyField), strings.ToUpper(keyField)} {
		g.both("key/right, in "+name, q, right, with(name+": "+key))
	}
	refuse := func(name, q string, more ...string) {
		g.both("key/"+name, q, always(failure(http.StatusForbidden)), with(more...))
	}
	refuse("missing", q)
	refuse("missing, in the query", q+"&"+keyField+"="+encoded(key))
	for _, wrong := range []struct{ name, key string }{
		{"empty", ""},
		{"another", "x"},
		{"longer", key + "x"},
		{"doubled", key + key},
		{"shorter", key[1:]},
		{"a beginning", key[:len(key)-1]},
		{"lower case", strings.ToLower(key)},
		{"upper case", strings.ToUpper(key)},
		{"quoted", `"` + key + `"`},
		{"with Bearer", "Bearer " + key},
	} {
		if wrong.key != key {
			refuse(wrong.name, q, strings.TrimSpace(keyField+": "+wrong.key))
		}
	}
}

// methods asks with HEAD, which has no content (RFC 9110 section 9.3.2), and
// with others, which the query API refuses. None of them could do harm in a
// bucket that anyone may write to.
func (g *generator) methods() {
	q := "?" + query(g.update)
	for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
		refused := failure(http.StatusMethodNotAllowed)
		refused.Lists = map[string][]string{"Allow": {"GET", "HEAD"}} // RFC 9110 section 15.5.6
		g.both("method/"+method, q, always(refused), func(c Case) Case {
			c.Method = method
			return c.with("Content-Length: 0", closeLine)
		})
	}
	g.both("method/HEAD/update", q, g.right(g.update), head)
	g.both("method/HEAD/up to date", "?"+query(g.idle), g.right(g.idle), head)
	g.both("method/HEAD/malformed", "?", always(failure(http.StatusBadRequest)), head)
	if g.fleet.Project.Key != "" {
		g.both("method/HEAD/no key", q, always(failure(http.StatusForbidden)), head, func(c Case) Case {
			return c.instead(hostLine, agentLine, acceptLine, closeLine)
		})
	}
}

// head asks for the same without the content. The connection is to be closed,
// so that content would be noticed.
func head(c Case) Case {
	c.Method = http.MethodHead
	if c.Want.Body != nil && slices.Contains(c.Want.Status, http.StatusOK) {
		length := int64(len(*c.Want.Body))
		c.Want.Length = &length
	}
	c.Want.Body, c.Want.SHA256, c.Want.Starts, c.Want.Error, c.Want.Framed = new(string), "", "", false, false
	return c.with(closeLine)
}

// clients asks as old and bare clients do.
func (g *generator) clients() {
	lines := []string{hostLine}
	if g.fleet.Project.Key != "" {
		lines = append(lines, g.keyLine())
	}
	plus := func(more ...string) []string { return append(slices.Clip(lines), more...) }
	each := func(change func(name, value string) string) []string {
		var changed []string
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			changed = append(changed, change(name, value))
		}
		return changed
	}
	for _, client := range []struct {
		name    string
		feature Feature
		proto   string
		lines   []string
	}{
		{"HTTP/1.0", HTTP10, http10, lines},
		{"HTTP/1.0, closing", HTTP10, http10, plus(closeLine)},
		{"HTTP/1.0 without Host", Hostless, http10, lines[1:]},
		{"no Accept", BareClient, http11, lines},
		{"an empty Accept", BareClient, http11, plus("Accept:", "Accept-Encoding:", "User-Agent:")},
		{"closing", BareClient, http11, plus(closeLine)},
		{"Host last", BareClient, http11, plus(hostLine)[1:]},
		// RFC 9112 section 5: field names in any case, space around values.
		{"no space after the colon", BareClient, http11, each(func(name, value string) string { return name + ":" + value })},
		{"much space after the colon", BareClient, http11, each(func(name, value string) string { return name + ":   " + value })},
		{"space at the end", BareClient, http11, each(func(name, value string) string { return name + ": " + value + "  " })},
		{"lower case", BareClient, http11, each(func(name, value string) string { return strings.ToLower(name) + ": " + value })},
		{"upper case", BareClient, http11, each(func(name, value string) string { return strings.ToUpper(name) + ": " + value })},
	} {
		change := func(c Case) Case {
			c.Proto = client.proto
			return c.instead(client.lines...).needing(client.feature)
		}
		name := "client/" + client.name
		g.both(name+"/update", "?"+query(g.update), g.right(g.update), change)
		g.both(name+"/up to date", "?"+query(g.idle), g.right(g.idle), change)
		g.both(name+"/malformed", "?", always(failure(http.StatusBadRequest)), change)
		g.add(change(g.direct(name, g.layout.CohortKey(g.layout.ShardName(0)), g.shard(0))))
	}
}
