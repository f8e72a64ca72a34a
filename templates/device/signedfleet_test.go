package device_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/fleettest"
)

// TestSignedFleets has devices walk the signed form of the contract's fleets.
func TestSignedFleets(t *testing.T) {
	for name, instants := range map[string][]string{
		"../../manifest/testdata/contract/fleet-a": {"2026-12-02T10:00:00Z", "2027-06-01T00:00:00Z"},
		"../../manifest/testdata/contract/fleet-b": {"2026-12-02T10:00:00Z", "2027-06-01T00:00:00Z"},
		"../../manifest/testdata/contract/fleet-c": {"2026-12-02T10:00:00Z", "2027-06-01T00:00:00Z"},
		"../../examples/smartfridge":               {"2026-12-02T12:00:00Z", "2026-12-08T12:00:00Z"},
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			f, err := releases.Load(os.DirFS(name))
			if err != nil {
				t.Fatal(err)
			}
			for _, instant := range instants {
				at, err := time.Parse(time.RFC3339, instant)
				if err != nil {
					t.Fatal(err)
				}
				walkFleet(t, f, at, 400)
			}
		})
	}
}

func walkFleet(t *testing.T, f *releases.Fleet, at time.Time, most int) {
	t.Helper()
	b := newBucket(f.Project.KeyName())
	tree := manifest.New(f, at)
	b.publish(t, tree)
	w := walk(t, program(t, f.Project, b.options(1)), f.Project)
	kinds := compareWalks(t, w, f, b, at, devicesOf(f, tree, most))
	t.Logf("%s at %s: %v", f.Project.Slug, at, kinds)
	for _, kind := range []string{"install", "up-to-date"} {
		if kinds[kind]+kinds[kind+" unlisted"] == 0 {
			t.Errorf("%s at %s: nothing was %s: %v", f.Project.Slug, at, kind, kinds)
		}
	}
}

// TestSignedRandomFleets walks fleets of any digits and order.
func TestSignedRandomFleets(t *testing.T) {
	for seed := range uint64(6) {
		f := fleettest.Random(seed)
		f.Project.MaxSerial = 128
		t.Run(fmt.Sprint(seed), func(t *testing.T) { walkFleet(t, f, fleettest.Start, 300) })
	}
}
