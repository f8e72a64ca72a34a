//go:build unix

package nginxtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cairn/publish/dirstore"
	"cairn/templates/edge/nginx"
)

// TestOriginOverTLS has an origin that answers 403 for a missing key, as S3
// does without the right to list, and whose certificate nobody else trusts. The
// modules are in a folder of another name.
func TestOriginOverTLS(t *testing.T) {
	modules := filepath.Join(folder(t), `mo"dules of ours`)
	if err := os.Symlink(nginx.DebianModules, modules); err != nil {
		t.Fatal(err)
	}
	for i, s := range samples(t)[:2] {
		t.Run(s.Name, func(t *testing.T) {
			root := folder(t)
			put(t, s, dirstore.New(root))
			hide(t, s, dirstore.New(root))
			origin, ca := secureOrigin(t, root)
			c := config(s)
			c.Origin, c.CA, c.Modules = origin, ca, modules
			// The origin has one address of the two that localhost may have.
			conform(t, s, start(t, c, "connect() failed").url)
			if i > 0 {
				return
			}
			c.CA = ""
			untrusting := start(t, c, "connect() failed", "certificate verify error", "cairn: ")
			if status, body := ask(t, untrusting, "SN-1", "1.0.0"); status != 503 {
				t.Errorf("%d %s from an origin whose certificate is not trusted, want 503", status, body)
			}
		})
	}
}

// secureOrigin is an nginx over a folder, and the file with its certificate.
func secureOrigin(t *testing.T, root string) (origin *url.URL, ca string) {
	t.Helper()
	l := listen(t)
	address := l.Addr().String()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key := selfSigned(t, "localhost")
	s := run(t, "https", l, map[string][]byte{
		"cert.pem": certificate,
		"key.pem":  key,
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
    server {
        listen %s ssl;
        ssl_certificate cert.pem;
        ssl_certificate_key key.pem;
        root "%s";
        error_page 404 = @denied;
        location @denied {
            return 403;
        }
    }
}
`, address, root)})
	return &url.URL{Scheme: "https", Host: net.JoinHostPort("localhost", port)}, filepath.Join(s.dir, "cert.pem")
}

// selfSigned is a certificate for a name, and its key, in PEM.
func selfSigned(t *testing.T, name string) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}
