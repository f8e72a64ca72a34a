package manifest_test

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// shuffled lists folders in another order each time.
type shuffled struct {
	fs.FS
	*rand.Rand
}

func (s shuffled) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	s.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	return entries, err
}

// said is what a fleet says, wherever in its files.
var said = cmpopts.IgnoreUnexported(releases.Fleet{})

// TestTreeIsAValue loads and builds the contract's fleets again and again: in
// any order of files, on any number of processors, the tree is the same.
func TestTreeIsAValue(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	at := instant(t, "2026-12-02T10:00:00Z")
	for _, name := range []string{"fleet-a", "fleet-b", "fleet-c"} {
		want := manifest.New(load(t, "testdata/contract/"+name), at)
		for seed := range uint64(4) {
			runtime.GOMAXPROCS([]int{1, 8}[seed%2])
			f, err := releases.Load(shuffled{os.DirFS("testdata/contract/" + name), rand.New(rand.NewPCG(seed, 0))})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, manifest.New(f, at), said); diff != "" {
				t.Fatalf("%s, seed %d:\n%s", name, seed, diff)
			}
		}
	}
}

// TestRandomTreesAreValues has maps of many keys, whose order changes.
func TestRandomTreesAreValues(t *testing.T) {
	for seed := range uint64(fleettest.Rounds(1, 6)) {
		want := manifest.New(fleettest.Random(seed), fleettest.Start)
		for range 3 {
			if diff := cmp.Diff(want, manifest.New(fleettest.Random(seed), fleettest.Start), said); diff != "" {
				t.Fatalf("seed %d:\n%s", seed, diff)
			}
		}
	}
}

// TestNewChangesNothing builds trees of one fleet, which stays as it was.
func TestNewChangesNothing(t *testing.T) {
	for seed := range uint64(fleettest.Rounds(2, 5)) {
		f := fleettest.Random(seed)
		first := manifest.New(f, fleettest.Start)
		for _, target := range manifest.Targets(f) {
			manifest.Explain(f, manifest.Device{Serial: "SN-1", Target: target, CurrentVersion: "1.0.0"}, fleettest.Start)
		}
		if diff := cmp.Diff(fleettest.Random(seed), f, said); diff != "" {
			t.Errorf("seed %d: the fleet changed:\n%s", seed, diff)
		}
		if diff := cmp.Diff(first, manifest.New(f, fleettest.Start), said); diff != "" {
			t.Errorf("seed %d: the tree changed:\n%s", seed, diff)
		}
	}
}
