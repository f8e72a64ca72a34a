package conformance_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cairn/publish/edge/conformance"
)

// few are some cases, for what is not about them.
func few(t *testing.T) []conformance.Case {
	s := example(t)
	return conformance.Cases(s.Fleet, s.At)[:100]
}

// TestTLS speaks HTTP/1.1, though the server would rather speak HTTP/2.
func TestTLS(t *testing.T) {
	s := example(t)
	edge := handler(s, s.Site())
	var connections, other atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			other.Add(1)
		}
		edge.ServeHTTP(w, r)
	}))
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	pass(t, server.URL, few(t), conformance.Options{TLS: &tls.Config{RootCAs: roots}, Concurrency: 2})
	if other.Load() > 0 || connections.Load() > 2 {
		t.Errorf("%d requests in HTTP/2, %d connections", other.Load(), connections.Load())
	}
	if _, err := conformance.Run(t.Context(), server.URL, few(t), conformance.Options{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody's: %v", err)
	}
}

// TestBelowAPath asks an edge that has more above it.
func TestBelowAPath(t *testing.T) {
	s := example(t)
	server := httptest.NewServer(http.StripPrefix("/ota/v9", handler(s, s.Site())))
	defer server.Close()
	cases := slices.DeleteFunc(few(t), func(c conformance.Case) bool { return strings.Contains(c.Name, "traversal") })
	pass(t, server.URL+"/ota/v9/", cases, conformance.Options{})
}

// TestClosedConnections are taken as what they are: not every server keeps
// them for long.
func TestClosedConnections(t *testing.T) {
	s := example(t)
	server := httptest.NewUnstartedServer(handler(s, s.Site()))
	server.Config.IdleTimeout = time.Microsecond // after each answer
	server.Start()
	defer server.Close()
	pass(t, server.URL, few(t), conformance.Options{})
}

// TestNoAnswer is an edge that hangs, hangs up, or speaks something else.
func TestNoAnswer(t *testing.T) {
	for want, answer := range map[string]func(net.Conn){
		"no whole answer within 100ms":                func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1<<16)); time.Sleep(time.Second) },
		"the connection was closed without an answer": func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1<<16)) },
		"no HTTP: malformed HTTP response":            func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1<<16)); fmt.Fprint(conn, "hello\r\n\r\n") },
		"the content ends after 2 bytes: unexpected EOF": func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1<<16))
			fmt.Fprint(conn, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
		},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() { answer(conn); conn.Close() }()
			}
		}()
		r := run(t, "http://"+listener.Addr().String(), few(t)[:3], conformance.Options{Timeout: 100 * time.Millisecond})
		if len(r.Failed) != 3 || !strings.HasPrefix(r.Failed[0].Wrong[0], want) || r.Failed[0].Got != "" {
			t.Errorf("%s: %v", want, r.Failed)
		}
		listener.Close()
		if _, err := conformance.Run(t.Context(), "http://"+listener.Addr().String(), few(t), conformance.Options{}); err == nil || !strings.HasPrefix(err.Error(), "no connection: ") {
			t.Errorf("nobody listens: %v", err)
		}
	}
}

// TestInterruptedRun stops at once, and keeps what it knows.
func TestInterruptedRun(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	s := example(t)
	edge := handler(s, s.Site())
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 10 {
			interrupt()
			time.Sleep(3 * time.Second)
		}
		edge.ServeHTTP(w, r)
	}))
	defer server.Close()
	cases := few(t)
	start := time.Now()
	var done atomic.Int64
	r, err := conformance.Run(ctx, server.URL, cases, conformance.Options{Concurrency: 1, Done: &done})
	if !errors.Is(err, context.Canceled) || r.Passed != 9 || done.Load() != 9 || len(r.Failed) > 0 || time.Since(start) > 2*time.Second {
		t.Errorf("%v, %d passed, %d done, %v, after %s", err, r.Passed, done.Load(), r.Failed, time.Since(start))
	}
}

func TestBaseURLs(t *testing.T) {
	for _, url := range []string{"", "ota.example.com", "ftp://x", "http://", "http://user@x", "http://x?y", "http://x#y", "http://x:y"} {
		if _, err := conformance.Run(t.Context(), url, nil, conformance.Options{}); err == nil || !strings.Contains(err.Error(), "https://ota.example.com") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestFailuresAreTold compares the report of a failure, and the request that
// was made with what a server saw.
func TestFailuresAreTold(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	seen := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var lines []string
		reader := bufio.NewReader(conn)
		for {
			line, err := reader.ReadString('\n')
			lines = append(lines, line)
			if err != nil || line == "\r\n" {
				break
			}
		}
		seen <- strings.Join(lines, "")
		fmt.Fprint(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nX: y\r\n\r\nno")
	}()
	body := "ok"
	address := listener.Addr().String()
	r := run(t, "http://"+address+"/base", []conformance.Case{{
		Name: "a case", Method: "POST", Target: "/it's?x={}", Proto: "HTTP/1.0",
		Headers: []string{"Host: {host}", "Empty:", "Accept:x"},
		Want:    conformance.Want{Status: []int{200, 204}, Body: &body},
	}}, conformance.Options{})
	if got, want := <-seen, "POST /base/it's?x={} HTTP/1.0\r\nHost: "+address+"\r\nEmpty:\r\nAccept:x\r\n\r\n"; got != want {
		t.Errorf("the request was %q, want %q", got, want)
	}
	want := `a case
  curl -i -g --path-as-is -X POST -0 'http://` + address + `/base/it'\''s?x={}' -H 'Empty;' -H 'Accept:x' -H 'User-Agent:'
  wrong: status 404, should be 200 or 204
  came:  HTTP/1.1 404 Not Found; Content-Length: 2; X: y; "no"`
	if len(r.Failed) != 1 || r.Failed[0].String() != want {
		t.Errorf("%v, want\n%s", r.Failed, want)
	}
}
