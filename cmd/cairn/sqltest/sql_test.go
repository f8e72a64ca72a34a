// Package sqltest has the engines that "cairn adoption sql" writes for count, and
// holds what they give to what the reader gives.
package sqltest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	at      = "2026-12-06T12:00:00Z"
	payload = "7fc319e72a20851282fbe9261579217f" // of 1.1.0 for mp
)

// cairn runs the command in the example.
func cairn(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(built, append([]string{"-C", "../../../examples/smartfridge", "adoption", "--at", at}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, &stderr)
	}
	return string(out)
}

var built string // the command

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sqltest")
	if err == nil {
		built = filepath.Join(dir, "cairn")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", built, "cairn/cmd/cairn").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// engine hands SQL to an engine, and gives what that writes.
func engine(t *testing.T, name, sql string) []byte {
	t.Helper()
	in, err := json.Marshal(map[string]string{"engine": name, "sql": sql})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "run.mjs")
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n\"make deps-edges\" installs what is missing\n%s", err, &stderr, sql)
	}
	return stdout.Bytes()
}

// TestEnginesCountAsTheReader has DuckDB and ClickHouse count logs of all kinds.
func TestEnginesCountAsTheReader(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	writeLogs(t, logs)
	want := cairn(t, "--json", logs)
	for _, some := range []string{`"unlisted-lab"`, `"status": 503`, `"devices_counted": `, `"downloads_per_arrival": 65`, `"median_hours": 46`, `"silence": {`} {
		if !strings.Contains(want, some) {
			t.Fatalf("the logs do not even have %s\n%s", some, want)
		}
	}
	for _, name := range []string{"duckdb", "clickhouse"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			csv := engine(t, name, cairn(t, "sql", "--dialect", name, logs))
			result := filepath.Join(t.TempDir(), "result.csv")
			if err := os.WriteFile(result, csv, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := cairn(t, "--json", "--from", result); got != want {
				t.Errorf("of %s:\n%s\nof the logs:\n%s", name, got, want)
			}
			for _, secret := range []string{"192.0.2", "SERIAL", "secret"} {
				if bytes.Contains(csv, []byte(secret)) {
					t.Errorf("%s gives %s away", name, secret)
				}
			}
		})
	}
}

// TestSyntax has parsers read what is for engines that run in no test.
func TestSyntax(t *testing.T) {
	for name, logs := range map[string]string{"athena": "s3://acme-logs/cdn/", "bigquery": "gs://acme-logs/cdn/*.gz"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine(t, name, cairn(t, "sql", "--dialect", name, logs))
		})
	}
}

// request is one that some log tells of.
type request struct {
	at           int64
	method       string
	path         string
	query        string
	key          string // of a door
	status, size int
}

// formats write a request as the software does that it is named after.
var formats = map[string]func(request) string{
	"cloudfront": func(r request) string {
		return fmt.Sprintf("%s\tFRA2\t%d\t192.0.2.10\t%s\td1.cloudfront.net\t/%s\t%d\t-\tfw%%201.0\t%s\t-\tHit\tx", stamp(r.at, "2006-01-02\t15:04:05"), r.size, r.method, r.path, r.status, or(r.query, "-"))
	},
	"cloudfront-json": func(r request) string {
		return fmt.Sprintf(`{"date":"%s","time":"%s","sc-bytes":"%d","c-ip":"192.0.2.10","cs-method":"%s","cs-uri-stem":"/%s","sc-status":"%d","cs-uri-query":"%s","cs(User-Agent)":"-"}`,
			stamp(r.at, "2006-01-02"), stamp(r.at, "15:04:05"), r.size, r.method, r.path, r.status, or(r.query, "-"))
	},
	"logpush": func(r request) string {
		return fmt.Sprintf(`{"ClientIP":"192.0.2.10","ClientRequestMethod":"%s","ClientRequestURI":"/%s","EdgeEndTimestamp":"2026-12-30T00:00:00Z","EdgeResponseBytes":%d,"EdgeResponseStatus":%d,"EdgeStartTimestamp":"%s","ResponseHeaders":{"cairn-key":"%s"}}`,
			r.method, r.uri(), r.size, r.status, stamp(r.at, time.RFC3339), r.key)
	},
	"logpush-ns": func(r request) string {
		return fmt.Sprintf(`{"EdgeStartTimestamp":%d000000000,"ClientRequestMethod":"%s","ClientRequestURI":"/%s","EdgeResponseStatus":%d,"EdgeResponseBytes":%d,"Cookies":{"a":["b}"]},"ResponseHeaders":{"cairn-key":"%s"}}`, r.at, r.method, r.uri(), r.status, r.size, r.key)
	},
	"s3": func(r request) string {
		return fmt.Sprintf(`79a59 acme-ota [%s] 192.0.2.10 - 3E57 REST.%s.OBJECT %s "%s /%s HTTP/1.1" %d %s %d 92 7 6 "-" "fw [1]" - host= SigV4 -`, stamp(r.at, bracket), r.method, r.path, r.method, r.uri(), r.status, []string{"-", "NoSuchKey"}[r.at%2], r.size)
	},
	"nginx": func(r request) string {
		return fmt.Sprintf(`192.0.2.10 - - [%s] "%s /%s HTTP/1.1" %d %d "-" "fw \"1.0\"" "%s"`, time.Unix(r.at, 0).In(time.FixedZone("", -5400)).Format(bracket), r.method, r.uri(), r.status, r.size, or(r.key, "-"))
	},
	"nginx-json": func(r request) string {
		return fmt.Sprintf(`{"time_iso8601":"%s","remote_addr":"192.0.2.10","request":"%s /%s HTTP/1.1","status":"%d","body_bytes_sent":"%d", "cairn_key": "%s"}`,
			time.Unix(r.at, 0).In(time.FixedZone("", 19800)).Format("2006-01-02T15:04:05-07:00"), r.method, r.uri(), r.status, r.size, r.key)
	},
	"caddy": func(r request) string {
		return fmt.Sprintf(`{"level":"info","ts":%d.123,"logger":"http.log.access","request":{"remote_ip":"192.0.2.10","method":"%s","host":"h","uri":"https://h:1/%s","headers":{"User-Agent":["fw, \"status\":999"]}},"bytes_read":7,"size":%d,"status":%d}`, r.at, r.method, r.uri(), r.size, r.status)
	},
	"serve": func(r request) string {
		return fmt.Sprintf(`{"time":"%s","level":"INFO","remote":"192.0.2.10:5","method":"%s","uri":"/%s","status":%d,"bytes":%d,"duration_ms":0.1,"user_agent":"fw","cairn_key":"%s"}`, stamp(r.at, "2006-01-02T15:04:05.999Z07:00"), r.method, r.uri(), r.status, r.size, r.key)
	},
}

const bracket = "02/Jan/2006:15:04:05 -0700"

func stamp(at int64, layout string) string { return time.Unix(at, 0).UTC().Format(layout) }

func (r request) uri() string {
	if r.query == "" {
		return r.path
	}
	return r.path + "?" + r.query
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// writeLogs writes a log in each format, some compressed, one in a folder of its
// own, and one of what is no request.
func writeLogs(t *testing.T, dir string) {
	t.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		line := formats[name]
		var b bytes.Buffer
		if name == "cloudfront" {
			b.WriteString("#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id\n")
		}
		doors := name == "nginx" || name == "nginx-json" || name == "serve" || strings.HasPrefix(name, "logpush")
		for range 2000 {
			b.WriteString(line(anyRequest(dice, doors)) + "\n")
		}
		write(t, filepath.Join(dir, name), b.Bytes(), dice.IntN(2) == 0)
	}
	write(t, filepath.Join(dir, "deeper/none"), []byte("no log\n\n{\n{}\n# x\n192.0.2.1 - - [01/Dec/2026:09:00:38 +0000] \"GET\n"+
		"192.0.2.1 - - [99/Foo/2026:09:00:38 +0000] \"GET /smartfridge/v1/ HTTP/1.1\" 200 1\n\xff\xfe SERIAL\n{\"ts\":\"x\",\"uri\":\"/\",\"method\":\"GET\",\"status\":200}\n"), false)
}

func write(t *testing.T, name string, text []byte, packed bool) {
	t.Helper()
	if packed {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(text)
		_ = w.Close()
		name, text = name+".gz", b.Bytes()
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// anyRequest is one of the days around a rollout, mostly of a device.
func anyRequest(dice *rand.Rand, doors bool) request {
	pick := func(of ...string) string { return of[dice.IntN(len(of))] }
	r := request{at: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC).Unix() + dice.Int64N(9*24*3600), method: "GET", status: 200, size: dice.IntN(200)}
	if dice.IntN(500) == 0 {
		r.at -= 60 * 24 * 3600 // before the period
	}
	bucket := fmt.Sprintf("%02x", dice.IntN(256))
	place := pick("stm32-fw/mp/default", "stm32-fw/mp/default", "stm32-fw/mp/beta", "stm32-fw/evt/default")
	r.path = "smartfridge/v1/latest/" + place + "/" + pick("1.0.0", "1.0.0", "1.0.0", "1.1.0", "_none") + "/" + bucket + pick(".txt", ".txt", ".json", ".txt.gz")
	switch dice.IntN(20) {
	case 0:
		r.path = pick("favicon.ico", "", "other/v1/latest/stm32-fw/mp/default/1.0.0/a3.txt", "smartfridge/v1", "smartfridge/v12/x")
	case 1:
		r.path = "smartfridge/v1/" + pick("cohorts/a3.txt", "latest/a3.txt", "latest/SERIAL", "signed/head.txt", "payloads/x", "", "latest/stm32-fw/mp/default/1.0.0/_eager.txt", "latest/stm32-fw/mp/default/1.0.0/A3.txt")
	case 2:
		r.path = "smartfridge/v1/latest/" + pick("stm32-fw/mp/nobody/1.0.0", "SERIAL/x/default/1.0.0", "stm32-fw/mp/SERIAL", "stm32-fw/mp/default/1.0.0/SERIAL", "stm32-fw/mp/default/1.0.0%20SERIAL", "stm32-fw/mp/default/_zz") + "/" + bucket + ".txt"
		r.status = 404
	case 3:
		r.path, r.status = "smartfridge/v1/latest/"+place+"/"+pick("unlisted-lab", "0.8.8", "_other")+"/"+bucket+pick(".txt", ".below.txt", ".zip"), []int{404, 403, 503, 200}[dice.IntN(4)]
	case 4, 5:
		r.path, r.size = "smartfridge/v1/payloads/"+payload+"/stm32-fw-mp.bin", dice.IntN(400)
		r.status = []int{200, 206, 404, 416}[dice.IntN(4)]
	case 6:
		r.method = pick("HEAD", "POST", "PUT")
	case 7:
		r.status = []int{304, 404, 500, 503}[dice.IntN(4)]
	case 8:
		r.query = pick("w=1", "w", "secret=SERIAL", "x=w&w", "ww=1", "aw=1&b", "a=1&w=1&c")
	case 9:
		if doors {
			r.key, r.path, r.query = pick(r.path, r.path, strings.Replace(r.path, place, place+"/x", 1), "SERIAL"), "api/v0/releases/latest/url", "device_serial=SERIAL"
		}
	}
	return r
}
