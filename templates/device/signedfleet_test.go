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
				wantBoth(t, walkFleet(t, f, at, 400))
			}
		})
	}
}

// walkFleet gives how many devices had which verdict, those of unlisted
// versions apart.
func walkFleet(t *testing.T, f *releases.Fleet, at time.Time, most int) map[string]int {
	t.Helper()
	b := newBucket(f.Project.KeyName())
	tree := manifest.New(f, at)
	b.publish(t, tree)
	w := walk(t, program(t, f.Project, b.options(1)), f.Project)
	kinds := compareWalks(t, w, f, b, at, devicesOf(f, tree, most))
	t.Logf("%s at %s: %v", f.Project.Slug, at, kinds)
	return kinds
}

func wantBoth(t *testing.T, kinds map[string]int) {
	t.Helper()
	for _, kind := range []string{"install", "up-to-date"} {
		if kinds[kind]+kinds[kind+" unlisted"] == 0 {
			t.Errorf("nothing was %s: %v", kind, kinds)
		}
	}
}

// TestSignedRandomFleets walks fleets of any digits and order. One alone may
// have nothing to install.
func TestSignedRandomFleets(t *testing.T) {
	digits := [][2]int{{1, 1}, {2, 2}, {3, 1}, {1, 3}, {4, 4}}
	all := map[string]int{}
	for seed := range uint64(fleettest.Rounds(3, 12)) {
		f := fleettest.Random(seed)
		f.Project.MaxSerial = 128
		d := digits[seed%uint64(len(digits))]
		f.Project.BucketDigits, f.Project.CohortDigits = d[0], d[1]
		f.Project.Eager = f.Project.Eager || d[0] != 3
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			for kind, n := range walkFleet(t, f, fleettest.Start, []int{0, 300, 300, 300, 30}[d[0]]) {
				all[kind] += n
			}
		})
	}
	wantBoth(t, all)
}

// TestSignedLarge walks a fleet that has several levels of inner nodes.
func TestSignedLarge(t *testing.T) {
	f := fleettest.Large(300_000)
	f.Project.MaxSerial = 128
	wantBoth(t, walkFleet(t, f, fleettest.Start, 100))
}
