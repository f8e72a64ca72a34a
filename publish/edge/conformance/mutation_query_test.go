package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

const (
	keyHeader = "Memfault-Project-Key"
	rightKey  = "demo-project-key"
)

// queryMutations are wrong in how they read a request.
var queryMutations = []mutation{
	// Parameters.
	{"?& is refused", `^api/parameters/`, refuse(func(r *http.Request) bool { return strings.HasPrefix(r.URL.RawQuery, "&") })},
	{"other parameters are refused", `^api/parameters/`, refuse(func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "x=") })},
	{"parameters of an SDK are refused", `^api/parameters/`, refuse(func(r *http.Request) bool { return r.URL.Query().Has("sdkVersion") })},
	{"a header of an SDK is refused", `^api/parameters/`, refuse(func(r *http.Request) bool { return r.Header.Get("X-Request-ID") != "" })},
	{"two slashes are refused", `^api/parameters/`, refuse(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "//") })},
	{"malformed other parameters are refused", `^api/parameters/`, refuse(func(r *http.Request) bool {
		_, err := url.ParseQuery(r.URL.RawQuery)
		return err != nil && strings.HasPrefix(r.URL.RawQuery, "x")
	})},
	{"the order matters", `^api/parameters/`, refuse(func(r *http.Request) bool {
		return strings.Index(r.URL.RawQuery, "software_type") < strings.Index(r.URL.RawQuery, "device_serial")
	})},
	{"names are not decoded", `^api/parameters/`, rawQuery(func(q string) string { return strings.NewReplacer("%5F", ".", "%5f", ".", "%64", ".").Replace(q) })},
	{"names in any case", `^api/malformed/`, rawQuery(func(q string) string {
		return strings.NewReplacer("Device", "device", "Hardware", "hardware", "Software", "software").Replace(q)
	})},
	{"names by their beginning", `^api/parameters/`, rawQuery(func(q string) string { return strings.ReplaceAll(q, "device_serial2", "device_serial") })},
	{"names anywhere", `^api/parameters/`, rawQuery(func(q string) string { return strings.ReplaceAll(q, "_device_serial", "device_serial") })},
	{"semicolons separate", `^api/parameters/`, rawQuery(func(q string) string { return strings.ReplaceAll(q, ";", "&") })},
	{"values are not decoded", `^api/encoding/`, refuse(func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "_version=%") })},
	{"lower-case escapes are refused", `^api/encoding/`, refuse(func(r *http.Request) bool {
		return regexp.MustCompile(`%[0-9]?[a-f]`).MatchString(r.URL.RawQuery)
	})},
	{"an empty version is refused", `^api/parameters/`, refuse(func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "current_version=&") })},
	{"the first of two counts", `^api/malformed/`, rawQuery(func(q string) string { return unique(q, false) })},
	{"the last of two counts", `^api/malformed/`, rawQuery(func(q string) string { return unique(q, true) })},
	{"a missing type is guessed", `^api/malformed/`, rawQuery(func(q string) string {
		if !strings.Contains(q, "software_type") {
			q += "&software_type=stm32-fw"
		}
		return q
	})},
	{"malformed escapes are text", `^api/malformed/`, rawQuery(func(q string) string {
		return regexp.MustCompile(`%([^0-9a-fA-F]|.[^0-9a-fA-F]|.?$)`).ReplaceAllString(q, "%25$1")
	})},
	{"other bytes than UTF-8 are replaced", `^api/malformed/`, value("current_version", func(s string) string { return strings.ToValidUTF8(s, "?") })},
	{"control characters are dropped", `^api/malformed/`, value("current_version", func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, s)
	})},
	{"only ASCII's control characters are refused", `^api/malformed/`, value("current_version", func(s string) string { return strings.ReplaceAll(s, "\u0085", "") })},
	{"long values are cut", `^api/malformed/`, value("current_version", func(s string) string { return s[:min(len(s), 128)] })},
	{"128 characters are counted in bytes", `^api/odd/`, refuse(func(r *http.Request) bool {
		return len(r.URL.Query().Get("current_version")) > 128
	})},
	{"any serial will do", `^api/malformed/`, value("device_serial", func(s string) string {
		return regexp.MustCompile(`[^-a-zA-Z0-9_]`).ReplaceAllString(s, "")
	})},
	{"unknown hardware is up to date", `^api/unknown/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if strings.Contains(a.Body.String(), "no release is made") {
			upToDate(a)
		}
	})},
	{"unknown hardware is 404", `^api/unknown/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if strings.Contains(a.Body.String(), "no release is made") {
			a.Code = 404
		}
	})},
	{"hardware in any case", `^api/unknown/`, value("hardware_version", strings.ToLower)},

	// Keys and methods.
	{"the key is ignored", `^api/key/`, before(func(r *http.Request) { r.Header.Set(keyHeader, rightKey) })},
	{"any key will do", `^api/key/`, key(func(k string) bool { return k != "" })},
	{"the key's beginning will do", `^api/key/`, key(func(k string) bool { return k != "" && strings.HasPrefix(rightKey, k) })},
	{"a longer key will do", `^api/key/`, key(func(k string) bool { return strings.HasPrefix(k, rightKey) })},
	{"the key in any case", `^api/key/`, key(func(k string) bool { return strings.EqualFold(k, rightKey) })},
	{"the key in the query", `^api/key/`, before(func(r *http.Request) {
		if r.URL.Query().Get(keyHeader) == rightKey {
			r.Header.Set(keyHeader, rightKey)
		}
	})},
	{"401 for a wrong key", `^api/key/`, after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == 403 {
			a.Code = 401
		}
	})},
	{"the tree asks for the key", `^tree/cohorts/`, refuse(func(r *http.Request) bool { return !isAPI(r) && r.Header.Get(keyHeader) == "" })},
	{"POST is GET", `^api/method/POST`, before(func(r *http.Request) {
		if r.Method == "POST" {
			r.Method = "GET"
		}
	})},
	{"405 without Allow", `^api/method/`, header(405, func(h http.Header) { h.Del("Allow") })},
	{"HEAD is not in Allow", `^api/method/`, header(405, func(h http.Header) { h.Set("Allow", "GET") })},
	{"DELETE in the tree", `^tree/method/DELETE`, instead(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "DELETE" {
			w.WriteHeader(204)
		}
		return r.Method == "DELETE"
	})},
	{"HEAD is refused", `^api/method/HEAD`, before(func(r *http.Request) {
		if r.Method == "HEAD" {
			r.Method = "PUT"
		}
	})},
	{"HEAD with content", `^api/method/HEAD`, raw(200, func(_ *http.Request, a *httptest.ResponseRecorder) string { return head(a, "") + "https://" })},
	{"HEAD with another length", `^api/method/HEAD`, header(200, func(h http.Header) { h.Set("Content-Length", "0") })},

	// Clients.
	{"names need a space after the colon", `^api/client/`, wire(func(r string) bool { return !regexp.MustCompile(`\n[^ ]+:[^ ]`).MatchString(r) })},
	{"values are not trimmed", `^api/client/`, wire(func(r string) bool { return !strings.Contains(r, "  \r\n") })},
	{"header names in one case", `^api/client/`, wire(func(r string) bool { return !strings.Contains(r, "host:") })},
	{"Accept is needed", `^api/client/`, wire(func(r string) bool { return strings.Contains(r, "Accept: ") })},
	{"HTTP/1.0 is refused", `^api/client/`, wire(func(r string) bool { return !strings.Contains(r, "HTTP/1.0") })},
	{"Host is needed", `^api/client/`, wire(func(r string) bool { return strings.Contains(strings.ToLower(r), "\nhost:") })},
	{"UTF-8 must be encoded", `^api/raw/`, wire(func(r string) bool { return strings.IndexFunc(r, func(c rune) bool { return c > '~' }) < 0 })},
	{"connections are not closed", `^api/client/closing`, breakage{handler: func(http.Handler) http.Handler { return http.HandlerFunc(stay) }}},
}
