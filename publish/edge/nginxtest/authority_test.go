//go:build unix

package nginxtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// authority is a root with an intermediate, which signs what servers have.
type authority struct {
	root, between       *x509.Certificate
	rootKey, betweenKey crypto.Signer
}

func newAuthority(t *testing.T) *authority {
	a := &authority{rootKey: ecdsaKey(t, elliptic.P256()), betweenKey: ecdsaKey(t, elliptic.P256())}
	ca := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	}
	root := ca("Test Root")
	a.root = sign(t, root, root, a.rootKey.Public(), a.rootKey)
	a.between = sign(t, ca("Test Intermediate"), a.root, a.betweenKey.Public(), a.rootKey)
	return a
}

// issue is a server's certificate, for ota.example.com unless a change says
// something else.
func (a *authority) issue(t *testing.T, key crypto.Signer, change func(*x509.Certificate)) *x509.Certificate {
	template := &x509.Certificate{DNSNames: []string{"ota.example.com"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if change != nil {
		change(template)
	}
	return sign(t, template, a.between, key.Public(), a.betweenKey)
}

func ecdsaKey(t *testing.T, curve elliptic.Curve) crypto.Signer {
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rsaKey(t *testing.T, bits int) crypto.Signer {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sign makes a certificate that is good for a month from yesterday, unless it
// says something else.
func sign(t *testing.T, template, parent *x509.Certificate, public crypto.PublicKey, by crypto.Signer) *x509.Certificate {
	t.Helper()
	template.SerialNumber, template.NotBefore = big.NewInt(time.Now().UnixNano()), time.Now().AddDate(0, 0, -1)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().AddDate(0, 1, 0)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func inPEM(certificates ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certificates {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return b.Bytes()
}

func keyInPEM(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}
