package roots

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/publish/edge/roots/rootstest"
)

// named are what a result has, with a star at those of now.
func named(r *Result) (names []string) {
	for _, root := range r.Roots {
		name := root.Name
		if root.Now {
			name += "*"
		}
		names = append(names, name)
	}
	return names
}

// world is authorities with names that cairn has lists of.
type world struct {
	by    map[string]rootstest.Pair
	store Store
}

func newWorld(t *testing.T, names ...string) *world {
	w := &world{by: map[string]rootstest.Pair{}}
	for _, name := range names {
		w.by[name] = rootstest.Root(t, rootstest.ECDSA(t, elliptic.P256()), rootstest.CA(name))
		w.store = append(w.store, w.by[name].Certificate)
	}
	return w
}

// chain is what a server sends whose certificate a root has signed through an
// intermediate.
func (w *world) chain(t *testing.T, root string) []*x509.Certificate {
	between := w.by[root].Issue(t, rootstest.ECDSA(t, elliptic.P256()), rootstest.CA("Intermediate"))
	leaf := between.Issue(t, rootstest.ECDSA(t, elliptic.P256()), rootstest.Server("ota.example.com"))
	return []*x509.Certificate{leaf.Certificate, between.Certificate}
}

func TestFind(t *testing.T) {
	w := newWorld(t, "GTS Root R4", "ISRG Root X2", "ISRG Root X1", "GTS Root R1", "GlobalSign Root CA", "GlobalSign Root R46", "Acme Root")
	over := rootstest.CA("GTS Root R2")
	over.NotAfter = time.Now().Add(-time.Minute)
	w.store = append(w.store, rootstest.Root(t, rootstest.ECDSA(t, elliptic.P256()), over).Certificate)
	google := w.by["GTS Root R4"]
	crossed := append(w.chain(t, "GTS Root R4"), w.by["GlobalSign Root CA"].Issue(t, google.Key, rootstest.CA("GTS Root R4")).Certificate)
	for name, c := range map[string]struct {
		chains [][]*x509.Certificate
		also   []string
		want   string
		absent string
	}{
		"a root of a list":  {[][]*x509.Certificate{w.chain(t, "ISRG Root X2")}, nil, "ISRG Root X2* ISRG Root X1", "Root YE (Let's Encrypt) Root YR (Let's Encrypt)"},
		"a root of no list": {[][]*x509.Certificate{w.chain(t, "Acme Root")}, nil, "Acme Root*", ""},
		"signed by another, too": {[][]*x509.Certificate{crossed}, nil, "GTS Root R4* GlobalSign Root CA* GTS Root R1",
			"GTS Root R3 (Google Trust Services) GlobalSign ECC Root CA - R4 (Google Trust Services)"},
		"two chains": {[][]*x509.Certificate{w.chain(t, "ISRG Root X2"), w.chain(t, "Acme Root")}, nil, "ISRG Root X2* Acme Root* ISRG Root X1", "Root YE (Let's Encrypt) Root YR (Let's Encrypt)"},
		"another issuer besides": {[][]*x509.Certificate{w.chain(t, "Acme Root")}, []string{"letsencrypt"}, "Acme Root* ISRG Root X1 ISRG Root X2",
			"Root YE (Let's Encrypt) Root YR (Let's Encrypt)"},
	} {
		also := slices.DeleteFunc(Issuers(), func(i Issuer) bool { return !slices.Contains(c.also, i.Name) })
		r, err := w.store.Find(c.chains, "ota.example.com", time.Now(), also)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(named(r), " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if got := strings.Join(r.Absent, " "); got != c.absent {
			t.Errorf("%s: absent are %s, want %s", name, got, c.absent)
		}
	}

	chain := w.chain(t, "Acme Root")
	var host x509.HostnameError
	if _, err := w.store.Find([][]*x509.Certificate{chain}, "example.com", time.Now(), nil); !errors.As(err, &host) {
		t.Errorf("%v for another name", err)
	}
	var invalid x509.CertificateInvalidError
	if _, err := w.store.Find([][]*x509.Certificate{chain}, "ota.example.com", time.Now().AddDate(1, 0, 0), nil); !errors.As(err, &invalid) {
		t.Errorf("%v in a year", err)
	}
	if _, err := w.store.Find([][]*x509.Certificate{chain[:1]}, "ota.example.com", time.Now(), nil); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), `by "CN=Intermediate"`) {
		t.Errorf("%v without the intermediate", err)
	}
}

// TestChains asks a server that has a certificate for each kind of client, of
// different roots.
func TestChains(t *testing.T) {
	w := newWorld(t, "ISRG Root X1", "ISRG Root X2")
	issue := func(certificate rootstest.Pair) tls.Certificate {
		return tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: certificate.Key}
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{
		issue(w.by["ISRG Root X2"].Issue(t, rootstest.ECDSA(t, elliptic.P256()), rootstest.Server("ota.example.com"))),
		issue(w.by["ISRG Root X1"].Issue(t, rootstest.RSA(t, 2048), rootstest.Server("ota.example.com"))),
	}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it says who breaks off, which is meant
	server.StartTLS()
	defer server.Close()
	dial := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}
	chains, err := Chains(t.Context(), dial, "ota.example.com")
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.store.Find(chains, "ota.example.com", time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(named(r), " "); got != "ISRG Root X2* ISRG Root X1*" {
		t.Errorf("%s", got)
	}

	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	if _, err := Chains(t.Context(), func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", plain.Listener.Addr().String())
	}, "ota.example.com"); err == nil || !strings.HasPrefix(err.Error(), "no handshake: ") {
		t.Errorf("%v without TLS", err)
	}
}

// TestFiles reads each of the files again: the header by a compiler.
func TestFiles(t *testing.T) {
	odd := "Räksmörgås */ \"??/\\"
	w := newWorld(t, "GTS Root R1", odd)
	r := &Result{}
	for _, c := range append(w.store, rootstest.Root(t, rootstest.RSA(t, 2048), rootstest.CA("gts root-r1")).Certificate) {
		r.add(Root{Certificate: c, Now: true})
	}
	dir := t.TempDir()
	der := map[string][]byte{}
	for _, f := range r.Files("https://ota.example.com/*/x") {
		write(t, filepath.Join(dir, f.Name), f.Content)
		if strings.HasSuffix(f.Name, ".der") {
			der[f.Name] = f.Content
		}
	}
	if len(der) != 3 || !bytes.Equal(der["gts-root-r1.der"], w.store[0].Raw) || der["gts-root-r1-2.der"] == nil || der["r-ksm-rg-s.der"] == nil {
		t.Errorf("%d of three .der files", len(der))
	}
	rest := r.PEM()
	for i, root := range r.Roots {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || !bytes.Equal(block.Bytes, root.Raw) {
			t.Fatalf("root %d is another one in PEM", i)
		}
	}
	write(t, filepath.Join(dir, "main.c"), []byte(`#include "cairn_roots.h"
#include <stdio.h>
int main(void)
{
    size_t i;
    for (i = 0; i < CAIRN_ROOTS; i++) {
        printf("%s %lld\n", cairn_roots[i].name, cairn_roots[i].expires);
        fwrite(cairn_roots[i].der, 1, cairn_roots[i].size, stdout);
    }
    return 0;
}
`))
	cmd := exec.Command("gcc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "main.c", "-o", "main")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, err := exec.Command(filepath.Join(dir, "main")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for _, root := range r.Roots {
		fmt.Fprintf(&want, "%s %d\n%s", strings.NewReplacer("ä", "?", "ö", "?", "å", "?", "*", "?").Replace(root.Name), root.NotAfter.Unix(), root.Raw)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("the header says\n%q\nwant\n%q", got, want.Bytes())
	}
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestLists wants each root of each issuer once, and each issuer by a name of
// its own.
func TestLists(t *testing.T) {
	owner, last := map[string]string{}, ""
	for _, i := range Issuers() {
		if i.Name <= last || !strings.HasPrefix(i.Source, "https://") || len(i.Roots) == 0 {
			t.Errorf("%s", i.Name)
		}
		last = i.Name
		for _, root := range i.Roots {
			if owner[root] != "" {
				t.Errorf("%s is of %s and of %s", root, owner[root], i.Name)
			}
			owner[root] = i.Name
		}
	}
}
