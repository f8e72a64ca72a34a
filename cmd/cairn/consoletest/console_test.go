// Package consoletest looks at the page that "cairn report" writes, in a real
// browser. Its folder has the npm packages that this needs, locked.
package consoletest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/cmd/cairn/internal/report"
	"cairn/manifest"
	"cairn/manifest/adoption"
	"cairn/manifest/lint"
	"cairn/publish/dirstore"
	"cairn/publish/edge"
	"cairn/publish/edge/conformance/conformancetest"
	"cairn/releases"
	"cairn/releases/signing"
	"cairn/templates/console"
)

// question is what is asked in the form, and what the page has to say.
type question struct {
	Serial  string `json:"serial"`
	Target  int    `json:"target"`
	Version string `json:"version"`
	Eager   bool   `json:"eager"`
	URL     string `json:"url"` // "" for up to date
	Missing bool   `json:"missing"`
}

// job is what look.mjs reads.
type job struct {
	Browser   string     `json:"browser"`
	Page      string     `json:"page"`
	Now       time.Time  `json:"now"`
	Questions []question `json:"questions"`
	Pictures  string     `json:"pictures"` // the folder they go to; "" for none
	Says      []string   `json:"says"`     // what is to be read on it, or heard
	Edit      string     `json:"edit"`     // a file of the definitions; the page is to follow
	Signed    string     `json:"signed"`   // what is said of the signed answers: "signed" or "refused"; "" for nothing
}

// look has a browser look at a page, and fails for what it finds.
func look(t *testing.T, j job) {
	t.Helper()
	for _, name := range []string{"chromium", "node"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatalf(`%v: "make deps-edges" installs it, or says how`, err)
		}
		if name == "chromium" {
			j.Browser = path
		}
	}
	in, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "look.mjs")
	cmd.Stdin = bytes.NewReader(in)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// pageOf writes the page of a fleet to a file, and gives its URL.
func pageOf(t *testing.T, f *releases.Fleet, at time.Time, more ...func(*console.Model)) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "index.html")
	if err := os.WriteFile(file, render(t, f, at, more...), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + file
}

func render(t *testing.T, f *releases.Fleet, at time.Time, more ...func(*console.Model)) []byte {
	t.Helper()
	m := console.ModelOf(f, at, lint.Check(f, lint.Options{At: at}))
	for _, add := range more {
		add(m)
	}
	page, err := console.Page(m)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// TestTheFormAnswersAsExplainDoes asks a live tree by the form, for devices of
// all kinds: the page goes the way of a device, and says what the definitions say.
func TestTheFormAnswersAsExplainDoes(t *testing.T) {
	t.Parallel()
	samples := []*conformancetest.Sample{conformancetest.Odd()}
	for seed := range uint64(3) {
		s := conformancetest.Random(seed)
		s.Fleet.Project.Eager = true
		samples = append(samples, s)
	}
	for _, s := range samples {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			server := httptest.NewServer(mux)
			defer server.Close()
			s.Fleet.Project.BaseURL = server.URL
			dir := t.TempDir()
			if err := s.Publish(t.Context(), dirstore.New(dir)); err != nil {
				t.Fatal(err)
			}
			page := render(t, s.Fleet, s.At)
			mux.HandleFunc("/_cairn/", func(w http.ResponseWriter, _ *http.Request) { w.Write(page) })
			mux.Handle("/", edge.New(dirstore.New(dir), edge.Options{Layout: manifest.LayoutOf(s.Fleet), Order: s.Fleet.Project.Order, Cache: s.Fleet.Cache}))
			look(t, job{Page: server.URL + "/_cairn/", Now: s.At, Questions: questions(s.Fleet, s.At, 50)})
		})
	}
}

// TestTheFormVerifiesSignedAnswers asks for a signed tree, and for one whose
// head, keys or parts somebody else wrote.
func TestTheFormVerifiesSignedAnswers(t *testing.T) {
	t.Parallel()
	s := conformancetest.Random(1)
	s.Fleet.Project.Eager = true
	server := httptest.NewServer(nil)
	defer server.Close()
	s.Fleet.Project.BaseURL = server.URL
	root, online := signing.NewPrivate(s.Fleet.Project.KeyName()+"/root", bytes.Repeat([]byte{1}, 32)), signing.NewPrivate(s.Fleet.Project.KeyName(), bytes.Repeat([]byte{2}, 32))
	dir := t.TempDir()
	if err := s.Publish(t.Context(), dirstore.New(dir)); err != nil {
		t.Fatal(err)
	}
	s.Fleet.Signing = &releases.Signing{Roots: []signing.Key{root.Key}, RootThreshold: 1}
	sign(t, s, dir, root, online)
	page := render(t, s.Fleet, s.At)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_cairn/" {
			w.Write(page)
			return
		}
		http.FileServer(http.Dir(dir)).ServeHTTP(w, r)
	})
	look(t, job{Page: server.URL + "/_cairn/", Now: s.At, Questions: questions(s.Fleet, s.At, 20), Signed: "signed"})

	thief := signing.NewPrivate(online.Name, bytes.Repeat([]byte{3}, 32))
	sign(t, s, dir, root, thief, online.Key)
	look(t, job{Page: server.URL + "/_cairn/", Now: s.At, Questions: questions(s.Fleet, s.At, 1), Signed: "refused"})
	sign(t, s, dir, signing.NewPrivate(root.Name, bytes.Repeat([]byte{4}, 32)), thief)
	look(t, job{Page: server.URL + "/_cairn/", Now: s.At, Questions: questions(s.Fleet, s.At, 1), Signed: "refused"})
	sign(t, s, dir, root, online)
	parts, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(manifest.LayoutOf(s.Fleet).SignedFolder()), strings.Repeat("[0-9a-f]", 32)))
	if err != nil || len(parts) == 0 {
		t.Fatal(parts, err)
	}
	for _, part := range parts {
		body, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		body[len(body)-1] ^= 1
		if err := os.WriteFile(part, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	look(t, job{Page: server.URL + "/_cairn/", Now: s.At, Questions: questions(s.Fleet, s.At, 1), Signed: "refused"})
}

// sign writes the signed form of a sample to a folder: with a head by the online
// key, and a statement of it or of others by the root key.
func sign(t *testing.T, s *conformancetest.Sample, dir string, root, online *signing.Private, stated ...signing.Key) {
	t.Helper()
	form, err := manifest.New(s.Fleet, s.At).Signed()
	if err != nil {
		t.Fatal(err)
	}
	if stated == nil {
		stated = []signing.Key{online.Key}
	}
	at := uint32(s.At.Unix())
	keys := &signing.Keys{Origin: s.Fleet.Project.KeyName(), Generation: 1, Threshold: 1, Issued: at, Expires: at + 1e7, Online: stated}
	head := signing.Head{Origin: keys.Origin, Generation: 1, Epoch: at, Issued: at, Expires: at + 1e6, Latest: form.Latest, Cohorts: form.Cohorts}
	layout := manifest.LayoutOf(s.Fleet)
	files := map[string][]byte{
		layout.HeadKey(): noteOf(head.Text(), online),
		layout.KeysKey(): noteOf(keys.Text(), root),
	}
	for _, p := range form.Parts {
		files[layout.PartKey(p.Digest)] = p.Body
	}
	for key, body := range files {
		file := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func noteOf(text []byte, key *signing.Private) []byte {
	line := base64.StdEncoding.EncodeToString(append(key.ID[:], key.Sign(text)...))
	return fmt.Appendf(slices.Clone(text), "\n— %s %s\n", key.Name, line)
}

func questions(f *releases.Fleet, at time.Time, n int) []question {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	serials := []string{"SN-1", "SN-2", "SN-3", "a-serial-that-nobody-lists"}
	for _, c := range f.Cohorts {
		for i := range min(c.Devices.Len(), 20) {
			serials = append(serials, c.Devices.Serial(i))
		}
	}
	resolver, targets := manifest.NewResolver(f), manifest.Targets(f)
	var all []question
	for range n {
		target := random.IntN(len(targets))
		known := resolver.Known(targets[target])
		versions := slices.Concat([]string{""}, known, manifest.Unlisted(f.Project.Order, known))
		q := question{Serial: pick(serials), Target: target, Version: strings.TrimSpace(pick(versions)), Eager: f.Project.Eager && random.IntN(3) == 0}
		e := manifest.Explain(f, manifest.Device{Serial: q.Serial, Target: targets[target], CurrentVersion: q.Version, Eager: q.Eager}, at)
		q.Missing = !slices.ContainsFunc(e.Fetches, func(fetch manifest.Fetch) bool { return fetch.Found })
		if e.Payload != nil {
			q.URL = manifest.PayloadURL(f.Project, manifest.LayoutOf(f), e.Payload)
		}
		all = append(all, q)
	}
	return all
}

// TestThePageHoldsForEverybody looks at the example, at odd names, and at many
// of everything: sizes, themes, keyboard, axe, and what the page asks for.
func TestThePageHoldsForEverybody(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)
	example, err := releases.Load(os.DirFS("../../../examples/smartfridge"))
	if err != nil {
		t.Fatal(err)
	}
	odd := conformancetest.Odd()
	pages := map[string]string{
		"example": pageOf(t, example, at),
		"odd":     pageOf(t, odd.Fleet, odd.At),
		"hostile": pageOf(t, hostile(t), at, func(m *console.Model) { m.Adoption = asked(t, hostile(t), at) }),
		"large":   pageOf(t, large(t), at),
	}
	if info, err := os.Stat(strings.TrimPrefix(pages["large"], "file://")); err != nil || info.Size() > 400_000 {
		t.Errorf("the page of many has %d bytes, %v", info.Size(), err)
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pictures := t.ArtifactDir()
			j := job{Page: page, Now: at, Pictures: pictures}
			if name == "hostile" {
				j.Says = []string{"Who has it", "about 1 device, if each polls every 1h", "/mp</td>", `<img class="chart"`, "10 %: gate healthy", "10 % waits for gate healthy, not before 2026-12-02T09:00:00Z", "default: toString to 10 %, once gate healthy has passed",
					" eager = false", "Ask eagerly", "toString is blocked (&lt;b&gt;radio): &lt;/script&gt;it eats", "0 is a dead end: &lt;img src=x"}
			}
			look(t, j)
		})
	}
}

// TestThePageFollowsTheDefinitions runs "cairn serve --console", and edits.
func TestThePageFollowsTheDefinitions(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "cairn"), "cairn/cmd/cairn").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	project := filepath.Join(dir, "fridge")
	if err := os.CopyFS(project, os.DirFS("../../../examples/smartfridge")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(dir, "cairn"), "-C", project, "serve", "--console", "--from", "definitions", "--listen", "127.0.0.1:0", "--at", "2026-12-02T12:00:00Z")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, url, _ := strings.Cut(strings.TrimSpace(line), " on ")
	look(t, job{Page: url + "/_cairn/", Now: time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC), Edit: filepath.Join(project, "cohorts", "default.toml")})
}

// asked is what the requests of one device before an instant tell.
func asked(t *testing.T, f *releases.Fleet, at time.Time) *console.Adoption {
	t.Helper()
	tally := adoption.New(f, at.Add(-48*time.Hour), at)
	key := manifest.LayoutOf(f).AnswerFolder(manifest.Targets(f)[0], "default", manifest.VersionSegment("__proto__")) + "a3.txt"
	for hour := range int64(48) {
		moment := at.Unix() - 3600*(hour+1)
		tally.Add(&adoption.Request{At: moment, Last: moment, Times: 1, Key: []byte(key), Status: 200})
	}
	told := tally.Report(time.Hour)
	var chart bytes.Buffer
	if err := tally.Series(time.Hour).SVG(&chart); err != nil {
		t.Fatal(err)
	}
	return &console.Adoption{Summary: report.AdoptionSummary(told), Table: report.AdoptionTable(told), Chart: chart.Bytes()}
}

// hostile is definitions whose texts would like to be more than text, with all
// that keeps devices from a release.
func hostile(t *testing.T) *releases.Fleet {
	t.Helper()
	return load(t, map[string]string{
		"cairn.toml":             "[project]\nslug = \"x\"\nbase_url = \"https://ota.example.com\"\nversion_order = \"natural\"\neager = true\n[gate.healthy]\nsource = \"file\"\nfile = \"health.json\"\n[publish]\nto = \"dir:public\"\n",
		"releases/a.toml":        "version = \"__proto__\"\nnotes = \"\"\"</script><script>document.title = 'taken'</script>" + strings.Repeat("x", 10_000) + "\"\"\"\n[payload.\"<img src=x onerror=document.title='taken'>\".mp]\nfile = \"a.bin\"\n",
		"releases/a.bin":         "\x7fa payload",
		"releases/b.toml":        "version = \"constructor\"\n[payload.\"<img src=x onerror=document.title='taken'>\".mp]\nfile = \"b.bin\"\n",
		"releases/b.bin":         "\x7fanother payload",
		"releases/c.toml":        "version = \"toString\"\n[blocked.\"<b>radio\"]\nfrom = [\"__proto__\"]\nreason = \"</script>it eats\"\n[payload.\"<img src=x onerror=document.title='taken'>\".mp]\nfile = \"c.bin\"\n",
		"releases/c.bin":         "\x7fa third payload",
		"releases/d.toml":        "version = \"0\"\ndead_end = \"<img src=x onerror=document.title='taken'>\"\n",
		"cohorts/default.toml":   "[activate.\"__proto__\"]\nrollout = 100\n[activate.constructor]\nrollout = 30\naborted = \"</script><b onmouseover=alert(1)>\u202egnihton\"\n[activate.toString]\nrollout = [ { at = 2026-12-01T09:00:00Z, percent = 1 }, { after = \"24h\", percent = 10, gate = \"healthy\" } ]\neager = false\n",
		"cohorts/__proto__.toml": "devices = [\"SN-1\"]\n[activate.constructor]\nrollout = 50\n",
	})
}

// large is 50 cohorts, 10 hardware versions and 40 releases with deltas.
func large(t *testing.T) *releases.Fleet {
	t.Helper()
	files := map[string]string{"cairn.toml": "[project]\nslug = \"large\"\nbase_url = \"https://ota.example.com\"\nbucket_digits = 3\n"}
	activations := ""
	for r := range 40 {
		text := fmt.Sprintf("version = \"1.%d.0\"\nmust_pass_through = %t\n", r, r%9 == 4)
		for h := range 10 {
			stored := fmt.Sprintf("stored = \"hw%d.bin\"\nsize = 100000\nsha256 = ", h)
			text += fmt.Sprintf("[payload.main.hw%d]\n%s\"%064x\"\n", h, stored, 1+r*20+h)
			if r > 0 {
				text += fmt.Sprintf("[delta.main.hw%d.\"1.%d.0\"]\n%s\"%064x\"\n", h, r-1, stored, 1+r*20+h+10)
			}
		}
		files[fmt.Sprintf("releases/%d.toml", r)] = text
		activations += fmt.Sprintf("[activate.\"1.%d.0\"]\n", r)
	}
	activations += "rollout = { start = 2026-12-01T09:00:00Z, duration = \"72h\" }\n"
	for c := range 50 {
		files[fmt.Sprintf("cohorts/customer-%d.toml", c)] = fmt.Sprintf("devices = [\"SN-%d-1\", \"SN-%d-2\"]\n%s", c, c, activations)
	}
	return load(t, files)
}

// load reads definitions.
func load(t *testing.T, files map[string]string) *releases.Fleet {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := releases.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
