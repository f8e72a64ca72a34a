// Package accesslog reads the access logs of what devices speak to: CloudFront
// (W3C and JSON), Cloudflare Logpush, S3, nginx (combined and JSON), Caddy and
// cairn serve. Each line says by itself which of them it is.
package accesslog

import "bytes"

// Record is a request that was answered. Its bytes belong to the line. Addresses
// and serials are not among them: nobody keeps those.
type Record struct {
	At     int64  // seconds since 1970
	Method []byte // GET
	Path   []byte // as it was sent, without the query
	Query  []byte // without the question mark
	Key    []byte // from which a door answered a question; empty for none
	Status int
	Bytes  int64 // that were sent; 0 where nothing is said
	Times  int64 // how many alike it stands for, from At to Last: what Query gives
	Last   int64 // seconds since 1970

	parts int64 // At, where the day and the time of day stand apart
}

// Parser takes lines apart. The zero value is ready; it remembers what the
// #Fields line of a W3C log, or the header of what Query gives, has said.
type Parser struct {
	fields  []setter // nil for what nobody needs
	between byte     // that separates columns
	day     dayCache
}

// Parse takes one line apart, without its end. It is false for what is no
// request; blank says that the line may well be so: a comment, or nothing.
func (p *Parser) Parse(line []byte, r *Record) (ok, blank bool) {
	*r = Record{Times: 1}
	line = bytes.TrimRight(line, "\r")
	switch {
	case len(line) == 0:
		return false, true
	case line[0] == '{':
		ok = p.json(line, r)
	case line[0] == '#':
		return false, p.directive(line)
	case p.header(line):
		return false, true
	case len(p.fields) > 0 && bytes.IndexByte(line, p.between) >= 0:
		ok = p.row(line, r)
	default:
		ok = p.bracketed(line, r)
	}
	if r.At == 0 {
		r.At = r.parts
	}
	r.Last = max(r.Last, r.At)
	return ok && r.At > 0 && r.Status > 0 && len(r.Method) > 0 && len(r.Path)+len(r.Key) > 0, false
}

// setURI takes a request target apart: a path, or a whole URL.
func (r *Record) setURI(uri []byte) {
	if i := bytes.Index(uri, []byte("://")); i > 0 && uri[0] != '/' {
		uri = uri[i+3:]
		slash := bytes.IndexByte(uri, '/')
		if slash < 0 {
			return
		}
		uri = uri[slash:]
	}
	path, query, _ := bytes.Cut(uri, []byte("?"))
	r.Path = path
	if len(query) > 0 {
		r.Query = query
	}
}

// setRequest takes a request line apart: GET /a/b HTTP/1.1.
func (r *Record) setRequest(line []byte) bool {
	method, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return false
	}
	if i := bytes.LastIndexByte(rest, ' '); i >= 0 {
		rest = rest[:i]
	}
	r.Method = method
	r.setURI(rest)
	return true
}

// number reads digits; a dash and nothing are 0.
func number(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) == 1 && b[0] == '-' {
		return 0, true
	}
	if len(b) > 19 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n >= 0
}
