// Package shortcut answers plain requests on connections that are kept alive
// without net/http, which takes longer for one than nginx: it makes all anew
// for each, and listens in another goroutine whether the client goes away. What
// is not plain in every respect, and the first request on a connection, is
// net/http's as ever.
package shortcut

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what is answered here.
type Options struct {
	// Small says whether the answer to a path fits in memory, and is there at
	// once: a handler is not told here that the client goes away.
	Small func(path string) bool
	// Drain is how long an answer under way may take once the server closes.
	Drain time.Duration
}

// Listen is what a server is to serve in place of a listener. It takes the
// server's ConnState.
func Listen(l net.Listener, server *http.Server, o Options) net.Listener {
	server.ConnState = func(c net.Conn, state http.ConnState) {
		if c, ok := c.(*conn); ok {
			c.idle.Store(state == http.StateIdle)
		}
	}
	return &listener{l, server, o}
}

type listener struct {
	net.Listener
	server *http.Server
	Options
}

// Accept is that of [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok && err == nil {
		return &conn{TCPConn: tcp, of: l, request: newRequest(tcp.RemoteAddr().String()), answer: answer{conn: tcp, header: http.Header{}}}, nil
	}
	return c, err
}

// conn is a connection that is net/http's.
type conn struct {
	*net.TCPConn
	of   *listener
	idle atomic.Bool // net/http waits for the next request

	answering sync.Mutex
	request   *request
	answer    answer
	deadline  time.Time // to read
}

// Read gives net/http what comes. While it waits for a request, the plain ones
// are answered here, and it hears nothing of them.
func (c *conn) Read(b []byte) (int, error) {
	for {
		n, err := c.TCPConn.Read(b)
		if err != nil || !c.idle.Load() {
			return n, err
		}
		if !c.request.parse(string(b[:n])) || !c.of.Small(c.request.URL.Path) {
			c.idle.Store(false)
			return n, nil
		}
		if err := c.serve(); err != nil {
			return 0, err
		}
	}
}

func (c *conn) serve() error {
	c.answering.Lock()
	defer c.answering.Unlock()
	c.of.server.Handler.ServeHTTP(&c.answer, &c.request.Request)
	now, err := c.answer.send()
	if now.Sub(c.deadline) > time.Second {
		c.deadline = now
		_ = c.SetReadDeadline(now.Add(c.of.server.IdleTimeout))
	}
	return err
}

// Close lets an answer under way be sent: to net/http, the connection is idle.
func (c *conn) Close() error {
	_ = c.SetWriteDeadline(time.Now().Add(c.of.Drain))
	c.answering.Lock()
	defer c.answering.Unlock()
	return c.TCPConn.Close()
}
