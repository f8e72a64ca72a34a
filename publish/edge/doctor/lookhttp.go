package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"cairn/publish/edge/handshake"
)

// exchange is a request and what came of it.
type exchange struct {
	status  int
	proto   string // "HTTP/1.1"
	header  http.Header
	length  int64 // -1 where none is stated
	chunked bool
	closes  bool   // the server says that it closes the connection
	body    []byte // down to mostBody
	reused  bool   // it went over a connection that was there
	at      time.Time
	err     error
}

// mostBody is how much of a body is read. It is many records of TLS.
const mostBody = 256 << 10

// web asks as firmware does: HTTP/1.1 over one connection, with no header that
// is not needed, and following no redirect.
type web struct {
	*seen
	client http.Client

	mu    sync.Mutex
	conns []*handshake.Records
}

func (s *seen) lookHTTP(ctx context.Context) {
	w := &web{seen: s}
	transport := &http.Transport{
		DisableCompression:  true,
		MaxConnsPerHost:     1,
		DialContext:         func(ctx context.Context, _, address string) (net.Conn, error) { return s.dial(ctx, address) },
		DialTLSContext:      w.dialTLS,
		TLSHandshakeTimeout: s.options.Timeout,
	}
	defer transport.CloseIdleConnections()
	w.client = http.Client{
		Transport: transport, Timeout: s.options.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	o := s.options.Objects
	if s.answer = w.ask(ctx, http.MethodGet, o.Answer, ""); s.answer.err != nil {
		return
	}
	s.again = w.ask(ctx, http.MethodGet, o.Answer, "")
	s.missing = w.ask(ctx, http.MethodGet, o.Missing, "")
	if s.payloadPath = o.Payload; s.payloadPath == "" {
		s.payloadPath = s.payloadOf(string(s.answer.body))
	}
	if s.payloadPath != "" {
		s.head = w.ask(ctx, http.MethodHead, s.payloadPath, "")
		s.part = w.ask(ctx, http.MethodGet, s.payloadPath, "bytes=0-0")
		s.payload = w.ask(ctx, http.MethodGet, s.payloadPath, "")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		s.records = max(s.records, c.Most.Load())
	}
}

func (w *web) dialTLS(ctx context.Context, _, address string) (net.Conn, error) {
	raw, err := w.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	counted := &handshake.Records{Conn: raw}
	// Any certificate will do, since that is judged apart. No ALPN goes out, as
	// from most firmware.
	conn := tls.Client(counted, &tls.Config{ServerName: w.host, InsecureSkipVerify: true, Time: w.options.Now})
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	counted.Most.Store(0) // in TLS 1.3 the handshake looks like data
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, counted)
	return conn, nil
}

// ask asks for a path below the base, for all of it or for a range.
func (w *web) ask(ctx context.Context, method, path, part string) (e exchange) {
	trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { e.reused = i.Reused }}
	url := strings.TrimRight(w.options.Base.String(), "/") + path
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), method, url, nil)
	if err != nil {
		return exchange{err: err}
	}
	r.Header.Set("User-Agent", "") // which is to send none
	if part != "" {
		r.Header.Set("Range", part)
	}
	answer, err := w.client.Do(r)
	e.at = w.options.Now()
	if err != nil {
		return exchange{err: err}
	}
	defer answer.Body.Close()
	e.status, e.proto, e.header = answer.StatusCode, answer.Proto, answer.Header
	e.length, e.chunked, e.closes = answer.ContentLength, len(answer.TransferEncoding) > 0, answer.Close
	e.body, e.err = io.ReadAll(io.LimitReader(answer.Body, mostBody))
	return e
}

// payloadOf is the path of the payload that an answer names, "" where it names
// none below the base. A below.txt has a version before it.
func (s *seen) payloadOf(answer string) string {
	line := answer[strings.LastIndex(answer, "\n")+1:]
	u, err := url.Parse(line)
	if err != nil || u.Host == "" {
		return ""
	}
	path, found := strings.CutPrefix(u.EscapedPath(), strings.TrimRight(s.options.Base.EscapedPath(), "/"))
	if !found || !strings.HasPrefix(path, "/") {
		return ""
	}
	return path
}

// headerBytes is how long the header of an answer is, as HTTP/1.1 writes it.
func (e *exchange) headerBytes() int {
	var b bytes.Buffer
	_ = e.header.Write(&b) // which can't fail
	return len("HTTP/1.1 200 OK\r\n") + b.Len() + len("\r\n")
}
