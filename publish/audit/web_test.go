package audit_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/audit"
	"cairn/publish/edge"
)

// cdn serves a site, and breaks some of its keys.
type cdn struct {
	next   http.Handler
	mu     sync.Mutex
	broken map[string]func(w http.ResponseWriter) bool // whether it has answered
	asked  map[string]int
	t      *testing.T
}

func newCDN(t *testing.T, s *publish.Site) (*cdn, audit.Source) {
	t.Helper()
	c := &cdn{edge.New(s, edge.Options{Layout: s.Tree.Layout, Order: s.Tree.Fleet.Project.Order, Cache: s.Cache}), sync.Mutex{}, map[string]func(http.ResponseWriter) bool{}, map[string]int{}, t}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return c, audit.Web(server.URL, &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32})
}

func (c *cdn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if got := r.Header.Get("Accept-Encoding"); got != "" {
		c.t.Errorf("%s is asked for in the encodings %q", r.URL, got)
	}
	key := strings.TrimPrefix(r.URL.Path, "/smartfridge/v1/")
	c.mu.Lock()
	c.asked[r.Method+" "+key]++
	handle := c.broken[key]
	c.mu.Unlock()
	w.Header().Set("Age", "10")
	if handle != nil && handle(w) {
		return
	}
	c.next.ServeHTTP(w, r)
}

func status(code int) func(http.ResponseWriter) bool {
	return func(w http.ResponseWriter) bool {
		w.WriteHeader(code)
		return true
	}
}

// times lets a handler answer so often only.
func times(n int, handle func(http.ResponseWriter) bool) func(http.ResponseWriter) bool {
	var mu sync.Mutex
	return func(w http.ResponseWriter) bool {
		mu.Lock()
		defer mu.Unlock()
		n--
		return n >= 0 && handle(w)
	}
}

func answer(age, body string) func(http.ResponseWriter) bool {
	return func(w http.ResponseWriter) bool {
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.Header().Set("Cache-Control", "max-age=300, public")
		w.Header().Set("Age", age)
		if age == "" {
			w.Header().Del("Age")
		}
		_, _ = w.Write([]byte(body))
		return true
	}
}

// some of a site's objects are all but the answers for the default cohort.
func some(s *publish.Site) (objects []audit.Object) {
	for o := range audit.OfSite(s) {
		if !strings.Contains(o.Key, "/default/") {
			objects = append(objects, o)
		}
	}
	return objects
}

func TestWeb(t *testing.T) {
	s := site(t, nil)
	objects := some(s)
	c, source := newCDN(t, s)
	got, summary := lines(t, slices.Values(objects), source, audit.Options{Deep: true})
	if len(got) > 0 || summary.Right != len(objects) || len(summary.Ages) != len(objects) || summary.Ages.Median() != 10*time.Second {
		t.Errorf("%+v, %q", summary, got)
	}
	hijacked := func(w http.ResponseWriter) bool {
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = buffered.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\na3b5")
			_ = buffered.Flush()
			conn.Close()
		}
		return true
	}
	c.broken = map[string]func(http.ResponseWriter) bool{
		"cohorts/00.txt": status(http.StatusForbidden),
		"cohorts/01.txt": status(http.StatusNotFound),
		"cohorts/02.txt": times(2, status(http.StatusTooManyRequests)), // passes
		"cohorts/03.txt": status(http.StatusMovedPermanently),
		"cohorts/04.txt": status(http.StatusServiceUnavailable),
		"cohorts/05.txt": answer("299", "old"),
		"cohorts/06.txt": answer("0", "new"),
		"cohorts/07.txt": answer("", ""), // right
		"cohorts/a3.txt": times(2, hijacked),
		strings.TrimPrefix(folder, "smartfridge/v1/") + "a3.txt": func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Age", "3600")
			return false
		},
	}
	want := []string{
		"missing cohorts/00.txt 403 Forbidden (10s)",
		"missing cohorts/01.txt 404 Not Found (10s)",
		"refused cohorts/03.txt 301 Moved Permanently (10s)",
		"refused cohorts/04.txt 503 Service Unavailable (10s)",
		"stale? cohorts/05.txt is 3 bytes with MD5 …, should be empty (4m59s)",
		"differs cohorts/06.txt is 3 bytes with MD5 …, should be empty",
		`headers latest/stm32-fw/mp/beta/1.0.0/a3.txt Content-Encoding is "gzip", should be "" (1h0m0s)`,
	}
	got, summary = lines(t, slices.Values(some(s)), source, audit.Options{})
	compare(t, want, got)
	if summary.Wrong != len(want) || len(summary.Ages) != len(objects)-1 || summary.Ages.Max() != time.Hour || summary.Ages.Median() != 10*time.Second {
		t.Errorf("%+v: ages up to %s, %s in the median", summary, summary.Ages.Max(), summary.Ages.Median())
	}
	if c.asked["GET cohorts/a3.txt"] != 1+3 || c.asked["HEAD "+strings.TrimPrefix(image, "smartfridge/v1/")] != 1 {
		t.Errorf("asked %v", c.asked)
	}
}

// TestStaleSibling is an answer out of a cache, whose sibling was right with
// the one before.
func TestStaleSibling(t *testing.T) {
	s := site(t, nil)
	c, source := newCDN(t, s)
	key := folder + "a3.json.gz"
	old, err := s.Get(ctx, strings.Replace(key, "/mp/beta/1.0.0/a3", "/mp/default/_other/00", 1))
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, old.Size)
	if _, err := old.Read(body); err != nil {
		t.Fatal(err)
	}
	c.broken[strings.TrimPrefix(key, "smartfridge/v1/")] = func(w http.ResponseWriter) bool {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Cache-Control", "public, max-age=60")
		_, _ = w.Write(body)
		return true
	}
	got, _ := lines(t, slices.Values(some(s)), source, audit.Options{})
	compare(t, []string{"stale? latest/stm32-fw/mp/beta/1.0.0/a3.json.gz decodes to …, should be … (10s)"}, got)
}
