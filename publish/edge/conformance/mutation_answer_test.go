package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/edge"
)

// answerMutations are wrong in what a device gets, or in its form.
var answerMutations = []mutation{
	{"the version is ignored", `^api/device/`, value("current_version", func(string) string { return "" })},
	{"an unknown version is none", `^api/device/.*unheard`, value("current_version", func(v string) string { return strings.TrimPrefix(v, "0.0.0-unheard-of") })},
	{"versions without a folder are not compared", `^api/device/.*[.]0_2bunlisted`, keys(func(ctx context.Context, s edge.Source, key string) (*publish.Stored, error) {
		o, err := s.Get(ctx, key)
		if err != nil || !strings.HasSuffix(key, string(manifest.Below)) {
			return o, err
		}
		defer o.Close()
		body, err := io.ReadAll(o)
		if err != nil {
			return nil, err
		}
		content := publish.BytesContent(body[max(0, bytes.IndexByte(body, '\n')):])
		reader, err := content.Reader()
		return &publish.Stored{ReadSeekCloser: reader, Entry: publish.Entry{Key: key, Size: content.Size}}, err
	})},
	{"versions without a folder get nothing", `^api/device/`, value("current_version", func(v string) string {
		if v == "0.0.0-unheard-of" || v == "0.0.0-0" {
			return "9999.0.0"
		}
		return v
	})},
	{"a known version is unknown", `^api/device/`, value("current_version", func(v string) string { return v + "x" })},
	{"versions are trimmed", `^api/odd/`, value("current_version", strings.TrimSpace)},
	{"the cohort is ignored", `^api/device/internal`, keys(func(ctx context.Context, s edge.Source, key string) (*publish.Stored, error) {
		if strings.Contains(key, "/cohorts/") {
			key = "smartfridge/v1/cohorts/00.txt" // an empty one
		}
		return s.Get(ctx, key)
	})},
	{"cohorts are found in any case of the serial", `^api/serial/like`, value("device_serial", func(s string) string {
		if strings.HasPrefix(s, "fridge") {
			return strings.ToUpper(s)
		}
		return s
	})},
	{"long serials are hashed in part", `^api/serial/`, value("device_serial", func(s string) string { return s[:min(len(s), 31)] })},
	{"serials are hashed without their last byte", `^api/serial/`, value("device_serial", func(s string) string { return s[:max(len(s)-1, 1)] })},
	{"no folder for other versions", `^api/device/`, without("/_other/")},
	{"no folder for no version", `^api/device/.*_none/`, without("/_none/")},
	{"no folders for versions", `^api/device/`, without("/1.0.0/")},
	{"JSON for text", `^api/device/`, before(func(r *http.Request) { r.URL.Path = strings.TrimSuffix(r.URL.Path, "/url") })},
	{"a newline after the URL", `^api/device/.*url$`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Header().Get("Content-Type") != "application/json" {
			body(a, a.Body.String()+"\n")
		}
	})},
	{"JSON is written anew", `^api/device/.*json$`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		var object map[string]any
		if isJSON(a) && json.Unmarshal(a.Body.Bytes(), &object) == nil {
			text, _ := json.Marshal(object)
			body(a, string(text))
		}
	})},

	// The form of the answers.
	{"200 for 204", `^api/device/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == 204 {
			a.Code = 200
		}
	})},
	{"no memfault-reason", `^api/device/`, header(204, func(h http.Header) { h.Del("Memfault-Reason") })},
	{"no memfault-reason on an update", `^api/device/`, header(200, func(h http.Header) { h.Del("Memfault-Reason") })},
	{"another memfault-reason", `^api/device/`, header(204, func(h http.Header) { h.Set("Memfault-Reason", "none") })},
	{"Content-Length in a 204", `^api/device/`, raw(204, func(_ *http.Request, a *httptest.ResponseRecorder) string { return head(a, "Content-Length: 0\r\n") })},
	{"content in a 204", `^api/client/closing/up`, raw(204, func(_ *http.Request, a *httptest.ResponseRecorder) string { return head(a, "") + "{}" })},
	{"chunks in a 204", `^api/device/`, raw(204, func(_ *http.Request, a *httptest.ResponseRecorder) string {
		return head(a, "Transfer-Encoding: chunked\r\n")
	})},
	{"chunked", `^api/device/`, breakage{handler: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(flusher{w}, r) })
	}}},
	{"no Content-Length", `^api/device/`, raw(200, func(_ *http.Request, a *httptest.ResponseRecorder) string {
		a.Header().Del("Content-Length")
		return head(a, "") + a.Body.String()
	})},
	{"Content-Length is too small", `^api/client/closing/update`, raw(200, func(_ *http.Request, a *httptest.ResponseRecorder) string {
		a.Header().Set("Content-Length", "9")
		return head(a, "") + a.Body.String()
	})},
	{"Content-Length is too large", `^api/device/`, raw(200, func(_ *http.Request, a *httptest.ResponseRecorder) string {
		a.Header().Set("Content-Length", "9999")
		return head(a, "") + a.Body.String()
	})},
	{"content types are swapped", `^api/device/`, header(200, func(h http.Header) {
		if h.Get("Content-Type") == "application/json" {
			h.Set("Content-Type", "text/plain; charset=utf-8")
		} else {
			h.Set("Content-Type", "application/json")
		}
	})},
	{"text without its charset", `^api/device/`, header(200, func(h http.Header) {
		if strings.HasPrefix(h.Get("Content-Type"), "text/") {
			h.Set("Content-Type", "text/plain")
		}
	})},
	{"two content types", `^api/device/`, header(200, func(h http.Header) { h.Add("Content-Type", "text/plain") })},
	{"errors as text", `^api/malformed/`, header(400, func(h http.Header) { h.Set("Content-Type", "text/plain") })},
	{"errors in HTML", `^api/malformed/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == 400 {
			body(a, "<h1>400</h1>")
		}
	})},
	{"errors with another code", `^api/key/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		body(a, strings.Replace(a.Body.String(), `"http_code":403`, `"http_code":400`, 1))
	})},
	{"errors without a message", `^api/malformed/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		body(a, regexp.MustCompile(`"message":"[^"]*"`).ReplaceAllString(a.Body.String(), `"message":""`))
	})},
	{"errors with other fields", `^api/malformed/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		body(a, strings.Replace(a.Body.String(), `{"error":{`, `{"error":{"stack":"…",`, 1))
	})},
}

// oddMutations are noticed where the names are odd.
var oddMutations = []mutation{
	{"the keys are the head", `^tree/signed/`, keys(func(ctx context.Context, s edge.Source, key string) (*publish.Stored, error) {
		return s.Get(ctx, strings.Replace(key, "/head.txt", "/keys.txt", 1))
	})},
	{"parts are not there", `^tree/signed/`, keys(func(ctx context.Context, s edge.Source, key string) (*publish.Stored, error) {
		if strings.Contains(key, "/signed/") && !strings.HasSuffix(key, ".txt") {
			return nil, fs.ErrNotExist
		}
		return s.Get(ctx, key)
	})},
	{"parts are kept for a year", `^tree/signed/`, header(200, func(h http.Header) {
		h.Set("Cache-Control", strings.Replace(h.Get("Cache-Control"), "86400", "31536000", 1))
	})},
	{"the head is kept for a day", `^tree/signed/`, header(200, func(h http.Header) { h.Set("Cache-Control", "public, max-age=86400, immutable") })},
	{"parts are text", `^tree/signed/`, header(200, func(h http.Header) { h.Set("Content-Type", "text/plain; charset=utf-8") })},
	{"a plus is a plus", `^api/plus/`, rawQuery(func(q string) string { return strings.ReplaceAll(q, "+", "%2B") })},
	{"a plus is a space", `^api/plus/`, rawQuery(func(q string) string { return strings.ReplaceAll(q, "+", "%20") })},
	{"an encoded plus is a space", `^api/plus/`, rawQuery(func(q string) string { return strings.ReplaceAll(q, "%2B", "%20") })},
	{"values are decoded twice", `^api/device/`, rawQuery(func(q string) string { return strings.ReplaceAll(q, "%25", "%") })},
	{"values are Latin-1", `^api/device/`, value("current_version", func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			b.WriteRune(rune(s[i]))
		}
		return b.String()
	})},
	{"_ is not escaped", `^api/device/`, value("current_version", func(s string) string { return strings.TrimPrefix(s, "_none") })},
	{"escapes in upper case", `^api/device/`, keys(func(ctx context.Context, s edge.Source, key string) (*publish.Stored, error) {
		return s.Get(ctx, regexp.MustCompile(`_2b`).ReplaceAllString(key, "_2B"))
	})},
	{"a leading dot is not escaped", `^api/device/`, keys(func(ctx context.Context, s edge.Source, key string) (*publish.Stored, error) {
		return s.Get(ctx, strings.ReplaceAll(key, "/_2e", "/."))
	})},
	{"the targets are mixed up", `^api/device/`, value("hardware_version", func(s string) string { return strings.Replace(s, "rev.A+b", "mp", 1) })},
}
