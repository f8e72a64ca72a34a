package manifest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/syntax"

	"github.com/google/go-cmp/cmp"
)

// edgeVector is an entry of edges.json: releases as TOML has them, each with a
// whole image and some deltas, those that are in reach, all where it is not
// said, and what devices get by the version that they run: "" for nothing.
type edgeVector struct {
	Name     string           `json:"name"`
	Order    string           `json:"version_order"`
	Unknown  string           `json:"unknown_version"`
	Check    *bool            `json:"version_check"`
	Known    []string         `json:"known_versions"`
	Releases []map[string]any `json:"releases"`
	edgeAnswers
	Then *edgeAnswers `json:"then"`
}

type edgeAnswers struct {
	Reach   []string          `json:"reach"`
	Answers map[string]string `json:"answers"`
}

// fleet writes the definitions, and loads them.
func (v edgeVector) fleet(t *testing.T, reach []string) *releases.Fleet {
	t.Helper()
	files := fstest.MapFS{}
	write := func(name, format string, args ...any) {
		files[name] = &fstest.MapFile{Data: fmt.Appendf(nil, format, args...)}
	}
	project := "[project]\nslug = \"demo\"\nbase_url = \"https://ota.example.com\"\n"
	for key, value := range map[string]string{"version_order": v.Order, "unknown_version": v.Unknown} {
		if value != "" {
			project += key + " = " + syntax.String(value) + "\n"
		}
	}
	write("cairn.toml", "%s[software.main]\nknown_versions = %s\n", project, literal(v.Known))
	cohort := ""
	if v.Check != nil {
		cohort = fmt.Sprintf("version_check = %v\n", *v.Check)
	}
	const payload = "\nurl = \"https://cdn.example.com/%s.bin\"\nsize = 1\nsha256 = \"%064x\"\n"
	for i, r := range v.Releases {
		version := r["version"].(string)
		text := fmt.Sprintf("[payload.main.mp]"+payload, releases.Escape(version), i)
		if deltas, ok := r["deltas"].([]any); ok {
			delete(r, "deltas")
			defer func() { r["deltas"] = deltas }()
			for _, from := range deltas {
				text += fmt.Sprintf("[delta.main.mp.%s]"+payload, syntax.String(from.(string)), releases.Escape(version), 100+i)
			}
		}
		var keys strings.Builder
		for _, key := range slices.Sorted(maps.Keys(r)) {
			fmt.Fprintf(&keys, "%s = %s\n", key, literal(r[key]))
		}
		write(fmt.Sprintf("releases/%d.toml", i), "%s%s", keys.String(), text)
		if reach == nil || slices.Contains(reach, version) {
			cohort += "[activate." + syntax.String(version) + "]\n"
		}
	}
	write("cohorts/default.toml", "%s", cohort)
	f, err := releases.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// literal writes a value of JSON as TOML does.
func literal(value any) string {
	switch value := value.(type) {
	case string:
		return syntax.String(value)
	case []string:
		all := make([]any, len(value))
		for i, s := range value {
			all[i] = s
		}
		return literal(all)
	case []any:
		var items []string
		for _, x := range value {
			items = append(items, literal(x))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		var items []string
		for _, key := range slices.Sorted(maps.Keys(value)) {
			items = append(items, syntax.String(key)+" = "+literal(value[key]))
		}
		return "{ " + strings.Join(items, ", ") + " }"
	}
	return fmt.Sprint(value)
}

// TestEdgeVectors has devices look for their answers in trees.
func TestEdgeVectors(t *testing.T) {
	for _, v := range readJSON[[]edgeVector](t, "testdata/edges.json") {
		t.Run(v.Name, func(t *testing.T) {
			phases := []edgeAnswers{v.edgeAnswers}
			if v.Then != nil {
				phases = append(phases, *v.Then)
			}
			for _, want := range phases {
				f := v.fleet(t, want.Reach)
				tree := manifest.New(f, now)
				got := map[string]string{}
				for version := range want.Answers {
					d := manifest.Device{Serial: "SN-1", Target: mp, CurrentVersion: version}
					if version == "none" {
						d.CurrentVersion = ""
					}
					_, body, found := tree.Find("default", tree.Layout.Bucket(manifest.Hash(d.Serial)), d)
					if !found {
						t.Fatalf("%s finds nothing", version)
					}
					if got[version] = body.Version(); body.Payload != nil && body.Payload.Delta() {
						got[version] += " from " + body.Payload.From
					}
					decided := manifest.Resolve(f, d, now)
					if decided.Payload != body.Payload {
						t.Errorf("Resolve gives %s %+v", version, decided.Payload)
					}
					if held := decided.Held != nil; decided.Rule >= manifest.Blocked && !held {
						t.Errorf("%s: %s, but nothing holds it", version, decided.Rule)
					}
				}
				if diff := cmp.Diff(want.Answers, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestReasonOfMustPassThrough has the JSON answer say it.
func TestReasonOfMustPassThrough(t *testing.T) {
	b := bodyOf(t, oneRelease(t, "1.0.0", `
must_pass_through = "<0.9> cannot read zstd"
[payload.main.mp]
file = "a b.bin"
`))
	if want := `"must_pass_through":true,"reason":"<0.9> cannot read zstd","created_date":null,`; !strings.Contains(string(b.JSON), want) {
		t.Errorf("%s\nhas no %s", b.JSON, want)
	}
}
