package accesslog

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// formats are lines as the documentation of each has them, for the same request.
var formats = map[string]string{
	"CloudFront W3C": "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type\n" +
		"2026-12-01\t09:00:38\tFRA2\t92\t192.0.2.10\tGET\td111.cloudfront.net\t/f/v1/latest/a/b/default/1.0.0/a3.txt\t200\t-\tfw/1.0\tw\t-\tHit",
	"CloudFront JSON": `{"date":"2026-12-01","time":"09:00:38","x-edge-location":"FRA2","sc-bytes":"92","c-ip":"192.0.2.10","cs-method":"GET","cs(Host)":"d111.cloudfront.net","cs-uri-stem":"/f/v1/latest/a/b/default/1.0.0/a3.txt","sc-status":"200","cs(Referer)":"-","cs-uri-query":"w"}`,
	"Logpush":         `{"ClientIP":"192.0.2.10","ClientRequestHost":"ota.example.com","ClientRequestMethod":"GET","ClientRequestURI":"/f/v1/latest/a/b/default/1.0.0/a3.txt?w","EdgeEndTimestamp":"2026-12-01T09:00:39Z","EdgeResponseBytes":92,"EdgeResponseStatus":200,"EdgeStartTimestamp":"2026-12-01T09:00:38Z","RayID":"3a6050bcbe121a87"}`,
	"Logpush fields":  `{"EdgeStartTimestamp":"2026-12-01T09:00:38Z","ClientRequestMethod":"GET","ClientRequestURI":"/f/v1/latest/a/b/default/1.0.0/a3.txt?w","ResponseHeaders":{},"EdgeResponseStatus":200,"EdgeResponseBytes":92}`,
	"Logpush in ns":   `{"EdgeStartTimestamp":1796115638000000000,"ClientRequestMethod":"GET","ClientRequestURI":"/f/v1/latest/a/b/default/1.0.0/a3.txt?w","EdgeResponseStatus":200,"EdgeResponseBytes":92,"Cookies":{"a":["b}"]}}`,
	"counted":         `"first_at","last_at","requests","method","uri","cairn_key","status","bytes"` + "\n" + `"1796115638","1796115639","1","GET","f/v1/latest/a/b/default/1.0.0/a3.txt?w","","200","92"`,
	"S3 website":      `79a59 acme-ota [01/Dec/2026:09:00:38 +0000] 192.0.2.10 - 3E57 WEBSITE.GET.OBJECT f/v1/latest/a/b/default/1.0.0/a3.txt "GET /f/v1/latest/a/b/default/1.0.0/a3.txt?w HTTP/1.1" 200 - 92 92 7 6 "-" "fw/1.0" -`,
	"CloudFront v2":   "#Version: 1.0\n#Fields: sc-status cs-method timestamp(ms) cs-uri-query cs-uri-stem sc-bytes\n200\tGET\t1796115638123\tw\t/f/v1/latest/a/b/default/1.0.0/a3.txt\t92",
	"Caddy iso8601":   `{"ts":"2026-12-01T10:00:38.123+0100","request":{"method":"GET","uri":"/f/v1/latest/a/b/default/1.0.0/a3.txt?w"},"size":92,"status":200}`,
	"S3":              `79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be acme-ota [01/Dec/2026:09:00:38 +0000] 192.0.2.10 - 3E57427F3EXAMPLE REST.GET.OBJECT f/v1/latest/a/b/default/1.0.0/a3.txt "GET /f/v1/latest/a/b/default/1.0.0/a3.txt?w HTTP/1.1" 200 - 92 92 7 6 "-" "fw/1.0" - host= SigV4 - AuthHeader acme-ota.s3.amazonaws.com TLSV1.2`,
	"nginx combined":  `192.0.2.10 - - [01/Dec/2026:10:00:38 +0100] "GET /f/v1/latest/a/b/default/1.0.0/a3.txt?w HTTP/1.1" 200 92 "-" "fw \"1.0\""`,
	"nginx JSON":      `{"time_iso8601":"2026-12-01T09:00:38+00:00","remote_addr":"192.0.2.10","request":"GET /f/v1/latest/a/b/default/1.0.0/a3.txt?w HTTP/1.1","status":"200","body_bytes_sent":"92"}`,
	"Caddy":           `{"level":"info","ts":1796115638.123,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.10","proto":"HTTP/2.0","method":"GET","host":"ota.example.com","uri":"/f/v1/latest/a/b/default/1.0.0/a3.txt?w","headers":{"User-Agent":["fw"]},"tls":{"resumed":false}},"bytes_read":0,"user_id":"","duration":0.0002,"size":92,"status":200,"resp_headers":{"Server":["Caddy"]}}`,
	"cairn serve":     `{"time":"2026-12-01T09:00:38.5Z","level":"INFO","msg":"request","remote":"192.0.2.10:5","method":"GET","uri":"/f/v1/latest/a/b/default/1.0.0/a3.txt?w","proto":"HTTP/1.1","status":200,"bytes":92,"duration_ms":0.1,"user_agent":"fw"}`,
}

func TestFormats(t *testing.T) {
	for name, text := range formats {
		t.Run(name, func(t *testing.T) {
			var p Parser
			var r Record
			for _, line := range strings.Split(text, "\n") {
				ok, blank := p.Parse([]byte(line), &r)
				if ok == blank {
					t.Fatalf("%q is not known", line)
				}
			}
			got := fmt.Sprintf("%d %s %s ?%s %d %d", r.At, r.Method, strings.TrimPrefix(string(r.Path), "/"), r.Query, r.Status, r.Bytes)
			if want := "1796115638 GET f/v1/latest/a/b/default/1.0.0/a3.txt ?w 200 92"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestDoors holds where a door says from which key it has answered.
func TestDoors(t *testing.T) {
	for _, line := range []string{
		`192.0.2.10 - - [01/Dec/2026:09:00:38 +0000] "GET /api/v0/releases/latest/url?device_serial=X HTTP/1.1" 204 0 "-" "fw" "f/v1/latest/a/b/default/1.0.0/a3.txt"`,
		`{"time":"2026-12-01T09:00:38Z","method":"GET","uri":"/api/v0/releases/latest/url?device_serial=X","status":204,"bytes":0,"cairn_key":"f/v1/latest/a/b/default/1.0.0/a3.txt"}`,
		`{"EdgeStartTimestamp":"2026-12-01T09:00:38Z","ClientRequestMethod":"GET","ClientRequestURI":"/api/v0/releases/latest/url?x","EdgeResponseStatus":204,"ResponseHeaders":{"cairn-key":"f/v1/latest/a/b/default/1.0.0/a3.txt"}}`,
		`{"ResponseHeaders":{"date":"Tue, 01 Dec 2026 09:00:38 GMT","cairn-key":"f/v1/latest/a/b/default/1.0.0/a3.txt","status":"new"},"ClientRequestMethod":"GET","ClientRequestPath":"/api/v0/releases/latest/url","EdgeResponseStatus":204,"EdgeStartTimestamp":"2026-12-01T09:00:38Z"}`,
	} {
		var p Parser
		var r Record
		if ok, _ := p.Parse([]byte(line), &r); !ok || string(r.Key) != "f/v1/latest/a/b/default/1.0.0/a3.txt" || r.Status != 204 {
			t.Errorf("%v %+v", ok, r)
		}
	}
}

// TestUnknown counts what is no request, and never fails.
func TestUnknown(t *testing.T) {
	for _, line := range []string{
		"hello", "{", "{}", `{"a":`, `{"uri":"/x"`, `[`, `[]`, `a [b] c`, `192.0.2.10 - - [01/Dec/2026:09:00:38 +0000] "GET`, `192.0.2.10 - - [99/Foo/2026:09:00:38 +0000] "GET / HTTP/1.1" 200 1`,
		"2026-12-01\t09:00:38\tx", "\x00\xff", `{"ts":"x","uri":"/","method":"GET","status":200}`, strings.Repeat("{\"a\":", 100),
	} {
		var p Parser
		var r Record
		if ok, blank := p.Parse([]byte(line), &r); ok || blank {
			t.Errorf("%q is taken for %+v", line, r)
		}
	}
}

// TestEach reads logs of all kinds at once, some compressed, one cut off.
func TestEach(t *testing.T) {
	var logs []Source
	add := func(name string, text []byte) {
		logs = append(logs, Source{name, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }})
	}
	const times = 20_000
	want := int64(0)
	for name, text := range formats {
		lines := strings.Split(text, "\n")
		head, line := strings.Join(lines[:len(lines)-1], "\n"), lines[len(lines)-1]
		var b bytes.Buffer
		if head != "" {
			b.WriteString(head + "\n")
		}
		for range times {
			b.WriteString(line + "\r\n")
		}
		b.WriteString(line) // without an end
		add(name, b.Bytes())
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(b.Bytes())
		w.Close()
		add(name+" gzip", packed.Bytes())
		want += 2 * (times + 1)
	}
	add("long", bytes.Repeat([]byte("x"), 3*chunkSize))
	add("empty", nil)
	var read Read
	got := int64(0)
	err := Each(context.Background(), logs, &read, func(all []Record) {
		for _, r := range all {
			if r.At != 1796115638 || r.Status != 200 || r.Bytes != 92 {
				t.Fatalf("%+v", r)
			}
		}
		got += int64(len(all))
	})
	if err != nil || got != want || read.Unknown < 1 || read.Unknown > 4 {
		t.Errorf("%d requests, %d unknown, want %d: %v", got, read.Unknown, want, err)
	}
	fails := append(logs[:1:1], Source{"bad", func(context.Context) (io.ReadCloser, error) { return nil, io.ErrClosedPipe }})
	if err := Each(context.Background(), fails, &read, func([]Record) {}); err == nil {
		t.Error("no error")
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range formats {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var p Parser
		var r Record
		for _, line := range bytes.Split(text, []byte("\n")) {
			p.Parse(line, &r)
		}
	})
}
