package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// certificate writes a key pair for 127.0.0.1, and gives its files.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "cairn test"},
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// running is a "cairn serve" that runs.
type running struct {
	address string
	stop    func() int // interrupts it, and gives its exit code
	log     *lockedBuffer
}

type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.String()
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	s := &running{log: &lockedBuffer{}}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"-C", "../../examples/smartfridge", "serve", "--from", "definitions",
			"--listen", "127.0.0.1:0", "--at", "2026-12-02T12:00:00Z"}, args...), w, s.log)
		w.Close()
	}()
	s.stop = sync.OnceValue(func() int { cancel(); return <-ended })
	t.Cleanup(func() { s.stop() })
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("serve said nothing: %s", s.log)
	}
	_, s.address, _ = strings.Cut(strings.TrimSpace(line), "://")
	return s
}

const question = "/api/v0/releases/latest/url?device_serial=FRIDGE-0042&hardware_version=mp&software_type=stm32-fw&current_version=1.0.0"

func TestServeProtocols(t *testing.T) {
	cert, key := certificate(t)
	clear := start(t)
	secure := start(t, "--tls-cert", cert, "--tls-key", key)
	insecure := &tls.Config{InsecureSkipVerify: true}
	protocols := func(set func(*http.Protocols)) *http.Protocols {
		p := new(http.Protocols)
		set(p)
		return p
	}
	for _, tt := range []struct {
		name, url, proto string
		protocols        *http.Protocols
	}{
		{"HTTP/1.1", "http://" + clear.address, "HTTP/1.1", protocols(func(p *http.Protocols) { p.SetHTTP1(true) })},
		{"h2c", "http://" + clear.address, "HTTP/2.0", protocols(func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) })},
		{"HTTP/1.1 over TLS", "https://" + secure.address, "HTTP/1.1", protocols(func(p *http.Protocols) { p.SetHTTP1(true) })},
		{"HTTP/2 over TLS", "https://" + secure.address, "HTTP/2.0", protocols(func(p *http.Protocols) { p.SetHTTP2(true) })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := http.Client{Transport: &http.Transport{Protocols: tt.protocols, TLSClientConfig: insecure}}
			defer client.CloseIdleConnections()
			r, err := http.NewRequest("GET", tt.url+question, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Memfault-Project-Key", "demo-project-key")
			answer, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			b, err := io.ReadAll(answer.Body)
			if err != nil || answer.Proto != tt.proto || answer.StatusCode != 200 || !strings.HasSuffix(string(b), ".patch") {
				t.Errorf("%s %s %q %v", answer.Proto, answer.Status, b, err)
			}
		})
	}
}

// TestServeBareClients speaks HTTP as firmware does, and worse.
func TestServeBareClients(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tt := range []struct{ name, request, want string }{
		{"no space after the colon", "GET " + question + " HTTP/1.1\r\nHost:x\r\nMemfault-Project-Key:demo-project-key\r\nConnection:close\r\n\r\n", "HTTP/1.1 200 OK"},
		{"HTTP/1.0", "GET " + question + " HTTP/1.0\r\nMemfault-Project-Key: demo-project-key\r\n\r\n", "HTTP/1.0 200 OK"},
		{"up to date in HTTP/1.0", "GET " + strings.ReplaceAll(question, "1.0.0", "1.1.0") + " HTTP/1.0\r\nMemfault-Project-Key: demo-project-key\r\n\r\n", "HTTP/1.0 204 No Content"},
		{"headers too large", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "HTTP/1.1 431 "},
		{"not HTTP", "hello\r\n\r\n", "HTTP/1.1 400 "},
		{"a body with GET", "GET " + question + " HTTP/1.1\r\nHost: x\r\nMemfault-Project-Key: demo-project-key\r\nContent-Length: 1000000000\r\nConnection: close\r\n\r\nabc", "HTTP/1.1 200 OK"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			_, _ = io.WriteString(conn, tt.request)
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil || !strings.HasPrefix(line, tt.want) {
				t.Errorf("%q, %v; want %q", line, err, tt.want)
			}
		})
	}
}

// TestServeStops interrupts it with a request under way.
func TestServeStops(t *testing.T) {
	s := start(t)
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nMemfault-Project-Key: demo-project-key\r\n\r\n", question)
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatalf("%q, %v", line, err)
	}
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code %d: %s", code, s.log)
	}
	if _, err := net.Dial("tcp", s.address); err == nil {
		t.Error("it still listens")
	}
	var entry struct {
		Msg, Method, URI, Proto string
		Status, Bytes           int
	}
	if err := json.Unmarshal([]byte(s.log.String()), &entry); err != nil {
		t.Fatalf("access log %q: %v", s.log, err)
	}
	if entry.Msg != "request" || entry.Method != "GET" || entry.URI != question || entry.Status != 200 || entry.Bytes == 0 {
		t.Errorf("access log %+v", entry)
	}
}

func TestServeTellsHowItIs(t *testing.T) {
	s := start(t, "--metrics", "127.0.0.1:0")
	ask := func(url, key string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Memfault-Project-Key", key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if code, body := ask("http://"+s.address+"/healthz", ""); code != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %q", code, body)
	}
	ask("http://"+s.address+question, "demo-project-key")
	ask("http://"+s.address+question, "another")
	ask("http://"+s.address+"/smartfridge/v1/cohorts/a3.txt", "")
	ask("http://"+s.address+"/metrics", "") // devices do not see them

	_, rest, ok := strings.Cut(s.log.String(), "metrics on ")
	if !ok {
		t.Fatal(s.log)
	}
	url, _, _ := strings.Cut(rest, "\n")
	code, text := ask(url, "")
	for _, line := range []string{
		`cairn_requests_total{door="query",status="200"} 1`, `cairn_requests_total{door="query",status="403"} 1`,
		`cairn_requests_total{door="tree",status="200"} 1`, `cairn_requests_total{door="tree",status="404"} 1`,
		`cairn_request_duration_seconds_count{door="query"} 2`, "cairn_publish_age_seconds ",
	} {
		if code != 200 || !strings.Contains(text, line) {
			t.Errorf("no %q in %d\n%s", line, code, text)
		}
	}
}
