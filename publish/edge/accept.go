package edge

import (
	"net/http"
	"strconv"
	"strings"
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

// accepts says whether a client takes a content coding, by name or by the
// star.
func accepts(header http.Header, coding string) bool {
	lines := header.Values("Accept-Encoding")
	q, named := weight(lines, coding)
	if !named {
		q, _ = weight(lines, "*")
	}
	return q > 0
}

// wantsJSON says whether a client asks for JSON by name, and not for text.
func wantsJSON(header http.Header) bool {
	lines := header.Values("Accept")
	q, _ := weight(lines, "application/json")
	text, _ := weight(lines, "text/plain")
	return q > text
}
