//go:build unix

package nginxtest

import (
	"testing"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/dirstore"
)

// TestFallbackOfTwoPublishes has a publish between below.txt and the JSON of
// versions without a folder.
func TestFallbackOfTwoPublishes(t *testing.T) {
	s := samples(t)[0]
	root := folder(t)
	store := dirstore.New(root)
	put(t, s, store)
	c := config(s)
	c.Root = root
	edge := start(t, c, "is of another publish than")
	layout, target := manifest.LayoutOf(s.Fleet), manifest.Target{SoftwareType: "stm32-fw", HardwareVersion: "mp"}
	for _, test := range []struct {
		serial, cohort, version, json string
		want                          int
	}{
		// internal takes any version, default what is above its own.
		{"EVT-01", "internal", "9.9.9", "", 200},
		{"EVT-01", "internal", "9.9.9", `{"version":"0.1.0","artifacts":[{"url":"https://ota.example.com/other"}]}`, 503},
		{"SN-1", "default", "0.5.0", "", 200},
		{"SN-1", "default", "0.5.0", `{"version":"0.6.0","artifacts":[{"url":"https://ota.example.com/other"}]}`, 200},
		{"SN-1", "default", "0.5.0", `{"version":"0.5.0","artifacts":[{"url":"https://ota.example.com/other"}]}`, 204},
		{"SN-1", "default", "9.9.9", "", 204},
	} {
		key := layout.AnswerFolder(target, test.cohort, manifest.OtherSegment) + layout.Bucket(manifest.Hash(test.serial)) + ".json"
		if test.json != "" {
			if err := store.Put(t.Context(), key, publish.BytesContent([]byte(test.json)), publish.Header{}); err != nil {
				t.Fatal(err)
			}
		}
		if status, body := question(t, edge, "", test.serial, test.version); status != test.want {
			t.Errorf("%s on %s, JSON %.20q: %d %s, want %d", test.serial, test.version, test.json, status, body, test.want)
		}
	}
}
