// Package rootstest makes certificates to test with. They are good for a month
// from yesterday unless a template says something else.
package rootstest

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

// Pair is a certificate and its key.
type Pair struct {
	*x509.Certificate
	Key crypto.Signer
}

// ECDSA makes a key.
func ECDSA(t *testing.T, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// RSA makes a key of so many bits.
func RSA(t *testing.T, bits int) crypto.Signer {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// CA is a template of an authority's certificate.
func CA(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
}

// Server is a template of a server's certificate.
func Server(names ...string) *x509.Certificate {
	return &x509.Certificate{DNSNames: names, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
}

// Root makes one that has signed itself.
func Root(t *testing.T, key crypto.Signer, template *x509.Certificate) Pair {
	t.Helper()
	return Pair{template, key}.Issue(t, key, template)
}

// Issue makes a certificate for a key that the pair has signed.
func (p Pair) Issue(t *testing.T, key crypto.Signer, template *x509.Certificate) Pair {
	t.Helper()
	template.SerialNumber, template.NotBefore = big.NewInt(time.Now().UnixNano()), time.Now().AddDate(0, 0, -1)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().AddDate(0, 1, 0)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, p.Certificate, key.Public(), p.Key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return Pair{c, key}
}

// PEM is certificates one after the other.
func PEM(certificates ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certificates {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) // which can't fail
	}
	return b.Bytes()
}

// KeyPEM is the pair's key.
func (p Pair) KeyPEM(t *testing.T) []byte {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(p.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}
