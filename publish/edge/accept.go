package edge

import (
	"net/http"
	"strconv"
	"strings"

	"cairn/manifest"
	"cairn/publish"
)

// weight is how much a client wants a value, by the lines of a header such as
// Accept-Encoding: its q of RFC 9110 section 12.4.2. It is false for a value
// that no line names.
func weight(lines []string, value string) (float64, bool) {
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			name, parameters, _ := strings.Cut(item, ";")
			if !strings.EqualFold(strings.TrimSpace(name), value) {
				continue
			}
			for p := range strings.SplitSeq(parameters, ";") {
				name, q, _ := strings.Cut(p, "=")
				if strings.EqualFold(strings.TrimSpace(name), "q") {
					w, _ := strconv.ParseFloat(strings.TrimSpace(q), 64)
					return w, true
				}
			}
			return 1, true
		}
	}
	return 0, false
}

// wanted lists the content codings that a client prefers to identity, or likes
// as much, in the order of its weights.
func wanted(header http.Header) []manifest.Encoding {
	lines := header["Accept-Encoding"]
	if len(lines) == 0 {
		return nil
	}
	star, _ := weight(lines, "*")
	identity, _ := weight(lines, "identity")
	var codings []manifest.Encoding
	var best float64
	for _, e := range []manifest.Encoding{manifest.Brotli, manifest.Gzip} {
		q, named := weight(lines, publish.ContentEncoding(e))
		if !named {
			q = star
		}
		switch {
		case q <= 0 || q < identity:
		case q > best:
			best = q
			codings = append([]manifest.Encoding{e}, codings...)
		default:
			codings = append(codings, e)
		}
	}
	return codings
}

// matches says whether an If-None-Match (RFC 9110 section 13.1.2) names an
// entity tag.
func matches(lines []string, etag string) bool {
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			item = strings.TrimSpace(item)
			if item == "*" || strings.TrimPrefix(item, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// wantsJSON says whether a client asks for JSON by name, and not for text.
func wantsJSON(header http.Header) bool {
	lines := header["Accept"]
	q, _ := weight(lines, "application/json")
	text, _ := weight(lines, "text/plain")
	return q > text
}
