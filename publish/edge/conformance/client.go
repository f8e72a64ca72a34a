package conformance

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// base is where an edge is.
type base struct {
	url     string // without a path
	host    string // its authority, as a Host line states it
	path    string // without a slash at the end
	address string // to connect to
	tls     *tls.Config
	timeout time.Duration
}

// client asks over one connection at a time, and uses it again.
type client struct {
	base   *base
	conn   net.Conn // nil for none
	reader *bufio.Reader
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// unreachableError is an edge to which there is no connection.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return "no connection: " + e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

func (c *client) dial(ctx context.Context) error {
	var conn net.Conn
	var err error
	if c.base.tls != nil {
		conn, err = (&tls.Dialer{Config: c.base.tls}).DialContext(ctx, "tcp", c.base.address)
	} else {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", c.base.address)
	}
	if err != nil {
		return &unreachableError{err}
	}
	c.conn, c.reader = conn, bufio.NewReader(conn)
	return nil
}

// errNothing is a connection that ends before an answer begins.
var errNothing = errors.New("the connection was closed without an answer")

// exchange sends a request and reads the answer. A connection that was used
// before may just have been closed: then it takes another one.
func (c *client) exchange(ctx context.Context, asked Case) (*response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.base.timeout)
	defer cancel()
	for {
		fresh := c.conn == nil
		if fresh {
			if err := c.dial(ctx); err != nil {
				return nil, err
			}
		}
		answer, err := c.once(ctx, asked)
		if err != nil || answer.closes {
			c.close()
		}
		if errors.Is(err, errNothing) && !fresh {
			continue
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("no whole answer within %s", c.base.timeout)
		}
		return answer, err
	}
}

func (c *client) once(ctx context.Context, asked Case) (*response, error) {
	conn := c.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !stop() {
			c.close() // its deadline has passed
		}
	}()
	if _, err := io.WriteString(conn, c.base.request(asked)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fmt.Errorf("%w: %w", errNothing, err)
	}
	if _, err := c.reader.Peek(1); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fmt.Errorf("%w: %w", errNothing, err)
	}
	answer, err := read(c.reader, asked.Method)
	if err != nil {
		return nil, err
	}
	if asked.Proto == http10 || slices.Contains(asked.Headers, closeLine) {
		answer.closes = true
	}
	// Nothing may follow the answer.
	rest := make([]byte, min(c.reader.Buffered(), 64))
	_, _ = io.ReadFull(c.reader, rest)
	if answer.closes && len(rest) == 0 {
		rest, err = io.ReadAll(io.LimitReader(c.reader, 64))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, fmt.Errorf("the connection is not closed after the answer, within %s", c.base.timeout)
		}
	}
	answer.excess = rest
	answer.closes = answer.closes || len(rest) > 0
	return answer, nil
}

// request is the bytes of a request.
func (b *base) request(c Case) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s%s %s\r\n", c.Method, b.path, c.Target, c.Proto)
	for _, line := range c.Headers {
		s.WriteString(strings.ReplaceAll(line, "{host}", b.host) + "\r\n")
	}
	s.WriteString("\r\n")
	return s.String()
}

// mostContent is how much of an answer is read.
const mostContent = 2 * mostBytes

// response is an answer as it came.
type response struct {
	status  int
	line    string // "HTTP/1.1 200 OK"
	header  http.Header
	chunked bool
	raw     []byte // the content as it came, without its chunks
	excess  []byte // what came after the end
	closes  bool   // whether the connection ends with it
}

// read reads an answer, after any interim ones (RFC 9110 section 15.2).
func read(r *bufio.Reader, method string) (*response, error) {
	for {
		answer, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return nil, fmt.Errorf("no HTTP: %w", err)
		}
		raw, err := io.ReadAll(io.LimitReader(answer.Body, mostContent+1))
		switch {
		case err != nil:
			return nil, fmt.Errorf("the content ends after %d bytes: %w", len(raw), err)
		case len(raw) > mostContent:
			return nil, fmt.Errorf("the content has more than %d bytes", mostContent)
		case answer.StatusCode >= 200:
			return &response{
				status:  answer.StatusCode,
				line:    answer.Proto + " " + answer.Status,
				header:  answer.Header,
				chunked: len(answer.TransferEncoding) > 0,
				raw:     raw,
				closes:  answer.Close,
			}, nil
		}
	}
}
