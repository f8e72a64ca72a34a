package conformance

import (
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/edge"
	"cairn/releases"
)

// How many cases of a kind there are at most. Primes: what is drawn evenly out
// of a product of hardware versions, versions and buckets then strikes all of
// each.
const (
	mostDevices   = 997
	mostBuckets   = 499
	mostStrangers = 199
	mostFolders   = 251
	mostShards    = 61
	mostSiblings  = 97
	mostPayloads  = 19
	mostHeads     = 19
)

// spread draws evenly out of so many, at most so many; the first is always
// among them.
func spread(of, most int) iter.Seq[int] {
	return func(yield func(int) bool) {
		n := min(of, most)
		for i := range n {
			if !yield(i * of / n) {
				return
			}
		}
	}
}

// Cases makes the cases of a fleet at an instant. It is a pure function: the
// same definitions give the same cases. There are some thousands of them; of a
// large fleet they ask about representatives.
func Cases(f *releases.Fleet, at time.Time) []Case {
	tree := manifest.New(f, at)
	g := &generator{
		fleet:   f,
		at:      at,
		layout:  tree.Layout,
		tree:    tree,
		site:    publish.NewSite(tree, f.Cache, nil), // payloads are not opened
		targets: manifest.Targets(f),
	}
	g.members()
	g.choose()
	g.ask("device", g.sides, mostDevices)
	g.ask("bucket", g.others, mostBuckets)
	g.ask("between", g.between, mostStrangers)
	g.serials()
	g.strangers()
	g.plusSigns()
	g.parameters()
	g.eager()
	g.malformed()
	g.unknown()
	g.keys()
	g.methods()
	g.accept()
	g.codings()
	g.clients()
	g.again()
	g.index()
	g.answers()
	g.strict()
	g.payloads()
	g.signed()
	g.rendered()
	g.types()
	g.absent()
	g.traversal()
	return g.named()
}

type generator struct {
	fleet   *releases.Fleet
	at      time.Time
	layout  manifest.Layout
	tree    *manifest.Tree
	site    *publish.Site
	targets []manifest.Target
	cases   []Case

	cohorts []cohort
	anyone  string          // the serial of a device that no cohort lists
	update  manifest.Device // gets something, if any does
	idle    manifest.Device // is up to date, if any is
}

func (g *generator) add(cases ...Case) { g.cases = append(g.cases, cases...) }

// forms are the two questions of the query API.
var forms = []struct {
	manifest.Form
	name, path string
}{
	{manifest.Text, "url", edge.LatestURLPath},
	{manifest.JSON, "json", edge.LatestPath},
}

// both adds a case of the query API for each of its questions. The query comes
// with its question mark.
func (g *generator) both(name, query string, want func(manifest.Form) Want, change ...func(Case) Case) {
	for _, form := range forms {
		c := g.question(name+"/"+form.name, form.path+query, want(form.Form))
		for _, f := range change {
			c = f(c)
		}
		g.add(c)
	}
}

// question is a case of the query API, as an ordinary client asks it.
func (g *generator) question(name, target string, want Want) Case {
	c := g.direct("", "", want)
	c.Name, c.Needs, c.Target = "api/"+name, []Feature{API}, target
	if g.fleet.Project.Key != "" {
		c = c.with(g.keyLine())
	}
	return c
}

func (g *generator) keyLine() string { return keyField + ": " + g.fleet.Project.Key }

// direct is a case of the tree, as an ordinary client asks for a key.
func (g *generator) direct(name, key string, want Want) Case {
	return Case{
		Name: "tree/" + name, Needs: []Feature{Tree}, Method: http.MethodGet, Target: "/" + key, Proto: http11,
		Headers: []string{hostLine, agentLine, acceptLine}, Want: want,
	}
}

// named completes cases: names are short, and apart from each other.
func (g *generator) named() []Case {
	const head, tail = 60, 40
	seen := map[string]int{}
	for i := range g.cases {
		g.cases[i] = g.cases[i].needing(g.cases[i].Want.needs...)
		g.cases[i].Want.needs = nil
		if again := g.cases[i].Again; again != nil {
			again.Want.needs = nil
		}
		name := []rune(g.cases[i].Name)
		if len(name) > head+tail {
			name = slices.Concat(name[:head], []rune("…"), name[len(name)-tail:])
		}
		g.cases[i].Name = string(name)
		if seen[string(name)]++; seen[string(name)] > 1 {
			g.cases[i].Name += fmt.Sprintf(" %d", seen[string(name)])
		}
	}
	return g.cases
}
