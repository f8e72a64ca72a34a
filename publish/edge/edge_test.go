package edge_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/edge"
	"cairn/releases"

	"github.com/andybalholm/brotli"
)

const example = "../../examples/smartfridge"

var at = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)

func site(t testing.TB) (*releases.Fleet, *publish.Site) {
	t.Helper()
	root, err := os.OpenRoot(example)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	f, err := releases.Load(root.FS())
	if err != nil {
		t.Fatal(err)
	}
	return f, publish.NewSite(manifest.New(f, at), f.Cache, root.FS())
}

// serve starts a server, and gives its base URL.
func serve(t testing.TB, f *releases.Fleet, source edge.Source) string {
	t.Helper()
	server := httptest.NewServer(edge.New(source, edge.Options{Layout: manifest.LayoutOf(f), Order: f.Project.Order, Cache: f.Cache, Key: f.Project.Key}))
	t.Cleanup(server.Close)
	return server.URL
}

// ask sends a request with header fields in pairs.
func ask(t testing.TB, base, method, target string, fields ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(method, base+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Memfault-Project-Key", "demo-project-key")
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] == "" {
			r.Header.Del(fields[i])
		} else {
			r.Header.Set(fields[i], fields[i+1])
		}
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// body reads an answer, decoded.
func body(t testing.TB, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	var reader io.Reader = r.Body
	switch r.Header.Get("Content-Encoding") {
	case "br":
		reader = brotli.NewReader(r.Body)
	case "gzip":
		var err error
		if reader, err = gzip.NewReader(r.Body); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const (
	jsonPath = edge.LatestPath + "?"
	textPath = edge.LatestURLPath + "?"
)

func query(serial, hardware, version string) string {
	q := "device_serial=" + serial + "&hardware_version=" + hardware + "&software_type=stm32-fw"
	if version != "" {
		q += "&current_version=" + url.QueryEscape(version)
	}
	return q
}

// TestAnswersAreThoseOfResolve asks every question of the example in every
// encoding.
func TestAnswersAreThoseOfResolve(t *testing.T) {
	f, s := site(t)
	layout := manifest.LayoutOf(f)
	base := serve(t, f, s)
	serials := []string{"EVT-01", "EVT-02", "DEMOSERIAL", "FRIDGE-0042", "FRIDGE-0099", "FRIDGE-0107", "FRIDGE-0311"}
	buckets := map[string]bool{}
	for i := 0; len(buckets) < layout.Buckets(); i++ {
		serial := fmt.Sprintf("SN-%d", i)
		if b := layout.Bucket(manifest.Hash(serial)); !buckets[b] {
			buckets[b] = true
			serials = append(serials, serial)
		}
	}
	asked := 0
	for _, serial := range serials {
		for _, hardware := range []string{"evt", "mp"} {
			for _, version := range []string{"", "0.9.0-factory", "1.0.0-alpha", "1.0.0", "1.1.0", "0.0.1"} {
				d := manifest.Device{Serial: serial, Target: manifest.Target{SoftwareType: "stm32-fw", HardwareVersion: hardware}, CurrentVersion: version}
				want := manifest.Resolve(f, d, at)
				cohort, _ := f.CohortOf(serial)
				own := s.Tree.Folder(layout.AnswerFolder(d.Target, cohort.Slug, manifest.VersionSegment(version))) != nil
				for _, coding := range []string{"identity", "br", "gzip"} {
					for _, path := range []string{textPath, jsonPath} {
						answer := ask(t, base, "GET", path+query(serial, hardware, version), "Accept-Encoding", coding)
						expected := coding
						if !own {
							expected = "identity" // what was compared is sent as it is
						}
						check(t, f, answer, want, path, expected)
						asked++
					}
				}
				if t.Failed() {
					t.Fatalf("%+v", d)
				}
			}
		}
	}
	t.Logf("%d answers", asked)
}

func check(t *testing.T, f *releases.Fleet, r *http.Response, want manifest.Decision, path, coding string) {
	t.Helper()
	got := body(t, r)
	if want.Payload == nil {
		if r.StatusCode != 204 || got != "" || r.Header.Get("Memfault-Reason") != "latest" || r.Header.Get("Content-Length") != "" {
			t.Errorf("%s: %s %q %v, want an empty 204", path, r.Status, got, r.Header)
		}
		return
	}
	link := manifest.PayloadURL(f.Project, manifest.LayoutOf(f), want.Payload)
	if r.StatusCode != 200 || r.ContentLength < 0 || len(r.TransferEncoding) > 0 {
		t.Errorf("%s: %s, length %d, %v", path, r.Status, r.ContentLength, r.TransferEncoding)
	}
	if path == textPath {
		if got != link || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %q as %s, want %q", path, got, r.Header.Get("Content-Type"), link)
		}
		return
	}
	for _, part := range []string{`"url":"` + link + `"`, `"version":"` + want.Version() + `"`} {
		if !strings.Contains(got, part) {
			t.Errorf("%s: no %s in %s", path, part, got)
		}
	}
	encoding := coding
	if coding == "identity" {
		encoding = ""
	}
	if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Content-Encoding") != encoding || r.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("%s: headers %v for %s", path, r.Header, coding)
	}
}

func TestRequests(t *testing.T) {
	f, s := site(t)
	base := serve(t, f, s)
	good := query("FRIDGE-0042", "mp", "1.0.0")
	for _, tt := range []struct {
		name, method, target string
		fields               []string
		status               int
		body                 string // part of it
	}{
		{"any order", "GET", textPath + "current_version=1.0.0&software_type=stm32-fw&device_serial=FRIDGE-0042&hardware_version=mp", nil, 200, "from-1.0.0.patch"},
		{"empty pairs", "GET", textPath + "&&" + good + "&", nil, 200, "https://"},
		{"unknown parameters", "GET", textPath + good + "&extra=%zz&x", nil, 200, "https://"},
		{"percent-encoded", "GET", textPath + strings.ReplaceAll(good, "1.0.0", "%31%2e0.0"), nil, 200, "from-1.0.0.patch"},
		{"empty current version", "GET", textPath + query("FRIDGE-0042", "mp", "") + "&current_version=", nil, 200, "https://"},
		{"serial missing", "GET", textPath + "hardware_version=mp&software_type=stm32-fw", nil, 400, "device_serial is missing"},
		{"serial empty", "GET", textPath + "device_serial=&hardware_version=mp&software_type=stm32-fw", nil, 400, "device_serial is missing"},
		{"no query", "GET", edge.LatestPath, nil, 400, `"http_code":400`},
		{"doubled", "GET", textPath + good + "&device_serial=FRIDGE-0042", nil, 400, "twice"},
		{"doubled version", "GET", textPath + good + "&current_version=1.0.0", nil, 400, "twice"},
		{"malformed escape", "GET", textPath + good + "%zz", nil, 400, "percent-encoded"},
		{"malformed serial", "GET", textPath + query("..%2f..", "mp", ""), nil, 400, "device_serial"},
		{"not UTF-8", "GET", textPath + query("A", "mp", "") + "&current_version=%ff", nil, 400, "not text"},
		{"control character", "GET", textPath + query("A", "m%00p", ""), nil, 400, "not text"},
		{"too long", "GET", textPath + query("A", "mp", strings.Repeat("1", 129)), nil, 400, "at most 128"},
		{"unknown hardware", "GET", textPath + query("A", "dvt", ""), nil, 400, "dvt"},
		{"unknown hardware in a cohort", "GET", textPath + query("FRIDGE-0042", "dvt", ""), nil, 400, "dvt"},
		{"traversal", "GET", textPath + query("A", "..%2f..%2f..", "..%2f"), nil, 400, "no release is made"},
		{"key missing", "GET", textPath + good, []string{"Memfault-Project-Key", ""}, 403, `"http_code":403`},
		{"key wrong", "GET", textPath + good, []string{"Memfault-Project-Key", "x"}, 403, "Memfault-Project-Key"},
		{"POST", "POST", textPath + good, nil, 405, `"http_code":405`},
		{"DELETE in the tree", "DELETE", "/smartfridge/v1/cohorts/00.txt", nil, 405, ""},
		{"HEAD", "HEAD", jsonPath + good, nil, 200, ""},
		{"JSON for the URL", "GET", textPath + good, []string{"Accept", "application/json"}, 200, `{"data":{"url":"https://`},
		{"JSON is not wanted", "GET", textPath + good, []string{"Accept", "text/plain, application/json;q=0.5"}, 200, "https://"},
		{"anything for the URL", "GET", textPath + good, []string{"Accept", "*/*"}, 200, "https://"},
		{"a range of an answer", "GET", textPath + good, []string{"Range", "bytes=0-9"}, 200, ".patch"},
		{"a range past an answer", "GET", textPath + good, []string{"Range", "bytes=9999-"}, 200, ".patch"},
		{"If-Match", "GET", jsonPath + good, []string{"If-Match", `"zz"`}, 200, `"version":"1.1.0"`},
		{"parameter names percent-encoded", "GET", textPath + strings.ReplaceAll(good, "device_serial", "device%5Fserial"), nil, 200, ".patch"},
		{"other path", "GET", "/api/v0/releases", nil, 404, `"http_code":404`},
		{"root", "GET", "/", nil, 404, ""},
		{"traversal in the tree", "GET", "/smartfridge/v1/../../cairn.toml", nil, 404, ""},
		{"escaped traversal", "GET", "/smartfridge/v1/%2e%2e/%2e%2e/cairn.toml", nil, 404, ""},
		{"state", "GET", "/smartfridge/.cairn/state", nil, 404, ""},
		{"no key for the tree", "GET", "/smartfridge/v1/cohorts/00.txt", []string{"Memfault-Project-Key", ""}, 200, ""},
		{"no such folder", "GET", "/smartfridge/v1/latest/stm32-fw/mp/default/7/00.txt", nil, 404, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := ask(t, base, tt.method, tt.target, tt.fields...)
			got := body(t, r)
			if r.StatusCode != tt.status || !strings.Contains(got, tt.body) {
				t.Errorf("%d %q, want %d with %q", r.StatusCode, got, tt.status, tt.body)
			}
			if r.StatusCode == 405 && r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow is %q", r.Header.Get("Allow"))
			}
			if r.StatusCode >= 400 && r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("an error as %s", r.Header.Get("Content-Type"))
			}
			if tt.method == "HEAD" && (r.ContentLength <= 0 || got != "") {
				t.Errorf("HEAD gives length %d and %q", r.ContentLength, got)
			}
		})
	}
}
