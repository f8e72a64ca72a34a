package shortcut

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// answer is the answer to a plain request, in memory until it is whole.
type answer struct {
	conn     net.Conn
	deadline time.Time // of conn, to write
	header   http.Header
	status   int
	body     []byte
	text     []byte
}

// Header is that of [http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// WriteHeader is that of [http.ResponseWriter].
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write is that of [http.ResponseWriter].
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, b...)
	return len(b), nil
}

// SetWriteDeadline is for [http.ResponseController].
func (a *answer) SetWriteDeadline(t time.Time) error {
	if t.Sub(a.deadline) < time.Second {
		return nil // to set it takes as long as the rest
	}
	a.deadline = t
	return a.conn.SetWriteDeadline(t)
}

// send sends the answer, makes room for the next one, and tells the time.
func (a *answer) send() (now time.Time, err error) {
	now = time.Now()
	a.WriteHeader(http.StatusOK)
	t := strconv.AppendInt(append(a.text[:0], "HTTP/1.1 "...), int64(a.status), 10)
	t = append(append(append(t, ' '), http.StatusText(a.status)...), "\r\n"...)
	for name, values := range a.header {
		for _, v := range values {
			t = append(append(append(append(t, name...), ": "...), v...), "\r\n"...)
		}
	}
	t = append(now.UTC().AppendFormat(append(t, "Date: "...), http.TimeFormat), "\r\n"...)
	if a.header["Content-Length"] == nil && a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		t = append(strconv.AppendInt(append(t, "Content-Length: "...), int64(len(a.body)), 10), "\r\n"...)
	}
	a.text = append(append(t, "\r\n"...), a.body...)
	clear(a.header)
	a.status, a.body = 0, a.body[:0]
	_, err = a.conn.Write(a.text)
	return now, err
}
