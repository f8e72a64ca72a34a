package shortcut

import (
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// request is a GET request without a body and without a word about the
// connection, as devices send it. It is used again for the next one.
type request struct {
	http.Request
	values []string // of the header, one after another
}

func newRequest(remote string) *request {
	return &request{Request: http.Request{
		Method: http.MethodGet, URL: new(url.URL), Header: http.Header{}, Body: http.NoBody,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: remote,
	}}
}

// parse reads a request. It is false for one that is not plain, or not in
// order: net/http knows what to do with those.
func (r *request) parse(text string) bool {
	line, fields, _ := strings.Cut(text, "\r\n")
	target, ok1 := strings.CutPrefix(line, "GET ")
	target, ok2 := strings.CutSuffix(target, " HTTP/1.1")
	fields, ok3 := strings.CutSuffix(fields, "\r\n\r\n")
	if !ok1 || !ok2 || !ok3 || !printable(target) || strings.ContainsAny(target, " #") || !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
		return false
	}
	r.RequestURI, r.Host = target, ""
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	if !madeOf(r.URL.Path, "/-_.") {
		return false
	}
	clear(r.Header)
	r.values = r.values[:0]
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, ok := strings.Cut(field, ":")
		value = strings.Trim(value, " \t")
		if !ok || !madeOf(name, "-_") || !printable(value) {
			return false
		}
		switch name = textproto.CanonicalMIMEHeaderKey(name); name {
		case "Host":
			if r.Host != "" || !madeOf(value, "-_.:[]") {
				return false
			}
			r.Host = value
			continue
		case "Connection":
			if !strings.EqualFold(value, "keep-alive") {
				return false
			}
		case "Content-Length", "Transfer-Encoding", "Trailer", "Expect", "Upgrade":
			return false
		}
		r.values = append(r.values, value)
		if had := r.Header[name]; had != nil {
			r.Header[name] = append(had, value)
		} else {
			r.Header[name] = r.values[len(r.values)-1 : len(r.values) : len(r.values)]
		}
	}
	return r.Host != ""
}

// madeOf says whether a text has letters, digits and some other characters
// only, and one at least.
func madeOf(s, others string) bool {
	for i := range len(s) {
		if c := s[i]; (c|0x20 < 'a' || 'z' < c|0x20) && (c < '0' || '9' < c) && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return s != ""
}

// printable says whether a text has printable ASCII characters only.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
