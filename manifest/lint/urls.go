package lint

import (
	"net/url"
	"regexp"
	"strings"
)

// signed are queries of URLs that a store has signed for a time: S3 in two
// versions, GCS, Azure, CloudFront and others that have its form.
var signed = [][]string{
	{"x-amz-signature"}, {"awsaccesskeyid", "expires"}, {"x-goog-signature"}, {"googleaccessid", "expires"},
	{"sig", "se"}, {"signature", "key-pair-id"}, {"x-oss-signature"}, {"ossaccesskeyid", "expires"}, {"q-sign-time"}, {"token", "expires"},
}

// secrets are queries that let whoever has them in.
var secrets = strings.Fields("private_token access_token job_token token api_key apikey x-jfrog-art-api password authorization")

// webPage is the path of a page about a file, by what the forges call it.
var webPage = regexp.MustCompile(`/-/(?:blob|tree|releases|jobs|artifacts)/|^/[^/]+/[^/]+/(?:blob|tree|actions/runs|src/(?:branch|commit|tag))/|^/[^/]+/[^/]+/releases/(?:tag/|latest$|$)`)

// urls looks at where payloads are hosted elsewhere.
func (l *linter) urls() {
	for r, p := range l.Payloads() {
		u, err := url.Parse(p.URL)
		if p.URL == "" || err != nil {
			continue
		}
		at, query := payload(r, p, "url"), map[string]bool{}
		for key := range u.Query() {
			query[strings.ToLower(key)] = true
		}
		has := func(keys ...string) bool {
			for _, key := range keys {
				if !query[key] {
					return false
				}
			}
			return true
		}
		if u.Scheme != "http" && u.Scheme != "https" {
			l.warn("other-url-scheme", at, "write an https URL, or store the payload in the bucket", "url has the scheme %q: devices fetch by http or https", u.Scheme)
			continue
		}
		expires := false
		for _, keys := range signed {
			expires = expires || has(keys...)
		}
		if expires {
			l.warn("expiring-url", at, "name an address that stays, or store the payload in the bucket by upload-ota-payload",
				"url is signed for a time: once that is over, no device can fetch the payload")
		}
		secret := u.User != nil
		for _, key := range secrets {
			secret = secret || !expires && has(key)
		}
		if secret {
			l.warn("secret-in-url", at, "name an address that needs none, and take back what everybody can read now", "url has credentials in it, which every device and whoever asks gets")
		}
		if webPage.MatchString(u.Path) && !strings.HasSuffix(u.Path, "/raw") && !strings.Contains(u.Path, "/artifacts/raw/") && !strings.Contains(u.Path, "/downloads/") {
			l.warn("web-page-url", at, "name the file itself: /raw/ in the place of /blob/, or /releases/download/", "url is a web page about a file, not the file")
		}
	}
}
