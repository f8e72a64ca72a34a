package console_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/templates/console"
)

var at = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)

func page(t *testing.T, f *releases.Fleet) []byte {
	t.Helper()
	page, err := console.Page(console.ModelOf(f, at, nil))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// TestThePageTellsNoSerials looks for those that the example lists.
func TestThePageTellsNoSerials(t *testing.T) {
	f, err := releases.Load(os.DirFS("../../examples/smartfridge"))
	if err != nil {
		t.Fatal(err)
	}
	got := page(t, f)
	for _, c := range f.Cohorts {
		for serial := range c.Devices.Serials() {
			if bytes.Contains(got, []byte(serial)) {
				t.Errorf("the page has the serial %s", serial)
			}
		}
	}
	if again := page(t, f); !bytes.Equal(got, again) {
		t.Error("the same fleet gives another page")
	}
}

// TestNoTextEndsAnElement has markup in what a release says.
func TestNoTextEndsAnElement(t *testing.T) {
	f := fleettest.Random(1)
	plain := bytes.Count(page(t, f), []byte("</script"))
	f.Releases[0].Notes = "</script><script>alert(1)</script><!--"
	if n := bytes.Count(page(t, f), []byte("</script")); n != plain {
		t.Errorf("%d ends of scripts, without the notes %d", n, plain)
	}
}

// TestTheModelCountsDevices holds the counts of the model to the cohorts.
func TestTheModelCountsDevices(t *testing.T) {
	for seed := range uint64(20) {
		f := fleettest.Random(seed)
		layout := manifest.LayoutOf(f)
		m := console.ModelOf(f, at, nil)
		for i, c := range f.Cohorts {
			row, sum := m.Cohorts[i], 0
			for j, n := range row.Counts {
				sum += n
				bucket := layout.BucketName(row.Buckets[j])
				for serial := range c.Devices.Serials() {
					if layout.Bucket(manifest.Hash(serial)) == bucket {
						n--
					}
				}
				if n != 0 {
					t.Errorf("seed %d: cohort %s: bucket %s is %d devices off", seed, c.Slug, bucket, n)
				}
			}
			if row.Devices != nil && (sum != c.Devices.Len() || *row.Devices != sum) {
				t.Errorf("seed %d: cohort %s: %d devices in buckets, of %d", seed, c.Slug, sum, c.Devices.Len())
			}
		}
		for i := 1; i < len(m.Versions); i++ {
			if strings.Compare(m.Versions[i-1], m.Versions[i]) == 0 || f.Project.Order.Compare(m.Versions[i-1], m.Versions[i]) >= 0 {
				t.Errorf("seed %d: versions do not ascend: %q, %q", seed, m.Versions[i-1], m.Versions[i])
			}
		}
	}
}
