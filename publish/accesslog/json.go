package accesslog

import "bytes"

// names are what the logs in JSON call things. None of them means two things.
var names = map[string]func(p *Parser, r *Record, value []byte) bool{}

func init() {
	at := func(p *Parser, r *Record, v []byte) (ok bool) {
		r.At, ok = p.anyTime(v)
		return ok
	}
	method := func(_ *Parser, r *Record, v []byte) bool { r.Method = v; return true }
	uri := func(_ *Parser, r *Record, v []byte) bool {
		if len(r.Path) == 0 {
			r.setURI(v)
		}
		return true
	}
	status := func(_ *Parser, r *Record, v []byte) bool {
		n, ok := number(v)
		r.Status = int(n)
		return ok
	}
	size := func(_ *Parser, r *Record, v []byte) (ok bool) { r.Bytes, ok = number(v); return ok }
	key := func(_ *Parser, r *Record, v []byte) bool {
		if len(v) > 1 {
			r.Key = v
		}
		return true
	}
	add := func(f func(*Parser, *Record, []byte) bool, all ...string) {
		for _, name := range all {
			names[name] = f
		}
	}
	add(at, "ts", "timestamp", "time_iso8601", "time_local", "msec", "EdgeStartTimestamp", "timestamp(ms)")
	add(func(p *Parser, r *Record, v []byte) bool {
		if len(v) == 8 { // of CloudFront, beside its date
			second, ok := clock(v)
			r.parts += second
			return ok
		}
		return at(p, r, v)
	}, "time")
	add(func(p *Parser, r *Record, v []byte) bool {
		day, ok := p.day.of(v, "2006-01-02")
		r.parts += day
		return ok
	}, "date")
	add(method, "method", "request_method", "ClientRequestMethod", "cs-method")
	add(uri, "uri", "request_uri", "ClientRequestURI", "ClientRequestPath", "cs-uri-stem")
	add(func(_ *Parser, r *Record, v []byte) bool { return r.setRequest(v) }, "request")
	add(func(_ *Parser, r *Record, v []byte) bool {
		if len(v) > 1 {
			r.Query = v
		}
		return true
	}, "cs-uri-query")
	add(status, "status", "EdgeResponseStatus", "sc-status")
	add(size, "size", "bytes", "body_bytes_sent", "bytes_sent", "EdgeResponseBytes", "sc-bytes")
	add(key, "cairn_key", "cairn-key")
}

// inside are the members of a log in JSON whose own members count, too.
func inside(name []byte) bool {
	return string(name) == "request" || string(name) == "ResponseHeaders"
}

// json reads an object of strings and numbers. What is below it is skipped, but
// for the request of Caddy and the headers of Cloudflare.
func (p *Parser) json(line []byte, r *Record) bool {
	i, depth := 1, 1
	for i < len(line) {
		switch c := line[i]; c {
		case '}':
			if depth--; depth == 0 {
				return true
			}
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
			depth++
			i++
			continue
		}
		value, next := valueAt(line, i)
		if next < 0 {
			return false
		}
		if set := names[string(name)]; set != nil && !set(p, r, value) {
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
