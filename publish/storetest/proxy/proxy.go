// Package proxy is what may happen between a client and an S3 server: an HTTP
// proxy that counts the requests, delays them, and breaks those that it is told
// to break.
package proxy

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
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
	p.server = &http.Server{Handler: p, ErrorLog: log.New(io.Discard, "", 0)}
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
	answer, err := p.transport.RoundTrip(p.onward(r))
	if err != nil {
		reset(w)
		return
	}
	defer answer.Body.Close()
	status(answer.StatusCode)
	if fault.Lost {
		io.Copy(io.Discard, answer.Body)
		reset(w)
		return
	}
	maps.Copy(w.Header(), answer.Header)
	if fault.Truncated {
		truncated(w, r, answer)
		return
	}
	w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(w, answer.Body); err != nil {
		panic(http.ErrAbortHandler) // and with that the connection
	}
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

// onward is r as it goes to the target.
func (p *Proxy) onward(r *http.Request) *http.Request {
	out := r.WithContext(r.Context())
	u := *r.URL
	u.Scheme, u.Host = p.target.Scheme, p.target.Host
	out.URL, out.RequestURI = &u, ""
	if r.ContentLength == 0 {
		out.Body = http.NoBody
	}
	return out
}

// truncated gives the header and half of the body.
func truncated(w http.ResponseWriter, r *http.Request, answer *http.Response) {
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if r.Method != http.MethodHead {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(answer.StatusCode)
	w.Write(body[:len(body)/2])
	if len(body) > 0 {
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
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
