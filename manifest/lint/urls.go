package lint

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// signed are queries of URLs that a store has signed for a time: S3 in two
// versions, GCS, Azure, CloudFront, and others.
var signed = [][]string{
	{"x-amz-signature"}, {"awsaccesskeyid", "expires"}, {"x-goog-signature"}, {"googleaccessid", "expires"},
	{"sig", "se"}, {"signature", "key-pair-id"}, {"x-oss-signature"}, {"ossaccesskeyid", "expires"}, {"q-sign-time"}, {"token", "expires"},
	{"sig", "si"}, {"accesskeyid", "expires"}, {"hdnts"}, {"hdnea"}, {"__token__"}, {"ex", "hm"},
}

// secrets are queries that let whoever has them in.
var secrets = strings.Fields("private_token access_token job_token token api_key apikey x-jfrog-art-api password authorization")

// pages are web pages about a file by what begins with their host, and the way
// to the file itself. A URL that file matches is none of them.
var pages = []struct{ page, file, hint string }{
	{`^git\.sr\.ht/`, `/blob/`, "name the file itself: /blob/REF/PATH in the place of /tree/REF/item/PATH"},
	{`^huggingface\.co/.+/(?:blob|tree)/`, ``, "name the file itself: /resolve/ in the place of /blob/"},
	{`^bitbucket\.org/[^/]+/[^/]+/(?:src/|downloads/?$)`, ``, "name the file itself: /raw/ in the place of /src/, or /downloads/FILE"},
	{`/projects/[^/]+/repos/[^/]+/browse/`, ``, "name the file itself: /raw/ in the place of /browse/"},
	{`/_git/[^?]+\?.*\bpath=|^(?:dev\.azure\.com|[^/]+\.visualstudio\.com)/.*/_build/`, ``, "name the file itself, …/_apis/git/repositories/REPO/items?path=…&download=true, of a public project; or " + stored},
	{`^(?:www\.)?sourceforge\.net/projects/[^/]+/files/`, ``, "name the file itself: https://downloads.sourceforge.net/project/PROJECT/PATH"},
	{`^(?:drive|docs)\.google\.com/`, `/uc\?.*export=download`, "name the file itself, https://drive.usercontent.google.com/download?id=ID&confirm=t, or better " + stored},
	{`^(?:www\.)?dropbox\.com/`, `[?&](?:dl|raw)=1\b`, "name the file itself: dl=1 in the place of dl=0"},
	{`^(?:1drv\.ms|onedrive\.live\.com|[^/]+\.sharepoint\.com|(?:www\.)?mega\.nz|we\.tl|wetransfer\.com|[^/]*\bapp\.box\.com|(?:www\.)?mediafire\.com)/`, `[?&]download=1\b`, "there is no lasting link to the file itself: " + stored},
	{`^(?:s3\.|[a-z0-9-]+\.)?console\.aws\.amazon\.com/`, ``, "name the object's own URL, https://BUCKET.s3.REGION.amazonaws.com/KEY, which devices can read without an account"},
	{`^(?:console|storage)\.cloud\.google\.com/`, ``, "name the object's own URL, https://storage.googleapis.com/BUCKET/KEY, which devices can read without an account"},
	{`^portal\.azure\.com/`, ``, "name the blob's own URL, https://ACCOUNT.blob.core.windows.net/CONTAINER/BLOB, which devices can read without an account"},
	{`^[^/]+/(?:artifactory/webapp|ui/(?:native|repos))/`, ``, "name the file itself, below /artifactory/"},
	{`^api\.github\.com/repos/`, ``, "name the file itself, https://github.com/OWNER/REPO/releases/download/TAG/FILE: this one answers in JSON"},
	{`\.git/tree/`, ``, "name the file itself: /plain/ in the place of /tree/"},
	{`/-/(?:blob|tree|releases|jobs|artifacts)/`, `/downloads/|/artifacts/(?:[^?]+/)?(?:raw/|download\b)`, "name the file itself: /-/raw/ in the place of /-/blob/, or /-/releases/TAG/downloads/FILE"},
	{`^[^/]+/[^/]+/[^/]+/(?:blob|tree|actions/runs|suites|src/(?:branch|commit|tag))/`, `[?&]raw=`, "name the file itself: /raw/ in the place of /blob/ or /src/"},
	{`^[^/]+/[^/]+/[^/]+/releases(?:/tag/|/latest/?$|/?$)`, ``, "name the file itself: /releases/download/TAG/FILE"},
}

const stored = "store the payload in the bucket by upload-ota-payload"

var anyPage = sync.OnceValue(func() (all [][2]*regexp.Regexp) {
	for _, p := range pages {
		all = append(all, [2]*regexp.Regexp{regexp.MustCompile(p.page), regexp.MustCompile(p.file)})
	}
	return all
})

// webPage is the way from a web page of a forge or a file service to the file;
// "" where a URL is none.
func webPage(u *url.URL) string {
	at := strings.ToLower(u.Hostname()) + u.Path
	if u.RawQuery != "" {
		at += "?" + u.RawQuery
	}
	for i, p := range anyPage() {
		if p[0].MatchString(at) {
			if pages[i].file != "" && p[1].MatchString(at) {
				return ""
			}
			return pages[i].hint
		}
	}
	return ""
}

// urls looks at where payloads are hosted elsewhere.
func (l *linter) urls() {
	for r, p := range l.Payloads() {
		if u, err := url.Parse(p.URL); p.URL != "" && err == nil {
			l.url(payload(r, p, "url"), u)
		}
	}
}

func (l *linter) url(at spot, u *url.URL) {
	if u.Scheme != "http" && u.Scheme != "https" {
		l.warn("other-url-scheme", at, "write an https URL, or store the payload in the bucket", "url has the scheme %q: devices fetch by http or https", u.Scheme)
		return
	}
	query := map[string]bool{}
	for key := range u.Query() {
		query[strings.ToLower(key)] = true
	}
	has := func(key string) bool { return query[key] }
	lacks := func(key string) bool { return !query[key] }
	expires := slices.ContainsFunc(signed, func(keys []string) bool { return !slices.ContainsFunc(keys, lacks) })
	if expires {
		l.warn("expiring-url", at, "name an address that stays, or store the payload in the bucket by upload-ota-payload",
			"url is signed for a time: once that is over, no device can fetch the payload")
	}
	if u.User != nil || !expires && slices.ContainsFunc(secrets, has) {
		l.warn("secret-in-url", at, "name an address that needs none, and take back what everybody can read now", "url has credentials in it, which every device and whoever asks gets")
	}
	if way := webPage(u); way != "" {
		l.warn("web-page-url", at, way, "url is a web page about a file, not the file")
	}
}
