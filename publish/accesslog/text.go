package accesslog

import "bytes"

// directive reads a line that begins with #, and says whether it is one of W3C.
func (p *Parser) directive(line []byte) bool {
	columns, ok := bytes.CutPrefix(line, []byte("#Fields:"))
	if !ok {
		return bytes.HasPrefix(line, []byte("#Version:"))
	}
	p.between = '\t'
	p.columns(bytes.Fields(columns))
	return true
}

// header reads the first line of what [Query] gives, and says whether it is one.
func (p *Parser) header(line []byte) bool {
	if !bytes.HasPrefix(bytes.TrimPrefix(line, []byte{'"'}), []byte(firstAt)) {
		return false
	}
	p.between = ','
	p.columns(bytes.Split(line, []byte{','}))
	return true
}

func (p *Parser) columns(all [][]byte) {
	p.fields = p.fields[:0:0]
	for _, name := range all {
		p.fields = append(p.fields, names[string(bytes.Trim(name, `"`))])
	}
}

// row reads values in columns.
func (p *Parser) row(line []byte, r *Record) bool {
	ok := true
	for _, set := range p.fields {
		end := bytes.IndexByte(line, p.between)
		if end < 0 {
			end = len(line)
		}
		if set != nil {
			value := line[:end]
			if p.between == ',' {
				value = bytes.Trim(value, `"`)
			}
			ok = set(p, r, value) && ok
		}
		line = line[min(end+1, len(line)):]
	}
	return ok
}

// bracketed reads what has its time in brackets: nginx's combined, and S3.
func (p *Parser) bracketed(line []byte, r *Record) bool {
	from := bytes.IndexByte(line, '[')
	if from < 0 {
		return false
	}
	to := bytes.IndexByte(line[from:], ']')
	if to < 0 || len(line) < from+to+2 {
		return false
	}
	var ok bool
	if r.At, ok = p.bracketTime(line[from+1 : from+to]); !ok {
		return false
	}
	rest := line[from+to+2:]
	if len(rest) > 0 && rest[0] == '"' {
		return combined(rest, r)
	}
	return s3(rest, r)
}

// quoted cuts what stands in quotes at the start, and a space after it.
func quoted(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, b, false
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[1:i], bytes.TrimPrefix(b[i+1:], []byte(" ")), true
		}
	}
	return nil, b, false
}

// combined reads "GET /a HTTP/1.1" 200 12 "referer" "agent" "key", of which
// the key is what the configuration of 'cairn edge nginx' adds.
func combined(b []byte, r *Record) bool {
	request, b, ok := quoted(b)
	if !ok || !r.setRequest(request) {
		return false
	}
	status, b, _ := bytes.Cut(b, []byte(" "))
	size, b, _ := bytes.Cut(b, []byte(" "))
	n, ok1 := number(status)
	sent, ok2 := number(size)
	r.Status, r.Bytes = int(n), sent
	for range 2 {
		if _, b, ok = quoted(b); !ok {
			return ok1 && ok2
		}
	}
	if key, _, ok := quoted(b); ok && len(key) > 1 {
		r.Key = key
	}
	return ok1 && ok2
}

// s3 reads ip requester request REST.GET.OBJECT (or WEBSITE.…) key "GET /key HTTP/1.1" 200 -
// sent size …. The path is that of the key.
func s3(b []byte, r *Record) bool {
	var value []byte
	for range 4 {
		value, b, _ = bytes.Cut(b, []byte(" "))
	}
	if !bytes.HasPrefix(value, []byte("REST.")) && !bytes.HasPrefix(value, []byte("WEBSITE.")) {
		return false
	}
	key, b, _ := bytes.Cut(b, []byte(" "))
	request, b, ok := quoted(b)
	if !ok || !r.setRequest(request) {
		return false
	}
	status, b, _ := bytes.Cut(b, []byte(" "))
	_, b, _ = bytes.Cut(b, []byte(" ")) // the error code
	sent, _, _ := bytes.Cut(b, []byte(" "))
	n, ok1 := number(status)
	var ok2 bool
	r.Bytes, ok2 = number(sent)
	r.Status, r.Path = int(n), key
	return ok1 && ok2
}
