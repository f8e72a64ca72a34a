package formats_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/manifest/formats"
	"cairn/releases"
	"cairn/releases/fleettest"
)

var at = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)

const project = "[project]\nslug = \"demo\"\nbase_url = \"https://ota.example.com\"\nbucket_digits = 1\n"

// load reads a project with two releases, and the cohorts default and, where it is
// there, alpha.
func load(t *testing.T, toml, release, cohort string, alpha ...string) *releases.Fleet {
	t.Helper()
	fsys := fstest.MapFS{
		"cairn.toml":           {Data: []byte(project + toml)},
		"t.tmpl":               {Data: []byte("first\n{{range .Nodes}}\n{{.Missing}}{{end}}")},
		"releases/1.toml":      {Data: []byte("version = \"1.0.0\"\n[payload.app.mp]\nfile = \"1.bin\"\n")},
		"releases/2.toml":      {Data: []byte("version = \"2.0.0\"\n" + release + "[payload.app.mp]\nfile = \"2 x.bin\"\n[delta.app.mp.\"1.0.0\"]\nfile = \"d.bin\"\n")},
		"releases/1.bin":       {Data: []byte("one")},
		"releases/2 x.bin":     {Data: []byte("two")},
		"releases/d.bin":       {Data: []byte("delta")},
		"cohorts/default.toml": {Data: []byte(cohort)},
	}
	for _, text := range alpha {
		fsys["cohorts/alpha.toml"] = &fstest.MapFile{Data: []byte(text)}
	}
	f, err := releases.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const half = "[activate.\"1.0.0\"]\n[activate.\"2.0.0\"]\nrollout = 50\n"

// render is the files of a fleet, by what their keys have behind the folder.
func render(t *testing.T, f *releases.Fleet) map[string]string {
	t.Helper()
	if faults := formats.Check(f); faults != nil {
		t.Fatal(faults)
	}
	tree := manifest.New(f, at)
	files, err := formats.Render(tree)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for i, file := range files {
		if i > 0 && file.Key <= files[i-1].Key {
			t.Errorf("%s is not behind %s", file.Key, files[i-1].Key)
		}
		if _, ok := tree.Layout.Parse(file.Key); !ok {
			t.Errorf("%s is no key", file.Key)
		}
		all[strings.TrimPrefix(file.Key, tree.Layout.RenderedFolder())] = string(file.Body)
	}
	return all
}

// TestScopes has a release in the file of a bucket when the rollout reaches that,
// and in the file of the cohort when it has reached all.
func TestScopes(t *testing.T) {
	const own = "[format.a]\npath = \"v\"\ntemplate = \"{{with .Latest}}{{.Version}}{{end}}\"\n[format.b]\npath = \"v\"\nscope = \"bucket\"\ntemplate = \"{{.Latest.Version}} {{.Bucket}}\"\n"
	for _, test := range []struct {
		release, cohort, common string
		buckets                 int // with 2.0.0
	}{
		{"", half, "1.0.0", 8},
		{"", strings.Replace(half, "50", "100", 1), "2.0.0", 16},
		{"", strings.Replace(half, "50", "0", 1), "1.0.0", 0},
		{"", half + "aborted = \"x\"\n", "1.0.0", 0},
		{"withdrawn = \"x\"\n", strings.Replace(half, "50", "100", 1), "1.0.0", 0},
		{"", "[activate.\"2.0.0\"]\nrollout = 99\n", "", -1},
	} {
		f := load(t, own, test.release, test.cohort)
		if test.buckets < 0 { // .Latest.Version of nothing is a fault where it is so
			f.Formats = f.Formats[:1]
		} else {
			f.Formats[1].Text = "{{with .Latest}}{{.Version}} {{end}}{{.Bucket}}"
		}
		files := render(t, f)
		if got := files["a/app/mp/default/v"]; got != test.common {
			t.Errorf("%q: the cohort has %q, want %q", test.cohort, got, test.common)
		}
		n := 0
		for name, body := range files {
			if strings.HasPrefix(name, "b/") && strings.HasPrefix(body, "2.0.0 ") {
				n++
				if bucket := strings.TrimPrefix(body, "2.0.0 "); name != "b/app/mp/default/"+bucket+"/v" {
					t.Errorf("%s has %q", name, body)
				}
			}
		}
		if n != max(test.buckets, 0) {
			t.Errorf("%q: %d buckets have 2.0.0, want %d", test.cohort, n, test.buckets)
		}
	}
}

// TestNothingIsRenderedTooEarly holds files to what devices are offered, on random
// fleets: what a cohort's file names, each of its buckets is offered or was.
// TestEagerDevicesDoNotCount has a rollout that is paused where it covers all of
// a cohort, which has one device: it is out for those who ask eagerly.
func TestEagerDevicesDoNotCount(t *testing.T) {
	covered := 0
	for i := range 20 {
		f := load(t, "eager = true\n[format.x]\npath = \"x\"\ntemplate = \"{{with .Newest}}{{.Version}}{{end}}\"\n", "", half,
			fmt.Sprintf("devices = [\"SN-%d\"]\n%spaused = 2026-12-01T00:00:00Z\n", i, half))
		if render(t, f)["x/app/mp/alpha/x"] == "2.0.0" {
			covered++
		}
	}
	if covered < 5 || covered > 15 {
		t.Errorf("half of a rollout covers %d of 20 devices", covered)
	}
}

func TestNothingIsRenderedTooEarly(t *testing.T) {
	for seed := range uint64(fleettest.Rounds(30, 300)) {
		f := fleettest.Random(seed)
		f.Formats = []releases.Format{
			{Name: "c", Path: "c", Scope: releases.CohortScope, Text: "{{range .Nodes}}{{if .URL}}{{json .Version}}\n{{end}}{{end}}"},
			{Name: "l", Path: "l", Scope: releases.CohortScope, Text: "{{with .Latest}}{{.URL}}{{end}}"},
			{Name: "u", Path: "u", Scope: releases.BucketScope, Text: "{{with .Latest}}{{.URL}}{{end}}"},
		}
		at := fleettest.Start.Add(3 * 24 * time.Hour)
		tree := manifest.New(f, at)
		files, err := formats.Render(tree)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			at, _ := tree.Layout.Parse(file.Key)
			folder := tree.Folder(tree.Layout.AnswerFolder(at.Target, at.Cohort, manifest.OtherSegment))
			if at.Format == "u" { // as a device that says what nobody listed
				if want := tree.Bodies[folder.Bodies[folder.IndexOf(at.Bucket)]].Text; string(want) != string(file.Body) {
					t.Errorf("fleet %d: %s has %q, and a device gets %q", seed, file.Key, file.Body, want)
				}
				continue
			}
			if at.Format == "l" {
				agreed := slices.Compact(slices.Sorted(slices.Values(folder.Bodies)))
				if want := tree.Bodies[agreed[0]].Text; len(agreed) == 1 && string(want) != string(file.Body) && len(slices.Compact(slices.Clone(folder.Reach.Group))) == 1 {
					t.Errorf("fleet %d: %s has %q, and all devices get %q", seed, file.Key, file.Body, want)
				}
				continue
			}
			for line := range strings.Lines(string(file.Body)) {
				var version string
				if err := json.Unmarshal([]byte(line), &version); err != nil {
					t.Fatal(err)
				}
				for i := range folder.Buckets {
					if !folder.Reaches(i, version) {
						t.Errorf("fleet %d: %s has %s, which bucket %d is not offered", seed, file.Key, version, folder.Buckets[i])
					}
				}
			}
		}
	}
}

const odd = "notes = \"\"\"<b>\"A\" & B</b>: ü\n- c\"\"\"\ndisplay_name = \"x: {y}\"\ncreated = 2026-12-01T09:00:00Z\nis_forced = true\n"

// TestBuiltin reads what comes with cairn as a client or its schema does.
func TestBuiltin(t *testing.T) {
	var toml string
	for _, name := range formats.Builtin() {
		toml += fmt.Sprintf("[format.%s]\npath = \"f\"\n", name)
	}
	files := render(t, load(t, toml, odd, strings.Replace(half, "50", "100", 1)))
	empty := render(t, load(t, toml, odd, ""))
	// https://esphome.github.io/esp-web-tools/, components/http_request/update of ESPHome
	var esp struct {
		Name, Version string
		Builds        []struct {
			ChipFamily string
			OTA        struct{ Path, MD5, Summary string }
			Parts      []struct {
				Path   string
				Offset int
			}
		}
	}
	strictly(t, files["esphome/app/mp/default/f"], &esp)
	const url = "https://ota.example.com/demo/v1/payloads/3fc4ccfe745870e2c0d99f71f30ff065/2_20x.bin"
	if b := esp.Builds[0]; esp.Version != "2.0.0" || b.ChipFamily != "mp" || b.Parts[0].Path != url || b.OTA.Path != url || len(b.OTA.MD5) != 32 || !strings.Contains(b.OTA.Summary, "- c") {
		t.Errorf("%+v", esp)
	}
	strictly(t, empty["esphome/app/mp/default/f"], &esp)
	if len(esp.Builds) != 0 || esp.Version != "" {
		t.Errorf("%+v", esp)
	}
	// https://github.com/openshift/cincinnati/blob/master/docs/design/cincinnati.md
	type graph struct {
		Version int
		Nodes   []struct {
			Version, Payload string
			Metadata         map[string]string
		}
		Edges            [][2]int
		ConditionalEdges []any
	}
	var g, none graph
	strictly(t, files["cincinnati/app/mp/default/f"], &g)
	if len(g.Nodes) != 2 || g.Nodes[1].Payload != url || g.Nodes[1].Version != "2.0.0" || !slices.Equal(g.Edges, [][2]int{{0, 1}}) {
		t.Errorf("%+v", g)
	}
	strictly(t, empty["cincinnati/app/mp/default/f"], &none)
	if len(none.Nodes)+len(none.Edges) != 0 {
		t.Errorf("%+v", none)
	}
	// https://sparkle-project.org/documentation/publishing/
	type item struct {
		Title       string `xml:"title"`
		Date        string `xml:"pubDate"`
		Version     string `xml:"http://www.andymatuschak.org/xml-namespaces/sparkle version"`
		Short       string `xml:"http://www.andymatuschak.org/xml-namespaces/sparkle shortVersionString"`
		Description string `xml:"description"`
		Enclosure   struct {
			URL    string `xml:"url,attr"`
			Length int    `xml:"length,attr"`
			Type   string `xml:"type,attr"`
		} `xml:"enclosure"`
	}
	var rss struct {
		Items []item `xml:"channel>item"`
	}
	if err := wellFormed(files["sparkle/app/mp/default/f"], &rss); err != nil || len(rss.Items) != 1 {
		t.Fatalf("%v: %+v", err, rss)
	}
	i := rss.Items[0]
	if _, err := time.Parse(time.RFC1123Z, i.Date); err != nil || i.Version != "2.0.0" || i.Short != "2.0.0" || i.Enclosure.URL != url || i.Enclosure.Length != 3 || i.Title != "x: {y}" || i.Description != "<b>\"A\" & B</b>: ü\n- c" {
		t.Errorf("%v: %+v", err, i)
	}
	rss.Items = nil
	if err := wellFormed(empty["sparkle/app/mp/default/f"], &rss); err != nil || len(rss.Items) != 0 {
		t.Errorf("%v: %+v", err, rss)
	}
	const sum = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"
	if got := files["sysupdate/app/mp/default/f"]; got != sum+" *"+sum+".2_20x.bin\n" {
		t.Errorf("%q", got)
	}
	for _, name := range []string{"sysupdate", "electron"} {
		if got, there := empty[name+"/app/mp/default/f"]; got != "" || !there {
			t.Errorf("%s of nothing is %q", name, got)
		}
	}
}

func strictly(t *testing.T, text string, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// wellFormed reads XML to its end.
func wellFormed(text string, v any) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return xml.Unmarshal([]byte(text), v)
		} else if err != nil {
			return err
		}
	}
}

// TestFaults has the place and the reason of each.
func TestFaults(t *testing.T) {
	for template, want := range map[string]string{
		"t.tmpl":                               "t.tmpl:3: template of format x: <.Missing>: can't evaluate field Missing in type formats.Offer\n  3 | {{.Missing}}{{end}}\nhint: ",
		"{{if}}":                               "cairn.toml:7:12: template of format x: missing value for if\n",
		"a\\n{{template \\\"y\\\"}}":           "cairn.toml:7:12: template of format x: line 2: ",
		"{{.Latest.Version}}":                  "cairn.toml:7:12: template of format x: ",
		"{{exec \\\"ls\\\"}}":                  `cairn.toml:7:12: template of format x: function "exec" not defined`,
		"{{range 2000000}}xxxxxxxx{{end}}":     "cairn.toml:7:12: template of format x: what it renders is over 1048576 bytes\n",
		"{{range 9223372036854775807}}{{end}}": "cairn.toml:7:12: template of format x: it goes through this over 200000 times for one file\n",
		"a\\n\\n{{range 100000}}\\n{{range 100000}}{{end}}{{end}}": "cairn.toml:7:12: template of format x: line 4: it goes through this over 200000 times for one file\n",
		`{{define \"x\"}}{{if .}}{{template \"x\" (slice . 1)}}{{template \"x\" (slice . 1)}}{{end}}{{end}}{{template \"x\" \"0123456789012345678901234567890123456789\"}}`: "it goes through this over 200000 times",
		`{{$x := \"aa\"}}{{range 64}}{{$x = print $x $x}}{{end}}`:           "what it renders is over 1048576 bytes",
		`{{$x := \"aa\"}}{{range 64}}{{$x = printf \"%s%[1]s\" $x}}{{end}}`: "what it renders is over 1048576 bytes",
		"{{with .Latest}}{{time \\\"2006\\\" .Notes}}{{end}}":               "cairn.toml:7:12: template of format x: ",
		"{{with .Latest}}{{.PayloadInfo.chip}}{{end}}":                      `map has no entry for key "chip"`,
		"builtin:hawkbit": "cairn.toml:7:12: no template is called \"hawkbit\"\n",
	} {
		f := load(t, "[format.x]\npath = \"f\"\ntemplate = \""+template+"\"\n", "", half)
		faults := formats.Check(f)
		if len(faults) != 1 || !strings.Contains(faults.Error(), want) {
			t.Errorf("%s: %v, want %s", template, faults, want)
		}
	}
	if faults := formats.Check(load(t, "[format.x]\npath = \"f\"\n", "", half)); len(faults) != 1 || !strings.Contains(faults.Error(), "cincinnati, electron, esphome, sparkle, sysupdate") {
		t.Error(faults)
	}
}
