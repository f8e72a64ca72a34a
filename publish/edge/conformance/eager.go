package conformance

import (
	"net/http"
	"strings"

	"cairn/manifest"
)

// eager asks for what has begun to roll out. Where the project has no such
// answers, the parameter is one that is unknown.
func (g *generator) eager() {
	d := g.update
	plain := strings.Join(pairs(d, encoded), "&")
	usual := g.right(d)
	d.Eager = true
	eagerly, refused := g.right(d), always(failure(http.StatusBadRequest))
	if !g.fleet.Project.Eager {
		eagerly, refused = usual, usual
	}
	for _, q := range []struct {
		query string
		want  func(manifest.Form) Want
	}{
		{"?" + plain + "&eager=1", eagerly}, {"?eager=1&" + plain, eagerly}, {"?" + plain + "&%65ager=%31", eagerly}, {"?" + plain + "&eager=1&x=1", eagerly},
		{"?" + plain + "&eager=0", usual}, {"?" + plain + "&eager=", usual}, {"?" + plain + "&eager", usual}, {"?" + plain + "&eager=true", usual},
		{"?" + plain + "&eager=11", usual}, {"?" + plain + "&Eager=1", usual}, {"?" + plain + "&eager%20=1", usual},
		{"?" + plain + "&eager=1&eager=1", refused}, {"?" + plain + "&eager=0&eager=1", refused}, {"?" + plain + "&eager=%zz", refused}, {"?" + plain + "&eager=1%00", refused},
	} {
		g.both("eager/"+short(q.query, plain), q.query, q.want, func(c Case) Case { return c.needing(Eager) })
	}
	if !g.fleet.Project.Eager {
		return
	}
	for d, form := range draw(g.blocks(g.sides), mostBuckets) {
		d.Eager = true
		g.add(g.of("eager", d, form).needing(Eager))
	}
}
