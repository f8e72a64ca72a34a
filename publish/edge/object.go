package edge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/publish"

	"github.com/cespare/xxhash/v2"
	"github.com/maypok86/otter/v2"
)

// answer is a small object, read, with the header fields that it is sent with.
type answer struct {
	body []byte
	etag string
	// Content-Type, Content-Length, Content-Encoding and ETag.
	fields http.Header
	// Cache-Control, in the tree and in the query API.
	public, private []string

	read     time.Time     // when the source was asked; zero where an answer has no age
	lifetime time.Duration // for which it is kept
	missing  bool          // nothing is there
}

// newAnswer makes an answer. Its ETag is made of the bytes, so the encodings
// of one answer have different ones.
func newAnswer(body []byte, header publish.Header) *answer {
	a := &answer{body: body, etag: fmt.Sprintf(`"%016x"`, xxhash.Sum64(body))}
	a.fields = http.Header{"Content-Type": {header.ContentType}, "Content-Length": {strconv.Itoa(len(body))}, "Etag": {a.etag}}
	if header.ContentEncoding != "" {
		a.fields["Content-Encoding"] = []string{header.ContentEncoding}
	}
	a.public = []string{header.CacheControl}
	a.private = []string{"private, " + strings.TrimPrefix(header.CacheControl, "public, ")}
	return a
}

// with is the answer with another body, as text.
func (a *answer) with(body []byte) *answer {
	return a.of(body, publish.Header{ContentType: a.fields.Get("Content-Type"), CacheControl: a.public[0]})
}

// of is an answer that is made of this one.
func (a *answer) of(body []byte, header publish.Header) *answer {
	made := newAnswer(body, header)
	made.read = a.read
	return made
}

// read gives the small object at a key and its location: one that is kept, if
// the same is still there, or its lifetime is not over.
func (h *Handler) read(ctx context.Context, key string, at manifest.Location) (*answer, error) {
	switch {
	case h.marker != nil:
		return h.readMarked(ctx, key, at)
	case h.Now == nil:
		return h.fetch(ctx, key)
	}
	a, err := h.kept.Get(ctx, identity{key: key}, otter.LoaderFunc[identity, *answer](func(ctx context.Context, id identity) (*answer, error) {
		return h.fetchToKeep(context.WithoutCancel(ctx), id.key, at) // for all that wait
	}))
	if err == nil && a.missing {
		return nil, fs.ErrNotExist
	}
	return a, err
}

// fetchToKeep is fetch for an answer that is kept for its lifetime, whether it
// is there or not.
func (h *Handler) fetchToKeep(ctx context.Context, key string, at manifest.Location) (*answer, error) {
	read := h.Now()
	a, err := h.fetch(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		a, err = &answer{missing: true, lifetime: publish.HeaderOf(at, h.Cache).MaxAge()}, nil
	}
	if err == nil {
		a.read = read
		a.lifetime = max(1, a.lifetime-h.Now().Sub(read))
	}
	return a, err
}

func (h *Handler) readMarked(ctx context.Context, key string, at manifest.Location) (*answer, error) {
	mark, err := h.marker.Mark(key)
	if err != nil {
		return nil, err
	}
	id := identity{mark: mark, class: at.Class, form: at.Form, encoding: at.Encoding}
	if a, ok := h.kept.GetIfPresent(id); ok {
		return a, nil
	}
	a, err := h.fetch(ctx, key)
	if err != nil {
		return nil, err
	}
	// It may have been replaced before it was read.
	if again, err := h.marker.Mark(key); err == nil && again == mark {
		h.kept.Set(id, a)
	}
	return a, nil
}

// fetch reads a small object. Its headers are those that its key calls for: a
// folder keeps none.
func (h *Handler) fetch(ctx context.Context, key string) (*answer, error) {
	at, ok := h.Layout.Parse(key)
	if !ok {
		return nil, fs.ErrNotExist
	}
	o, err := h.source.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	body, err := io.ReadAll(o)
	if err != nil {
		return nil, err
	}
	header := publish.HeaderOf(at, h.Cache)
	a := newAnswer(body, header)
	a.lifetime = header.MaxAge()
	if o.Header.CacheControl != "" {
		a.lifetime = min(a.lifetime, o.Header.MaxAge())
	}
	return a, nil
}

// serve gives the object that a path names.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	key := strings.TrimPrefix(r.URL.Path, "/")
	at, ok := h.Layout.Parse(key)
	if !ok {
		return notFound(r)
	}
	if beside, ok := h.Layout.PayloadBeside(at); ok {
		key, at = h.Layout.Key(beside), beside
	}
	if at.Class == manifest.Payload {
		return h.payload(w, r, key, at)
	}
	a, err := h.read(r.Context(), key, at)
	if errors.Is(err, fs.ErrNotExist) {
		return notFound(r)
	}
	if err != nil {
		return err
	}
	if encoded := at.Class == manifest.Answer || at.Class == manifest.CohortIndex; encoded && at.Encoding == manifest.Identity {
		w.Header().Set("Vary", "Accept-Encoding")
		if a, err = h.negotiate(r, key, at, a); err != nil {
			return err
		}
	}
	w.Header()["Cache-Control"] = a.public
	h.write(w, r, a)
	return nil
}

func notFound(r *http.Request) error {
	return &requestError{http.StatusNotFound, fmt.Sprintf("nothing is at %q", r.URL.Path)}
}

func (h *Handler) payload(w http.ResponseWriter, r *http.Request, key string, at manifest.Location) error {
	o, err := h.source.Get(r.Context(), key)
	if errors.Is(err, fs.ErrNotExist) {
		return notFound(r)
	}
	if err != nil {
		return err
	}
	defer o.Close()
	header := publish.HeaderOf(at, h.Cache)
	w.Header().Set("Content-Type", header.ContentType)
	w.Header().Set("Cache-Control", header.CacheControl)
	w.Header().Set("Etag", `"`+at.SHA256+`"`)
	if unit, _, _ := strings.Cut(r.Header.Get("Range"), "="); unit != "bytes" {
		r.Header.Del("Range") // RFC 9110 section 14.2: an unknown unit is ignored
	}
	http.ServeContent(w, r, "", time.Time{}, o)
	return nil
}

// write serves an answer whole: a range of an answer is of no use to a device.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, a *answer) {
	header := w.Header()
	h.age(header, a)
	if tags := r.Header["If-None-Match"]; matches(tags, a.etag) {
		header.Set("Etag", a.etag)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	maps.Copy(header, a.fields)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body)
	}
}

// age states how long ago an answer was read, as caches do (RFC 9111 section
// 5.1): whoever keeps it keeps it for the rest of its lifetime.
func (h *Handler) age(header http.Header, a *answer) {
	if !a.read.IsZero() {
		header["Age"] = []string{strconv.Itoa(int(h.Now().Sub(a.read) / time.Second))}
	}
}

// negotiate is the form of an answer that the client wants most, the smallest
// where it doesn't care: a sibling is there only where it is smaller.
func (h *Handler) negotiate(r *http.Request, key string, at manifest.Location, identity *answer) (*answer, error) {
	if len(identity.body) <= publish.LeastSaving {
		return identity, nil
	}
	for _, e := range wanted(r.Header) {
		at.Encoding = e
		a, err := h.sibling(r.Context(), key, at, identity)
		if !errors.Is(err, fs.ErrNotExist) {
			return a, err
		}
	}
	return identity, nil
}

// sibling is an answer in the encoding of a location. That of one which is kept
// for its lifetime is made here, once for all keys with that answer: the source
// need not be asked, and may have another answer by now.
func (h *Handler) sibling(ctx context.Context, key string, at manifest.Location, plain *answer) (*answer, error) {
	if plain.read.IsZero() {
		return h.read(ctx, key+string(at.Encoding), at)
	}
	id := identity{key: string(plain.body), class: at.Class, form: at.Form, encoding: at.Encoding}
	made, err := h.kept.Get(ctx, id, otter.LoaderFunc[identity, *answer](func(context.Context, identity) (*answer, error) {
		sibling := publish.Sibling(at.Class, plain.body, at.Encoding)
		if sibling == nil {
			return &answer{missing: true, lifetime: plain.lifetime}, nil
		}
		a := newAnswer(sibling.Bytes, publish.HeaderOf(at, h.Cache))
		a.lifetime = plain.lifetime
		return a, nil
	}))
	if err != nil || made.missing {
		return nil, cmp.Or(err, fs.ErrNotExist)
	}
	own := *made
	own.read = plain.read
	return &own, nil
}
