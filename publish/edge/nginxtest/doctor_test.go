//go:build unix

package nginxtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/publish/edge/doctor"
	"cairn/publish/edge/roots/rootstest"
	"cairn/templates/edge/nginx"
)

const (
	doctorAnswer  = "/fridge/v1/latest/fw/mp/default/1.0.0/a3.txt"
	doctorMissing = "/fridge/v1/latest/fw/mp/default/nowhere/a3.txt"
	doctorPayload = "/fridge/v1/payloads/0123456789abcdef0123456789abcdef/fw.bin"
)

// authority is a root with an intermediate, which signs what servers have.
type authority struct{ root, between rootstest.Pair }

func newAuthority(t *testing.T) authority {
	root := rootstest.Root(t, rootstest.ECDSA(t, elliptic.P256()), rootstest.CA("Test Root"))
	return authority{root, root.Issue(t, rootstest.ECDSA(t, elliptic.P256()), rootstest.CA("Test Intermediate"))}
}

// patient is an nginx in which nothing is wrong yet.
type patient struct {
	t         *testing.T
	authority authority
	scheme    string
	http      string // lines of the http block
	server    string // of the server
	location  string // of the location of everything
	listen    string // behind the address
	key       crypto.Signer
	leaf      func(*x509.Certificate)
	chain     func(leaf *x509.Certificate) []*x509.Certificate // that the server sends
	clock     time.Duration                                    // by which the own clock is off
	ip4, ip6  []string                                         // addresses in the DNS
	payload   string                                           // that is asked for; "" for the one that the answer names
	refused   string                                           // the one that nobody answers at
}

const goodProtocols, goodHeader, goodBuffer = "ssl_protocols TLSv1.2 TLSv1.3;", `add_header Cache-Control "public, max-age=60";`, "ssl_buffer_size 4k;"

func newPatient(t *testing.T, a authority, key crypto.Signer) *patient {
	return &patient{
		t: t, authority: a, scheme: "https", key: key, payload: doctorPayload, listen: "ssl",
		http: goodProtocols + goodBuffer, location: goodHeader,
		chain: func(leaf *x509.Certificate) []*x509.Certificate {
			return []*x509.Certificate{leaf, a.between.Certificate}
		},
		ip4: []string{"192.0.2.1"}, ip6: []string{"2001:db8::1"},
	}
}

// examine starts it, and has the doctor look at it.
func (p *patient) examine() []doctor.Finding {
	t := p.t
	root := folder(t)
	payload := make([]byte, 100_000)
	_, _ = rand.Read(payload)
	text := []byte("https://ota.example.com" + doctorPayload)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(text)
	w.Close()
	for name, content := range map[string][]byte{doctorAnswer: text, doctorAnswer + ".gz": packed.Bytes(), doctorPayload: payload, "/page.html": []byte("<!DOCTYPE html>")} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l := listen(t)
	address := l.Addr().String()
	template := rootstest.Server("ota.example.com")
	if p.leaf != nil {
		p.leaf(template)
	}
	leaf := p.authority.between.Issue(t, p.key, template)
	files := map[string][]byte{
		"chain.pem": rootstest.PEM(p.chain(leaf.Certificate)...),
		"key.pem":   leaf.KeyPEM(t),
		nginx.ConfigFile: fmt.Appendf(nil, `pid nginx.pid;
error_log error.log warn;
events {}
http {
    access_log off;
    log_not_found off;
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    types {
        text/plain txt;
        text/html html;
    }
    default_type application/octet-stream;
    ssl_certificate chain.pem;
    ssl_certificate_key key.pem;
    %s
    server {
        listen %s %s;
        server_name ota.example.com;
        root "%s";
        %s
        location / {
            %s
        }
    }
}
`, strings.ReplaceAll(p.http, "ADDRESS", address), address, p.listen, root, p.server, p.location)}
	run(t, p.scheme, l, files)

	roots := x509.NewCertPool()
	roots.AddCert(p.authority.root.Certificate)
	found, err := doctor.Run(t.Context(), doctor.Options{
		Base:    &url.URL{Scheme: p.scheme, Host: "ota.example.com"},
		Objects: doctor.Objects{Answer: doctorAnswer, Missing: doctorMissing, Payload: p.payload},
		Answers: time.Minute,
		Roots:   roots,
		Now:     func() time.Time { return time.Now().Add(p.clock) },
		Lookup: func(_ context.Context, network, _ string) (all []netip.Addr, _ error) {
			for _, ip := range map[string][]string{"ip4": p.ip4, "ip6": p.ip6}[network] {
				all = append(all, netip.MustParseAddr(ip))
			}
			return all, nil
		},
		Dial: func(ctx context.Context, network, wanted string) (net.Conn, error) {
			to := address
			if host, _, _ := net.SplitHostPort(wanted); host == p.refused {
				to = strings.Replace(address, "127.0.0.1", "127.0.0.2", 1) // where nobody listens
			}
			return new(net.Dialer).DialContext(ctx, network, to)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestDoctor sets up an nginx wrongly, in one respect each, and wants to hear of
// that and of nothing else.
func TestDoctor(t *testing.T) {
	authority, key := newAuthority(t), rootstest.ECDSA(t, elliptic.P256())
	at := func(path, lines string) string { return "location = " + path + " { " + lines + " }" }
	names := func(n int) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			for i := range n {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("device-%04d.ota.example.com", i))
			}
		}
	}
	for name, c := range map[string]struct {
		fault func(*patient)
		want  string // "level name: words", separated by newlines
	}{
		"nothing":                   {func(*patient) {}, ""},
		"the payload of the answer": {func(p *patient) { p.payload = "" }, ""},
		"plain HTTP":                {func(p *patient) { p.scheme, p.listen = "http", "" }, "warning tls: plain HTTP"},

		"TLS 1.3 alone": {func(p *patient) { p.http = "ssl_protocols TLSv1.3;" + goodBuffer },
			"error tls-mbedtls: it refuses with\nerror tls-wolfssl: it refuses with"},
		"a suite of few":  {func(p *patient) { p.http += "ssl_ciphers ECDHE-ECDSA-AES256-CCM;" }, "error tls-wolfssl: it refuses with"},
		"CBC alone":       {func(p *patient) { p.http += "ssl_ciphers ECDHE-ECDSA-AES128-SHA256;" }, "warning tls-mbedtls: _CBC_\nwarning tls-wolfssl: _CBC_"},
		"RSA without DHE": {func(p *patient) { p.key = rootstest.RSA(t, 2048); p.http += "ssl_ciphers AES128-GCM-SHA256;" }, "warning tls-mbedtls: TLS_RSA_\nerror tls-wolfssl: it refuses with"},
		"SNI needed": {func(p *patient) { p.http += "server { listen ADDRESS ssl default_server; ssl_reject_handshake on; }" },
			"warning sni: needed: without SNI, it refuses"},
		"long records": {func(p *patient) { p.http = goodProtocols }, "note records: 16,4"},

		"expired":      {func(p *patient) { p.leaf = func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) } }, "error certificate: expired"},
		"nearly over":  {func(p *patient) { p.leaf = func(c *x509.Certificate) { c.NotAfter = time.Now().Add(50 * time.Hour) } }, "warning certificate: by Test Root"},
		"another name": {func(p *patient) { p.leaf = func(c *x509.Certificate) { c.DNSNames = []string{"example.com"} } }, "error certificate: ota.example.com"},
		"no intermediate": {func(p *patient) {
			p.chain = func(leaf *x509.Certificate) []*x509.Certificate { return []*x509.Certificate{leaf} }
		}, "error certificate: unknown authority"},
		"the root": {func(p *patient) {
			p.chain = func(leaf *x509.Certificate) []*x509.Certificate {
				return []*x509.Certificate{leaf, authority.between.Certificate, authority.root.Certificate}
			}
		}, "warning chain-root: Test Root"},
		"swapped": {func(p *patient) {
			deep := authority.between.Issue(t, key, rootstest.CA("Deep"))
			p.authority.between = deep
			p.chain = func(leaf *x509.Certificate) []*x509.Certificate {
				return []*x509.Certificate{leaf, authority.between.Certificate, deep.Certificate}
			}
		}, "error chain-order: certificate 2 (Test Intermediate)"},
		"one too many": {func(p *patient) {
			other := authority.root.Issue(t, key, rootstest.CA("Other Intermediate"))
			p.chain = func(leaf *x509.Certificate) []*x509.Certificate {
				return []*x509.Certificate{leaf, other.Certificate, authority.between.Certificate}
			}
		}, "warning chain-order: certificate 2 (Other Intermediate)"},
		"a stranger": {func(p *patient) {
			other := newAuthority(t)
			p.chain = func(leaf *x509.Certificate) []*x509.Certificate {
				return []*x509.Certificate{leaf, other.between.Certificate, authority.between.Certificate}
			}
		}, "error chain-order: certificate 2"},
		"a long chain":      {func(p *patient) { p.leaf = names(150) }, "warning chain: 2 certificates, 5,"},
		"a very long chain": {func(p *patient) { p.leaf = names(600) }, "error chain: in several records"},
		"a long RSA key":    {func(p *patient) { p.key = rootstest.RSA(t, 3072) }, "warning key: RSA 3072"},
		"P-384":             {func(p *patient) { p.key = rootstest.ECDSA(t, elliptic.P384()) }, "warning key: P-384"},

		"no answer":     {func(p *patient) { p.server = "return 444;" }, "error http: EOF"},
		"no keep-alive": {func(p *patient) { p.http += "keepalive_timeout 0;" }, "warning keep-alive: ends"},
		"a redirect":    {func(p *patient) { p.server = at(doctorAnswer, "return 301 https://www.example.com$uri;") }, "error redirect: the answer: 301 to https://www.example.com"},
		"not published": {func(p *patient) { p.server = at(doctorAnswer, "return 404;") }, "error answer: 404"},
		"a page": {func(p *patient) {
			p.server = at(doctorAnswer, "default_type text/html; return 200 '<html>who are you?</html>';")
		}, "error answer: HTML"},
		"chunks":       {func(p *patient) { p.location += "ssi on; ssi_types text/plain;" }, "error content-length: the answer: no Content-Length, but chunks"},
		"compressed":   {func(p *patient) { p.location += "gzip_static always;" }, "error compression: the answer comes as gzip"},
		"many headers": {func(p *patient) { p.location += "add_header X-Trace " + strings.Repeat("x", 1000) + ";" }, "warning headers: bytes"},

		"a page for what is missing":   {func(p *patient) { p.server = "error_page 404 =200 /page.html;" }, "error missing: 200"},
		"an error for what is missing": {func(p *patient) { p.server = at(doctorMissing, "return 500;") }, "error missing: 500"},
		"404 for a day":                {func(p *patient) { p.location = `add_header Cache-Control "public, max-age=86400" always;` }, "error missing-lifetime: 404 may be kept for 24h"},
		"403 for an hour": {func(p *patient) {
			p.server = at(doctorMissing, "add_header Cache-Control max-age=60,s-maxage=3600 always; return 403;")
		}, "error missing-lifetime: 403 may be kept for 1h"},
		"an old 404": {func(p *patient) { p.server = at(doctorMissing, "add_header Age 300 always; return 404;") }, "error missing-lifetime: kept for 5m"},

		"no HEAD":    {func(p *patient) { p.server = "if ($request_method = HEAD) { return 405; }" }, "warning head: 405"},
		"no ranges":  {func(p *patient) { p.location += "max_ranges 0;" }, "warning ranges: 200"},
		"no payload": {func(p *patient) { p.server = at(doctorPayload, "return 404;") }, "error ranges: 404"},

		"a wrong clock":   {func(p *patient) { p.clock = -time.Hour }, "warning date: off the clock of this machine"},
		"an old copy":     {func(p *patient) { p.clock, p.location = time.Hour, p.location+"add_header Age 3600;" }, "note date: Age of 3600 s"},
		"no IPv6":         {func(p *patient) { p.ip6 = nil }, "note ipv6: no AAAA record"},
		"IPv6 is refused": {func(p *patient) { p.refused = "2001:db8::1" }, "error ipv6: connection refused"},
		"no IPv4":         {func(p *patient) { p.ip4 = nil }, "error ipv4: no A record"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t, authority, key)
			c.fault(p)
			wanted := map[string]string{}
			for line := range strings.SplitSeq(c.want, "\n") {
				if level, words, _ := strings.Cut(line, ": "); level != "" {
					wanted[level] = words
				}
			}
			found := p.examine()
			if c.want == "" && p.scheme == "https" && len(found) != len(doctor.Checks()) {
				t.Errorf("only %d of %d checks", len(found), len(doctor.Checks()))
			}
			for _, f := range found {
				if f.Level == doctor.OK {
					continue
				}
				about := string(f.Level) + " " + f.Name
				words, is := wanted[about]
				if !is || !strings.Contains(f.Seen, words) || f.Means == "" || f.Mend == "" {
					t.Errorf("%s: %s, want %q\nmeans: %s\nmend: %s", about, f.Seen, c.want, f.Means, f.Mend)
				}
				delete(wanted, about)
			}
			for about := range maps.Keys(wanted) {
				t.Errorf("no %s", about)
			}
		})
	}
}
