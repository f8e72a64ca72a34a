package conformance

import (
	"net/http"
	"slices"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
)

// find is what a device gets, by the way of [edge.Handler]: from the folder of
// its version, else the one of any other. Where a query can be read in several
// ways, so can the device. The key is without the end that tells the form. It
// is false where the fleet makes nothing for the device.
func (g *generator) find(readings ...manifest.Device) (key string, body manifest.Body, ok bool) {
	at, body, ok := g.locate(readings)
	at.Form = ""
	return g.layout.Key(at), body, ok
}

func (g *generator) locate(readings []manifest.Device) (manifest.Location, manifest.Body, bool) {
	return g.tree.Find(g.cohortOf(manifest.Hash(readings[0].Serial)), g.layout.LooksIn(readings[0]), readings...)
}

// buckets says whether a device takes what its bucket is offered, and would not
// take what another is.
func (g *generator) buckets(at manifest.Location, body manifest.Body, readings []manifest.Device) bool {
	if at.VersionSegment != manifest.OtherSegment || at.Bucket == manifest.EagerBucket || body.Payload == nil {
		return false
	}
	f := g.tree.Folder(g.layout.AnswerFolder(at.Target, at.Cohort, at.VersionSegment))
	if f.AnyVersion {
		return false
	}
	// Many buckets are offered the same.
	return slices.ContainsFunc(slices.Compact(slices.Sorted(slices.Values(f.Bodies))), func(i uint32) bool {
		other := &g.tree.Bodies[i]
		return other.Payload != nil && !manifest.Offered{Version: other.Version(), URL: string(other.Text)}.To(g.fleet.Project.Order, readings)
	})
}

func (g *generator) answer(d manifest.Device) manifest.Body {
	_, body, _ := g.find(d)
	return body
}

// cohortOf is the cohort that lists a device, by its hash, or else default.
func (g *generator) cohortOf(hash string) string {
	return manifest.CohortIn(g.tree.Shard(manifest.Index(g.layout.Shard(hash))), hash)
}

// right is the answer of the query API to a device.
func (g *generator) right(readings ...manifest.Device) func(manifest.Form) Want {
	at, body, ok := g.locate(readings)
	return func(form manifest.Form) Want {
		switch {
		case !ok:
			return failure(http.StatusBadRequest)
		case body.Payload == nil:
			return upToDate()
		}
		want := content(form, body.Of(form))
		if g.buckets(at, body, readings) {
			want.needs = []Feature{Buckets}
		}
		return want
	}
}

// always is an answer to both questions.
func always(w Want) func(manifest.Form) Want { return func(manifest.Form) Want { return w } }

// The answers of docs/contract.md section 4.

func upToDate() Want {
	return Want{
		Status:  []int{http.StatusNoContent},
		Body:    new(string),
		Headers: map[string]string{"Memfault-Reason": "latest"},
		Absent:  []string{"Content-Length"}, // RFC 9110 section 8.6
	}
}

func content(form manifest.Form, body []byte) Want {
	text := string(body)
	return Want{
		Status: []int{http.StatusOK}, Body: &text, Type: mediaType(form), Framed: true,
		Headers: map[string]string{"Memfault-Reason": "latest"},
	}
}

func failure(code int) Want {
	return Want{Status: []int{code}, Error: true, Type: "application/json"}
}

func mediaType(form manifest.Form) string {
	return publish.HeaderOf(manifest.Location{Class: manifest.Answer, Form: form}, releases.Cache{}).ContentType
}
