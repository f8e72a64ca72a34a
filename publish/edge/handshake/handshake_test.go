package handshake

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// meet sends a hello to a server of crypto/tls.
func meet(t *testing.T, c Client, change func(*tls.Config)) (*Flight, *tls.ClientHelloInfo, error) {
	t.Helper()
	var hello *tls.ClientHelloInfo
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		hello = h
		return nil, nil
	}}
	change(server.TLS)
	server.Config.ErrorLog = nil
	server.StartTLS()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	flight, err := Ask(conn, c, "ota.example.com", 1024)
	return flight, hello, err
}

func TestAsk(t *testing.T) {
	for _, c := range []Client{MbedTLS, WolfSSL, OnlyRSA} {
		flight, hello, err := meet(t, c, func(*tls.Config) {})
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if hello.ServerName != "ota.example.com" || len(hello.CipherSuites) != len(c.suites)/4 || len(hello.SupportedProtos) != 0 || hello.SupportedVersions[0] != tls.VersionTLS12 {
			t.Errorf("%s: the server understands %+v", c.Name, hello)
		}
		if flight.Version != tls.VersionTLS12 || !strings.HasPrefix(flight.SuiteName(), "TLS_ECDHE_RSA_WITH_") || flight.Fragment != 0 ||
			len(flight.Chain) != 1 || flight.Certificate != len(flight.Chain[0])+6 || flight.Split {
			t.Errorf("%s: %+v", c.Name, flight)
		}
	}
}

func TestRefusals(t *testing.T) {
	var alert Alert
	if _, _, err := meet(t, OnlyECDSA, func(*tls.Config) {}); !errors.As(err, &alert) || alert != 40 {
		t.Errorf("%v for ECDSA at a server with RSA", err)
	}
	if _, _, err := meet(t, MbedTLS, func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }); !errors.As(err, &alert) || alert != 70 {
		t.Errorf("%v at a server of TLS 1.3", err)
	}
	for said, want := range map[string]error{
		"HTTP/1.1 400 Bad Request\r\n": ErrNoTLS,
		"\x16\x03\x03\x00\x05\x02":     io.ErrUnexpectedEOF, // a record that breaks off
		"":                             io.ErrUnexpectedEOF,
		"\x16\x03\x03\x00\x08\x02\x00\x00\x04\x03\x03\x00\x00": ErrNoTLS, // a ServerHello that does
		"\x17\x03\x03\x00\x01\x00":                             ErrNoTLS, // data
	} {
		ours, theirs := net.Pipe()
		go func() {
			_, _ = theirs.Read(make([]byte, 1024))
			_, _ = io.WriteString(theirs, said)
			theirs.Close()
		}()
		if _, err := Ask(ours, WolfSSL, "", 0); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", said, err, want)
		}
	}
}

// TestSplit joins messages that records cut anywhere.
func TestSplit(t *testing.T) {
	hello := "\x02\x00\x00\x2d\x03\x03" + strings.Repeat("r", 32) + "\x00\xc0\x2b\x00" + "\x00\x05\x00\x01\x00\x01\x03"
	certificate := "\x0b\x00\x00\x09\x00\x00\x06\x00\x00\x03DER"
	all := hello + certificate + "\x0e\x00\x00\x00"
	for cut := 1; cut < len(all); cut++ {
		ours, theirs := net.Pipe()
		go func() {
			_, _ = theirs.Read(make([]byte, 1024))
			for _, part := range []string{all[:cut], all[cut:]} {
				_, _ = io.WriteString(theirs, "\x16\x03\x03\x00"+string([]byte{byte(len(part))})+part)
			}
		}()
		flight, err := Ask(ours, WolfSSL, "", 0)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		inside := cut > len(hello) && cut < len(hello)+len(certificate)
		if flight.Suite != 0xc02b || flight.Fragment != 2048 || len(flight.Chain) != 1 || string(flight.Chain[0]) != "DER" || flight.Certificate != 9 || flight.Split != inside {
			t.Errorf("cut at %d: %+v", cut, flight)
		}
	}
}

// TestRecords reads as records come, and in small pieces.
func TestRecords(t *testing.T) {
	said := "\x16\x03\x03\x00\x04abcd\x17\x03\x03\x00\x00\x17\x03\x03\x00\x03abc\x17\x03\x03\x00\x02ab"
	for size := 1; size <= len(said); size++ {
		ours, theirs := net.Pipe()
		go func() {
			_, _ = io.WriteString(theirs, said)
			theirs.Close()
		}()
		r := &Records{Conn: ours}
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if r.Most.Load() != 3 {
			t.Errorf("%d bytes at once: the longest record has %d bytes, want 3", size, r.Most.Load())
		}
	}
}
