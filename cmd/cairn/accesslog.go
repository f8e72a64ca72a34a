package main

import (
	"log/slog"
	"net/http"
	"time"
)

// answerTimeout is how long a client may take to read an answer. Payloads get
// it anew as they go through.
const answerTimeout = 30 * time.Second

// answered is told of a request after its answer.
type answered func(r *http.Request, rec *recorder, took time.Duration)

// observed tells of each request.
func observed(next http.Handler, tell ...answered) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w, control: http.NewResponseController(w), status: http.StatusOK, extended: start}
		defer func() {
			took := time.Since(start)
			for _, to := range tell {
				to(r, rec, took)
			}
		}()
		_ = rec.control.SetWriteDeadline(start.Add(answerTimeout))
		next.ServeHTTP(rec, r)
	})
}

// accessLog writes a line for each request.
func accessLog(log *slog.Logger) answered {
	return func(r *http.Request, rec *recorder, took time.Duration) {
		log.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("remote", r.RemoteAddr),
			slog.String("method", r.Method),
			slog.String("uri", r.RequestURI),
			slog.String("proto", r.Proto),
			slog.Int("status", rec.status),
			slog.Int64("bytes", rec.bytes),
			slog.Float64("duration_ms", float64(took.Microseconds())/1000),
			slog.String("user_agent", r.UserAgent()),
			slog.String("cairn_key", rec.key))
	}
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	control  *http.ResponseController
	status   int
	bytes    int64
	key      string    // that stands for a question of the query API
	extended time.Time // when the client was last given answerTimeout
}

// Asked is that of [edge.Asked].
func (r *recorder) Asked(key string) { r.key = key }

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
