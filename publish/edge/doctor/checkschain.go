package doctor

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// expiresSoon is when a certificate that is renewed by itself would have been.
const expiresSoon = 7 * 24 * time.Hour

func certificate(s *seen) Finding {
	if len(s.chain) == 0 {
		return Finding{}
	}
	leaf := s.chain[0]
	between := x509.NewCertPool()
	for _, c := range s.chain[1:] {
		between.AddCert(c)
	}
	verified, err := leaf.Verify(x509.VerifyOptions{DNSName: s.host, Roots: s.options.Roots, Intermediates: between, CurrentTime: s.now})
	var expired x509.CertificateInvalidError
	var host x509.HostnameError
	switch {
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return finding(Error, "a device that knows the time gets no connection", "renew the certificate, and see why that did not happen by itself", "%v", expired)
	case errors.As(err, &host):
		return finding(Error, "a device that checks the name gets no connection", "give the edge a certificate for "+s.host, "%v", host)
	case err != nil:
		return finding(Error, "a device that knows public roots gets no connection; no library of firmware fetches what a server leaves out",
			"send the certificate with its intermediates (fullchain.pem); for an authority of your own, name its root with --ca", "%v", err)
	}
	path := verified[0]
	root := path[len(path)-1]
	left := leaf.NotAfter.Sub(s.now)
	seen := fmt.Sprintf("good until %s, by %s", leaf.NotAfter.UTC().Format(time.DateOnly), nameOf(root))
	if left < expiresSoon {
		return finding(Warning, "in "+count(int(left/(24*time.Hour)), "day")+" no device that knows the time gets a connection", "renew the certificate", "%s", seen)
	}
	return ok("a device needs this root: 'cairn root-certs' writes it", "%s", seen)
}

func nameOf(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

// key is what firmware must be able to do to follow the chain.
func key(s *seen) Finding {
	if len(s.chain) == 0 {
		return Finding{}
	}
	leaf := s.chain[0]
	var signed []string
	for _, c := range s.chain {
		if how := c.SignatureAlgorithm.String(); !slices.Contains(signed, how) && !selfSigned(c) {
			signed = append(signed, how)
		}
	}
	if len(signed) == 0 {
		signed = []string{"itself"}
	}
	seen := fmt.Sprintf("%s; the chain is signed by %s", keyOf(leaf), strings.Join(signed, ", "))
	const means = "firmware needs the key and the signatures of the whole chain compiled in"
	if k, is := leaf.PublicKey.(*rsa.PublicKey); is && k.N.BitLen() > 2048 {
		return finding(Warning, "an RSA key of more than 2,048 bits takes small chips long, and is more than some are built for (wolfSSL: FP_MAX_BITS)",
			"take ECDSA P-256, or RSA with 2,048 bits", "%s", seen)
	}
	if k, is := leaf.PublicKey.(*ecdsa.PublicKey); is && k.Params().BitSize > 256 {
		return finding(Warning, "small configurations have P-256 only", "take ECDSA P-256", "%s", seen)
	}
	return ok(means, "%s", seen)
}

func keyOf(c *x509.Certificate) string {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Params().Name
	}
	return c.PublicKeyAlgorithm.String()
}

func selfSigned(c *x509.Certificate) bool { return c.CheckSignatureFrom(c) == nil }

func chain(s *seen) Finding {
	flight := s.mbedTLS.Flight
	if flight == nil {
		flight = s.wolfSSL.Flight
	}
	if flight == nil || len(s.chain) == 0 {
		return Finding{}
	}
	seen := fmt.Sprintf("%s, %s bytes", count(len(s.chain), "certificate"), thousands(flight.Certificate))
	const mend = "send no certificate that is not needed, and ECDSA instead of RSA: its certificates are half as long"
	switch {
	case flight.Split:
		return finding(Error, "Mbed TLS before 3.6.3 can't put together a message that comes in several records, and gets no connection", mend, "%s, in several records", seen)
	case flight.Certificate > wantedFragment:
		return finding(Warning, "it comes in one record, which does not fit into a receive buffer for 4,096 bytes of content", mend, "%s", seen)
	}
	return ok("it fits into a receive buffer for 4,096 bytes of content", "%s", seen)
}

// chainOrder is about RFC 5246 section 7.4.2: each certificate certifies the one
// before it. wolfSSL takes them from the last to the first, and each has to lead
// to a root by what it took before. Mbed TLS looks only behind a certificate for
// the one that has signed it.
func chainOrder(s *seen) Finding {
	out := 0
	for i := 1; i < len(s.chain) && out == 0; i++ {
		if s.chain[i-1].CheckSignatureFrom(s.chain[i]) != nil {
			out = i
		}
	}
	switch {
	case len(s.chain) == 0:
		return Finding{}
	case out == 0:
		return ok("a library that takes them as they come gets to the root", "each certificate has signed the one before it")
	}
	seen := fmt.Sprintf("certificate %d (%s) has not signed the one before it", out+1, nameOf(s.chain[out]))
	const mend = "put the server's certificate first, then the one that signed it, and so on, and nothing else"
	behind := x509.NewCertPool()
	for i := len(s.chain) - 1; i > 0; i-- {
		c := s.chain[i]
		if _, err := c.Verify(x509.VerifyOptions{Roots: s.options.Roots, Intermediates: behind, CurrentTime: s.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
			return finding(Error, "wolfSSL gets no connection, since it takes each certificate as it comes; nor does Mbed TLS where two of them are swapped", mend, "%s", seen)
		}
		behind.AddCert(c)
	}
	return finding(Warning, "a certificate that nobody needs costs time and buffer at each handshake", mend, "%s", seen)
}

func chainRoot(s *seen) Finding {
	last := len(s.chain) - 1
	switch {
	case last < 0:
		return Finding{}
	case last > 0 && selfSigned(s.chain[last]):
		return finding(Warning, "a device has the root already: it costs time and buffer at each handshake, and proves nothing",
			"leave it out of the server's file of certificates", "the server sends the root %s, too: %s bytes", nameOf(s.chain[last]), thousands(len(s.chain[last].Raw)))
	}
	return ok("the handshake has nothing in it that a device has already", "the server sends no root that nobody needs")
}
