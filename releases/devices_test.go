package releases_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/releases"
)

const (
	many = 1_000_000
	some = 100_000
)

// lines gives as many lines of a devices file.
func lines(format string, from, n int) string {
	var b strings.Builder
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func withDevices(list string) fstest.MapFS {
	return project(sound, "-- cohorts/alpha.toml --\ndevices_file = \"alpha.txt\"\n-- cohorts/alpha.txt --\n"+list)
}

// loadSoon loads within a few seconds, on a slow machine under the race
// detector too.
func loadSoon(t *testing.T, fsys fstest.MapFS) (*releases.Fleet, error) {
	t.Helper()
	begun := time.Now()
	f, err := releases.Load(fsys)
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("took %s", took)
	}
	return f, err
}

func TestManyDevices(t *testing.T) {
	f, err := loadSoon(t, withDevices(lines("SN-%07d # comment\n", 0, many)))
	if err != nil {
		t.Fatal(err)
	}
	devices := f.Cohort("alpha").Devices
	if n := devices.Len(); n != many || devices.Serial(n-1) != "SN-0999999" || devices.Lines(n - 1)[0] != many {
		t.Errorf("%d devices, the last is %s in line %d", n, devices.Serial(n-1), devices.Lines(n-1))
	}
}

// TestManyFaults has lists of very many faults, of which the first are named
// and the others counted.
func TestManyFaults(t *testing.T) {
	for _, row := range []struct {
		name        string
		fsys        fstest.MapFS
		first, last string
	}{
		{
			"malformed", withDevices(lines("SN %d\n", 1, many)),
			`cohorts/alpha.txt:1:1: "SN 1" is no device serial`,
			`cohorts/alpha.txt:21:1: 999980 more of these are no device serials`,
		},
		{
			"doubled", withDevices(lines("SN-A%d\n", 1, some) + lines("SN-A%d\n", 1, some)),
			`cohorts/alpha.txt:100001:1: device serial "SN-A1" is also in cohorts/alpha.txt:1:1`,
			`cohorts/alpha.txt:100021:1: 99980 more device serials stand in two places`,
		},
		{
			"one serial", withDevices(strings.Repeat("SN-A\n", some)),
			`cohorts/alpha.txt:2:1: device serial "SN-A" is also in cohorts/alpha.txt:1:1`,
			`cohorts/alpha.txt:22:1: 99979 more device serials stand in two places`,
		},
		{
			"on one line", project(sound, "-- cohorts/alpha.toml --\ndevices = ["+strings.Repeat(`"a b",`, some)+"]"),
			`cohorts/alpha.toml:1:12: "a b" is no device serial`,
			`cohorts/alpha.toml:1:132: 99980 more of these are no device serials`,
		},
		{
			"of another kind", project(sound, "-- cohorts/alpha.toml --\ndevices = ["+strings.Repeat("\n1,", some)+"]"),
			`cohorts/alpha.toml:2:1: a device serial is an integer, not a string`,
			`cohorts/alpha.toml:22:1: 99980 more of these are no strings`,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := loadSoon(t, row.fsys)
			faults, _ := err.(releases.Faults)
			if len(faults) != 21 || len(err.Error()) > 20_000 {
				t.Fatalf("%d faults, want 21", len(faults))
			}
			if got := faults[0].Place.String() + ": " + faults[0].Message; got != row.first {
				t.Errorf("the first is\n%s, want\n%s", got, row.first)
			}
			if got := faults[20].Place.String() + ": " + faults[20].Message; got != row.last {
				t.Errorf("the last is\n%s, want\n%s", got, row.last)
			}
		})
	}
}

// heap is the most that a function has on the heap, over what was there
// before, in MiB. It looks every few milliseconds.
func heap(do func()) float64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done, result := make(chan bool), make(chan uint64)
	go func() {
		peak := uint64(0)
		for tick := time.Tick(5 * time.Millisecond); ; {
			select {
			case <-done:
				result <- peak
				return
			case <-tick:
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapInuse)
			}
		}
	}()
	do()
	close(done)
	return float64(max(<-result, before.HeapInuse)-before.HeapInuse) / (1 << 20)
}

func BenchmarkLoadDevices(b *testing.B) {
	fsys := withDevices(lines("SN-%07d\n", 0, many))
	peak := 0.0
	for b.Loop() {
		peak = max(peak, heap(func() {
			if _, err := releases.Load(fsys); err != nil {
				b.Fatal(err)
			}
		}))
	}
	b.ReportMetric(peak, "peak-MiB")
}
