// Package proxy is what may happen between a client and an S3 server: an HTTP
// proxy that counts the requests, delays them, and breaks those that it is told
// to break. No program imports it.
package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing/iotest"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"
)

// Proxy is a server in front of another. It hands on the Host header, which is
// signed, and keeps connections on both sides.
type Proxy struct {
	Endpoint string // where it listens, a URL
	// Signer signs the requests whose condition a fault removes, which was
	// signed, too. It is set before the first of them.
	Signer Signer

	target    *url.URL
	transport *http.Transport
	server    *http.Server
	fault     atomic.Pointer[func(*http.Request) Fault]

	mu   sync.Mutex
	seen []*Request
}

var silent = log.New(io.Discard, "", 0)

// Signer signs requests to an S3 server, without the content.
type Signer struct{ AccessKey, SecretKey, Region string }

// Sign gives r the headers of a signature made now, in the stead of any that it
// has.
func (s Signer) Sign(r *http.Request) {
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	r.Header = signer.SignV4(*r, s.AccessKey, s.SecretKey, "", s.Region).Header
}

// Request is one that was made.
type Request struct {
	Method string
	Path   string    // unescaped, with the leading slash
	Query  string    // raw
	When   time.Time // it came
	// Status is what the server answered, or the proxy in its stead; 0 where
	// none of them did.
	Status int
}

// New is a proxy in front of the target, a URL without a path, on a free port
// of 127.0.0.1. It breaks nothing so far.
func New(target string) (*Proxy, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy for %s: %w", target, err)
	}
	p := &Proxy{
		Endpoint:  "http://" + listener.Addr().String(),
		target:    u,
		transport: &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true},
	}
	p.Inject(nil)
	p.server = &http.Server{Handler: p, ErrorLog: silent}
	go p.server.Serve(listener)
	return p, nil
}

// Close breaks all connections.
func (p *Proxy) Close() {
	p.server.Close()
	p.transport.CloseIdleConnections()
}

// Inject asks fault what to do with each request from now on, in the order in
// which they come; several may be asked about at once. Nil breaks nothing.
func (p *Proxy) Inject(fault func(*http.Request) Fault) {
	if fault == nil {
		fault = func(*http.Request) Fault { return Fault{} }
	}
	p.fault.Store(&fault)
}

// Take gives the requests since the last call, in the order in which they came.
func (p *Proxy) Take() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := make([]Request, len(p.seen))
	for i, r := range p.seen {
		taken[i] = *r
	}
	p.seen = nil
	return taken
}

// ServeHTTP hands a request on, or not.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := p.note(r)
	fault := (*p.fault.Load())(r)
	if !sleep(r.Context(), fault.Delay) {
		return
	}
	switch {
	case fault.Reset:
		reset(w)
		return
	case fault.Status != 0:
		io.Copy(io.Discard, r.Body)
		status(fault.Status)
		fault.answer(w)
		return
	case fault.Unconditional:
		r.Header.Del("If-Match")
		r.Header.Del("If-None-Match")
		p.Signer.Sign(r)
	}
	onward := httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.target)
			r.Out.Host = r.In.Host
		},
		Transport:     p.transport,
		FlushInterval: -1, // all that comes before an end is sent
		ErrorLog:      silent,
		ModifyResponse: func(answer *http.Response) error {
			status(answer.StatusCode)
			switch {
			case fault.Lost:
				io.Copy(io.Discard, answer.Body)
				return errLost
			case fault.Truncated:
				return truncate(answer)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { reset(w) },
	}
	onward.ServeHTTP(w, r)
}

// note records a request and gives what sets its status.
func (p *Proxy) note(r *http.Request) (status func(int)) {
	seen := &Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, When: time.Now()}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, seen)
	return func(code int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		seen.Status = code
	}
}

// errLost is an answer that the client does not get.
var errLost = errors.New("the answer is lost")

// truncate leaves the header and half of the body.
func truncate(answer *http.Response) error {
	body, err := io.ReadAll(answer.Body)
	if err != nil || len(body) == 0 {
		return err
	}
	answer.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), iotest.ErrReader(io.ErrUnexpectedEOF)))
	return nil
}

// reset ends the connection with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// sleep reports whether the time is over, not the context.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
