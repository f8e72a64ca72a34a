package doctor

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func spoken(s *seen) Finding {
	const mend = "have the edge speak HTTP/1.1"
	switch {
	case s.answer.err != nil:
		return finding(Error, "no device gets an answer", "see what the server logs", "%v", s.answer.err)
	case s.answer.proto != "HTTP/1.1":
		return finding(Error, "clients of firmware speak HTTP/1.1, and many refuse anything else", mend, "%s", s.answer.proto)
	}
	return ok("it is what clients of firmware speak", "HTTP/1.1")
}

func keepAlive(s *seen) Finding {
	if !s.again.reused || s.answer.closes {
		return finding(Warning, "each of a check's GETs, up to three, takes a connection and a handshake of its own",
			"allow keep-alive: with nginx, a keepalive_timeout above 0", "the connection ends after an answer")
	}
	return ok("all GETs of a check go over one connection", "the connection stays")
}

// named is an exchange and what was asked for.
type named struct {
	what string
	*exchange
}

func redirect(s *seen) Finding {
	for _, e := range []named{{"the answer", &s.answer}, {"a missing answer", &s.missing}, {"the payload", &s.payload}} {
		if e.status/100 == 3 {
			return finding(Error, "most clients of firmware follow no redirect, and cairn's header takes one for \"try again later\"",
				"answer at base_url itself; check its scheme, host and path", "%s: %d to %s", e.what, e.status, e.header.Get("Location"))
		}
	}
	return ok("a client that follows none gets everything", "none")
}

func answer(s *seen) Finding {
	path := s.options.Objects.Answer
	switch e := &s.answer; {
	case e.status/100 == 3:
		return Finding{} // of which redirect tells
	case e.status != http.StatusOK:
		return finding(Error, "a device gets no answer: it tries again later, or asks as if its version were unknown",
			"publish ('cairn publish'), and see that the edge passes paths as they are and needs neither User-Agent nor cookie", "%d for %s", e.status, path)
	case looksLikeHTML(e):
		return finding(Error, "a device does not find its answer in a page", "answer with the bucket's object, and no challenge or page of your own", "a page of HTML for %s", path)
	}
	return ok("a device finds its answer", "200 for %s", path)
}

func looksLikeHTML(e *exchange) bool {
	return strings.HasPrefix(e.header.Get("Content-Type"), "text/html") || bytes.HasPrefix(bytes.TrimSpace(e.body), []byte("<"))
}

// bodies are what came with one.
func (s *seen) bodies() (all []named) {
	for _, e := range []named{{"the answer", &s.answer}, {"the payload", &s.payload}} {
		if e.status == http.StatusOK {
			all = append(all, e)
		}
	}
	return all
}

func contentLength(s *seen) Finding {
	bodies := s.bodies()
	for _, e := range bodies {
		if e.length >= 0 && !e.chunked {
			continue
		}
		how := "no Content-Length"
		if e.chunked {
			how += ", but chunks"
		}
		return finding(Error, "a device can't tell a whole body from one that broke off, or does not read chunks at all",
			"serve objects as they are: nothing that rewrites or compresses them on the way (ssi, sub_filter, gzip)", "%s: %s", e.what, how)
	}
	if len(bodies) == 0 {
		return Finding{}
	}
	return ok("a device can tell a body that broke off", "stated")
}

func compression(s *seen) Finding {
	bodies := s.bodies()
	for _, e := range bodies {
		if c := e.header.Get("Content-Encoding"); c != "" && c != "identity" {
			return finding(Error, "a device that has not asked for it gets bytes in which it finds no URL",
				"compress for those alone that send Accept-Encoding: with nginx, no gzip_static always", "%s comes as %s, which was not asked for", e.what, c)
		}
	}
	if len(bodies) == 0 {
		return Finding{}
	}
	return ok("a device can use what comes as it comes", "none that was not asked for")
}

// mostHeaders leaves a third of the buffer of docs/firmware.md for the body.
const mostHeaders = 1024

func headers(s *seen) Finding {
	if n := s.answer.headerBytes(); n > mostHeaders {
		return finding(Warning, "a client that keeps the whole answer in one buffer, as coreHTTP does, needs room for them",
			"have the CDN add fewer headers, or give firmware a larger buffer", "%s bytes", thousands(n))
	}
	return ok("a buffer of 1,536 bytes for the whole answer has room for them", "%s bytes", thousands(s.answer.headerBytes()))
}

func missing(s *seen) Finding {
	switch e := &s.missing; {
	case e.err != nil:
		return finding(Error, "a device whose version has no folder does not go on to _other", "see what the server logs", "%v", e.err)
	case e.status == http.StatusNotFound, e.status == http.StatusForbidden:
		return ok("a device whose version has no folder goes on to _other", "%d for a version without a folder", e.status)
	case e.status/100 == 3:
		return Finding{}
	case e.status == http.StatusOK:
		return finding(Error, "a device whose version has no folder takes this for its answer, and never gets to _other",
			"answer 404, and not with a page of your own for errors: at CloudFront, no custom error response with status 200", "200 for a version without a folder")
	default:
		return finding(Error, "only after 404 or 403 does a device whose version has no folder go on to _other", "answer 404", "%d for a version without a folder", e.status)
	}
}

func missingLifetime(s *seen) Finding {
	e := &s.missing
	if e.status != http.StatusNotFound && e.status != http.StatusForbidden {
		return Finding{}
	}
	most := s.options.Answers
	if most == 0 {
		most, _ = lifetime(&s.answer)
	}
	kept, stated := lifetime(e)
	age, _ := strconv.Atoi(e.header.Get("Age"))
	old := time.Duration(age) * time.Second
	const means = "where a version folder appears, its devices go on being told that there is none"
	mend := fmt.Sprintf("let errors live no longer than answers, %s: with nginx no \"always\" on a Cache-Control that is for answers, at CloudFront the error caching minimum TTL, at Cloudflare a cache rule by status", span(most))
	switch {
	case old > most:
		return finding(Error, means, mend, "%d that the CDN has kept for %s, and answers live for %s", e.status, span(old), span(most))
	case kept > most:
		return finding(Error, means, mend, "%d may be kept for %s, and answers for %s", e.status, span(kept), span(most))
	case !stated:
		return ok("how long a CDN keeps it is the CDN's own default; ask again later: a copy that is too old shows by its Age", "%d states no lifetime", e.status)
	}
	return ok("devices see a version folder that appears as soon as they would see a new answer", "%d may be kept for %s, and answers for %s", e.status, span(kept), span(most))
}

// lifetime is how long a cache may keep an answer: by Cache-Control, or else
// Expires (RFC 9111 section 4.2.1). It is false where nothing is stated.
func lifetime(e *exchange) (most time.Duration, stated bool) {
	for directive := range strings.SplitSeq(strings.Join(e.header.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache", "private":
			return 0, true
		case "max-age", "s-maxage":
			if n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32); err == nil {
				most, stated = max(most, time.Duration(n)*time.Second), true
			}
		}
	}
	if expires := e.header.Get("Expires"); !stated && expires != "" {
		until, err := http.ParseTime(expires)
		if err != nil {
			return 0, true
		}
		return max(0, until.Sub(e.at)).Round(time.Second), true
	}
	return most, stated
}

func head(s *seen) Finding {
	const means = "a client that looks at the size of a payload before it downloads gets none"
	const mend = "answer HEAD as GET, without the body"
	switch e := &s.head; {
	case s.payloadPath == "" || s.payload.status != http.StatusOK:
		return Finding{}
	case e.err != nil:
		return finding(Warning, means, mend, "%v", e.err)
	case e.status != http.StatusOK:
		return finding(Warning, means, mend, "%d for HEAD of the payload", e.status)
	case e.length != s.payload.length:
		return finding(Warning, means, mend, "HEAD states %d bytes, and GET %d", e.length, s.payload.length)
	}
	return ok("a client can ask for the size of a payload first", "as GET: %s bytes", thousands(int(s.payload.length)))
}

func ranges(s *seen) Finding {
	const means = "a download that broke off begins anew, and can't be had in parts that fit a small buffer"
	const mend = "allow byte ranges of payloads: with nginx, no max_ranges 0"
	switch e := &s.part; {
	case s.payloadPath == "":
		return finding(Note, "HEAD, ranges and long records were not looked at", "name a payload: --payload PATH", "no payload is known")
	case s.payload.status != http.StatusOK && s.payload.status/100 != 3:
		return finding(Error, "a device finds no payload where an answer sends it", "publish it, or see that the edge passes its path as it is", "%d for %s", s.payload.status, s.payloadPath)
	case s.payload.length == 0 || s.payload.status != http.StatusOK:
		return Finding{}
	case e.err != nil:
		return finding(Warning, means, mend, "%v", e.err)
	case e.status != http.StatusPartialContent || len(e.body) != 1:
		return finding(Warning, means, mend, "%d with %s for one byte of the payload", e.status, count(len(e.body), "byte"))
	}
	return ok("a download can go on where it broke off, and be had in parts", "206 for one byte of the payload")
}
