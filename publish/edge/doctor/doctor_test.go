package doctor

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDocumentHasEachCheck compares the table of docs/doctor.md with the checks.
func TestDocumentHasEachCheck(t *testing.T) {
	text, err := os.ReadFile("../../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## The checks")
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\|").FindAllStringSubmatch(table, -1) {
		documented = append(documented, m[1])
	}
	if !slices.Equal(documented, Checks()) {
		t.Errorf("the document has\n%q, there are\n%q", documented, Checks())
	}
}

// find runs the doctor at a server whose certificate it trusts, and gives the
// findings by name.
func find(t *testing.T, server *httptest.Server, change func(*Options)) (map[string]Finding, error) {
	t.Helper()
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Base: base, Objects: Objects{Answer: "/a.txt", Missing: "/none/a.txt", Payload: "/fw.bin"}, Answers: time.Minute,
		Roots: x509.NewCertPool(), Dial: new(net.Dialer).DialContext, Now: time.Now, Timeout: 5 * time.Second,
	}
	if c := server.Certificate(); c != nil {
		o.Roots.AddCert(c)
	}
	if change != nil {
		change(&o)
	}
	found, err := Run(t.Context(), o)
	by := map[string]Finding{}
	for _, f := range found {
		by[f.Name] = f
	}
	return by, err
}

// TestWhatNginxAlwaysDoesRight looks at faults that nginx can't be set up to
// have.
func TestWhatNginxAlwaysDoesRight(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		if r.URL.Path == "/none/a.txt" {
			w.Header().Set("Expires", time.Now().Add(90*time.Minute).UTC().Format(http.TimeFormat))
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	found, err := find(t, server, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"fragment":         "note asked for 4,096 bytes, the server does not agree",
		"date":             "warning no Date that can be read",
		"missing-lifetime": "error 404 may be kept for 1h",
		"certificate":      "ok good until 2084-01-29, by O=Acme Co",
		"tls-mbedtls":      "ok TLS 1.2 with TLS_ECDHE_RSA_WITH_",
		"tls-wolfssl":      "ok TLS 1.2 with TLS_ECDHE_RSA_WITH_",
	} {
		if got := fmt.Sprint(found[name].Level, " ", found[name].Seen); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestNotTLS asks what speaks plain HTTP, and nobody at all.
func TestNotTLS(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	found, err := find(t, server, func(o *Options) { o.Base.Scheme = "https" })
	if err != nil || found["tls-mbedtls"].Level != Error || found["tls-mbedtls"].Seen != "it does not speak TLS" || found["http"].Level != Error {
		t.Errorf("%v %+v", err, found)
	}
	server.Close()
	if _, err := find(t, server, nil); err == nil || !strings.HasPrefix(err.Error(), "no connection to 127.0.0.1:") {
		t.Errorf("%v from nobody", err)
	}
}

// TestSilence is about a server that takes connections and says nothing.
func TestSilence(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	server := &httptest.Server{URL: "https://" + l.Addr().String()}
	found, err := find(t, server, func(o *Options) { o.Timeout = 50 * time.Millisecond })
	if err != nil || found["tls-mbedtls"].Seen != "no answer within 50ms" || found["http"].Level != Error {
		t.Errorf("%v %+v", err, found)
	}
}

func TestChecks(t *testing.T) {
	header := func(lines ...string) exchange {
		e := exchange{status: 200, proto: "HTTP/1.1", header: http.Header{}, at: time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)}
		for _, l := range lines {
			name, value, _ := strings.Cut(l, ": ")
			e.header.Add(name, value)
		}
		return e
	}
	some := []netip.Addr{netip.MustParseAddr("2001:db8::1")}
	for name, c := range map[string]struct {
		got  Finding
		want string
	}{
		"HTTP/1.0":      {spoken(&seen{answer: exchange{proto: "HTTP/1.0"}}), "error HTTP/1.0"},
		"no IPv6 here":  {ipv6(&seen{host: "a.example", ip6: addresses{all: some, connect: syscall.ENETUNREACH}}), "note 2001:db8::1"},
		"an address":    {ipv6(&seen{host: "127.0.0.1"}), " "},
		"localhost":     {ipv4(&seen{host: "localhost"}), "note no A record"},
		"in CDN":        {date(&seen{answer: header("Date: Wed, 02 Dec 2026 11:50:00 GMT", "Age: 600")}), "note right, with an Age of 600 s"},
		"in CDN, wrong": {date(&seen{answer: header("Date: Wed, 02 Dec 2026 12:00:00 GMT", "Age: 600")}), "warning Date is 10m off the clock of this machine"},
	} {
		if got := fmt.Sprint(c.got.Level, " ", c.got.Seen); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for lines, want := range map[string]time.Duration{
		"Cache-Control: max-age=5":                                         5 * time.Second,
		"Cache-Control: public, s-maxage=\"60\", max-age=5":                time.Minute,
		"Cache-Control: no-store, max-age=5":                               0,
		"Expires: Wed, 02 Dec 2026 13:00:00 GMT":                           time.Hour,
		"Expires: Wed, 02 Dec 2026 11:00:00 GMT":                           0,
		"Expires: 0":                                                       0,
		"Cache-Control: max-age=5\nExpires: Wed, 02 Dec 2026 13:00:00 GMT": 5 * time.Second,
		"Cache-Control: max-age=5\nCache-Control: S-MaxAge=7":              7 * time.Second,
	} {
		e := header(strings.Split(lines, "\n")...)
		if got, stated := lifetime(&e); got != want || !stated {
			t.Errorf("%s: %s %t, want %s", lines, got, stated, want)
		}
	}
}

func TestPayloadOfAnAnswer(t *testing.T) {
	for answer, want := range map[string]string{
		"https://ota.example.com/x/f/v1/payloads/0/a_20b.bin":     "/f/v1/payloads/0/a_20b.bin",
		"1.2.0\nhttps://ota.example.com/x/f/v1/payloads/0/fw.bin": "/f/v1/payloads/0/fw.bin",
		"https://files.example.com/fw.bin":                        "",
		"":                                                        "", "<html>": "", "1.2.0": "",
	} {
		s := &seen{options: &Options{Base: &url.URL{Scheme: "https", Host: "edge.example.com", Path: "/x/"}}}
		if got := s.payloadOf(answer); got != want {
			t.Errorf("%q: %q, want %q", answer, got, want)
		}
	}
}

func TestInterrupt(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	base, _ := url.Parse(server.URL)
	ctx, stop := context.WithCancel(t.Context())
	_, err := Run(ctx, Options{Base: base, Objects: Objects{Answer: "/a.txt"}, Now: time.Now, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		defer stop()
		return new(net.Dialer).DialContext(ctx, network, address)
	}})
	if err == nil {
		t.Error("an interrupt is no error")
	}
}
