package manifest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

// TestTreeIsWellFormed holds what every tree must keep, whatever it says.
func TestTreeIsWellFormed(t *testing.T) {
	randomFleets(uint64(fleettest.Rounds(20, 60)), func(name string, f *releases.Fleet, at time.Time) {
		tree := manifest.New(f, at)
		if b := tree.Bodies[0]; b.Payload != nil || b.Release != nil || len(b.Text)+len(b.JSON) > 0 {
			t.Errorf("%s: the first body is no marker", name)
		}
		used, text := map[uint32]bool{0: true}, map[string]bool{}
		for _, b := range tree.Bodies {
			text[string(b.JSON)] = true
			if string(b.Of(manifest.JSON)) != string(b.JSON) || string(b.Of(manifest.Text)) != string(b.Text) {
				t.Errorf("%s: a body has other forms than its own", name)
			}
		}
		for i, folder := range tree.Folders {
			if i > 0 && folder.Key <= tree.Folders[i-1].Key {
				t.Errorf("%s: %s is after %s", name, folder.Key, tree.Folders[i-1].Key)
			}
			bodies := len(folder.Buckets)
			if f.Project.Eager {
				bodies++
			}
			if len(folder.Buckets) == 0 || bodies != len(folder.Bodies) || !slices.IsSorted(folder.Buckets) {
				t.Errorf("%s: %s has buckets %v with bodies %v", name, folder.Key, folder.Buckets, folder.Bodies)
			}
			if want := tree.Layout.AnswerFolder(folder.Target, folder.Cohort, folder.VersionSegment); folder.Key != want {
				t.Errorf("%s: folder %s is not %s", name, folder.Key, want)
			}
			for j, b := range folder.Bodies {
				used[b] = true
				bucket := tree.BucketAt(&folder, j)
				if key := folder.Key + bucket + ".txt"; !parses(tree.Layout, key) {
					t.Errorf("%s: %s is no key", name, key)
				}
				if found := tree.Folder(folder.Key); found != &tree.Folders[i] || found.IndexOf(bucket) != j {
					t.Errorf("%s: bucket %s of %s is not found", name, bucket, folder.Key)
				}
			}
		}
		if len(used) != len(tree.Bodies) || len(text) != len(tree.Bodies) {
			t.Errorf("%s: %d bodies, %d used, %d distinct", name, len(tree.Bodies), len(used), len(text))
		}
	})
}

func parses(l manifest.Layout, key string) bool {
	_, ok := l.Parse(key)
	return ok
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	tree := manifest.New(fleet("1 2", true), now)
	for _, key := range []string{"", "demo/v1/latest/main/mp/default/7/", "demo/v1/latest/main/mp/default/_other", "zzz"} {
		if f := tree.Folder(key); f != nil {
			t.Errorf("%q: found %s", key, f.Key)
		}
	}
}

// folders lists the version folders of default for the target of a sketch.
func folders(f *releases.Fleet) string {
	var names []string
	for _, folder := range manifest.New(f, now).Folders {
		if folder.Target == mp && folder.Cohort == "default" {
			names = append(names, folder.VersionSegment)
		}
	}
	return strings.Join(names, " ")
}

// TestVersionFolders has the versions that have a folder of their own: those
// whose answers are not those of any other version.
func TestVersionFolders(t *testing.T) {
	for _, row := range []struct{ fleet, want string }{
		{"1", "1 _none _other"},
		{"1 2", "2 _none _other"},
		{"1 2 3", "3 _none _other"},
		{"1 2! 3", "2 3 _none _other"},
		{"1 2~", "1 2 _none _other"},
		{"1x", "_none _other"},
		{"1*<0", "0 _none _other"},
		{"1~*<0", "_none _other"},
		{"(7) 1 2 (0)", "2 7 _none _other"},
		{"(_none) 1", "1 _5fnone _none _other"},
		{"(9)", ""},
	} {
		if got := folders(fleet(row.fleet, true)); got != row.want {
			t.Errorf("%s: folders %s, want %s", row.fleet, got, row.want)
		}
	}
	hold := fleet("1 2", true)
	hold.Project.Unknown = releases.HoldUnknown
	if got := folders(hold); got != "1 _none _other" {
		t.Errorf("hold: folders %s", got)
	}
}

// TestCohortBuckets has a cohort own the buckets in which it has a device.
func TestCohortBuckets(t *testing.T) {
	f := fleet("1", true)
	f.Cohorts = append([]*releases.Cohort{
		{Slug: "beta", Devices: releases.DevicesOf("DEMOSERIAL", "A", "SN-000001", strings.Repeat("x", 31))},
		{Slug: "c"},
	}, f.Cohorts...)
	got := map[string][]uint16{}
	for _, folder := range manifest.New(f, now).Folders {
		got[folder.Cohort+" "+folder.VersionSegment] = folder.Buckets
	}
	all := []uint16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	want := map[string][]uint16{
		"beta _none": {1, 6, 7}, "beta _other": {1, 6, 7},
		"default _none": all, "default _other": all, "default 1": all,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPayloads has what must be in the bucket beside the answers, each key
// once, whether a release is activated or not.
func TestPayloads(t *testing.T) {
	f := fleet("1 2 3 4~ 5-", true)
	sum := func(digit string) string { return strings.Repeat(digit, 64) }
	for i, p := range []releases.Payload{
		{File: "releases/b.bin", SHA256: sum("b"), Name: "b.bin"},
		{SHA256: sum("b"), Name: "b.bin"},                  // stored, but published from a file too
		{File: "c/b.bin", SHA256: sum("b"), Name: "b.bin"}, // the same again
		{SHA256: sum("a"), Name: "b.bin"},                  // stored
		{File: "releases/b.bin", SHA256: sum("a"), Name: "a.bin"},
	} {
		p.SoftwareType, p.HardwareVersion = "main", "mp"
		f.Releases[i].Payloads = []*releases.Payload{&p}
	}
	tree := manifest.New(f, now)
	keys := func(payloads []*releases.Payload) (keys []string) {
		for _, p := range payloads {
			keys = append(keys, tree.Layout.PayloadKey(p.SHA256, p.Name))
		}
		return keys
	}
	a, b := "demo/v1/payloads/"+sum("a")[:32]+"/", "demo/v1/payloads/"+sum("b")[:32]+"/"
	if diff := cmp.Diff([]string{a + "a.bin", b + "b.bin"}, keys(tree.Payloads)); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{a + "b.bin"}, keys(tree.Stored)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}
