package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// answerTimeout is how long a client may take to read an answer. Payloads get
// it anew as they go through.
const answerTimeout = 30 * time.Second

// logged writes a line for each request, after its answer.
func logged(lines io.Writer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w, control: http.NewResponseController(w), status: http.StatusOK, extended: start}
		defer func() {
			var buffer [512]byte
			_, _ = lines.Write(appendEntry(buffer[:0], r, rec, start, time.Now()))
		}()
		_ = rec.control.SetWriteDeadline(start.Add(answerTimeout))
		next.ServeHTTP(rec, r)
	})
}

// appendEntry writes what [slog.JSONHandler] would, in a third of the time.
func appendEntry(b []byte, r *http.Request, rec *recorder, start, end time.Time) []byte {
	b = append(end.AppendFormat(append(b, `{"time":"`...), time.RFC3339Nano), `","level":"INFO","msg":"request"`...)
	for _, field := range [...]struct{ name, value string }{
		{`,"remote":`, r.RemoteAddr}, {`,"method":`, r.Method}, {`,"uri":`, r.RequestURI},
		{`,"proto":`, r.Proto},
	} {
		b = appendJSON(append(b, field.name...), field.value)
	}
	b = strconv.AppendInt(append(b, `,"status":`...), int64(rec.status), 10)
	b = strconv.AppendInt(append(b, `,"bytes":`...), rec.bytes, 10)
	b = strconv.AppendFloat(append(b, `,"duration_ms":`...), float64(end.Sub(start).Microseconds())/1000, 'f', -1, 64)
	b = appendJSON(append(b, `,"user_agent":`...), r.UserAgent())
	return append(b, "}\n"...)
}

func appendJSON(b []byte, s string) []byte {
	odd := func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
	if !strings.ContainsFunc(s, odd) {
		return append(append(append(b, '"'), s...), '"')
	}
	quoted, _ := json.Marshal(s) // a string always marshals
	return append(b, quoted...)
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	control  *http.ResponseController
	status   int
	bytes    int64
	extended time.Time // when the client was last given answerTimeout
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if now := time.Now(); now.Sub(r.extended) > time.Second {
		r.extended = now
		_ = r.control.SetWriteDeadline(now.Add(answerTimeout))
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Of the lines of a tenth of a second, the first are written at once, and the
// others together: a write for each takes as long as an answer.
const (
	logDelay  = 100 * time.Millisecond
	logAtOnce = 16       // lines
	logBuffer = 64 << 10 // bytes that may wait
)

// batched writes lines to a log. Nothing is lost but by a crash.
type batched struct {
	to io.Writer

	mu      sync.Mutex
	lines   []byte
	begun   time.Time // the tenth of a second
	written int       // lines in it
	pending bool      // a flush is to come
}

// Write takes a line. The error of a write that comes later is lost, as is
// that of the log's own.
func (b *batched) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line...)
	if now := time.Now(); now.Sub(b.begun) > logDelay {
		b.begun, b.written = now, 0
	}
	b.written++
	switch {
	case b.written <= logAtOnce || len(b.lines) >= logBuffer:
		b.flush()
	case !b.pending:
		b.pending = true
		time.AfterFunc(logDelay, b.Flush)
	}
	return len(line), nil
}

// urgent is the same log for lines that do not wait.
type urgent struct{ *batched }

// Write writes a line, and those that wait before it.
func (u urgent) Write(line []byte) (int, error) {
	defer u.Flush()
	return u.batched.Write(line)
}

// Flush writes the lines that wait.
func (b *batched) Flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending = false
	b.flush()
}

func (b *batched) flush() {
	if len(b.lines) > 0 {
		_, _ = b.to.Write(b.lines)
		b.lines = b.lines[:0]
	}
}
