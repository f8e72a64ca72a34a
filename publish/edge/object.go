package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/publish"

	"github.com/cespare/xxhash/v2"
)

// answer is a small object, read.
type answer struct {
	body   []byte
	header publish.Header
}

// read reads a small object. Its headers are those that its key calls for:
// a folder keeps none.
func (h *Handler) read(ctx context.Context, key string) (*answer, error) {
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
	return &answer{body, publish.HeaderOf(at, h.Cache)}, err
}

// object serves the object that a path names.
func (h *Handler) object(w http.ResponseWriter, r *http.Request) error {
	key := strings.TrimPrefix(r.URL.Path, "/")
	at, ok := h.Layout.Parse(key)
	if !ok {
		return notFound(r)
	}
	if at.Class == manifest.Payload {
		return h.payload(w, r, key, at)
	}
	a, err := h.read(r.Context(), key)
	if errors.Is(err, fs.ErrNotExist) {
		return notFound(r)
	}
	if err != nil {
		return err
	}
	if at.Encoding == manifest.Identity {
		w.Header().Set("Vary", "Accept-Encoding")
		if a, err = h.negotiate(r, key, a); err != nil {
			return err
		}
	}
	w.Header().Set("Cache-Control", a.header.CacheControl)
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
// The ETag is made of the bytes, so the encodings of one answer have different
// ones.
func write(w http.ResponseWriter, r *http.Request, a *answer) {
	header := w.Header()
	etag := fmt.Sprintf(`"%016x"`, xxhash.Sum64(a.body))
	header.Set("Etag", etag)
	if matches(r.Header.Values("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", a.header.ContentType)
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.header.ContentEncoding != "" {
		header.Set("Content-Encoding", a.header.ContentEncoding)
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body)
	}
}

// negotiate is the form of an answer that the client wants most, the smallest
// where it doesn't care: a sibling is there only where it is smaller.
func (h *Handler) negotiate(r *http.Request, key string, identity *answer) (*answer, error) {
	if len(identity.body) <= publish.LeastSaving {
		return identity, nil
	}
	for _, e := range wanted(r.Header) {
		a, err := h.read(r.Context(), key+string(e))
		if !errors.Is(err, fs.ErrNotExist) {
			return a, err
		}
	}
	return identity, nil
}
