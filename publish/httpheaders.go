package publish

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

const year = 365 * 24 * time.Hour

// HeaderOf is what a CDN sends on with the object at a location.
func HeaderOf(at manifest.Location, cache releases.Cache) Header {
	h := Header{ContentType: "text/plain; charset=utf-8", ContentEncoding: ContentEncoding(at.Encoding)}
	switch {
	case at.Class == manifest.Payload:
		h.ContentType = "application/octet-stream"
		h.CacheControl = maxAge(year) + ", immutable"
	case at.Class == manifest.SignedPart:
		h.ContentType = "application/octet-stream"
		h.CacheControl = maxAge(24*time.Hour) + ", immutable" // a cache may have got another: not for a year
	case at.Class == manifest.Status:
		h.CacheControl = maxAge(time.Minute)
	case at.Class == manifest.CohortIndex:
		h.CacheControl = maxAge(cache.Cohorts)
	default:
		h.CacheControl = maxAge(cache.Answers)
	}
	if at.Class == manifest.Answer && at.Form == manifest.JSON || at.Class == manifest.Status {
		h.ContentType = "application/json"
	}
	h.ContentType = cmp.Or(mediaTypeOf(at), h.ContentType)
	return h
}

// MaxAge is how long a cache keeps the object, as [HeaderOf] states it; 0 where
// nothing is stated so.
func (h Header) MaxAge() time.Duration {
	_, age, _ := strings.Cut(h.CacheControl, "max-age=")
	age, _, _ = strings.Cut(age, ",")
	seconds, _ := strconv.ParseUint(age, 10, 31)
	return time.Duration(seconds) * time.Second
}

func maxAge(d time.Duration) string {
	return fmt.Sprintf("public, max-age=%d", d/time.Second)
}
