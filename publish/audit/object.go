package audit

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/publish"
)

// Object is an object as it should be.
type Object struct {
	Key string
	Digest
	// Header is nil where nothing is said of it.
	Header *publish.Header
	// Encoding is that of a sibling, and Body what it decodes to.
	Encoding manifest.Encoding
	Body     Digest
	// SHA256 is what that of a payload, or of a part of the signed form,
	// begins with, in hex; it is empty for anything else.
	SHA256 string
	// Small says that it is read even where payloads are not.
	Small bool
	// Check says what is wrong with a content of at most [mostChecked] bytes, ""
	// for nothing; the digest counts for nothing then. Nil goes by the digest.
	Check func(content []byte) string
	// Stored says that a payload is not published with the tree.
	Stored bool
	// InDoubt is an object that a publish that did not end may have put,
	// replaced or removed.
	InDoubt bool
}

// Digest is a content, as far as it is known.
type Digest struct {
	Size int64    // in bytes
	MD5  [16]byte // zero where it isn't known
}

func (d Digest) String() string {
	switch {
	case d.Size < 0:
		return "of unstated size"
	case d.Size == 0:
		return "empty"
	case d.MD5 == [16]byte{}:
		return fmt.Sprintf("%d bytes", d.Size)
	}
	return fmt.Sprintf("%d bytes with MD5 %x", d.Size, d.MD5)
}

// is says whether what was seen is the content, as far as both are known.
func (d Digest) is(seen Digest) bool {
	return d.Size == seen.Size && (d.MD5 == seen.MD5 || d.MD5 == [16]byte{} || seen.MD5 == [16]byte{})
}

func (o *Object) payload() bool { return o.SHA256 != "" }

// seen is what is known of an object that was looked at.
type seen struct {
	Digest
	header publish.Header
	age    time.Duration
	body   Digest // of a sibling
	broken error  // why a sibling has none
	sha256 string // of a payload that was read, in hex
	start  []byte // of what has a check
}

// mostChecked bounds what is read of a content that has a check.
const mostChecked = 4096

// read reads an answer to its end, and keeps nothing of it.
func (o *Object) read(answer *Answer) (seen, error) {
	s := seen{Digest: Digest{Size: answer.Size}, header: answer.Header, age: answer.Age}
	if answer.Content == nil {
		return s, nil
	}
	source := &reader{Reader: answer.Content}
	raw, long := newDigester(), hash.Hash(nil)
	content := io.TeeReader(source, raw)
	if o.payload() {
		long = sha256.New()
		content = io.TeeReader(content, long)
	}
	if o.Encoding != manifest.Identity {
		body := newDigester()
		s.broken = publish.Decode(body, o.Encoding, content, o.Body.Size+1)
		s.body = body.digest()
	}
	if o.Check != nil {
		s.start, _ = io.ReadAll(io.LimitReader(content, mostChecked))
	}
	_, _ = io.Copy(io.Discard, content)
	if source.err != nil {
		return s, source.err
	}
	s.Digest = raw.digest()
	if long != nil {
		s.sha256 = hex.EncodeToString(long.Sum(nil))
	}
	return s, nil
}

// reader keeps the error that reading ended with: to a decoder, content that
// can't be read is content that is broken.
type reader struct {
	io.Reader
	err error
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.Reader.Read(p)
	if err != io.EOF {
		r.err = err
	}
	return n, err
}

// compare says what is wrong with what was seen.
func (o *Object) compare(s seen, headers bool) []Finding {
	var all []Finding
	if kind, what := o.wrong(s); what != "" {
		f := o.finding(kind, s.age, what)
		f.ByHand = f.ByHand || o.payload() && !o.Small && s.Size == o.Size // a publish goes by the size
		all = append(all, f)
	}
	if !headers || o.Header == nil {
		return all
	}
	for _, h := range []struct{ name, is, should string }{
		{"Content-Type", s.header.ContentType, o.Header.ContentType},
		{"Content-Encoding", s.header.ContentEncoding, o.Header.ContentEncoding},
		{"Cache-Control", s.header.CacheControl, o.Header.CacheControl},
	} {
		if !sameField(h.is, h.should) {
			all = append(all, o.finding(Headers, s.age, fmt.Sprintf("%s is %q, should be %q", h.name, h.is, h.should)))
		}
	}
	return all
}

// wrong is what is wrong with the content that was seen, "" for nothing.
func (o *Object) wrong(s seen) (kind Kind, what string) {
	sibling := o.Encoding != manifest.Identity
	switch {
	case sibling && s.broken != nil:
		return Sibling, "does not decode: " + s.broken.Error()
	case sibling && s.body.Size > o.Body.Size:
		kind, what = Sibling, fmt.Sprintf("decodes to more than the %d bytes of its body", o.Body.Size)
	case sibling && !o.Body.is(s.body):
		kind, what = Sibling, fmt.Sprintf("decodes to %s, should be %s", s.body, o.Body)
	case o.Check != nil:
		kind, what = Differs, o.Check(s.start)
	case !o.Digest.is(s.Digest):
		kind, what = Differs, fmt.Sprintf("is %s, should be %s", s.Digest, o.Digest)
		if sibling {
			what += "; it decodes to its body, so another encoder made it"
		}
	case !strings.HasPrefix(s.sha256, o.SHA256) && s.sha256 != "":
		return Differs, fmt.Sprintf("has sha256 %s, should be %s", s.sha256, o.SHA256)
	}
	if s.age > 0 && !o.payload() && what != "" {
		kind = Stale
	}
	return kind, what
}

// sameField says whether two header fields mean the same: case, spaces and the
// order of directives are up to a CDN.
func sameField(a, b string) bool {
	return a == b || slices.Equal(directives(a), directives(b))
}

func directives(field string) []string {
	all := strings.FieldsFunc(strings.ToLower(field), func(c rune) bool { return c == ',' || c == ';' || c == ' ' })
	slices.Sort(all)
	return all
}

func (o *Object) missing() Finding { return o.finding(Missing, unstated, "") }

func (o *Object) finding(kind Kind, age time.Duration, what string) Finding {
	return Finding{Kind: kind, Key: o.Key, What: what, Age: max(age, 0), ByHand: o.Stored}
}

// digester takes the digest of what is written to it.
type digester struct {
	hash.Hash
	size int64
}

func newDigester() *digester { return &digester{Hash: md5.New()} }

func (d *digester) Write(p []byte) (int, error) {
	d.size += int64(len(p))
	return d.Hash.Write(p)
}

func (d *digester) digest() Digest { return Digest{d.size, [16]byte(d.Sum(nil))} }
