package releases

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
)

const slugHint = "a slug is letters, digits, - and _: [-a-zA-Z0-9_]+"

// maxPrefix leaves room in an S3 key, of at most 1024 bytes, for the longest
// segments of an answer.
const (
	maxPrefix  = 190
	prefixHint = "an S3 key has at most 1024 bytes, of which a prefix may take 190"
)

// project reads cairn.toml; nil is one that can't be read. Faults there leave
// defaults behind, so that the other files can be looked at all the same.
func (l *loader) project(doc *table) {
	p := &l.fleet.Project
	// Until the order can be read, no version is at fault.
	*p = Project{Order: Natural, Unknown: OrderedUnknown, Seed: ReleaseSeed, BucketDigits: 2, CohortDigits: 2, MaxSerial: MaxSerial}
	l.fleet.Cache = Cache{Answers: time.Minute, Cohorts: 5 * time.Minute}
	l.fleet.Guard = Guard{MaxExposureIncrease: 100, MaxDeletes: 20}
	l.fleet.Prices = Prices{Put: 0.005, Get: 0.0004, Currency: "USD"}
	l.fleet.Adoption = Adoption{Poll: 24 * time.Hour}
	if doc == nil {
		return
	}
	if t := doc.sub("project", "write a table: [project]"); t != nil {
		l.projectTable(t)
	} else if _, ok := doc.node.member("project"); !ok {
		doc.fault(0, "write [project] with a slug and a base_url", "no [project]")
	}
	l.fleet.Software = map[string]Software{}
	for m, t := range doc.tables("software") {
		l.software(m, t)
	}
	l.fleet.Hardware = map[string]Hardware{}
	for m, t := range doc.tables("hardware") {
		l.hardware(m, t)
	}
	if t := doc.sub("publish", "write a table: [publish]"); t != nil {
		l.publish(t)
	}
	if t := doc.sub("report", "write a table: [report]"); t != nil {
		l.fleet.Report.To, _ = t.target()
		t.rest()
	}
	if t := doc.sub("notify", "write a table: [notify]"); t != nil {
		t.present("url", `write url = "https://…", which hears of each publish`)
		textInto(t, "url", &l.fleet.Notify.URL, `write url = "https://hooks.example.com/ota"; what is secret about it is CAIRN_NOTIFY_SECRET`, webURLFault)
		t.rest()
	}
	if t := doc.sub("cache", "write a table: [cache]"); t != nil {
		t.lifetime("answers", &l.fleet.Cache.Answers)
		t.lifetime("cohorts", &l.fleet.Cache.Cohorts)
		t.rest()
	}
	if t := doc.sub("guard", "write a table: [guard]"); t != nil {
		l.guard(t)
	}
	if t := doc.sub("promise", "write a table: [promise]"); t != nil {
		l.promise(t)
	}
	if t := doc.sub("prices", "write a table: [prices]"); t != nil {
		l.prices(t)
	}
	if t := doc.sub("signing", "write a table: [signing]"); t != nil {
		l.signing(t)
	}
	if t := doc.sub("adoption", "write a table: [adoption]"); t != nil {
		l.adoption(t)
	}
	for m, t := range doc.tables("gate") {
		l.gate(m, t)
	}
	if t := doc.sub("lint", "write a table: [lint]"); t != nil {
		l.lint(t)
	}
	for m, t := range doc.tables("format") {
		l.format(m, t)
	}
	doc.rest()
}

func (l *loader) projectTable(t *table) {
	p := &l.fleet.Project
	t.present("slug", `write slug = "…", the short name of the fleet`)
	textInto(t, "slug", &p.Slug, slugHint, unless(ValidSlug, "is not valid"))
	t.fits("slug", p.Slug)
	textInto(t, "organization", &p.Organization, "", nil)
	t.present("base_url", `write base_url = "https://…", where devices see the bucket`)
	textInto(t, "base_url", &p.BaseURL, `write base_url = "https://ota.example.com"`, webURLFault)
	p.BaseURL = strings.TrimRight(p.BaseURL, "/")
	p.Prefix = p.Slug
	textInto(t, "prefix", &p.Prefix, "a prefix is segments of [-a-zA-Z0-9_]+ between single slashes: \"ota/fridges\"", unless(validPrefix, "is not valid"))
	t.fits("prefix", p.Prefix)
	textInto(t, "key", &p.Key, "it is sent as an HTTP header: one or more characters of printable ASCII, without spaces", unless(printable, "is not valid"))
	if _, ok := t.node.member("version_order"); !ok {
		p.Order = SemVer
	}
	textInto(t, "version_order", &p.Order, `version_order is "semver" or "natural"`, oneOf(SemVer, Natural))
	if m, ok := t.node.member("unknown_version"); ok && m.value.text == "oldest" {
		t.has("unknown_version")
		t.fault(m.value.offset, `leave the line out: "ordered", the default, offers the same, but only to versions below it`,
			`unknown_version "oldest" is gone: it moved versions down that nobody had listed`)
	} else {
		textInto(t, "unknown_version", &p.Unknown, `unknown_version is "ordered" or "hold"`, oneOf(OrderedUnknown, HoldUnknown))
	}
	textInto(t, "seed", &p.Seed, `seed is "release", other first devices for each release, or "cohort", the same`, oneOf(ReleaseSeed, CohortSeed))
	p.BucketDigits = t.digits("bucket_digits")
	p.CohortDigits = t.digits("cohort_digits")
	textInto(t, "timezone", &p.Timezone, `write a name of the IANA time zone database: "Europe/Berlin", "UTC"`, unless(isZone, "is not known"))
	if i, n := t.integer("max_serial", MaxSerial); n != nil && (i < 1 || i > MaxSerial) {
		t.fault(n.offset, "it is the most characters of a device serial that firmware is promised", "max_serial %d is outside 1 to %d", i, MaxSerial)
	} else {
		p.MaxSerial = int(i)
	}
	p.Eager = t.boolean("eager", false)
	t.rest()
}

func validPrefix(s string) bool {
	return !slices.ContainsFunc(strings.Split(s, "/"), func(segment string) bool { return !ValidSlug(segment) })
}

func isZone(s string) bool {
	_, err := time.LoadLocation(s)
	return err == nil && s != "" && s != "Local"
}

// fits reports what would make keys too long, of what is valid else.
func (t *table) fits(key, s string) {
	if m, ok := t.node.member(key); ok && len(s) > maxPrefix {
		t.fault(m.value.offset, prefixHint, "%s has %d characters", key, len(s))
	}
}

func (t *table) digits(key string) int {
	i, n := t.integer(key, 2)
	if n != nil && (i < 1 || i > 4) {
		t.fault(n.offset, "each digit makes 16 times as many files", "%s %d is outside 1 to 4", key, i)
		return 2
	}
	return int(i)
}

func (l *loader) software(m member, t *table) {
	t.name(m.offset, "software type", m.name)
	var s Software
	const hint = `write known_versions = ["0.9.0"]`
	if n := t.get("known_versions", hint, arrayKind); n != nil {
		for _, v := range n.items {
			if t.is(v, "a known version", hint, stringKind) && l.version(t.file, v.offset, v.text) {
				s.KnownVersions = append(s.KnownVersions, v.text)
			}
		}
	}
	t.rest()
	l.fleet.Software[m.name] = s
}

func (l *loader) publish(t *table) {
	p := &l.fleet.Publish
	var to, n *node
	p.To, to = t.target()
	if p.Endpoint, n = t.text("endpoint"); n != nil {
		wrong := webURLFault(p.Endpoint)
		if u, err := url.Parse(p.Endpoint); wrong == "" && err == nil && strings.Trim(u.Path, "/") != "" {
			wrong = "has a path"
		}
		if wrong != "" {
			t.fault(n.offset, `write endpoint = "https://s3.example.com"`, "endpoint %q %s", p.Endpoint, wrong)
		}
	}
	t.bucket(*p, to, n)
	p.Region, _ = t.text("region")
	textInto(t, "status", &p.Status, `status is "public", for checkers that have no credentials, or "private"`, oneOf(PublicStatus, PrivateStatus))
	t.rest()
}

// target is where something is published to, and its place.
func (t *table) target() (string, *node) {
	to, n := t.text("to")
	if n != nil {
		if err := CheckTarget(to); err != nil {
			t.fault(n.offset, `write "dir:public" or "s3://bucket"`, "%s", err)
		}
	}
	return to, n
}

const maxLifetime = 365 * 24 * time.Hour

func (t *table) lifetime(key string, d *time.Duration) {
	v, n := t.duration(key, *d)
	if n != nil && (v < 0 || v > maxLifetime || v%time.Second != 0) {
		t.fault(n.offset, "whole seconds, from 0s to a year", "%s %q is no cache lifetime", key, n.text)
		return
	}
	*d = v
}

func (l *loader) guard(t *table) {
	g := &l.fleet.Guard
	t.limit("max_exposure_increase", "percentage points of a cohort that one publish may newly expose to a release", &g.MaxExposureIncrease)
	t.limit("max_moved_down", "share of a cohort that one publish may newly offer a version below the one that they run", &g.MaxMovedDown)
	t.limit("max_deletes", "share of the published keys that one publish may delete", &g.MaxDeletes)
	t.rest()
}

func (t *table) limit(key, meaning string, percent *float64) {
	if n := t.number(key, "write "+key+" = 20, without quotes"); n != nil {
		*percent = t.percent(n, key, key+" is the "+meaning+", 0 to 100; 100 stops nothing")
	}
}

func (l *loader) prices(t *table) {
	p := &l.fleet.Prices
	t.price("put", &p.Put)
	t.price("get", &p.Get)
	t.price("delete", &p.Delete)
	valid := func(s string) bool { return printable(s) && len(s) <= maxCurrency }
	textInto(t, "currency", &p.Currency, `1 to 8 characters of printable ASCII, without spaces: "EUR"`, unless(valid, "is not valid"))
	t.rest()
}

const maxCurrency = 8

func (l *loader) lint(t *table) {
	const hint = `write allow = ["plain-http"]`
	if n := t.get("allow", hint, arrayKind); n != nil {
		for _, v := range n.items {
			if !t.is(v, "a warning's name", hint, stringKind) {
				continue
			}
			l.fleet.Lint.Allow = append(l.fleet.Lint.Allow, v.text)
			if l.warnings == nil || slices.Contains(l.warnings, v.text) {
				continue
			}
			hint := "the names: " + strings.Join(l.warnings, ", ")
			if near := Nearest(v.text, l.warnings); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			t.fault(v.offset, hint, "no warning is called %q", v.text)
		}
	}
	t.rest()
}

func (t *table) price(key string, price *float64) {
	n := t.number(key, "write "+key+" = 0.005, without quotes")
	if n == nil {
		return
	}
	if *price = n.number(); !(*price >= 0 && *price <= math.MaxFloat64) {
		t.fault(n.offset, "a price of 1,000 requests is a finite number, 0 or more", "%s %s is no price", key, n.text)
	}
}

// webURLFault says what keeps s from being an http or https URL that a key
// can be added to; "" for nothing.
func webURLFault(s string) string {
	u, err := url.Parse(s)
	switch {
	case !printable(s):
		return "has other characters than printable ASCII"
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "is no http or https URL"
	case u.User != nil:
		return "has a user name in it"
	case strings.ContainsAny(s, "?#"):
		return "has a query or a fragment"
	}
	return ""
}

// printable says whether s is one or more characters of ASCII without spaces
// and control characters.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
