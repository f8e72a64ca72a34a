//go:build unix

package nginxtest

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/publish/accesslog"
	"cairn/publish/dirstore"
	"cairn/publish/edge/conformance/conformancetest"
	"cairn/templates/edge/nginx"

	"github.com/google/go-cmp/cmp"
)

// TestLog has an edge log what it answered from, over a folder and over an origin;
// nothing in the log names a device.
func TestLog(t *testing.T) {
	s, err := conformancetest.Load("smartfridge", os.DirFS("../../../examples/smartfridge"), at)
	if err != nil {
		t.Fatal(err)
	}
	root := folder(t)
	put(t, s, dirstore.New(root))
	const status = "smartfridge/v1/status.json"
	if err := os.WriteFile(filepath.Join(root, status), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	origin := start(t, func() (c nginx.Config) { c = config(s); c.Root = root; return c }())
	u, err := url.Parse(origin.url)
	if err != nil {
		t.Fatal(err)
	}
	const api, device = "api/v0/releases/latest", "device_serial=FRIDGE-0042&hardware_version=mp&software_type=stm32-fw&current_version="
	asks := []struct{ path, key string }{
		{api + "/url?" + device + "1.0.0", "smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/a3.txt"},
		{api + "?" + device + "1.0.0", "smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/a3.json"},
		{api + "/url?" + device + "1.0.0&w", "smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/a3.txt ?w"},
		{api + "/url?" + device + "0.0.7", "smartfridge/v1/latest/stm32-fw/mp/beta/0.0.7/a3.txt"},
		{api + "/url?" + device + "1.0.0%2Bx", "smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0_2bx/a3.txt"},
		{api + "/url?device_serial=FRIDGE-0042", "/" + api + "/url"},
		{"smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/a3.txt?w", "/smartfridge/v1/latest/stm32-fw/mp/beta/1.0.0/a3.txt ?w"},
		{"smartfridge/v1/latest/stm32-fw/mp/beta/0.0.7/a3.txt?weird=1", "/smartfridge/v1/latest/stm32-fw/mp/beta/0.0.7/a3.txt"},
		{status, "/" + status},
	}
	for name, c := range map[string]nginx.Config{"folder": {Root: root}, "origin": {Origin: u}} {
		t.Run(name, func(t *testing.T) {
			c.Project, c.Cache, c.Log = s.Fleet.Project, s.Fleet.Cache, filepath.Join(folder(t), "access.log")
			edge := start(t, c)
			var got, want []string
			for _, ask := range asks {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, edge.url+"/"+ask.path, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Memfault-Project-Key", s.Fleet.Project.Key)
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				want = append(want, ask.key)
				if ask.path == status && (answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/json") {
					t.Errorf("%s: %s, %s", status, answer.Status, answer.Header.Get("Content-Type"))
				}
			}
			var text []byte
			for range 100 { // a line comes behind its answer
				if text, err = os.ReadFile(c.Log); strings.Count(string(text), "\n") == len(asks) {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			var parser accesslog.Parser
			for line := range strings.Lines(string(text)) {
				var r accesslog.Record
				if ok, _ := parser.Parse([]byte(strings.TrimSuffix(line, "\n")), &r); !ok {
					t.Errorf("not read: %s", line)
				}
				key := string(r.Key)
				if key == "" {
					key = string(r.Path)
				}
				if string(r.Query) == "w" {
					key += " ?w"
				}
				got = append(got, key)
			}
			slices.Sort(want) // its workers log in no order
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n%s", diff, text)
			}
			if strings.Contains(string(text), "FRIDGE") || strings.Contains(string(text), "127.0.0.1") {
				t.Errorf("it names a device: %s", text)
			}
		})
	}
}
