package publish

import (
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/manifest/formats"
)

// rendered is a file for other clients, by a [format] table. What is known of
// them in a store is beside what is known of payloads, whose keys come before.
type rendered struct {
	key     string
	content Content
}

func (s *Site) render() {
	files, err := formats.Render(s.Tree)
	if s.unrendered = err; err != nil {
		return
	}
	for _, f := range files {
		s.rendered = append(s.rendered, rendered{f.Key, BytesContent(f.Body)})
	}
}

func (r *rendered) object(s *Site) Object {
	at, _ := s.Tree.Layout.Parse(r.key)
	return Object{r.key, &r.content, HeaderOf(at, s.Cache)}
}

// renders says whether a key is one of what is rendered.
func (s *Site) renders(key string) bool {
	return strings.HasPrefix(key, s.Tree.Layout.RenderedFolder())
}

// planRendered plans the files that are not there as they shall be, and those
// that shall not be there; only those that are there, for a plan that takes
// releases back. Where a template is at fault, such a plan takes away what is
// there for the cohorts that stop a release: it may offer that.
func (p *Plan) planRendered(thereOnly bool) {
	if p.Site.unrendered != nil {
		stops := p.stops()
		p.goneRendered(func(key string) bool {
			at, _ := p.Site.Tree.Layout.ParseAny(key)
			return thereOnly && len(stops[at.Cohort]) > 0
		})
		return
	}
	for i := range p.Site.rendered {
		at := place{folder: renderedFolder, index: int32(i)}
		want := p.Site.object(at)
		reason := right
		switch l := p.Live.Payload(want.Key); {
		case l == nil && thereOnly:
		case l == nil:
			reason = New
		case l.Doubtful || l.MD5 == [16]byte{}:
			reason = InDoubt
		case l.Size != want.Content.Size || l.MD5 != want.Content.MD5:
			reason = Changed
		case p.headers && l.Header != Header{} && l.Header != want.Header:
			reason = HeadersChanged
		}
		if reason != right {
			p.add(Formats, operation{place: at, reason: reason})
		}
	}
	p.goneRendered(func(key string) bool {
		_, ours := p.Site.find(key)
		return !ours && !thereOnly
	})
}

// goneRendered plans to delete files that are there.
func (p *Plan) goneRendered(gone func(key string) bool) {
	for i, l := range p.Live.Payloads {
		if p.Site.renders(l.Key) && gone(l.Key) {
			p.add(Formats, operation{place{folder: unwantedFolder, index: int32(i)}, Gone, true})
		}
	}
}

// renderedAfter is what is known of the files once they are put and gone, beside
// what is known of the payloads; or while they are.
func (p *Plan) renderedAfter(all []KnownPayload, doubtful bool) []KnownPayload {
	for _, o := range p.single(Formats) {
		o := p.op(Formats, o)
		i, there := slices.BinarySearchFunc(all, o.Object.Key, func(l KnownPayload, key string) int { return strings.Compare(l.Key, key) })
		switch {
		case o.gone && doubtful:
			all[i].Doubtful = true
		case o.gone:
			all = slices.Delete(all, i, i+1)
		default:
			known := KnownPayload{Key: o.Object.Key, Size: o.Object.Content.Size, MD5: o.Object.Content.MD5, Header: o.Object.Header, Doubtful: doubtful}
			if there {
				all[i] = known
			} else {
				all = slices.Insert(all, i, known)
			}
		}
	}
	return all
}

// mediaTypes are those of rendered files, by how their names end.
var mediaTypes = map[string]string{
	".json": "application/json",
	".xml":  "application/xml",
	".yml":  "application/yaml", // RFC 9512
	".yaml": "application/yaml",
}

func mediaTypeOf(at manifest.Location) string {
	if i := strings.LastIndexByte(at.Name, '.'); i >= 0 && at.Class == manifest.Rendered {
		return mediaTypes[at.Name[i:]]
	}
	return ""
}
