package edgetest

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"cairn/manifest"
	"cairn/publish/edge/conformance"
	"cairn/publish/edge/conformance/conformancetest"
	"cairn/templates/edge/cloudfront"
)

// What a function cannot do, or not the stand-in that runs it.
var function = []conformance.Feature{conformance.JSONWrap, conformance.Negotiation, conformance.RawBytes, conformance.Hostless, conformance.Buckets, conformance.Beside}

func TestCloudfront(t *testing.T) {
	below := conformancetest.Random(2)
	below.Fleet.Project.BaseURL += "/ota/fw%20v1.0"
	for _, s := range []*conformancetest.Sample{smartfridge(t), conformancetest.Odd(), conformancetest.Random(1), conformancetest.Random(3), below} {
		t.Run(s.Name, func(t *testing.T) {
			dir := t.TempDir()
			script, err := cloudfront.Function(s.Fleet)
			if err != nil {
				t.Fatal(err)
			}
			store, err := cloudfront.Store(cloudfront.Pairs(manifest.New(s.Fleet, s.At)))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("the function has %d bytes, the store %d", len(script), len(store))
			for name, content := range map[string][]byte{"function.js": script, "kvs.json": store, "headers.json": cloudfront.Headers} {
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			edge := node(t, "cloudfront.mjs", filepath.Join(dir, "function.js"), filepath.Join(dir, "kvs.json"), published(t, s), filepath.Join(dir, "headers.json"))
			base, err := url.Parse(s.Fleet.Project.BaseURL)
			if err != nil {
				t.Fatal(err)
			}
			conform(t, edge+base.EscapedPath(), s, function...)
		})
	}
}
