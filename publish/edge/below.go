package edge

import (
	"net/http"
	"strings"
)

// Below answers requests below a path, that of base_url, too: "" or "/…" without
// a slash at the end. What is in front of an edge may have taken it off.
func Below(path string, h *Handler) http.Handler {
	if path == "" {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, below := strings.CutPrefix(r.URL.Path, path+"/")
		if below && (strings.HasPrefix(oneSlash("/"+rest), "/api/v0/") || strings.HasPrefix(rest, h.Layout.Prefix+"/v1/")) {
			u := *r.URL
			u.Path, u.RawPath = "/"+rest, ""
			r = r.WithContext(r.Context())
			r.URL = &u
		}
		h.ServeHTTP(w, r)
	})
}
