package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"cairn/publish"
)

// check says what is wrong with an answer. The first one is that to the first
// of two requests.
func (w Want) check(got, first *response) []string {
	var wrong []string
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if !slices.Contains(w.Status, got.status) {
		fail("status %d, should be %s", got.status, either(w.Status))
		return wrong
	}
	if len(got.excess) > 0 {
		fail("%q after the end of the answer", got.excess)
	}
	w.checkHeader(got, first, fail)
	content, err := got.decoded(w)
	if err != nil {
		fail("%v", err)
		return wrong
	}
	w.checkContent(got, content, first, fail)
	return wrong
}

func either(status []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(status), "[]"), " ", " or ")
}

func (w Want) checkHeader(got, first *response, fail func(string, ...any)) {
	stated := got.header.Get("Content-Length")
	switch {
	case w.Framed && got.chunked:
		fail("it is chunked, and should state its Content-Length")
	case w.Framed && stated == "":
		fail("no Content-Length")
	case got.chunked && got.status == http.StatusNoContent:
		fail("it is chunked, and has no content") // RFC 9112 section 6.1
	case w.Length != nil && stated != "" && stated != strconv.FormatInt(*w.Length, 10):
		fail("Content-Length %s, should be %d", stated, *w.Length)
	}
	if w.Type != "" {
		if types := got.header.Values("Content-Type"); len(types) != 1 || !sameType(types[0], w.Type) {
			fail("Content-Type %q, should be %q", strings.Join(types, ", "), w.Type)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		value, values := w.Headers[name], got.header.Values(name)
		if first != nil {
			value = strings.ReplaceAll(value, "{etag}", first.header.Get("ETag"))
		}
		// A cache may weaken an entity tag (RFC 9110 section 8.8.3).
		if len(values) != 1 || strings.TrimPrefix(values[0], "W/") != strings.TrimPrefix(value, "W/") {
			fail("%s %q, should be %q", name, strings.Join(values, ", "), value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Lists)) {
		listed := strings.Join(got.header.Values(name), ", ")
		for _, value := range w.Lists[name] {
			if !lists(listed, value) {
				fail("%s %q, should list %s", name, listed, value)
			}
		}
	}
	for _, name := range w.Absent {
		if value := got.header.Get(name); value != "" {
			fail("%s %q, should not be there", name, value)
		}
	}
}

// sameType says whether a media type is the wanted one. A charset of UTF-8 may
// be stated where none is wanted.
func sameType(got, want string) bool {
	gotType, gotParameters, err := mime.ParseMediaType(got)
	wantType, wantParameters, _ := mime.ParseMediaType(want)
	if err != nil || gotType != wantType {
		return false
	}
	for name, value := range gotParameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return len(gotParameters) >= len(wantParameters)
}

// lists says whether a value is in a list (RFC 9110 section 5.6.1).
func lists(list, value string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(item string) bool { return strings.EqualFold(strings.TrimSpace(item), value) })
}

// decoded is the content, in whatever coding it came.
func (r *response) decoded(w Want) ([]byte, error) {
	coding := strings.ToLower(strings.Join(r.header.Values("Content-Encoding"), ", "))
	if coding == "identity" {
		coding = ""
	}
	switch {
	case w.Encoded != "" && coding != w.Encoded:
		return nil, fmt.Errorf("Content-Encoding %q, should be %q", coding, w.Encoded)
	case w.Encoded == "" && coding != "" && !slices.Contains(w.Encodings, coding):
		return nil, fmt.Errorf("Content-Encoding %q, which was not asked for", coding)
	case len(r.raw) == 0 || coding == "":
		return r.raw, nil
	}
	for _, e := range encodings {
		if publish.ContentEncoding(e) == coding {
			var content bytes.Buffer
			if err := publish.Decode(&content, e, bytes.NewReader(r.raw), mostContent); err != nil {
				return nil, fmt.Errorf("the content does not decode as %s: %w", coding, err)
			}
			return content.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("Content-Encoding %q, which the tree has not", coding)
}

func (w Want) checkContent(got *response, content []byte, first *response, fail func(string, ...any)) {
	if got.status == http.StatusPartialContent && w.Part != nil {
		var whole []byte
		if w.Body != nil {
			whole = []byte(*w.Body)
		} else if first != nil {
			whole = first.raw
		}
		from, to := w.Part[0], min(w.Part[1]+1, int64(len(whole)))
		if from > to || !bytes.Equal(content, whole[from:to]) {
			fail("content %s, should be %s", excerpt(content), excerpt(whole[min(from, to):to]))
		}
		return
	}
	if w.Body != nil && string(content) != *w.Body {
		fail("content %s, should be %s", excerpt(content), excerpt([]byte(*w.Body)))
	}
	if !bytes.HasPrefix(content, []byte(w.Starts)) {
		fail("content %s, should begin with %q", excerpt(content), w.Starts)
	}
	if sum := sha256.Sum256(content); w.SHA256 != "" && hex.EncodeToString(sum[:]) != w.SHA256 {
		fail("content of %d bytes with sha256 %x, should be %s", len(content), sum, w.SHA256)
	}
	if w.Release {
		if err := decodeStrictly(content); err != nil {
			fail("content %s, which a strict client does not read: %v", excerpt(content), err)
		}
	}
	if w.Error {
		checkError(got.status, content, fail)
	}
}

// checkError looks for the shape of docs/contract.md section 4.
func checkError(status int, content []byte, fail func(string, ...any)) {
	var shape struct {
		Error struct {
			Message string `json:"message"`
			Code    int    `json:"http_code"`
		} `json:"error"`
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	err := d.Decode(&shape)
	if err != nil || d.More() || shape.Error.Message == "" || shape.Error.Code != status {
		fail(`content %s, should be {"error":{"message":"…","http_code":%d}}`, excerpt(content), status)
	}
}

func excerpt(content []byte) string {
	const most = 300
	if len(content) > most {
		return fmt.Sprintf("%q and %d bytes more", content[:most], len(content)-most)
	}
	return fmt.Sprintf("%q", content)
}

// String is a line.
func (r *response) String() string {
	fields := []string{r.line}
	for _, name := range slices.Sorted(maps.Keys(r.header)) {
		for _, value := range r.header[name] {
			fields = append(fields, name+": "+value)
		}
	}
	if r.chunked {
		fields = append(fields, "Transfer-Encoding: chunked")
	}
	if len(r.raw) > 0 {
		fields = append(fields, excerpt(r.raw))
	}
	return strings.Join(fields, "; ")
}
