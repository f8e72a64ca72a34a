package releases_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"cairn/releases"

	"github.com/google/go-cmp/cmp"
)

func TestCohortOf(t *testing.T) {
	f, err := releases.Load(project(sound, `
-- cohorts/alpha.toml --
devices = ["SN-2"]
devices_file = "lists/alpha.txt"
-- cohorts/lists/alpha.txt --

SN-3
`))
	if err != nil {
		t.Fatal(err)
	}
	for serial, want := range map[string]string{
		"SN-1": "beta cohorts/beta.toml:1",
		"SN-2": "alpha cohorts/alpha.toml:1",
		"SN-3": "alpha cohorts/lists/alpha.txt:2",
		"SN-4": "default",
		"":     "default",
	} {
		c, d := f.CohortOf(serial)
		got := c.Slug
		if d >= 0 {
			got += " " + c.Place(d).String()
		}
		if got != want {
			t.Errorf("%q is in %s, want %s", serial, got, want)
		}
	}
	if f.Cohort("gamma") != nil {
		t.Error("a cohort that nobody defined")
	}
}

func TestPayloads(t *testing.T) {
	f, err := releases.Load(project(sound, `
-- releases/r.toml --
version = "0.9.0"
[delta.main.mp."0.8.0"]
file = "a.bin"
[delta.main.mp."0.10.0"]
file = "a.bin"
[payload.main.mp]
file = "a.bin"
[payload.boot.mp]
url = "https://cdn.example.com/folder/"
size = 3
sha256 = "`+abcSHA256+`"
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r, p := range f.Payloads() {
		line := r.Version + " " + p.SoftwareType + " " + p.Name
		if p.Delta() {
			line += " from " + p.From
		}
		got = append(got, line)
	}
	want := []string{"0.9.0 boot ", "0.9.0 main a.bin", "0.9.0 main a.bin from 0.10.0", "0.9.0 main a.bin from 0.8.0", "1.0.0 main a.bin"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range f.Payloads() {
		break
	}
}

// The same devices come first in all releases of a cohort, where the project
// says so; a seed that an activation states holds.
func TestDefaultSeed(t *testing.T) {
	for seed, want := range map[string][]string{
		"": {"beta/1.0.0", "lucky"}, "seed = \"release\"\n": {"beta/1.0.0", "lucky"}, "seed = \"cohort\"\n": {"beta", "lucky"},
	} {
		f, err := releases.Load(fstest.MapFS{
			"cairn.toml":        {Data: []byte("[project]\nslug = \"x\"\nbase_url = \"https://x\"\n" + seed)},
			"releases/a.toml":   {Data: []byte("version = \"1.0.0\"\n")},
			"releases/b.toml":   {Data: []byte("version = \"2.0.0\"\n")},
			"cohorts/beta.toml": {Data: []byte("[activate.\"1.0.0\"]\n[activate.\"2.0.0\"]\nseed = \"lucky\"\n")},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range f.Cohort("beta").Activations {
			got = append(got, a.Seed)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", seed, got, want)
		}
	}
}
