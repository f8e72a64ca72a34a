package releases_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cairn/releases"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// packed is a text as a file that a name says the format of.
func packed(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if !strings.HasSuffix(name, ".gz") {
		var err error
		if w, err = zstd.NewWriter(&b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func withPacked(name string, list []byte) fstest.MapFS {
	fsys := project(sound, "-- cohorts/alpha.toml --\ndevices_file = \""+name+"\"\n")
	fsys["cohorts/"+name] = &fstest.MapFile{Data: list}
	return fsys
}

func TestPackedDevices(t *testing.T) {
	for _, name := range []string{"alpha.txt.gz", "alpha.txt.zst"} {
		t.Run(name, func(t *testing.T) {
			list := packed(t, name, "\uFEFF# all of them\nSN-8 # Ann's\n\nSN-9\n")
			f, err := releases.Load(withPacked(name, list))
			if err != nil {
				t.Fatal(err)
			}
			alpha := f.Cohort("alpha")
			if got := slices.Collect(alpha.Devices.Serials()); !slices.Equal(got, []string{"SN-8", "SN-9"}) {
				t.Errorf("it lists %q", got)
			}
			if _, i := f.CohortOf("SN-9"); alpha.Place(i).String() != "cohorts/"+name+":4" {
				t.Errorf("SN-9 is in %s", alpha.Place(i))
			}
			for what, row := range map[string]struct {
				list []byte
				want string
			}{
				"a fault":  {packed(t, name, "SN-8\nSN 9\n"), "cohorts/" + name + `:2:1: "SN 9" is no device serial`},
				"cut off":  {list[:len(list)-3], "or damaged"},
				"a text":   {[]byte("SN-8\n"), "or damaged"},
				"no bytes": {nil, ""},
			} {
				_, err := releases.Load(withPacked(name, row.list))
				if what == "no bytes" && err == nil && strings.HasSuffix(name, ".zst") {
					continue // no frame is an empty text
				}
				if err == nil || !strings.Contains(err.Error(), row.want) {
					t.Errorf("%s: %v, want %s", what, err, row.want)
				}
			}
		})
	}
}
