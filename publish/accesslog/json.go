package accesslog

import (
	"bytes"
	"slices"
)

// names are what logs call things: members in JSON, and columns. None of them
// means two things, and of two for the same thing the first counts.
var names = map[string]setter{}

// setter takes a value over; false says that it is no such thing.
type setter func(p *Parser, r *Record, value []byte) bool

// Names of the columns of what [Query] gives, beside those that logs have.
const (
	firstAt  = "first_at"
	lastAt   = "last_at"
	requests = "requests"
)

// What logs in JSON call the same.
var (
	timeNames   = []string{"ts", "timestamp", "time", "time_iso8601", "time_local", "msec", "EdgeStartTimestamp", "timestamp(ms)"}
	methodNames = []string{"method", "request_method", "ClientRequestMethod", "cs-method"}
	uriNames    = []string{"uri", "request_uri", "ClientRequestURI", "ClientRequestPath", "cs-uri-stem"}
	statusNames = []string{"status", "EdgeResponseStatus", "sc-status"}
	sizeNames   = []string{"size", "bytes", "body_bytes_sent", "bytes_sent", "EdgeResponseBodyBytes", "EdgeResponseBytes", "sc-bytes"}
	keyNames    = []string{"cairn_key", "cairn-key"}
)

func init() {
	add := func(f setter, all ...string) {
		for _, name := range all {
			names[name] = f
		}
	}
	add(func(p *Parser, r *Record, v []byte) bool {
		if len(v) == 8 { // of CloudFront, beside its date
			second, ok := clock(v)
			r.parts += second
			return ok
		}
		at, ok := p.anyTime(v)
		if r.At == 0 {
			r.At = at
		}
		return ok
	}, append(timeNames, firstAt)...)
	add(func(p *Parser, r *Record, v []byte) bool {
		day, ok := p.day.of(v, "2006-01-02")
		r.parts += day
		return ok
	}, "date")
	add(func(_ *Parser, r *Record, v []byte) bool { r.Method = v; return true }, methodNames...)
	add(func(_ *Parser, r *Record, v []byte) bool {
		if len(r.Path) == 0 {
			r.setURI(v)
		}
		return true
	}, uriNames...)
	add(func(_ *Parser, r *Record, v []byte) bool { return r.setRequest(v) }, "request")
	add(func(_ *Parser, r *Record, v []byte) bool {
		if string(v) != "-" {
			r.Query = v
		}
		return true
	}, "cs-uri-query")
	add(func(_ *Parser, r *Record, v []byte) bool {
		n, ok := number(v)
		if r.Status == 0 {
			r.Status = int(n)
		}
		return ok
	}, statusNames...)
	add(func(_ *Parser, r *Record, v []byte) bool {
		n, ok := number(v)
		if r.Bytes == 0 {
			r.Bytes = n
		}
		return ok
	}, sizeNames...)
	add(func(_ *Parser, r *Record, v []byte) bool {
		if len(v) > 1 {
			r.Key = v
		}
		return true
	}, keyNames...)
	add(func(_ *Parser, r *Record, v []byte) (ok bool) { r.Last, ok = number(v); return ok }, lastAt)
	add(func(_ *Parser, r *Record, v []byte) bool {
		n, ok := number(v)
		r.Times = max(1, n)
		return ok && n > 0
	}, requests)
}

// responseHeaders is where Logpush has headers. These may be called like other
// members, so of them only the key counts.
const responseHeaders = "ResponseHeaders"

// inside are the members of a log in JSON whose own members count, too.
func inside(name []byte) bool {
	return string(name) == "request" || string(name) == responseHeaders
}

// json reads an object of strings and numbers. What is below it is skipped, but
// for the request of Caddy and the headers of Cloudflare.
func (p *Parser) json(line []byte, r *Record) bool {
	i, depth, headers := 1, 1, false
	for i < len(line) {
		switch c := line[i]; c {
		case '}':
			if depth--; depth == 0 {
				return true
			}
			headers = false
			i++
			continue
		case ' ', ',', '\t':
			i++
			continue
		case '"':
		default:
			return false
		}
		name, next, ok := stringAt(line, i)
		if !ok {
			return false
		}
		for i = next; i < len(line) && (line[i] == ':' || line[i] == ' '); i++ {
		}
		if i == len(line) {
			return false
		}
		if line[i] == '{' && inside(name) {
			headers = string(name) == responseHeaders
			depth++
			i++
			continue
		}
		value, next := valueAt(line, i)
		if next < 0 {
			return false
		}
		if set := names[string(name)]; set != nil && (!headers || slices.Contains(keyNames, string(name))) && !set(p, r, value) {
			return false
		}
		i = next
	}
	return false
}

// stringAt is the string that begins at a place, and where it is over. Escapes
// stay: no key has any.
func stringAt(b []byte, i int) (text []byte, next int, ok bool) {
	for j := i + 1; j < len(b); j++ {
		switch b[j] {
		case '\\':
			j++
		case '"':
			return b[i+1 : j], j + 1, true
		}
	}
	return nil, 0, false
}

// valueAt is the string or number that begins at a place, nil for an object or
// an array, and where it is over; -1 where that is nowhere.
func valueAt(b []byte, i int) (value []byte, next int) {
	switch b[i] {
	case '"':
		value, next, ok := stringAt(b, i)
		if !ok {
			return nil, -1
		}
		return value, next
	case '{', '[':
		return nil, skip(b, i)
	}
	n := bytes.IndexAny(b[i:], ",} ")
	if n <= 0 {
		return nil, -1
	}
	return b[i : i+n], i + n
}

// skip is where an object or an array is over.
func skip(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			_, next, ok := stringAt(b, i)
			if !ok {
				return -1
			}
			i = next - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}
