package main

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// plainListener makes connections on which plain requests that come after the
// first are answered at once. net/http alone takes longer for a request than
// nginx: it makes all anew for each, and listens in another goroutine whether
// the client goes away.
type plainListener struct {
	net.Listener
	server *http.Server
	small  func(path string) bool // whether an answer fits in memory and is near at hand
}

// listenPlain is what server is to serve in place of a listener.
func listenPlain(l net.Listener, server *http.Server, small func(path string) bool) net.Listener {
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		if c, ok := conn.(*plainConn); ok {
			c.idle.Store(state == http.StateIdle)
		}
	}
	return &plainListener{l, server, small}
}

// Accept is that of [net.Listener].
func (l *plainListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
		return &plainConn{TCPConn: tcp, of: l, request: newPlainRequest(conn), answer: plainAnswer{conn: conn, header: http.Header{}}}, nil
	}
	return conn, err
}

// plainConn is a connection that is net/http's.
type plainConn struct {
	*net.TCPConn
	of   *plainListener
	idle atomic.Bool // net/http waits for the next request

	answering sync.Mutex
	request   *plainRequest
	answer    plainAnswer
	deadline  time.Time // to read
}

// Read gives net/http what comes. While it waits for a request, the plain ones
// are answered here, and it hears nothing of them.
func (c *plainConn) Read(b []byte) (int, error) {
	for {
		n, err := c.TCPConn.Read(b)
		if err != nil || !c.idle.Load() {
			return n, err
		}
		if !c.request.parse(string(b[:n])) || !c.of.small(c.request.URL.Path) {
			c.idle.Store(false)
			return n, nil
		}
		if err := c.serve(); err != nil {
			return 0, err
		}
	}
}

func (c *plainConn) serve() error {
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
func (c *plainConn) Close() error {
	_ = c.SetWriteDeadline(time.Now().Add(drain))
	c.answering.Lock()
	defer c.answering.Unlock()
	return c.TCPConn.Close()
}
