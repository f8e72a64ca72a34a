package conformance_test

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"cairn/publish/edge/conformance"
	"cairn/publish/edge/conformance/conformancetest"
	"cairn/releases"
)

// TestOtherDefinitionsAreCaught asks edges that serve other definitions, or
// those of another instant.
func TestOtherDefinitionsAreCaught(t *testing.T) {
	for _, m := range []struct {
		name, caught string
		change       func(s *conformancetest.Sample)
		of           func(testing.TB) *conformancetest.Sample // example where nothing is said
	}{
		{"a percent edge is off by one", `^api/device/default/`, func(s *conformancetest.Sample) { rollout(s, 27) }, nil},
		{"a percent edge is off by one, downward", `^api/device/default/`, func(s *conformancetest.Sample) { rollout(s, 25) }, nil},
		{"a percent edge of the tree is off by one", `^api/bucket/default/`, func(s *conformancetest.Sample) { rollout(s, 30) }, nil},
		{"the answers are those of a day ago", `^api/device/default/`, func(s *conformancetest.Sample) { s.At = s.At.Add(-24 * time.Hour) }, nil},
		{"a release is not must-pass-through", `^api/device/`, func(s *conformancetest.Sample) { s.Fleet.Releases[1].MustPassThrough = false }, nil},
		{"a release is withdrawn", `^tree/latest/`, func(s *conformancetest.Sample) { s.Fleet.Releases[2].Withdrawn = "…" }, nil},
		{"unknown versions are held", `^api/device/.*unheard`, func(s *conformancetest.Sample) { s.Fleet.Project.Unknown = releases.HoldUnknown }, nil},
		{"a cohort lists a device less", `^tree/cohorts/`, func(s *conformancetest.Sample) {
			c := s.Fleet.Cohort("beta")
			c.Devices = releases.DevicesOf(slices.Collect(c.Devices.Serials())[1:]...)
		}, nil},
		{"a cohort checks versions", `^api/device/Beta_1`, func(s *conformancetest.Sample) { s.Fleet.Cohort("Beta_1").VersionCheck = true }, odd},
		{"another base URL", `^api/device/`, func(s *conformancetest.Sample) { s.Fleet.Project.BaseURL = "http://ota.example.com" }, nil},
		{"another prefix", `^tree/latest/`, func(s *conformancetest.Sample) { s.Fleet.Project.Prefix = "ota" }, nil},
	} {
		t.Run(m.name, func(t *testing.T) {
			if m.of == nil {
				m.of = example
			}
			s, other := m.of(t), m.of(t)
			m.change(other)
			server := httptest.NewServer(handler(other, other.Site()))
			defer server.Close()
			notice(t, server.URL, conformance.Cases(s.Fleet, s.At), m.caught)
		})
	}
}

func odd(testing.TB) *conformancetest.Sample { return conformancetest.Odd() }

// rollout makes so many of the 256 buckets of default get 1.1.0; 26 do.
func rollout(s *conformancetest.Sample, buckets float64) {
	a := s.Fleet.Cohort(releases.DefaultCohort).Activations
	a[len(a)-1].Rollout = releases.Rollout{Fixed: buckets / 256 * 100}
}
