package manifest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"

	"github.com/google/go-cmp/cmp"
)

func load(t testing.TB, folder string) *releases.Fleet {
	t.Helper()
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	f, err := releases.Load(root.FS())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func readJSON[T any](t testing.TB, name string) T {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// essential is what expected.json says of a JSON answer.
type essential struct {
	Delta    bool    `json:"delta"`
	Filename string  `json:"filename"`
	Hardware string  `json:"hw"`
	MD5      *string `json:"md5"`
	SHA256   string  `json:"sha256"`
	Size     int64   `json:"size"`
	URL      string  `json:"url"`
	Version  string  `json:"version"`
}

func essentials(t *testing.T, body []byte) *essential {
	t.Helper()
	if len(body) == 0 {
		return nil
	}
	var a struct {
		Version   string `json:"version"`
		IsDelta   bool   `json:"is_delta"`
		Artifacts []struct {
			Filename        string  `json:"filename"`
			HardwareVersion string  `json:"hardware_version"`
			MD5             *string `json:"md5"`
			SHA256          string  `json:"sha256"`
			FileSize        int64   `json:"file_size"`
			URL             string  `json:"url"`
		} `json:"artifacts"`
	}
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatal(err)
	}
	x := a.Artifacts[0]
	return &essential{a.IsDelta, x.Filename, x.HardwareVersion, x.MD5, x.SHA256, x.FileSize, x.URL, a.Version}
}

// TestContractFleets builds the fleets of independent implementations, one with
// components, and compares every key and answer.
func TestContractFleets(t *testing.T) {
	for _, name := range []string{"contract/fleet-a", "contract/fleet-b", "contract/fleet-c", "components"} {
		folder := filepath.Join("testdata", name)
		fleet := load(t, folder)
		type answers struct {
			Text map[string]string     `json:"text"`
			JSON map[string]*essential `json:"json"`
		}
		for at, want := range readJSON[map[string]answers](t, filepath.Join(folder, "expected.json")) {
			t.Run(name+" "+at, func(t *testing.T) {
				tree := manifest.New(fleet, instant(t, at))
				got := answers{map[string]string{}, map[string]*essential{}}
				for i := range tree.Layout.Shards() {
					body := tree.Shard(i)
					got.Text[tree.Layout.CohortKey(tree.Layout.ShardName(i))] = string(body)
				}
				for _, f := range tree.Folders {
					for i, b := range f.Buckets {
						body, key := tree.Bodies[f.Bodies[i]], f.Key+tree.Layout.BucketName(int(b))
						got.Text[key+".txt"] = string(body.Text)
						if below := f.Below(&body); below != nil {
							got.Text[key+".below.txt"] = string(below)
						}
						got.JSON[key+".json"] = essentials(t, body.JSON)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("answers differ (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestEagerVectors holds what is added for devices that ask eagerly to the
// vectors, in the contract's fleets.
func TestEagerVectors(t *testing.T) {
	type vector struct {
		Text   map[string]string `json:"text"`
		Latest []byte            `json:"latest"`
	}
	for _, name := range []string{"fleet-a", "fleet-b", "fleet-c"} {
		folder := filepath.Join("testdata/contract", name)
		fleet := load(t, folder)
		fleet.Project.Eager = true
		for at, want := range readJSON[map[string]vector](t, filepath.Join(folder, "eager.json")) {
			tree := manifest.New(fleet, instant(t, at))
			root := signed(t, tree).Latest
			got := vector{map[string]string{}, root[:]}
			for _, f := range tree.Folders {
				for _, form := range []manifest.Form{manifest.Text, manifest.Below} {
					at := manifest.Location{Class: manifest.Answer, Target: f.Target, Cohort: f.Cohort, VersionSegment: f.VersionSegment, Bucket: "_eager", Form: form}
					if body, err := tree.Get(at); err == nil {
						got.Text[tree.Layout.Key(at)] = string(body)
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s at %s (-want +got):\n%s", name, at, diff)
			}
		}
	}
}
