package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
)

// negotiationMutations are wrong in what they make of the fields of a request.
var negotiationMutations = []mutation{
	{"JSON for the URL never", `^api/wrap/`, before(func(r *http.Request) { r.Header.Del("Accept") })},
	{"JSON for the URL always", `^api/accept/`, before(func(r *http.Request) { r.Header.Set("Accept", "application/json") })},
	{"JSON for the URL wherever it is named", `^api/wrap/`, before(func(r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "application/json") {
			r.Header.Set("Accept", "application/json")
		}
	})},
	{"JSON for the URL only where it stands alone", `^api/wrap/`, before(func(r *http.Request) {
		if r.Header.Get("Accept") != "application/json" {
			r.Header.Set("Accept", "*/*")
		}
	})},
	{"Vary does not list Accept", `^api/wrap/`, header(200, func(h http.Header) { h.Set("Vary", "Accept-Encoding") })},
	{"gzip for everyone", `^api/device/.*json$`, before(func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })},
	{"gzip where it is named", `^api/coding/`, before(func(r *http.Request) {
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			r.Header.Set("Accept-Encoding", "gzip")
		}
	})},
	{"brotli for gzip", `^api/coding/`, before(func(r *http.Request) {
		if r.Header.Get("Accept-Encoding") == "gzip" {
			r.Header.Set("Accept-Encoding", "br")
		}
	})},
	{"gzip without saying so", `^api/coding/`, header(200, func(h http.Header) { h.Del("Content-Encoding") })},
	{"saying gzip without it", `^api/coding/`, header(200, func(h http.Header) { h.Set("Content-Encoding", "gzip") })},
	{"gzip twice", `^api/coding/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Header().Get("Content-Encoding") == "gzip" {
			body(a, zipped(a.Body.Bytes()))
		}
	})},
	{"no negotiation", `^api/coding/`, before(func(r *http.Request) { r.Header.Del("Accept-Encoding") })},
	{"no negotiation in the tree", `^tree/coding/`, before(func(r *http.Request) { r.Header.Del("Accept-Encoding") })},
	{"Vary does not list Accept-Encoding", `^(api|tree)/coding/`, header(200, func(h http.Header) { h.Set("Vary", "Accept") })},
	{"no ETag", `^api/again/`, header(200, func(h http.Header) { h.Del("Etag") })},
	{"If-None-Match is ignored", `^api/again/`, before(func(r *http.Request) { r.Header.Del("If-None-Match") })},
	{"any If-None-Match will do", `^api/again/.*another`, before(func(r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			r.Header.Set("If-None-Match", "*")
		}
	})},
	{"only one tag is looked at", `^api/again/`, before(func(r *http.Request) {
		first, _, _ := strings.Cut(r.Header.Get("If-None-Match"), ",")
		r.Header.Set("If-None-Match", first)
	})},
	{"304 without its ETag", `^api/again/`, header(304, func(h http.Header) { h.Del("Etag") })},
	{"304 with content", `^api/again/`, raw(304, func(_ *http.Request, a *httptest.ResponseRecorder) string { return head(a, "") + "https://" })},
	{"ranges are ignored", `^tree/payloads/range`, before(func(r *http.Request) { r.Header.Del("Range") })},
	{"ranges are a byte too long", `^tree/payloads/range`, before(func(r *http.Request) {
		if r.Header.Get("Range") == "bytes=0-9" {
			r.Header.Set("Range", "bytes=0-10")
		}
	})},
	{"the part is another one", `^tree/payloads/range`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == 206 {
			body(a, strings.ToUpper(strings.Repeat("x", a.Body.Len())))
		}
	})},
	{"no range at the end", `^tree/payloads/range`, before(func(r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Range"), "bytes=-") {
			r.Header.Del("Range")
		}
	})},
	{"a range past the end is everything", `^tree/payloads/range`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == 416 {
			a.Code = 200
		}
	})},
	{"a range of an answer is another part", `^api/again/.*range`, after(func(r *http.Request, a *httptest.ResponseRecorder) {
		if r.Header.Get("Range") != "" && a.Code == 200 {
			a.Code = 206
			body(a, a.Body.String()[1:11])
		}
	})},
}

// treeMutations are wrong in the tree.
var treeMutations = []mutation{
	{"markers are 204", `^tree/latest/`, after(func(r *http.Request, a *httptest.ResponseRecorder) {
		if !isAPI(r) && a.Code == 200 && a.Header().Get("Content-Length") == "0" {
			upToDate(a)
		}
	})},
	{"empty shards are missing", `^tree/cohorts/`, after(func(r *http.Request, a *httptest.ResponseRecorder) {
		if !isAPI(r) && a.Header().Get("Content-Length") == "0" {
			a.Code = 404
		}
	})},
	{"what is missing is empty", `^tree/absent/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == 404 {
			a.Code = 200
			body(a, "")
		}
	})},
	{"what is missing is a page", `^tree/traversal/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == 404 {
			a.Code = 200
		}
	})},
	{"what is missing is elsewhere", `^tree/absent/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == 404 {
			a.Code = 302
			a.Header().Set("Location", "/")
		}
	})},
	{"dots lead out", `^tree/traversal/`, leak(func(r *http.Request) bool { return strings.Contains(r.URL.Path, "..") })},
	{"encoded dots lead out", `^tree/traversal/`, leak(func(r *http.Request) bool { return strings.Contains(strings.ToLower(r.URL.EscapedPath()), "%2e%2e") })},
	{"dots are decoded twice", `^tree/traversal/`, leak(func(r *http.Request) bool { return strings.Contains(r.URL.Path, "%2e%2e") })},
	{"backslashes lead out", `^tree/traversal/`, leak(func(r *http.Request) bool { return strings.Contains(r.URL.Path, `..\`) })},
	{"dots in parameters lead out", `^api/(unknown|odd)/`, leak(func(r *http.Request) bool {
		return strings.Contains(r.URL.Query().Get("hardware_version"), "../") || strings.Contains(r.URL.Query().Get("current_version"), "../")
	})},
	{"folders are listed", `^tree/absent/`, leak(func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/") })},
	{"the state is shown", `^tree/hidden/`, leak(func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/.cairn/") })},
	{"longer paths are the query API, too", `^api/absent/`, before(func(r *http.Request) { r.URL.Path = strings.TrimSuffix(r.URL.Path, "/") })},
	{"queries are part of keys", `^tree/cohorts/`, refuse(func(r *http.Request) bool { return !isAPI(r) && r.URL.RawQuery != "" })},
	{"siblings don't state their encoding", `^tree/latest/.*[.]gz$`, header(200, func(h http.Header) { h.Del("Content-Encoding") })},
	{"payloads are text", `^tree/type/`, header(200, func(h http.Header) {
		if h.Get("Content-Type") == "application/octet-stream" {
			h.Set("Content-Type", "text/plain; charset=utf-8")
		}
	})},
	{"payloads have another byte", `^tree/payloads/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Header().Get("Content-Type") == "application/octet-stream" && a.Body.Len() > 0 {
			body(a, a.Body.String()[1:]+"x")
		}
	})},
	{"what versions without a folder get is missing", `^tree/latest/.*_other/.*[.]below[.]txt$`, refuse(func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ".below.txt") })},
	{"HEAD is refused in the tree", `^tree/.*HEAD$`, refuse(func(r *http.Request) bool { return !isAPI(r) && r.Method == "HEAD" })},
}
