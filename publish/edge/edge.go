// Package edge answers devices over HTTP: the query API of docs/contract.md section
// 4, and the tree beside it, from a store or straight from a site.
// It imports no store: a caller hands it one.
package edge

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"
)

// Source is where the objects of a tree are: a [publish.Store], or a
// [publish.Site] that is published nowhere.
type Source interface {
	// Get is that of [publish.Store].
	Get(ctx context.Context, key string) (*publish.Stored, error)
}

// Marker is a [Source] that tells at little cost whether an object is what it
// was. A handler keeps what it has read of one, and looks before each answer.
type Marker interface {
	// Mark changes with the object at key. The error for a missing one
	// matches [fs.ErrNotExist].
	Mark(key string) (publish.Mark, error)
}

// Options say what a handler serves.
type Options struct {
	Layout manifest.Layout
	Order  releases.Order // in which versions without a folder are compared
	Cache  releases.Cache // lifetimes that the answers state
	Eager  bool           // whether there are answers for devices that ask eagerly
	Key    string         // what the query API asks for in Memfault-Project-Key; "" for nothing
	// Now is the clock by which a handler keeps what it has read, for as long as
	// its Cache-Control says, and that something was missing likewise. Nil reads
	// each answer anew, unless the source is a [Marker].
	Now func() time.Time
	// Failed is told why a request got no answer, if it is not nil.
	Failed func(r *http.Request, err error)
}

// Asked is a [http.ResponseWriter] that is told, for an answer of the query API,
// which key a device with direct keys would have asked for first: that of its
// version, whether it has a folder or not.
type Asked interface{ Asked(key string) }

// The paths of the query API.
const (
	LatestPath    = "/api/v0/releases/latest"
	LatestURLPath = LatestPath + "/url"
)

// Handler answers GET and HEAD requests. It never panics and never blocks on
// anything but its source.
type Handler struct {
	source Source
	marker Marker // nil where each answer is read anew
	kept   *kept
	Options
}

// New makes a handler over a source, which may be a [Marker].
func New(source Source, opts Options) *Handler {
	marker, _ := source.(Marker)
	return &Handler{source: source, marker: marker, kept: newKept(opts.Now), Options: opts}
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.Header().Set("Connection", "close") // and the request's body unread
		fail(w, http.StatusMethodNotAllowed, "method "+r.Method+" is not allowed: use GET")
		return
	}
	var err error
	switch oneSlash(r.URL.Path) {
	case LatestPath:
		err = h.latest(w, r, manifest.JSON)
	case LatestURLPath:
		err = h.latest(w, r, manifest.Text)
	default:
		err = h.serve(w, r)
	}
	var bad *requestError
	switch {
	case errors.As(err, &bad):
		fail(w, bad.code, bad.message)
	case err != nil:
		if h.Failed != nil {
			h.Failed(r, err)
		}
		w.Header().Set("Retry-After", "60")
		fail(w, http.StatusServiceUnavailable, "the release data cannot be read now: try again later")
	}
}

// oneSlash is a path of the query API as a client means it whose base URL ends
// in a slash: //api/v0/….
func oneSlash(path string) string {
	if rest := strings.TrimLeft(path, "/"); strings.HasPrefix(rest, "api/v0/") {
		return "/" + rest
	}
	return path
}

// requestError is a request that gets an answer of its own.
type requestError struct {
	code    int
	message string
}

func (e *requestError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &requestError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// fail writes an error in the shape of the query API.
func fail(w http.ResponseWriter, code int, message string) {
	type body struct {
		Message string `json:"message"`
		Code    int    `json:"http_code"`
	}
	b := marshal(map[string]body{"error": {message, code}})
	header := w.Header()
	header.Del("Memfault-Reason")
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(b)))
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(b)
}

// latest answers the query API.
func (h *Handler) latest(w http.ResponseWriter, r *http.Request, form manifest.Form) error {
	if h.Key != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Memfault-Project-Key")), []byte(h.Key)) != 1 {
		return &requestError{http.StatusForbidden, "the Memfault-Project-Key header is missing or wrong"}
	}
	readings, err := parseQuery(r.URL.RawQuery, h.Eager)
	if err != nil {
		return err
	}
	at, answer, err := h.find(r.Context(), readings, form)
	if torn := (*tornError)(nil); errors.As(err, &torn) {
		for _, key := range torn.keys {
			h.kept.Invalidate(identity{key: key})
		}
		at, answer, err = h.find(r.Context(), readings, form)
	}
	if err != nil {
		return err
	}
	if to, ok := w.(Asked); ok {
		asked := at
		asked.Form = form
		if at.VersionSegment == manifest.OtherSegment {
			asked.VersionSegment = manifest.VersionSegment(readings[0].CurrentVersion)
		}
		to.Asked(h.Layout.Key(asked))
	}
	header := w.Header()
	header["Cache-Control"] = answer.private
	header.Set("Memfault-Reason", "latest")
	if len(answer.body) == 0 {
		h.age(header, answer)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if form == manifest.Text {
		header.Set("Vary", "Accept, Accept-Encoding")
		if wantsJSON(r.Header) {
			h.write(w, r, wrapURL(answer))
			return nil
		}
	} else {
		header.Set("Vary", "Accept-Encoding")
	}
	// The siblings of what versions without a folder get were not compared.
	if at.VersionSegment != manifest.OtherSegment {
		if answer, err = h.negotiate(r, h.Layout.Key(at), at, answer); err != nil {
			return err
		}
	}
	h.write(w, r, answer)
	return nil
}

// tornError is that answers do not go together: a publish may have come between
// the times when they were read.
type tornError struct {
	error
	keys []string // of those answers
}

// wrapURL is an answer's URL in JSON, as the API gives it to who asks for that.
func wrapURL(a *answer) *answer {
	type data struct {
		URL string `json:"url"`
	}
	header := publish.Header{ContentType: "application/json", CacheControl: a.public[0]}
	return a.of(marshal(map[string]data{"data": {string(a.body)}}), header)
}

// marshal writes strings and numbers as JSON, without the escapes that only
// HTML needs.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // strings and numbers always marshal
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// find goes the way of a device, as [manifest.Layout.Walk] says. The answer has
// no bytes for a device that is up to date.
func (h *Handler) find(ctx context.Context, readings []manifest.Device, form manifest.Form) (at manifest.Location, a *answer, err error) {
	hash := manifest.Hash(readings[0].Serial)
	cohort, err := h.cohort(ctx, hash)
	if err != nil {
		return at, nil, err
	}
	asked := []string{h.Layout.CohortKey(h.Layout.Shard(hash))}
	at, url, err := h.Layout.Walk(h.Order, cohort, h.Layout.LooksIn(readings[0]), readings, func(at manifest.Location) ([]byte, error) {
		if at.Form == manifest.Text {
			at.Form = form
		}
		key := h.Layout.Key(at)
		asked = append(asked, key)
		var err error
		if a, err = h.read(ctx, key, at); err != nil {
			return nil, err
		}
		return a.body, nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return at, nil, h.unanswered(ctx, cohort, at, readings[0].Target, asked)
	case err != nil || at.Form == manifest.Text:
		at.Form = form
		return at, a, err
	case url == "":
		return at, a.with(nil), nil
	case form == manifest.Text:
		return at, a.with([]byte(url)), nil
	}
	at.Form = form
	key := h.Layout.Key(at)
	a, err = h.read(ctx, key, at)
	if err == nil && !offers(a.body, url) {
		err = &tornError{fmt.Errorf("%s offers another payload than the one for versions below", key), append(asked, key)}
	}
	return at, a, err
}

// offers says whether a JSON answer is that of a payload. A publish may have
// come between the text that was compared and the JSON.
func offers(body []byte, url string) bool {
	var release struct{ Artifacts []struct{ URL string } }
	return json.Unmarshal(body, &release) == nil && len(release.Artifacts) > 0 && release.Artifacts[0].URL == url
}

// unanswered is why a device finds nothing at the keys that were asked for: it
// may be for nobody, or not be there just now.
func (h *Handler) unanswered(ctx context.Context, cohort string, at manifest.Location, t manifest.Target, asked []string) error {
	if cohort != releases.DefaultCohort {
		// The default cohort has an answer for every target: if it has one
		// here, the device is just changing cohorts.
		at.Target, at.Cohort, at.Form = t, releases.DefaultCohort, manifest.Text
		if _, err := h.read(ctx, h.Layout.Key(at), at); !errors.Is(err, fs.ErrNotExist) {
			return &tornError{fmt.Errorf("cohort %q has no answer for bucket %s", cohort, at.Bucket), asked}
		}
	}
	return badRequest("no release is made for software type %q on hardware version %q", t.SoftwareType, t.HardwareVersion)
}

// cohort finds the cohort of a device in its shard.
func (h *Handler) cohort(ctx context.Context, hash string) (string, error) {
	at := manifest.Location{Class: manifest.CohortIndex, Shard: h.Layout.Shard(hash)}
	key := h.Layout.Key(at)
	shard, err := h.read(ctx, key, at)
	if errors.Is(err, fs.ErrNotExist) {
		shard, err = h.fetch(ctx, key) // every tree has all shards: the source says what is wrong
	}
	if err != nil {
		return "", err
	}
	return manifest.CohortIn(shard.body, hash), nil
}
