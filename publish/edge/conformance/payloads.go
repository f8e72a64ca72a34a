package conformance

import (
	"fmt"
	"net/http"

	"cairn/releases"
)

// mostBytes is how large a payload may be to be asked for as a whole.
const mostBytes = 16 << 20

// payloads asks for payloads as a whole, without their content, and in part.
func (g *generator) payloads() {
	for _, in := range []struct {
		name     string
		payloads []*releases.Payload
		needs    []Feature
	}{
		{"payloads", g.tree.Payloads, nil},
		{"stored", g.tree.Stored, []Feature{Stored}},
	} {
		var smallest *releases.Payload
		for i := range spread(len(in.payloads), mostPayloads) {
			p := in.payloads[i]
			if smallest == nil || p.Size < smallest.Size {
				smallest = p
			}
			c := g.payload(in.name, p).needing(in.needs...)
			if p.Size <= mostBytes {
				g.add(c)
			}
			c.Name += "/HEAD"
			g.add(head(c))
		}
		if smallest != nil {
			g.ranges(g.payload(in.name+"/range", smallest).needing(append(in.needs, Ranges)...), smallest.Size)
			if smallest.Size <= mostBytes {
				g.cached(g.payload("again/"+in.name, smallest).needing(in.needs...), nil)
			}
		}
	}
}

func (g *generator) payload(group string, p *releases.Payload) Case {
	name := fmt.Sprintf("%s/%s/%s", group, p.SHA256[:32], releases.Escape(p.Name))
	return g.direct(name, g.layout.PayloadKey(p.SHA256, p.Name), Want{
		Status: []int{http.StatusOK}, SHA256: p.SHA256, Length: &p.Size, Framed: true,
	})
}

// ranges asks for parts of a payload (RFC 9110 section 14). Those of a large
// one are compared by their size.
func (g *generator) ranges(c Case, size int64) {
	name := c.Name
	add := func(spec string, want Want) {
		c.Name = name + "/" + spec
		if line := "Range: " + spec; size <= mostBytes {
			g.add(c.again(line, want))
		} else {
			part := c.with(line)
			want.Part = nil
			part.Want = want
			g.add(part)
		}
	}
	part := func(spec string, first, last int64) {
		length := last - first + 1
		add("bytes="+spec, Want{
			Status: []int{http.StatusPartialContent}, Part: &[2]int64{first, last}, Framed: true, Length: &length,
			Headers: map[string]string{"Content-Range": fmt.Sprintf("bytes %d-%d/%d", first, last, size)},
		})
	}
	if size == 0 {
		return
	}
	last, some := size-1, min(10, size)
	part("0-0", 0, 0)
	part("0-9", 0, some-1)
	part("0-", 0, last)
	part(fmt.Sprintf("%d-", some-1), some-1, last)
	part(fmt.Sprintf("%d-%d", last, last), last, last)
	part(fmt.Sprintf("%d-%d", last, size+99), last, last)
	part(fmt.Sprintf("-%d", some), size-some, last)
	add(fmt.Sprintf("bytes=%d-", size), Want{Status: []int{http.StatusRequestedRangeNotSatisfiable}})
	if size <= mostBytes {
		add("lines=1-2", c.Want) // section 14.2: an unknown unit is ignored
	}
}
