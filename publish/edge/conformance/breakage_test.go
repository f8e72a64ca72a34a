package conformance_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cairn/publish"
	"cairn/publish/edge"
)

// breakage is a way to break an edge: its handler, what it reads from, or what
// arrives there.
type breakage struct {
	handler func(http.Handler) http.Handler
	source  func(edge.Source) edge.Source
	wire    func(request string) (ok bool)
}

// before changes requests.
func before(change func(r *http.Request)) breakage {
	return breakage{handler: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			change(r)
			next.ServeHTTP(w, r)
		})
	}}
}

// rawQuery changes queries.
func rawQuery(change func(string) string) breakage {
	return before(func(r *http.Request) { r.URL.RawQuery = change(r.URL.RawQuery) })
}

// value changes a parameter's decoded value.
func value(name string, change func(string) string) breakage {
	return rawQuery(func(raw string) string {
		pairs := strings.Split(raw, "&")
		for i, pair := range pairs {
			if encoded, ok := strings.CutPrefix(pair, name+"="); ok {
				if v, err := url.QueryUnescape(encoded); err == nil {
					pairs[i] = name + "=" + url.QueryEscape(change(v))
				}
			}
		}
		return strings.Join(pairs, "&")
	})
}

// instead answers some requests otherwise: where the answer is true.
func instead(answer func(w http.ResponseWriter, r *http.Request) bool) breakage {
	return breakage{handler: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !answer(w, r) {
				next.ServeHTTP(w, r)
			}
		})
	}}
}

// after changes answers.
func after(change func(r *http.Request, a *httptest.ResponseRecorder)) breakage {
	return breakage{handler: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := httptest.NewRecorder()
			next.ServeHTTP(a, r)
			change(r, a)
			maps.Copy(w.Header(), a.Header())
			w.WriteHeader(a.Code)
			_, _ = w.Write(a.Body.Bytes())
		})
	}}
}

// header changes the header of answers of a status.
func header(status int, change func(h http.Header)) breakage {
	return after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if a.Code == status {
			change(a.Header())
		}
	})
}

// raw writes answers of a status by itself, byte for byte, and closes.
func raw(status int, write func(r *http.Request, a *httptest.ResponseRecorder) string) breakage {
	return breakage{handler: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := httptest.NewRecorder()
			next.ServeHTTP(a, r)
			if a.Code != status {
				maps.Copy(w.Header(), a.Header())
				w.WriteHeader(a.Code)
				_, _ = w.Write(a.Body.Bytes())
				return
			}
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, write(r, a))
		})
	}}
}

// head is an answer's head, with other lines at its end.
func head(a *httptest.ResponseRecorder, lines string) string {
	var b strings.Builder
	b.WriteString("HTTP/1.1 " + strconv.Itoa(a.Code) + " X\r\n")
	_ = a.Header().Write(&b)
	return b.String() + lines + "\r\n"
}

// body replaces an answer's content.
func body(a *httptest.ResponseRecorder, content string) {
	a.Body = bytes.NewBufferString(content)
	if a.Header().Get("Content-Length") != "" {
		a.Header().Set("Content-Length", strconv.Itoa(len(content)))
	}
}

func zipped(content []byte) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(content)
	_ = z.Close()
	return b.String()
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

func isJSON(a *httptest.ResponseRecorder) bool {
	return a.Code == 200 && a.Header().Get("Content-Type") == "application/json"
}

// keys changes what a source has.
func keys(get func(ctx context.Context, source edge.Source, key string) (*publish.Stored, error)) breakage {
	return breakage{source: func(s edge.Source) edge.Source { return keySource{s, get} }}
}

type keySource struct {
	edge.Source
	get func(ctx context.Context, source edge.Source, key string) (*publish.Stored, error)
}

func (s keySource) Get(ctx context.Context, key string) (*publish.Stored, error) {
	return s.get(ctx, s.Source, key)
}

// without has no keys with a part in them.
func without(part string) breakage {
	return keys(func(ctx context.Context, source edge.Source, key string) (*publish.Stored, error) {
		if strings.Contains(key, part) {
			return nil, fs.ErrNotExist
		}
		return source.Get(ctx, key)
	})
}

// wire refuses requests by how they are written.
func wire(ok func(request string) bool) breakage { return breakage{wire: ok} }

// listener spoils requests that are refused. A request comes in one piece.
type listener struct {
	net.Listener
	ok func(string) bool
}

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &spoiled{conn, l.ok}, err
}

type spoiled struct {
	net.Conn
	ok func(string) bool
}

func (c *spoiled) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 1 && !c.ok(string(b[:n])) {
		b[0] = 0
	}
	return n, err
}

// flusher sends the head before it is known how long the content is.
type flusher struct{ http.ResponseWriter }

func (f flusher) WriteHeader(status int) {
	f.Header().Del("Content-Length")
	f.ResponseWriter.WriteHeader(status)
	_ = http.NewResponseController(f.ResponseWriter).Flush()
}

func (f flusher) Write(b []byte) (int, error) {
	f.Header().Del("Content-Length")
	_ = http.NewResponseController(f.ResponseWriter).Flush()
	return f.ResponseWriter.Write(b)
}

// refuse answers 400 where a rule says so.
func refuse(rule func(r *http.Request) bool) breakage {
	return instead(func(w http.ResponseWriter, r *http.Request) bool {
		if rule(r) {
			http.Error(w, "no", http.StatusBadRequest)
			return true
		}
		return false
	})
}

// leak shows a file where a rule says so.
func leak(rule func(r *http.Request) bool) breakage {
	return instead(func(w http.ResponseWriter, r *http.Request) bool {
		if rule(r) {
			fmt.Fprint(w, "root:x:0:0")
			return true
		}
		return false
	})
}

// key takes other keys for the right one.
func key(right func(string) bool) breakage {
	return before(func(r *http.Request) {
		if right(r.Header.Get(keyHeader)) {
			r.Header.Set(keyHeader, rightKey)
		}
	})
}

func upToDate(a *httptest.ResponseRecorder) {
	a.Code = 204
	a.Header().Del("Content-Length")
	a.Header().Del("Content-Type")
	a.Header().Set("Memfault-Reason", "latest")
	a.Body.Reset()
}

// unique keeps the first or the last of the pairs of a name.
func unique(query string, last bool) string {
	pairs := strings.Split(query, "&")
	if last {
		slices.Reverse(pairs)
	}
	seen := map[string]bool{}
	pairs = slices.DeleteFunc(pairs, func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		before := seen[name]
		seen[name] = true
		return before
	})
	return strings.Join(pairs, "&")
}

// stay answers, and keeps the connection.
func stay(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	fmt.Fprint(conn, "HTTP/1.1 204 No Content\r\nMemfault-Reason: latest\r\n\r\n")
	_, _ = conn.Read(make([]byte, 1)) // until the client goes
	conn.Close()
}
