package edge

import (
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
)

// answer is a small object, read, with the header fields that it is sent with.
type answer struct {
	body []byte
	etag string
	// Content-Type, Content-Length, Content-Encoding and ETag.
	fields http.Header
	// Cache-Control, in the tree and in the query API.
	public, private []string
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
	return newAnswer(body, publish.Header{ContentType: a.fields.Get("Content-Type"), CacheControl: a.public[0]})
}

// read gives the small object at a key and its location: one that is kept, if
// the same is still there.
func (h *Handler) read(ctx context.Context, key string, at manifest.Location) (*answer, error) {
	if h.marker == nil {
		return h.fetch(ctx, key)
	}
	mark, err := h.marker.Mark(key)
	if err != nil {
		return nil, err
	}
	id := identity{mark, at.Class, at.Form, at.Encoding}
	if a := h.kept.get(id); a != nil {
		return a, nil
	}
	a, err := h.fetch(ctx, key)
	if err != nil {
		return nil, err
	}
	// It may have been replaced before it was read.
	if again, err := h.marker.Mark(key); err == nil && again == mark {
		h.kept.put(id, a)
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
	return newAnswer(body, publish.HeaderOf(at, h.Cache)), nil
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
	write(w, r, a)
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
func write(w http.ResponseWriter, r *http.Request, a *answer) {
	header := w.Header()
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

// negotiate is the form of an answer that the client wants most, the smallest
// where it doesn't care: a sibling is there only where it is smaller.
func (h *Handler) negotiate(r *http.Request, key string, at manifest.Location, identity *answer) (*answer, error) {
	if len(identity.body) <= publish.LeastSaving {
		return identity, nil
	}
	for _, e := range wanted(r.Header) {
		at.Encoding = e
		a, err := h.read(r.Context(), key+string(e), at)
		if !errors.Is(err, fs.ErrNotExist) {
			return a, err
		}
	}
	return identity, nil
}
