// Package conformance has the cases that every edge must pass, and asks an
// edge for them: any server that answers devices as docs/contract.md sections 1 and 4
// define it, whatever it is made of. It imports no store and no templates, and
// of edge the paths only. The cases are data, generated from a fleet's
// definitions, so that programs in other languages can ask for them, too.
package conformance

import "slices"

// Case is a request, and what the answer to it must be.
type Case struct {
	Name  string    `json:"name"`  // unique, segments between slashes: "api/method/POST/url"
	Needs []Feature `json:"needs"` // without one of them, the case says nothing
	// The request, byte for byte. The path of the base URL goes before the
	// target; {host} in a header line stands for its authority.
	Method  string   `json:"method"`
	Target  string   `json:"target"`
	Proto   string   `json:"proto"`   // "HTTP/1.1" or "HTTP/1.0"
	Headers []string `json:"headers"` // lines, Host among them
	Want    Want     `json:"want"`
	// Again, where it is not nil, is a second request after the right answer
	// to the first.
	Again *Again `json:"again,omitempty"`
}

// Again is the request of a case once more, with another header line.
type Again struct {
	Header string `json:"header"` // {etag} stands for the ETag of the first answer
	Want   Want   `json:"want"`
}

// Want is what an answer must be. The zero value of a field asks for nothing,
// but for Encodings.
type Want struct {
	Status []int `json:"status"` // any of these
	// Body is the content, decoded. A 304 has none; a 206 has a part of it.
	Body   *string `json:"body,omitempty"`
	SHA256 string  `json:"sha256,omitempty"` // of the content, in hex
	Starts string  `json:"starts,omitempty"` // what the content begins with
	// Part is the first and the last byte that a 206 holds, of Body or else
	// of the first answer's content.
	Part *[2]int64 `json:"part,omitempty"`
	// Error is whether the content is JSON of the shape
	// {"error":{"message":"…","http_code":STATUS}}.
	Error bool `json:"error,omitempty"`
	// Release is whether the content is JSON that a strict client reads: all
	// keys of docs/contract.md section 4, none null, and no others but those of
	// the appendix.
	Release bool `json:"release,omitempty"`
	// Encodings are the content codings that may have been used, beside none.
	Encodings []string `json:"encodings,omitempty"`
	// Encoded is the one that must have been used.
	Encoded string `json:"encoded,omitempty"`
	// Framed is whether Content-Length is stated; then the answer is not
	// chunked. One that is stated must always be right.
	Framed bool `json:"framed,omitempty"`
	// Length is what Content-Length is where it is stated.
	Length *int64 `json:"length,omitempty"`
	// Type is the media type of Content-Type with its parameters; a charset
	// of UTF-8 may always be there.
	Type    string              `json:"type,omitempty"`
	Headers map[string]string   `json:"headers,omitempty"` // fields with this value, {etag} as in Again
	Lists   map[string][]string `json:"lists,omitempty"`   // fields that list these, maybe among others
	Absent  []string            `json:"absent,omitempty"`  // fields that are not there

	needs []Feature // the features without which the answer is another one
}

// The forms of HTTP that the cases speak, RFC 9112 and RFC 1945.
const (
	http11 = "HTTP/1.1"
	http10 = "HTTP/1.0"
)

// The header lines of an ordinary client.
const (
	hostLine   = "Host: {host}"
	agentLine  = "User-Agent: cairn-conformance"
	acceptLine = "Accept: */*"
	closeLine  = "Connection: close"
	keyField   = "Memfault-Project-Key"
)

// with adds header lines to a case.
func (c Case) with(lines ...string) Case {
	c.Headers = append(slices.Clone(c.Headers), lines...)
	return c
}

// instead replaces the header lines of a case.
func (c Case) instead(lines ...string) Case {
	c.Headers = slices.Clone(lines)
	return c
}

// accepting replaces the Accept line of a case.
func (c Case) accepting(types string) Case {
	c.Headers = slices.Clone(c.Headers)
	c.Headers[slices.Index(c.Headers, acceptLine)] = "Accept: " + types
	return c
}

// needing adds features that a case needs.
func (c Case) needing(features ...Feature) Case {
	c.Needs = append(slices.Clone(c.Needs), features...)
	return c
}

// again asks twice.
func (c Case) again(header string, want Want) Case {
	c.Again = &Again{header, want}
	return c
}
