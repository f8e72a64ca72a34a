package conformance

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/releases"
)

// odd are versions that most fleets don't know, but that devices may state:
// they test the escaping of docs/contract.md section 1.
var odd = []string{
	"1.0.0+b", "v3 (b)", "1.0.0 b", "ünï-2", "日本語", "🪨", "_none", "_other", "__", "1.0.0_2bb", ".hidden", "..", ".", "a/b", `a\b`,
	"../../../cohorts/00", "%41", "%2e", "100%", "a&b", "a=b", "a?b", "a#b", "a;b", "a:b", "a'b", `a"b`, "a<b", "a~b", "a*b", " 1.0.0", "1.0.0 ", "null", "0",
	strings.Repeat("1", releases.MaxName), strings.Repeat("ü", releases.MaxName), strings.Repeat("_", releases.MaxName),
}

// strangers asks for odd versions.
func (g *generator) strangers() {
	g.ask("odd", func(c cohort, _ manifest.Target) (serials, versions []string) { return c.one(), odd }, mostStrangers)
	d := g.update
	for _, v := range append(slices.Clone(g.tree.Known[d.Target]), odd...) {
		if strings.IndexFunc(v, func(r rune) bool { return r > '~' }) >= 0 {
			d.CurrentVersion = v
			name := "raw/" + releases.Escape(v)
			g.both(name, "?"+strings.Join(pairs(d, bare), "&"), g.right(d), func(c Case) Case { return c.needing(RawBytes) })
		}
	}
	d.CurrentVersion = g.update.CurrentVersion
	for i, encode := range []func(string) string{all("%%%02X"), all("%%%02x"), bare} {
		g.both(fmt.Sprintf("encoding/%d", i), "?"+strings.Join(pairs(d, encode), "&"), g.right(d))
	}
}

// plusSigns asks with + in a parameter. It is a space to a form encoder
// (https://url.spec.whatwg.org/#urlencoded-parsing) and a plus to firmware that
// encodes nothing (RFC 3986 section 3.4): an edge looks for both, the space
// first.
func (g *generator) plusSigns() {
	tricky := func(s string) bool { return strings.ContainsAny(s, "+ ") }
	blocks := g.blocks(func(c cohort, t manifest.Target) (serials, versions []string) {
		versions = g.ordinary(t)
		if !tricky(t.SoftwareType + t.HardwareVersion) {
			versions = slices.DeleteFunc(versions, func(v string) bool { return !tricky(v) })
			versions = append(versions, "0.0.0+unheard of")
		}
		return c.one(), versions
	})
	for _, spelling := range []struct {
		name   string
		encode func(string) string
	}{
		{"as it is", func(s string) string { return strings.ReplaceAll(encoded(s), "%2B", "+") }},
		{"encoded", encoded},
		{"of a form", url.QueryEscape},
	} {
		for d, form := range draw(blocks, mostStrangers) {
			c, q := g.of("plus/"+spelling.name, d, form), strings.Join(pairs(d, spelling.encode), "&")
			c.Target = forms[form].path + "?" + q
			c.Want = g.right(readings(q)...)(forms[form].Form)
			g.add(c)
		}
	}
}
