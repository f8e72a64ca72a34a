package releases_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"cairn/releases"

	"github.com/google/go-cmp/cmp"
)

// vectors are those of an independent implementation of the contract.
type vectors struct {
	Escape  map[string]string `json:"escape"`
	SemVer  []string          `json:"order_semver"`
	Natural []string          `json:"order_natural"`
	Buckets []struct {
		Percent float64
		Of, In  int
	} `json:"buckets_in"`
	Ramps []struct {
		From, To, Percent float64
		Shape, Duration   string
		Start, At         time.Time
	} `json:"ramp"`
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	text, err := os.ReadFile("../manifest/testdata/contract/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVectorsEscape(t *testing.T) {
	for name, want := range readVectors(t).Escape {
		if got := releases.Escape(name); got != want {
			t.Errorf("Escape(%q) = %q, want %q", name, got, want)
		}
		if got, err := releases.Unescape(want); got != name || err != nil {
			t.Errorf("Unescape(%q) = %q, %v, want %q", want, got, err, name)
		}
	}
}

func TestVectorsOrder(t *testing.T) {
	v := readVectors(t)
	for order, want := range map[releases.Order][]string{releases.SemVer: v.SemVer, releases.Natural: v.Natural} {
		for seed := range uint64(20) {
			got := slices.Clone(want)
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
			slices.SortFunc(got, order.Compare)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", order, diff)
			}
		}
		for i := range want {
			if err := order.Check(want[i]); err != nil {
				t.Errorf("%s: %v", order, err)
			}
		}
	}
}

func TestVectorsBuckets(t *testing.T) {
	for _, v := range readVectors(t).Buckets {
		if got := releases.Buckets(v.Percent, v.Of); got != v.In {
			t.Errorf("Buckets(%v, %d) = %d, want %d", v.Percent, v.Of, got, v.In)
		}
	}
}

func TestVectorsRamp(t *testing.T) {
	for _, v := range readVectors(t).Ramps {
		duration, err := time.ParseDuration(v.Duration)
		if err != nil {
			t.Fatal(err)
		}
		ramp := releases.Rollout{Ramp: &releases.Ramp{Start: v.Start, Duration: duration, From: v.From, To: v.To, Linear: v.Shape == "linear"}}
		if got := ramp.Percent(v.At); math.Abs(got-v.Percent) > 1e-6 {
			t.Errorf("%+v: %v percent", v, got)
		}
	}
}
