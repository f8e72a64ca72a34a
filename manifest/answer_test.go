package manifest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"cairn/manifest"
	"cairn/releases"

	"github.com/google/go-cmp/cmp"
)

// bodyOf is the only answer of a fleet with one payload.
func bodyOf(t *testing.T, f *releases.Fleet) manifest.Body {
	t.Helper()
	tree := manifest.New(f, now)
	if len(tree.Bodies) != 2 {
		t.Fatalf("%d bodies, want the marker and one more", len(tree.Bodies))
	}
	return tree.Bodies[1]
}

const projectTOML = "[project]\nslug = \"demo\"\nbase_url = \"https://ota.example.com\"\n"

// oneRelease loads a project of one release, activated in default.
func oneRelease(t *testing.T, version, release string) *releases.Fleet {
	t.Helper()
	f, err := releases.Load(fstest.MapFS{
		"cairn.toml":           {Data: []byte(projectTOML)},
		"releases/r.toml":      {Data: []byte("version = \"" + version + "\"\n" + release)},
		"releases/a b.bin":     {Data: []byte("abc")},
		"cohorts/default.toml": {Data: []byte("[activate.\"" + version + "\"]\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestAnswerInFull has every key of docs/contract.md section 4, in its order.
func TestAnswerInFull(t *testing.T) {
	b := bodyOf(t, oneRelease(t, "1.0.0+b", `
display_name = "One & <only>"
notes = """
"Fixes" <b>everything</b> & more \u2028\\
ünï"""
revision = "89335ff"
created = 2026-12-01T10:00:00.5+01:00
is_forced = false
must_pass_through = true
[extra_info]
z = 1
a = { list = [1, -2.5, 1e300, "<x>", true, 2026-12-01T09:00:00, 2026-12-01, 09:00:00, [], {}] }
big = 9223372036854775807
[payload."nrf:app"."rev.A+b"]
file = "a b.bin"
extra_info = { slot = 2 }
`))
	url := "https://ota.example.com/demo/v1/payloads/ba7816bf8f01cfea414140de5dae2223/a_20b.bin"
	if string(b.Text) != url {
		t.Errorf("text is %q", b.Text)
	}
	want := `{"id":` + id(b) + `,"version":"1.0.0+b","display_name":"One & <only>","revision":"89335ff",` +
		`"notes":"\"Fixes\" <b>everything</b> & more \u2028\\\nünï",` +
		`"extra_info":{"a":{"list":[1,-2.5,1e+300,"<x>",true,"2026-12-01T09:00:00Z","2026-12-01","09:00:00",[],{}]},"big":9223372036854775807,"z":1},` +
		`"is_delta":false,"is_forced":false,"must_pass_through":true,"reason":"latest","created_date":"2026-12-01T09:00:00.5Z",` +
		`"artifacts":[{"id":` + artifactID(b) + `,"type":"firmware","software_type":"nrf:app","hardware_version":"rev.A+b",` +
		`"filename":"a b.bin","file_size":3,"url":"` + url + `","md5":"900150983cd24fb0d6963f7d28e17f72","sha1":"a9993e364706816aba3e25717850c26c9cd0d89d",` +
		`"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","extra_info":{"slot":2},"created_date":"2026-12-01T09:00:00.5Z"}]}`
	if diff := cmp.Diff(want, string(b.JSON)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAnswerWithMore has the keys of the appendix, where they have a value.
func TestAnswerWithMore(t *testing.T) {
	b := bodyOf(t, oneRelease(t, "1.0.0", `
min_version = "0.9.0"
updated = 2026-12-02T10:00:00+01:00
[delta.main.mp."0.9.5"]
file = "a b.bin"
build_id = "8BE26A9F"
`))
	for _, want := range []string{
		`"version":"1.0.0","min_version":"0.9.0","display_name"`,
		`"reason":"latest","created_date":null,"updated_date":"2026-12-02T09:00:00Z","artifacts":[`,
		`"created_date":null,"updated_date":"2026-12-02T09:00:00Z","build_id":"8be26a9f"}]}`,
	} {
		if !strings.Contains(string(b.JSON), want) {
			t.Errorf("no %s in %s", want, b.JSON)
		}
	}
}

// answerVector is an entry of answers.json.
type answerVector struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Release  []string `json:"release"` // lines of TOML behind the version
	Software string   `json:"software_type"`
	Hardware string   `json:"hardware_version"`
	From     string   `json:"from"` // of a patch, "" for a whole image
	Answer   string   `json:"answer"`
}

// TestAnswerVectors holds each byte of some answers, with the keys that the
// appendices of docs/contract.md add.
func TestAnswerVectors(t *testing.T) {
	for _, v := range readJSON[[]answerVector](t, "testdata/answers.json") {
		f := oneRelease(t, v.Version, strings.Join(v.Release, "\n"))
		got := ""
		for _, b := range manifest.New(f, now).Bodies[1:] {
			if p := b.Payload; p.SoftwareType == v.Software && p.HardwareVersion == v.Hardware && p.From == v.From {
				got = string(b.JSON)
			}
		}
		if diff := cmp.Diff(v.Answer, got); diff != "" {
			t.Errorf("%s (-vector +answer):\n%s", v.Name, diff)
		}
	}
}

// TestAnswerInBrief has nothing defined that need not be.
func TestAnswerInBrief(t *testing.T) {
	b := bodyOf(t, oneRelease(t, "1.0.0", `
[delta.main.mp."0.9.0"]
url = "https://cdn.example.com/d/?id=7&x=<1>"
size = 9007199254740993
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
`))
	if string(b.Text) != "https://cdn.example.com/d/?id=7&x=<1>" {
		t.Errorf("text is %q", b.Text)
	}
	want := `{"id":` + id(b) + `,"version":"1.0.0","display_name":"","revision":"","notes":"","extra_info":{},` +
		`"is_delta":true,"is_forced":null,"must_pass_through":false,"reason":"latest","created_date":null,` +
		`"artifacts":[{"id":` + artifactID(b) + `,"type":"firmware","software_type":"main","hardware_version":"mp",` +
		`"filename":"","file_size":9007199254740993,"url":"https://cdn.example.com/d/?id=7&x=<1>","md5":null,"sha1":null,` +
		`"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","extra_info":{},"created_date":null}]}`
	if diff := cmp.Diff(want, string(b.JSON)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type identified struct {
	ID        json.Number
	Artifacts []struct{ ID json.Number }
}

func identify(b manifest.Body) (x identified) {
	if err := json.Unmarshal(b.JSON, &x); err != nil {
		panic(err)
	}
	return x
}

func id(b manifest.Body) string { return identify(b).ID.String() }

func artifactID(b manifest.Body) string { return identify(b).Artifacts[0].ID.String() }

// TestIdentifiers are positive, below 2^53, and tell versions and artifacts
// apart; the release's is that of its version alone.
func TestIdentifiers(t *testing.T) {
	seen, ofVersion := map[string]bool{}, map[string]string{}
	for i := range 500 {
		version := fmt.Sprint(i)
		b := bodyOf(t, fleet(version, true))
		d := bodyOf(t, fleet(version+"*<old", false))
		ofVersion[version] = id(b)
		if id(d) != id(b) || artifactID(d) == artifactID(b) {
			t.Errorf("%s: ids %s and %s, artifacts %s and %s", version, id(b), id(d), artifactID(b), artifactID(d))
		}
		for _, n := range []json.Number{identify(b).ID, identify(b).Artifacts[0].ID, identify(d).Artifacts[0].ID} {
			if i, err := n.Int64(); err != nil || i <= 0 || i >= 1<<53 || seen[n.String()] {
				t.Errorf("%s: id %s", version, n)
			}
			seen[n.String()] = true
		}
	}
	f := fleet("7", false)
	f.Project.BaseURL, f.Releases[0].Notes = "https://elsewhere.example.com", "other"
	if id(bodyOf(t, f)) != ofVersion["7"] {
		t.Error("the id depends on more than the version")
	}
}

func TestPayloadURL(t *testing.T) {
	project := releases.Project{BaseURL: "https://ota.example.com:8443/bucket", Prefix: "a/b"}
	l := manifest.Layout{Prefix: project.Prefix, BucketDigits: 2, CohortDigits: 2}
	for want, p := range map[string]*releases.Payload{
		"https://ota.example.com:8443/bucket/a/b/v1/payloads/" + sha32 + "/_2e.x_2f": {SHA256: sha32 + sha32, Name: "..x/"},
		"https://cdn.example.com/x": {SHA256: sha32 + sha32, Name: "y", URL: "https://cdn.example.com/x"},
	} {
		if got := manifest.PayloadURL(project, l, p); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
