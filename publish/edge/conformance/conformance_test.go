package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/dirstore"
	"cairn/publish/edge"
	"cairn/publish/edge/conformance"
	"cairn/publish/edge/conformance/conformancetest"
	"cairn/publish/memstore"
	"cairn/releases"
	"cairn/releases/fleettest"
)

func example(t testing.TB) *conformancetest.Sample {
	t.Helper()
	s, err := conformancetest.Load("example", os.DirFS("../../../examples/smartfridge"), time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func samples(t testing.TB) []*conformancetest.Sample {
	all := []*conformancetest.Sample{example(t), conformancetest.Odd()}
	for seed := range uint64(fleettest.Rounds(6, 22)) {
		all = append(all, conformancetest.Random(seed))
	}
	return all
}

// handler is cairn's own edge.
func handler(s *conformancetest.Sample, source edge.Source) http.Handler {
	return edge.Below(s.Fleet.Project.BasePath(), edge.New(source, edge.Options{Layout: manifest.LayoutOf(s.Fleet), Order: s.Fleet.Project.Order, Eager: s.Fleet.Project.Eager, Cache: s.Fleet.Cache, Key: s.Fleet.Project.Key}))
}

func stored(t testing.TB, s *conformancetest.Sample, store publish.Store) publish.Store {
	t.Helper()
	if err := s.Publish(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	return store
}

// run asks for all cases, and gives what failed.
func run(t testing.TB, url string, cases []conformance.Case, opts conformance.Options) *conformance.Result {
	t.Helper()
	r, err := conformance.Run(t.Context(), url, cases, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// pass runs cases that should all pass.
func pass(t testing.TB, url string, cases []conformance.Case, opts conformance.Options) *conformance.Result {
	t.Helper()
	r := run(t, url, cases, opts)
	for i, f := range r.Failed {
		if i < 10 {
			t.Error(f)
		}
	}
	if len(r.Failed) > 0 {
		t.Fatalf("%d of %d cases failed", len(r.Failed), len(cases))
	}
	return r
}

// some is each n-th case.
func some(cases []conformance.Case, n int) []conformance.Case {
	var drawn []conformance.Case
	for i := 0; i < len(cases); i += n {
		drawn = append(drawn, cases[i])
	}
	return drawn
}

// TestServePassesWithUpdatesForOtherVersionsOnly has a fleet in which no version
// has a folder that offers anything.
func TestServePassesWithUpdatesForOtherVersionsOnly(t *testing.T) {
	s, err := conformancetest.Load("first release", fstest.MapFS{
		"cairn.toml": {Data: []byte("[project]\nslug = \"demo\"\nbase_url = \"https://ota.example.com\"\n" +
			"[software.main]\nknown_versions = [\"0.9.0\"]\n")},
		"releases/1.0.0.toml":  {Data: []byte("version = \"1.0.0\"\nnotes = \"" + strings.Repeat("better ", 99) + "\"\n[payload.main.mp]\nfile = \"a.bin\"\n")},
		"releases/a.bin":       {Data: []byte("firmware")},
		"cohorts/default.toml": {Data: []byte("[activate.\"1.0.0\"]\n")},
	}, fleettest.Start)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler(s, stored(t, s, &memstore.Store{})))
	defer server.Close()
	cases := conformance.Cases(s.Fleet, s.At)
	if !slices.ContainsFunc(cases, func(c conformance.Case) bool { return strings.Contains(c.Name, "tree/coding/json/negotiated") }) {
		t.Error("the answer has no siblings")
	}
	pass(t, server.URL, cases, conformance.Options{})
}

func TestServePasses(t *testing.T) {
	asked := 0
	for i, s := range samples(t) {
		t.Run(s.Name, func(t *testing.T) {
			server := httptest.NewServer(handler(s, stored(t, s, &memstore.Store{})))
			defer server.Close()
			cases := conformance.Cases(s.Fleet, s.At)
			if i > 3 {
				cases = some(cases, 5)
			}
			asked += pass(t, server.URL, cases, conformance.Options{}).Passed
		})
	}
	t.Logf("%d cases", asked)
}

func TestServePassesOverAFolder(t *testing.T) {
	for _, s := range []*conformancetest.Sample{example(t), conformancetest.Odd(), conformancetest.Random(1)} {
		t.Run(s.Name, func(t *testing.T) {
			server := httptest.NewServer(handler(s, stored(t, s, dirstore.New(t.TempDir()))))
			defer server.Close()
			pass(t, server.URL, some(conformance.Cases(s.Fleet, s.At), 2), conformance.Options{Without: []conformance.Feature{conformance.Signed}})
		})
	}
}

func TestServePassesOverDefinitions(t *testing.T) {
	s := conformancetest.Odd()
	server := httptest.NewServer(handler(s, s.Site()))
	defer server.Close()
	pass(t, server.URL, some(conformance.Cases(s.Fleet, s.At), 2), conformance.Options{Without: []conformance.Feature{conformance.Signed}})
}

// TestServePassesBelowAPath has a base_url with a path, which what is in front
// of the edge may take off.
func TestServePassesBelowAPath(t *testing.T) {
	s := conformancetest.Odd()
	s.Fleet.Project.BaseURL += "/ota/fw%20v1.0"
	server := httptest.NewServer(handler(s, s.Site()))
	defer server.Close()
	for _, path := range []string{"", "/ota/fw%20v1.0"} {
		pass(t, server.URL+path, some(conformance.Cases(s.Fleet, s.At), 2), conformance.Options{Without: []conformance.Feature{conformance.Signed}})
	}
}

// TestLayouts goes through the numbers of digits.
func TestLayouts(t *testing.T) {
	for digits := 1; digits <= fleettest.Rounds(3, 4); digits++ {
		s := example(t)
		s.Fleet.Project.BucketDigits, s.Fleet.Project.CohortDigits = digits, 5-digits
		server := httptest.NewServer(handler(s, s.Site()))
		pass(t, server.URL, some(conformance.Cases(s.Fleet, s.At), digits), conformance.Options{})
		server.Close()
	}
}

// TestNothingReleased is a fleet at its beginning.
func TestNothingReleased(t *testing.T) {
	s := example(t)
	s.Fleet.Releases, s.Fleet.Cohorts = nil, []*releases.Cohort{{Slug: releases.DefaultCohort, VersionCheck: true}}
	server := httptest.NewServer(handler(s, s.Site()))
	defer server.Close()
	pass(t, server.URL, conformance.Cases(s.Fleet, s.At), conformance.Options{})
}

// TestAnswersAreThoseOfResolve compares what the cases want with the rules.
func TestAnswersAreThoseOfResolve(t *testing.T) {
	rules, compared := map[manifest.Rule]int{}, 0
	all := samples(t)
	for _, s := range all[:min(12, len(all))] {
		layout := manifest.LayoutOf(s.Fleet)
		for _, c := range some(conformance.Cases(s.Fleet, s.At), 7) {
			group := strings.Split(c.Name, "/")[1]
			if group != "device" && group != "bucket" && group != "serial" && group != "odd" {
				continue
			}
			_, raw, _ := strings.Cut(c.Target, "?")
			q, err := url.ParseQuery(raw)
			if err != nil {
				t.Fatal(err)
			}
			d := manifest.Device{
				Serial:         q.Get("device_serial"),
				Target:         manifest.Target{SoftwareType: q.Get("software_type"), HardwareVersion: q.Get("hardware_version")},
				CurrentVersion: q.Get("current_version"),
			}
			decision := manifest.Resolve(s.Fleet, d, s.At)
			rules[decision.Rule]++
			compared++
			want := ""
			if decision.Payload != nil {
				want = manifest.PayloadURL(s.Fleet.Project, layout, decision.Payload)
			}
			got := *c.Want.Body
			if got != want && (want == "" || !strings.Contains(got, `"url":"`+want+`"`)) {
				t.Fatalf("%s: %s wants %q, the rules say %q", s.Name, c.Name, got, want)
			}
		}
	}
	for rule := manifest.UpToDate; rule <= manifest.UnknownHold; rule++ {
		if rules[rule] == 0 {
			t.Errorf("no case for the rule %s", rule)
		}
	}
	t.Logf("%d compared: %v", compared, rules)
}

// TestBothSidesOfEachEdge is the promise that the percentages are looked at.
func TestBothSidesOfEachEdge(t *testing.T) {
	s := example(t)
	bodies := map[string]map[string]bool{} // of what a version of default gets, by target
	for _, c := range conformance.Cases(s.Fleet, s.At) {
		if p := strings.Split(c.Name, "/"); p[1] == "device" && p[2] == "default" {
			name := strings.Join([]string{p[3], p[4], p[5], p[len(p)-1]}, "/")
			if bodies[name] == nil {
				bodies[name] = map[string]bool{}
			}
			bodies[name][*c.Want.Body] = true
		}
	}
	for _, name := range []string{"stm32-fw/mp/1.0.0/url", "stm32-fw/mp/1.0.0/json", "stm32-fw/evt/_none/url"} {
		if len(bodies[name]) != 2 {
			t.Errorf("%s: %d answers on the two sides of 10 percent", name, len(bodies[name]))
		}
	}
}

func TestCasesAreDeterministicAndNamedOnce(t *testing.T) {
	for _, s := range samples(t)[:4] {
		cases := conformance.Cases(s.Fleet, s.At)
		if !reflect.DeepEqual(cases, conformance.Cases(s.Fleet, s.At)) {
			t.Errorf("%s: other cases the second time", s.Name)
		}
		seen := map[string]bool{}
		for _, c := range cases {
			if seen[c.Name] {
				t.Errorf("%s: two cases are called %q", s.Name, c.Name)
			}
			seen[c.Name] = true
		}
	}
}

// TestLargeFleets have a few thousand cases as well, and few seconds to make
// them.
func TestLargeFleets(t *testing.T) {
	many := fleettest.Large(1000)
	for _, c := range many.Cohorts {
		if c.Slug == "beta" {
			serials := slices.Collect(c.Devices.Serials())
			for len(serials) < 50_000 {
				serials = append(serials, fmt.Sprintf("MANY-%d", len(serials)))
			}
			c.Devices = releases.DevicesOf(serials...)
		}
	}
	for name, f := range map[string]*releases.Fleet{"answers": fleettest.Large(100_000), "devices": many} {
		cases := conformance.Cases(f, fleettest.Start)
		if n := len(cases); n < 1000 || n > 6000 {
			t.Errorf("%s: %d cases", name, n)
		}
	}
}

func TestFeatures(t *testing.T) {
	s := example(t)
	cases := conformance.Cases(s.Fleet, s.At)
	needed := map[conformance.Feature]int{}
	for _, c := range slices.Concat(cases, conformance.Cases(conformancetest.Random(0).Fleet, fleettest.Start), conformance.Cases(conformancetest.Random(3).Fleet, fleettest.Start), conformance.Cases(conformancetest.Odd().Fleet, fleettest.Start)) {
		if len(c.Needs) == 0 || c.Needs[0] != conformance.API && c.Needs[0] != conformance.Tree {
			t.Errorf("%s needs neither the query API nor the tree", c.Name)
		}
		for _, f := range c.Needs {
			needed[f]++
		}
	}
	for _, f := range conformance.Features() {
		if parsed, err := conformance.ParseFeature(string(f)); err != nil || parsed != f || needed[f] == 0 {
			t.Errorf("%s: %v, needed by %d cases", f, err, needed[f])
		}
	}
	if _, err := conformance.ParseFeature("etag"); err == nil || !strings.Contains(err.Error(), "etags") {
		t.Errorf("%v", err)
	}
	server := httptest.NewServer(handler(s, s.Site()))
	defer server.Close()
	r := pass(t, server.URL, cases, conformance.Options{Without: []conformance.Feature{conformance.API, conformance.Ranges}})
	if r.LeftOut[conformance.API] == 0 || r.LeftOut[conformance.Ranges] == 0 || r.Passed+r.LeftOut[conformance.API]+r.LeftOut[conformance.Ranges] != len(cases) {
		t.Errorf("%d passed, left out %v, of %d", r.Passed, r.LeftOut, len(cases))
	}
}

// TestCasesAreData writes them as other programs read them.
func TestCasesAreData(t *testing.T) {
	s := conformancetest.Odd()
	cases := conformance.Cases(s.Fleet, s.At)
	text, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	var read []conformance.Case
	if err := json.Unmarshal(text, &read); err != nil || !reflect.DeepEqual(read, cases) {
		t.Errorf("other cases came back: %v", err)
	}
}
