package releases_test

import (
	"errors"
	"testing"
	"time"

	"cairn/releases"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	abcSHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	abcMD5    = "900150983cd24fb0d6963f7d28e17f72"
	abcSHA1   = "a9993e364706816aba3e25717850c26c9cd0d89d"
)

// complete uses every key that a project can have.
const complete = `
-- cairn.toml --
[project]
slug = "smartfridge"
organization = "acme"
base_url = "https://ota.example.com/"
prefix = "ota/fridges"
key = "s3cr3t"
version_order = "natural"
unknown_version = "hold"
bucket_digits = 3
cohort_digits = 1
timezone = "Europe/Berlin"
max_serial = 31

[software.stm32-fw]
known_versions = ["0.9", "0.8"]
[software.other]

[publish]
to = "s3://firmware"
endpoint = "https://s3.example.com"
region = "eu-central-1"
[cache]
answers = "2m"
cohorts = "1h"
[guard]
max_exposure_increase = 12.5
max_deletes = 0
max_moved_down = 2
[prices]
put = 0.0054
get = 4.3e-4
delete = 1
currency = "EUR"
[lint]
allow = ["plain-http", "many-hops"]
-- releases/2.toml --
version = "2"
[blocked.radio]
from = ["1"]
reason = "silent\n"
[blocked."eats calibration"]
from = ["0.9", "1"]
reason = "x"
url = "https://tracker.example.com/1"
fixed_in = "3"
-- releases/deep/er/1.toml --
version = "1"
display_name = "One"
notes = """
First line.
Second line."""
revision = "89335ff"
created = 2026-11-30T10:00:00+01:00
is_forced = true
must_pass_through = " the bootloader moves "
min_version = "0.8"
dead_end = "takes no image"
withdrawn = " stalls the compressor\n"
[extra_info]
ticket = "FW-1234"
nested = { list = [1, 2.5, "x", true, 2026-12-01T09:00:00.5Z, 2026-12-01, 09:00:00, [], {}] }

[payload.stm32-fw."rev.B"]
stored = "b c.bin"
size = 70_000
sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
[payload.stm32-fw.mp]
file = "../a.bin"
size = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
md5 = "900150983CD24FB0D6963F7D28E17F72"
[payload.stm32-fw.mp.extra_info]
slot = 2
[delta.stm32-fw.mp."0.9"]
url = "https://cdn.example.com/d/0.9%20to%201.patch?x=y"
size = 1
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
md5 = "900150983cd24fb0d6963f7d28e17f72"
-- releases/deep/a.bin --
-- cohorts/beta.toml --
devices = ["SN-1",
  "SN_2"]
devices_file = "lists/beta.txt"
version_check = false

[activate."2"]
rollout = [ { at = 2026-12-01T09:00:00Z, percent = 1 }, { at = 2026-12-03T09:00:00Z, percent = 99.5 } ]
[activate."1"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "36h30m", from = 2, to = 50.5, shape = "linear" }
seed = "lucky"
paused = 2026-12-02T10:00:00Z
aborted = " why\t"
-- cohorts/lists/beta.txt --
# comment

SN-3  # trailing
	SN-4
-- cohorts/alpha.toml --
[activate."1"]
rollout = 10
[activate."2"]
rollout = { start = 2026-12-01T09:00:00Z, duration = "1ns", shape = "exponential" }
`

func TestLoadComplete(t *testing.T) {
	fsys := project(complete)
	fsys["releases/deep/a.bin"].Data = []byte("abc")
	got, err := releases.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	forced := true
	one := &releases.Release{
		File: "releases/deep/er/1.toml", Version: "1", DisplayName: "One", Notes: "First line.\nSecond line.",
		Revision: "89335ff", Created: instant("2026-11-30T09:00:00Z"), Forced: &forced, MustPassThrough: true,
		MustPassReason: "the bootloader moves", MinVersion: "0.8", DeadEnd: "takes no image",
		Withdrawn: "stalls the compressor",
		ExtraInfo: map[string]any{"ticket": "FW-1234", "nested": map[string]any{"list": []any{
			int64(1), 2.5, "x", true, "2026-12-01T09:00:00.5Z", "2026-12-01", "09:00:00", []any{}, map[string]any{},
		}}},
		Payloads: []*releases.Payload{
			{
				SoftwareType: "stm32-fw", HardwareVersion: "mp", Name: "a.bin", File: "releases/deep/a.bin",
				Size: 3, SHA256: abcSHA256, MD5: abcMD5, SHA1: abcSHA1, ExtraInfo: map[string]any{"slot": int64(2)},
			},
			{
				SoftwareType: "stm32-fw", HardwareVersion: "mp", From: "0.9", Name: "0.9 to 1.patch",
				URL: "https://cdn.example.com/d/0.9%20to%201.patch?x=y", Size: 1, SHA256: abcSHA256, MD5: abcMD5,
			},
			{SoftwareType: "stm32-fw", HardwareVersion: "rev.B", Name: "b c.bin", Size: 70000, SHA256: abcSHA256},
		},
	}
	two := &releases.Release{File: "releases/2.toml", Version: "2", Blocked: []releases.Block{
		{Name: "eats calibration", From: []releases.Versions{{Text: "0.9"}, {Text: "1"}}, Reason: "x", URL: "https://tracker.example.com/1", FixedIn: "3"},
		{Name: "radio", From: []releases.Versions{{Text: "1"}}, Reason: "silent"},
	}}
	want := &releases.Fleet{
		Project: releases.Project{
			Slug: "smartfridge", Organization: "acme", BaseURL: "https://ota.example.com", Prefix: "ota/fridges",
			Key: "s3cr3t", Order: releases.Natural, Unknown: releases.HoldUnknown, Seed: releases.ReleaseSeed, BucketDigits: 3, CohortDigits: 1,
			MaxSerial: 31, Timezone: "Europe/Berlin",
		},
		Hardware: map[string]releases.Hardware{},
		Software: map[string]releases.Software{"stm32-fw": {KnownVersions: []string{"0.9", "0.8"}}, "other": {}},
		Publish:  releases.Publish{To: "s3://firmware", Endpoint: "https://s3.example.com", Region: "eu-central-1"},
		Cache:    releases.Cache{Answers: 2 * time.Minute, Cohorts: time.Hour},
		Guard:    releases.Guard{MaxExposureIncrease: 12.5, MaxMovedDown: 2, MaxDeletes: 0},
		Prices:   releases.Prices{Put: 0.0054, Get: 0.00043, Delete: 1, Currency: "EUR"},
		Adoption: releases.Adoption{Poll: 24 * time.Hour},
		Lint:     releases.Lint{Allow: []string{"plain-http", "many-hops"}},
		Releases: []*releases.Release{one, two},
		Cohorts: []*releases.Cohort{
			{
				Slug: "alpha", File: "cohorts/alpha.toml", VersionCheck: true,
				Activations: []releases.Activation{
					{Release: one, Rollout: releases.Rollout{Fixed: 10}, Seed: "alpha/1"},
					{
						Release: two, Seed: "alpha/2",
						Rollout: releases.Rollout{Ramp: &releases.Ramp{Start: start, Duration: 1, From: 1, To: 100}},
					},
				},
			},
			{
				Slug: "beta", File: "cohorts/beta.toml", DevicesFile: "cohorts/lists/beta.txt",
				Devices: releases.DevicesOf("SN-1", "SN_2", "SN-3", "SN-4"),
				Activations: []releases.Activation{
					{
						Release: one, Seed: "lucky", Paused: instant("2026-12-02T10:00:00Z"), Aborted: "why",
						Rollout: releases.Rollout{Ramp: &releases.Ramp{
							Start: start, Duration: 36*time.Hour + 30*time.Minute, From: 2, To: 50.5, Linear: true,
						}},
					},
					{
						Release: two, Seed: "beta/2",
						Rollout: releases.Rollout{Steps: []releases.Step{
							{At: start, Percent: 1}, {At: start.Add(48 * time.Hour), Percent: 99.5},
						}},
					},
				},
			},
			{Slug: "default", VersionCheck: true},
		},
	}
	beta := got.Cohort("beta")
	for i, place := range []string{"cohorts/beta.toml:1", "cohorts/beta.toml:2", "cohorts/lists/beta.txt:3", "cohorts/lists/beta.txt:4"} {
		if beta.Place(i).String() != place {
			t.Errorf("device %d is in %s, want %s", i, beta.Place(i), place)
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(releases.Fleet{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadDefaults(t *testing.T) {
	got, err := releases.Load(project(`
-- cairn.toml --
[project]
slug = "demo"
base_url = "https://ota.example.com"
`))
	if err != nil {
		t.Fatal(err)
	}
	want := &releases.Fleet{
		Project: releases.Project{
			Slug: "demo", BaseURL: "https://ota.example.com", Prefix: "demo",
			Order: releases.SemVer, Unknown: releases.OrderedUnknown, Seed: releases.ReleaseSeed, BucketDigits: 2, CohortDigits: 2, MaxSerial: 128,
		},
		Software: map[string]releases.Software{},
		Hardware: map[string]releases.Hardware{},
		Cache:    releases.Cache{Answers: time.Minute, Cohorts: 5 * time.Minute},
		Guard:    releases.Guard{MaxExposureIncrease: 100, MaxDeletes: 20},
		Prices:   releases.Prices{Put: 0.005, Get: 0.0004, Delete: 0, Currency: "USD"},
		Adoption: releases.Adoption{Poll: 24 * time.Hour},
		Cohorts:  []*releases.Cohort{{Slug: "default", VersionCheck: true}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(releases.Fleet{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestActivationDefaults(t *testing.T) {
	got, err := releases.Load(project(sound))
	if err != nil {
		t.Fatal(err)
	}
	want := []releases.Activation{{Release: got.Releases[0], Rollout: releases.Rollout{Fixed: 100}, Seed: "beta/1.0.0"}}
	if diff := cmp.Diff(want, got.Cohort("beta").Activations); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUnseenFiles has files that are no definitions.
func TestUnseenFiles(t *testing.T) {
	got, err := releases.Load(project(sound, `
-- releases/.draft.toml --
version = 
-- releases/.drafts/x.toml --
version = 
-- releases/notes.md --
-- releases/x.toml.orig --
-- cohorts/.beta.toml --
-- cohorts/old/gamma.toml --
nonsense
-- cohorts/beta.txt --
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Releases) != 1 || len(got.Cohorts) != 2 {
		t.Errorf("%d releases, %d cohorts", len(got.Releases), len(got.Cohorts))
	}
}

func TestOutline(t *testing.T) {
	fsys := project(complete)
	delete(fsys, "releases/deep/a.bin")
	if _, err := releases.Load(fsys); err == nil {
		t.Fatal("a payload file that is gone is no fault")
	}
	f, err := releases.Outline(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Releases) != 2 || len(f.Releases[0].Payloads) != 3 || f.Releases[0].Payloads[0].Size != 3 || f.Releases[0].Payloads[2].Size != 70000 {
		t.Errorf("%+v", f.Releases)
	}
	fsys["cairn.toml"].Data = nil
	if _, err := releases.Outline(fsys); err == nil {
		t.Error("an empty cairn.toml is no fault")
	}
}

func TestReadProject(t *testing.T) {
	if _, err := releases.ReadProject([]byte("[project]\nslug = \"a\"\nbase_url = \"https://example.com\"\n")); err != nil {
		t.Error(err)
	}
	_, err := releases.ReadProject([]byte("[project]\nslug = \"a b\"\n"))
	var faults releases.Faults
	if !errors.As(err, &faults) || len(faults) != 2 || faults[1].Place.String() != "cairn.toml:2:8" {
		t.Errorf("got %v", err)
	}
	if _, err := releases.ReadProject([]byte("[project")); err == nil {
		t.Error("half a table passes")
	}
}
