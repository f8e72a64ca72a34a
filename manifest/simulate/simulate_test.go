package simulate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/manifest/simulate"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var start = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// define reads a fleet out of a sketch: a version a line, then "must", "full"
// for a whole image, "<1.0.0" for a delta from there; "project", "cohort" and
// "default" are followed by TOML.
func define(t *testing.T, sketch string) *releases.Fleet {
	t.Helper()
	const image = "url = \"https://cdn.example.com/x\"\nsize = 1\nsha256 = \"%064d\"\n"
	files := map[string]string{
		"cairn.toml":           "[project]\nslug = \"demo\"\nbase_url = \"https://ota.example.com\"\nbucket_digits = 1\n",
		"cohorts/default.toml": "",
	}
	for line := range strings.Lines(sketch) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest = strings.ReplaceAll(rest, "; ", "\n") + "\n"
		switch word {
		case "":
		case "project":
			files["cairn.toml"] += rest
		case "default", "beta":
			files["cohorts/"+word+".toml"] += rest
		default:
			text := fmt.Sprintf("version = %q\n", word)
			for _, what := range strings.Fields(rest) {
				from, delta := strings.CutPrefix(what, "<")
				switch {
				case what == "must":
					text = "must_pass_through = true\n" + text
				case delta:
					text += fmt.Sprintf("[delta.main.mp.%q]\n"+image, from, len(files))
				default:
					text += "[payload.main.mp]\n" + fmt.Sprintf(image, len(files))
				}
			}
			files["releases/"+word+".toml"] = text
		}
	}
	project := fstest.MapFS{}
	for name, text := range files {
		project[name] = &fstest.MapFile{Data: []byte(text)}
	}
	f, err := releases.Load(project)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// on starts all devices on some versions alike.
func on(versions ...string) (shares []simulate.Share[string]) {
	for _, v := range versions {
		shares = append(shares, simulate.Share[string]{Of: v, Weight: 1})
	}
	return shares
}

func run(t *testing.T, f *releases.Fleet, o simulate.Options) *simulate.Result {
	t.Helper()
	if o.Devices == 0 {
		o.Devices = 100
	}
	if o.From.IsZero() {
		o.From = start
	}
	if o.For == 0 {
		o.For = 4 * 24 * time.Hour
	}
	if o.Poll == 0 {
		o.Poll = time.Hour
	}
	r, err := simulate.Run(context.Background(), f, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFailures provokes each check by definitions, and has others pass it.
func TestFailures(t *testing.T) {
	const twoWays = "1.0.0 full <1.1.0\n1.1.0 full <1.0.0\n"
	const all = "default [activate.\"1.0.0\"]; [activate.\"1.1.0\"]\n"
	for _, row := range []struct {
		name   string
		sketch string
		opts   simulate.Options
		want   string // failures, then the first example
	}{
		{"up to date", "1.0.0 full\n" + all[:len("default [activate.\"1.0.0\"]")], simulate.Options{Start: on("1.0.0")}, ""},
		{"up in steps", "1.0.0 full\n1.1.0 full\n" + all, simulate.Options{Start: on("1.0.0", "1.1.0", "none", "unknown")}, ""},
		{"an unknown version above", "1.0.0 full\n1.1.0 full\n" + all, simulate.Options{Start: on("9.9.9")},
			""},
		{"an unknown version above, without version_check", "default version_check = false\n1.0.0 full\n1.1.0 full\n" + all,
			simulate.Options{Start: on("9.9.9")}, ""},
		{"an unknown version that is held", "project unknown_version = \"hold\"\n1.0.0 full\n1.1.0 full\n" + all,
			simulate.Options{Start: on("9.9.9", "unknown", "0.1.0")}, ""},
		{"a known version above", "project [software.main]; known_versions = [\"2.0.0\"]\n1.0.0 full\n1.1.0 full\n" + all,
			simulate.Options{Start: on("2.0.0")}, ""},
		{"deltas both ways", twoWays + all, simulate.Options{Start: on("1.0.0")}, ""},
		{"deltas both ways, without version_check", "default version_check = false\n" + twoWays + all, simulate.Options{Start: on("1.0.0")},
			`100 loop: 1.0.0 → 1.1.0 → 1.0.0: a delta leads from the current version to it`},
		{"a delta away from the highest image", "default version_check = false\n1.0.0 full\n1.1.0 <1.0.0\n" + all, simulate.Options{Start: on("1.0.0")},
			`100 loop: 1.0.0 → 1.1.0 → 1.0.0: it is the highest release in reach`},
		{"a loop that nobody has the time for", "default version_check = false\n" + twoWays + all,
			simulate.Options{Start: on("1.0.0"), Poll: 24 * time.Hour * 3},
			`100 loop: 1.0.0 → 1.1.0 → 1.0.0: a delta leads from the current version to it`},
		{"down and up again by the schedule", "default version_check = false\n1.0.0 full\n1.1.0 full\n" +
			"default [activate.\"1.0.0\"]; [activate.\"1.1.0\"]; rollout = [{ at = 2026-12-02T00:00:00Z, percent = 100 }]",
			simulate.Options{Start: on("1.1.0")}, ""},
		{"down and, at the next poll, up again by the schedule", "default version_check = false\n1.0.0 full\n1.1.0 full\n" +
			"default [activate.\"1.0.0\"]; [activate.\"1.1.0\"]; rollout = [{ at = 2026-12-02T00:00:00Z, percent = 100 }]",
			simulate.Options{Start: on("1.1.0"), Poll: 48 * time.Hour}, ""},
		{"no way for some", "1.0.0 full\n1.1.0 <0.9.0\n" + all, simulate.Options{Start: on("1.0.0")},
			`100 stuck: 1.0.0: 1.1.0 has no whole image for main on mp, and no delta from there`},
		{"no way for newcomers", "1.0.0 <0.9.0\ndefault [activate.\"1.0.0\"]", simulate.Options{Start: on("none", "0.9.0")},
			`48 stuck: no version: 1.0.0 has no whole image for main on mp, and no delta from there`},
		{"nothing in reach", "1.0.0 full\n1.1.0 full\n", simulate.Options{Start: on("1.0.0", "none")}, ""},
		{"aborted", "1.0.0 full\n1.1.0 full\ndefault [activate.\"1.0.0\"]; [activate.\"1.1.0\"]; aborted = \"smoke\"",
			simulate.Options{Start: on("1.0.0", "1.1.0", "none")}, ""},
		{"many updates", "1.0.0 full must\n1.1.0 full must\n1.2.0 <1.1.0\n" + all + "default [activate.\"1.2.0\"]",
			simulate.Options{Start: on("0.9.0"), MaxHops: 2}, `100 hops: 0.9.0 → 1.0.0 → 1.1.0 → 1.2.0: --max-hops allows 2`},
		{"as many as allowed", "1.0.0 full must\n1.1.0 full must\n1.2.0 <1.1.0\n" + all + "default [activate.\"1.2.0\"]",
			simulate.Options{Start: on("0.9.0"), MaxHops: 3}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := run(t, define(t, row.sketch), row.opts)
			got := ""
			for _, f := range r.Failures {
				var path []string
				for _, v := range f.First[0].Path {
					path = append(path, simulate.Label(v))
				}
				got += fmt.Sprintf("%d %s: %s: %s", f.Devices, f.Check, strings.Join(path, " → "), f.First[0].Why)
				if want := min(f.Devices, simulate.Examples); len(f.First) != want {
					t.Errorf("%d examples", len(f.First))
				}
			}
			if got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

// TestConserved counts all devices at each point, in the cohorts that they
// belong to.
func TestConserved(t *testing.T) {
	for seed := range uint64(30) {
		f := fleettest.Random(seed)
		if len(manifest.Targets(f)) == 0 {
			continue
		}
		r := run(t, f, variety(seed))
		sum := 0
		for _, c := range r.Cohorts {
			sum += c.Len()
			for i := range r.Points {
				n := 0
				for _, devices := range c.Devices[i] {
					if n += devices; devices < 0 {
						t.Errorf("fleet %d: %d devices of %s at %s", seed, devices, c.Cohort, r.Points[i].At)
					}
				}
				if n != c.Len() {
					t.Errorf("fleet %d: %s has %d devices at first, %d at %s", seed, c.Cohort, c.Len(), n, r.Points[i].At)
				}
			}
			if defined := f.Cohort(c.Cohort); c.Cohort != "default" && c.Len() != defined.Devices.Len() {
				t.Errorf("fleet %d: %d devices in %s, which lists %d", seed, c.Len(), c.Cohort, defined.Devices.Len())
			}
		}
		if fates := r.Settled + r.OnTheWay + r.Held + r.Kept + r.Lost; sum != r.Devices || int(fates) != sum {
			t.Errorf("fleet %d: %d devices, %d fates, want %d", seed, sum, fates, r.Devices)
		}
	}
}

// TestSameAgain simulates the same on any number of processors.
func TestSameAgain(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	f := fleettest.Random(3)
	o := variety(3)
	o.Devices = 5000
	o.FailRate = 0.3
	var first, second string
	for _, n := range []int{1, 7} {
		runtime.GOMAXPROCS(n)
		text, err := json.Marshal(run(t, f, o))
		if err != nil {
			t.Fatal(err)
		}
		first, second = second, string(text)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
	o.Seed++
	if text, _ := json.Marshal(run(t, f, o)); string(text) == first {
		t.Error("another seed gives the same devices")
	}
	if diff := cmp.Diff(fleettest.Random(3), f, cmpopts.IgnoreUnexported(releases.Fleet{})); diff != "" {
		t.Errorf("the fleet changed:\n%s", diff)
	}
}

// TestStart holds the default against what Options say of it.
func TestStart(t *testing.T) {
	f := define(t, `
1.0.0 full
1.1.0 full <0.9.0
1.2.0 full
1.3.0 <1.1.0
1.4.0 <1.1.0
1.5.0 full
default [activate."1.0.0"]; [activate."1.1.0"]; [activate."1.2.0"]; rollout = 50; [activate."1.3.0"]; rollout = 0
default [activate."1.4.0"]; [activate."1.5.0"]; rollout = 0; aborted = "smoke"
`)
	r := run(t, f, simulate.Options{Devices: 20_000})
	got := map[string]float64{}
	for v, n := range r.Whole()[0] {
		got[r.Versions[v]] = float64(n) / 20_000
	}
	// 1.1.0 with 9 of 10 and its share of the rest, nobody with 1.3.0.
	unlisted := manifest.Unlisted(f.Project.Order, []string{"0.9.0", "1.5.0"})
	if len(unlisted) != 3 {
		t.Errorf("unlisted are %q", unlisted)
	}
	for _, v := range append(unlisted, "", "0.9.0", "1.0.0", "1.1.0", "1.2.0", "1.4.0", "1.5.0") {
		want := 0.1 / 10
		if v == "1.1.0" {
			want += 0.9
		}
		if got[v] < want-0.004 || got[v] > want+0.004 {
			t.Errorf("%.4f of the devices start with %q, want %.4f", got[v], v, want)
		}
		delete(got, v)
	}
	if len(got) > 0 {
		t.Errorf("and %v", got)
	}
}

// TestStartNames takes "none" and "unknown" for what they mean, unless a
// release is called so.
func TestStartNames(t *testing.T) {
	plain := define(t, "1.0.0 full\ndefault [activate.\"1.0.0\"]")
	named := define(t, "project version_order = \"natural\"\nnone full\nunknown full\ndefault [activate.none]; [activate.unknown]")
	for _, row := range []struct {
		f    *releases.Fleet
		want string
	}{{plain, `["" "0.0.0-0" "1.0.0" "1.0.0+unlisted"] [0 0 73 27]`}, {named, `["none" "unknown"] [0 100]`}} {
		r := run(t, row.f, simulate.Options{Start: on("none", "unknown")})
		whole := r.Whole()
		none := whole[0][0]
		if none < 30 || none > 70 {
			t.Errorf("%d of 100 devices start with %q", none, r.Versions[0])
		}
		if got := fmt.Sprintf("%q %v", r.Versions, whole[len(whole)-1]); got != row.want {
			t.Errorf("got %s, want %s", got, row.want)
		}
	}
}

// TestInterrupt ends a simulation that would take long.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	o := simulate.Options{Devices: 1_000_000_000, From: start, For: time.Hour, Poll: time.Minute}
	if r, err := simulate.Run(ctx, fleettest.Random(1), o); r != nil || err != context.Canceled {
		t.Errorf("%v, %v", r, err)
	}
}

// TestRows has tables of few rows for any period, the start and end among them.
func TestRows(t *testing.T) {
	f := fleettest.Random(1)
	for _, d := range []time.Duration{1, time.Second, time.Hour - 1, 14 * 24 * time.Hour, 15*24*time.Hour + 1, 3650 * 24 * time.Hour, 36525 * 24 * time.Hour} {
		r := run(t, f, simulate.Options{For: d, Poll: max(time.Second, d/3), Devices: 1000})
		rows := 0
		for i, p := range r.Points {
			if p.Row {
				rows++
			}
			if i > 0 && !p.At.After(r.Points[i-1].At) {
				t.Errorf("%s: %s follows %s", d, p.At, r.Points[i-1].At)
			}
		}
		last := r.Points[len(r.Points)-1]
		if rows > 21 || !last.Row || !last.At.Equal(start.Add(d)) || !r.Points[0].Row || !r.Points[0].At.Equal(start) {
			t.Errorf("%s: %d rows of %d points, to %s", d, rows, len(r.Points), last.At)
		}
	}
}
