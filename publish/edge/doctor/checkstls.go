package doctor

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	"cairn/publish/edge/handshake"
)

func encrypted(s *seen) Finding {
	if s.options.Base.Scheme == "https" {
		return ok("firmware needs TLS, a root certificate, and the checks below", "https")
	}
	return finding(Warning, "whoever is on the line can read and change what devices get; only signed answers stop that",
		"give the edge a certificate and base_url an https://, or sign: docs/signing.md", "plain HTTP")
}

func mbedTLS(s *seen) Finding { return greeted(s.mbedTLS, handshake.MbedTLS) }
func wolfSSL(s *seen) Finding { return greeted(s.wolfSSL, handshake.WolfSSL) }

// greeted judges how a library's own hello was answered.
func greeted(h hello, c handshake.Client) Finding {
	const mend = "allow TLS 1.2 with ECDHE and AES-GCM, and a certificate for ECDSA P-256 or RSA: with nginx, ssl_protocols TLSv1.2 TLSv1.3 and ssl_ciphers HIGH"
	if h.err != nil {
		return finding(Error, c.Name+" as it comes gets no connection in TLS 1.2", mend, "%v", h.err)
	}
	name := h.SuiteName()
	switch {
	case h.Version < tls.VersionTLS12:
		return finding(Error, c.Name+" has no "+tls.VersionName(h.Version), mend, "the server chooses %s", tls.VersionName(h.Version))
	case strings.HasPrefix(name, "TLS_RSA_"):
		return finding(Warning, "RSA without ECDHE is off in wolfSSL's defaults, and gone from Mbed TLS 4", mend, "TLS 1.2 with %s", name)
	case strings.Contains(name, "_DHE_"):
		return finding(Warning, "DHE takes a microcontroller seconds, and is gone from Mbed TLS 4", mend, "TLS 1.2 with %s", name)
	case strings.Contains(name, "_CBC_"):
		return finding(Warning, "firmware needs CBC and encrypt-then-MAC, which small configurations leave out", mend, "TLS 1.2 with %s", name)
	}
	return ok("firmware needs this suite, or another that both have", "TLS 1.2 with %s", name)
}

func serverName(s *seen) Finding {
	const means = "firmware must name the host: mbedtls_ssl_set_hostname, wolfSSL_UseSNI (which nobody calls for you)"
	const mend = "set it in firmware; or give the server a certificate for clients that name no host"
	var alert handshake.Alert
	switch {
	case s.mbedTLS.err != nil:
		return Finding{} // of which tls-mbedtls tells
	case errors.As(s.nameless.err, &alert):
		return finding(Warning, means, mend, "needed: without SNI, %v", alert)
	case s.nameless.err != nil:
		return finding(Warning, means, mend, "needed: without SNI, %v", s.nameless.err)
	case len(s.chain) > 0 && len(s.nameless.Chain) > 0 && !bytes.Equal(s.nameless.Chain[0], s.chain[0].Raw):
		return finding(Warning, means, mend, "needed: without SNI comes another certificate")
	}
	return ok("a client without SNI gets the same certificate", "not needed")
}

func fragment(s *seen) Finding {
	const means = "records have up to 16,384 bytes of content: firmware needs a receive buffer for that (MBEDTLS_SSL_IN_CONTENT_LEN 16384), whatever it asks for"
	const mend = "nothing, at most CDNs; a server with OpenSSL does agree. Short Range requests keep the records of a download short"
	switch {
	case s.mbedTLS.err != nil:
		return Finding{}
	case s.fragment.err != nil:
		return finding(Warning, "a client that asks for shorter records gets no connection", "leave the extension out of firmware: no mbedtls_ssl_conf_max_frag_len", "asked for %s bytes, %v", thousands(wantedFragment), s.fragment.err)
	case s.fragment.Fragment != wantedFragment:
		return finding(Note, means, mend, "asked for %s bytes, the server does not agree", thousands(wantedFragment))
	}
	return ok("firmware may ask for records of 4,096 bytes, and have a receive buffer for these", "the server agrees to %s bytes", thousands(wantedFragment))
}

// shortRecord is the longest record that fits into a buffer for 4,096 bytes of
// content, with the overhead of any suite (Mbed TLS adds up to 333 bytes).
const shortRecord = wantedFragment + 256

func records(s *seen) Finding {
	if s.records == 0 || s.payload.status != http.StatusOK {
		return Finding{}
	}
	if s.records <= shortRecord && s.payload.length < 16<<10 {
		return finding(Note, "a longer payload may come in records of up to 16,384 bytes", "name one of more than 16 KiB: --payload PATH",
			"%s bytes at most, but the payload is too short to tell", thousands(int(s.records)))
	}
	if s.records <= shortRecord {
		return ok("what was seen fits into a receive buffer for 4,096 bytes of content", "%s bytes at most, on the wire", thousands(int(s.records)))
	}
	return finding(Note, "firmware needs a receive buffer for that, or a connection fails in the middle of a download",
		"download by Range, in parts that are shorter than the buffer; with nginx, ssl_buffer_size 4k", "%s bytes at most, on the wire", thousands(int(s.records)))
}
