package releases_test

import (
	"strings"
	"testing"

	"cairn/releases"
)

func TestPlaces(t *testing.T) {
	files := project(complete)
	files["releases/deep/a.bin"].Data = []byte("abc")
	f, err := releases.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ file, path, place, source string }{
		{"cairn.toml", "project base_url", "cairn.toml:4:12", `base_url = "https://ota.example.com/"`},
		{"cairn.toml", "software stm32-fw known_versions 1", "cairn.toml:15:26", `known_versions = ["0.9", "0.8"]`},
		{"cairn.toml", "software other", "cairn.toml:16:11", `[software.other]`},
		{"releases/deep/er/1.toml", "version", "releases/deep/er/1.toml:1:11", `version = "1"`},
		{"releases/deep/er/1.toml", "delta stm32-fw mp 0.9", "releases/deep/er/1.toml:28:20", `[delta.stm32-fw.mp."0.9"]`},
		{"releases/deep/er/1.toml", "payload stm32-fw mp size", "releases/deep/er/1.toml:23:8", `size = 3`},
		{
			"cohorts/beta.toml", "activate 2 rollout 1 at", "cohorts/beta.toml:7:64",
			`rollout = [ { at = 2026-12-01T09:00:00Z, percent = 1 }, { at = 2026-12-03T09:00:00Z, percent = 99.5 } ]`,
		},
		{"cohorts/alpha.toml", "activate 1", "cohorts/alpha.toml:1:11", `[activate."1"]`},
		// As far as it leads.
		{"cohorts/alpha.toml", "activate 1 rollout 7 at", "cohorts/alpha.toml:2:11", `rollout = 10`},
		{"cohorts/alpha.toml", "version_check", "cohorts/alpha.toml:1:1", `[activate."1"]`},
		{"cohorts/alpha.toml", "", "cohorts/alpha.toml:1:1", `[activate."1"]`},
		{"cohorts/none.toml", "activate", "cohorts/none.toml:1:1", ""},
	} {
		place, source := f.Place(row.file, strings.Fields(row.path)...)
		if place.String() != row.place || source != row.source {
			t.Errorf("%s of %s is at %s: %s\nwant %s: %s", row.path, row.file, place, source, row.place, row.source)
		}
	}
}
