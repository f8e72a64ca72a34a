//go:build unix

package nginxtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/edge/conformance/conformancetest"
)

// gateway stands before an origin, and can take it down.
type gateway struct {
	url  string
	down atomic.Bool
}

func newGateway(t *testing.T, origin string) *gateway {
	t.Helper()
	u, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.down.Load() {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// ask asks for a URL as a device of the example.
func ask(t *testing.T, s *server, serial, version string) (int, string) {
	t.Helper()
	return question(t, s, "/url", serial, version)
}

// question asks one of the two questions: "/url" or "".
func question(t *testing.T, s *server, path, serial, version string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/api/v0/releases/latest"+path+"?device_serial="+serial+
		"&hardware_version=mp&software_type=stm32-fw&current_version="+version, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Memfault-Project-Key", "demo-project-key")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// TestOutageAndPublish takes an origin down, and publishes while an edge holds
// the old answers.
func TestOutageAndPublish(t *testing.T) {
	t.Parallel() // it waits
	const lifetime = 2 * time.Second
	load := func(at time.Time) *conformancetest.Sample {
		s, err := conformancetest.Load("smartfridge", os.DirFS("../../../examples/smartfridge"), at)
		if err != nil {
			t.Fatal(err)
		}
		s.Fleet.Cache.Answers, s.Fleet.Cache.Cohorts = lifetime, lifetime
		return s
	}
	before, after := load(at.AddDate(0, 0, -10)), load(at)
	serial, old, fresh := changing(t, before, after)
	b := newBuckets(t)
	store, origin := b.bucket(t)
	put(t, before, store)
	g := newGateway(t, origin)
	s := start(t, overOrigin(t, before, g.url), "upstream", "cairn: ")
	if _, body := ask(t, s, serial, "1.0.0"); body != old {
		t.Fatalf("%q, want %q", body, old)
	}

	// Down: what was asked before is answered, anything else is put off.
	g.down.Store(true)
	time.Sleep(lifetime + time.Second)
	for range 3 {
		if status, body := ask(t, s, serial, "1.0.0"); body != old || status == 503 {
			t.Fatalf("while the origin is down: %d %q, want %q", status, body, old)
		}
	}
	if status, _ := ask(t, s, serial, "0.9.0-factory"); status != 503 {
		t.Fatalf("while the origin is down: %d for what is not held, want 503", status)
	}
	g.down.Store(false)

	// A publish: an answer is old for its lifetime, and not longer.
	if _, body := ask(t, s, serial, "1.0.0"); body != old {
		t.Fatalf("%q, want %q", body, old)
	}
	change(t, before, after, store)
	published := time.Now()
	for {
		asked := time.Since(published)
		_, body := ask(t, s, serial, "1.0.0")
		if body == fresh {
			break
		}
		if body != old || asked > lifetime+time.Second {
			t.Fatalf("%s after a publish: %q, want %q", asked, body, fresh)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("new after %s, of %s", time.Since(published).Round(10*time.Millisecond), lifetime)

	// A quiet time: the first to ask gets the new answer, not that of then.
	change(t, after, before, store)
	time.Sleep(lifetime + time.Second)
	if _, body := ask(t, s, serial, "1.0.0"); body != old {
		t.Fatalf("the first after a quiet time gets %q, want %q", body, old)
	}

	// A purge: at once.
	change(t, before, after, store)
	entries, err := filepath.Glob(filepath.Join(s.dir, "cache", "*"))
	if err != nil || len(entries) == 0 {
		t.Fatalf("cache: %v %v", entries, err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(e); err != nil {
			t.Fatal(err)
		}
	}
	if _, body := ask(t, s, serial, "1.0.0"); body != fresh {
		t.Fatalf("after a purge: %q, want %q", body, fresh)
	}
}

// change puts what is other in a sample than in the one before it.
func change(t *testing.T, from, to *conformancetest.Sample, store publish.Store) {
	t.Helper()
	old := map[string][16]byte{}
	for o := range from.Site().Objects() {
		old[o.Key] = o.Content.MD5
	}
	for o := range to.Site().Objects() {
		if sum, ok := old[o.Key]; ok && sum == o.Content.MD5 {
			continue
		}
		if err := store.Put(t.Context(), o.Key, *o.Content, o.Header); err != nil {
			t.Fatal(err)
		}
	}
}

// changing is a device whose URL is another one after a publish.
func changing(t *testing.T, before, after *conformancetest.Sample) (serial, old, fresh string) {
	t.Helper()
	answer := func(s *conformancetest.Sample, serial string) string {
		d := manifest.Resolve(s.Fleet, manifest.Device{
			Serial: serial, Target: manifest.Target{SoftwareType: "stm32-fw", HardwareVersion: "mp"}, CurrentVersion: "1.0.0",
		}, s.At)
		if d.Payload == nil {
			return ""
		}
		return manifest.PayloadURL(s.Fleet.Project, manifest.LayoutOf(s.Fleet), d.Payload)
	}
	for _, serial := range strings.Fields("FRIDGE-0042 FRIDGE-0099 FRIDGE-0107 FRIDGE-0311 DEMOSERIAL SN-1 SN-2 SN-3 SN-4 SN-5 SN-6 SN-7 SN-8 SN-9") {
		if old, fresh := answer(before, serial), answer(after, serial); old != fresh {
			return serial, old, fresh
		}
	}
	t.Fatal("no device's answer changes")
	return
}
