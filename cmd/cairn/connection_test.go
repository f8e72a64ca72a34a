package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/publish/edge/conformance"
	"cairn/releases"
)

// exchange sends a request over a connection and gives the whole answer,
// without its date.
func exchange(t *testing.T, conn net.Conn, from *bufio.Reader, request string) string {
	t.Helper()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	answer, err := http.ReadResponse(from, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	if _, err := http.ParseTime(answer.Header.Get("Date")); err != nil {
		t.Errorf("%q: %v", request, err)
	}
	answer.Header.Del("Date")
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s close %v length %d\n", answer.Proto, answer.Status, answer.Close, answer.ContentLength)
	_ = answer.Header.Write(&b)
	return b.String() + string(body)
}

// TestAnswersOnAConnectionAreAlike asks everything three times on a connection.
func TestAnswersOnAConnectionAreAlike(t *testing.T) {
	s := start(t)
	const key, host = "Memfault-Project-Key: demo-project-key\r\n", " HTTP/1.1\r\nHost: x\r\n"
	json := strings.Replace(question, "/url", "", 1)
	bucket := manifest.Hash("FRIDGE-0042")[:2]
	answer := "/smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/" + bucket + ".json"
	for _, request := range []string{
		"GET " + question + host + key,
		"GET " + question + host + "memfault-project-key:demo-project-key\r\n",
		"GET " + question + host + key + "Accept: application/json\r\n",
		"GET " + question + host + key + "Accept: text/html\r\nAccept: application/json\r\n",
		"GET " + question + host + key + "Connection: keep-alive\r\nUser-Agent: a b \"c\"\r\n",
		"GET " + strings.ReplaceAll(question, "1.0.0", "1.1.0") + host + key,
		"GET " + question + host,
		"GET " + question + "&device_serial=A" + host + key,
		"GET " + question + "&x=%zz" + host + key,
		"GET " + json + host + key,
		"GET " + json + host + key + "Accept-Encoding: gzip, br\r\n",
		"GET " + answer + host + "Accept-Encoding: gzip\r\n",
		"GET " + answer + ".br" + host,
		"GET " + answer + "?x=y" + host + "If-None-Match: *\r\n",
		"GET /smartfridge/v1/cohorts/" + bucket + ".txt" + host,
		"GET /smartfridge/v1/cohorts/%" + fmt.Sprintf("%x", bucket[:1]) + bucket[1:] + ".txt" + host,
		"GET /smartfridge/v1/../../cairn.toml" + host,
		"GET //smartfridge" + host,
		"GET http://x" + answer + host,
		"GET /" + host,
		"HEAD " + answer + host,
		"GET " + answer + host + "Content-Length: 0\r\n",
		"GET " + answer + host + "Range: bytes=0-3\r\n",
		"GET " + answer + " HTTP/1.1\r\nHost: [::1]:80\r\n",
	} {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		from := bufio.NewReader(conn)
		want := exchange(t, conn, from, request+"\r\n")
		for range 2 {
			if got := exchange(t, conn, from, request+"\r\n"); got != want {
				t.Errorf("%q:\n%s\nafter\n%s", request, got, want)
			}
		}
		conn.Close()
	}
}

// TestServeConforms asks all that an edge must answer, over connections that
// are used again.
func TestServeConforms(t *testing.T) {
	s := start(t)
	fleet, err := releases.Load(os.DirFS("../../examples/smartfridge"))
	if err != nil {
		t.Fatal(err)
	}
	cases := conformance.Cases(fleet, time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC))
	result, err := conformance.Run(t.Context(), "http://"+s.address, cases, conformance.Options{Concurrency: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range result.Failed {
		t.Error(f)
	}
	if result.Passed != len(cases) {
		t.Errorf("%d of %d cases passed", result.Passed, len(cases))
	}
}

// TestRequestsOnAConnection has requests that come in parts, together, and
// wrongly on one connection with plain ones.
func TestRequestsOnAConnection(t *testing.T) {
	s := start(t)
	const plain = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, tt := range map[string]struct {
		parts []string
		want  string // the status of each answer
	}{
		"in parts":       {[]string{plain, "GET / HT", "TP/1.1\r\nHost: x\r\n", "\r\n", plain}, "404 404 404"},
		"together":       {[]string{plain + plain, plain + plain + plain}, "404 404 404 404 404"},
		"lines of LF":    {[]string{plain, "GET / HTTP/1.1\nHost: x\n\n", plain}, "404 404 404"},
		"with a body":    {[]string{plain, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n", "abc" + plain, plain}, "404 404 404 404"},
		"body at once":   {[]string{plain, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\r\n\r\n", plain}, "404 404 404"},
		"close":          {[]string{plain, plain, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", plain}, "404 404 404"},
		"HTTP/1.0":       {[]string{plain, "GET / HTTP/1.0\r\n\r\n", plain}, "404 404"},
		"no host":        {[]string{plain, "GET / HTTP/1.1\r\n\r\n", plain}, "404 400"},
		"two hosts":      {[]string{plain, "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", plain}, "404 400"},
		"folded":         {[]string{plain, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", plain}, "404 404 404"},
		"space in name":  {[]string{plain, "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", plain}, "404 400"},
		"line feed":      {[]string{plain, "GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n", plain}, "404 404 404"},
		"NUL":            {[]string{plain, "GET / HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", plain}, "404 400"},
		"chunked":        {[]string{plain, "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", plain}, "404 404 404"},
		"POST":           {[]string{plain, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", plain}, "404 405"},
		"long":           {[]string{plain, "GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 9000) + "\r\n\r\n", plain}, "404 404 404"},
		"too long":       {[]string{plain, "GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 40000) + "\r\n\r\n"}, "404 431"},
		"bytes of 4 KiB": {[]string{plain, plain[:len(plain)-2] + "A: " + strings.Repeat("a", 4096-len(plain)-5) + "\r\n\r\n", plain}, "404 404 404"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			go func() {
				for _, p := range tt.parts {
					_, _ = io.WriteString(conn, p)
					time.Sleep(20 * time.Millisecond)
				}
				_ = conn.(*net.TCPConn).CloseWrite()
			}()
			var got []string
			for from := bufio.NewReader(conn); ; {
				answer, err := http.ReadResponse(from, nil)
				if err != nil {
					break
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				got = append(got, fmt.Sprint(answer.StatusCode))
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("%s, want %s", s, tt.want)
			}
		})
	}
}

// TestEachRequestIsLogged asks forty times on one connection.
func TestEachRequestIsLogged(t *testing.T) {
	s := start(t)
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	from := bufio.NewReader(conn)
	for range 20 {
		exchange(t, conn, from, "GET "+question+" HTTP/1.1\r\nHost: x\r\nUser-Agent: \"é\"\r\n\r\n")
		exchange(t, conn, from, "GET "+question+" HTTP/1.1\r\nHost: x\r\nUser-Agent: a\r\n\r\n")
	}
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code %d: %s", code, s.log)
	}
	if n := strings.Count(s.log.String(), `"status":403`); n != 40 {
		t.Errorf("%d lines, not 40: %s", n, s.log)
	}
}
