package cloudfront_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/templates/edge/cloudfront"
)

func example(t *testing.T) *releases.Fleet {
	t.Helper()
	f, err := releases.Load(os.DirFS("../../../examples/smartfridge"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFunctionSize(t *testing.T) {
	f := example(t)
	f.Project.Eager = true
	for _, f.Project.Order = range []releases.Order{releases.SemVer, releases.Natural} {
		function, err := cloudfront.Function(f)
		if err != nil {
			t.Fatal(err)
		}
		if t.Logf("%s: %d bytes", f.Project.Order, len(function)); len(function) > 9_800 {
			t.Errorf("%s: %d bytes: little is left of CloudFront's %d", f.Project.Order, len(function), cloudfront.MaxFunction)
		}
	}
	f.Project.Key = strings.Repeat("k", 1000)
	if _, err := cloudfront.Function(f); err == nil {
		t.Error("a function that CloudFront refuses is written")
	}
}

func TestPairs(t *testing.T) {
	pairs := cloudfront.Pairs(manifest.New(example(t), time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)))
	values := map[string]string{}
	for _, p := range pairs {
		if _, doubled := values[p.Key]; doubled {
			t.Errorf("key %s is there twice", p.Key)
		}
		values[p.Key] = p.Value
	}
	for key, want := range map[string]string{
		"d/a3b54d0d0cbb5019":            "beta", // FRIDGE-0042
		"f/stm32-fw/mp/default/_other":  "=0",
		"f/stm32-fw/evt/default/1.1.0":  "=1",
		"b/stm32-fw/mp/default":         "<1.0.0",
		"f/stm32-fw/mp/default/no.such": "",
		"f/stm32-fw/mp/no-such/_other":  "",
		"d/0000000000000000":            "",
	} {
		if values[key] != want {
			t.Errorf("%s is %q, should be %q", key, values[key], want)
		}
	}
	store, err := cloudfront.Store(pairs)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := cloudfront.ReadStore(store); err != nil || !slices.Equal(read, pairs) {
		t.Errorf("the store is read as %d keys: %v", len(read), err)
	}
	listed := []byte(`{"Items":[{"Key":"d/a3b54d0d0cbb5019","Value":"beta"},{"Key":"f/a/b/default/_other","Value":"=1"}]}`)
	if read, err := cloudfront.ReadStore(listed); err != nil || len(read) != 2 || read[1].Value != "=1" {
		t.Errorf("ListKeys is read as %v: %v", read, err)
	}
	for _, other := range []string{`{}`, `[]`, `{"data":[{"key":"x","value":"=1"}]}`, `{"data":[{"key":"f/x","value":"yes"}]}`, `{"data":[{"key":"f/x"}]}`, `{"data":[{"key":"b/x","value":"1.0.0"}]}`} {
		if _, err := cloudfront.ReadStore([]byte(other)); err == nil {
			t.Errorf("%s is taken for a store", other)
		}
	}
}

func TestStoreLimits(t *testing.T) {
	var many []cloudfront.Pair
	for i := range 130_000 {
		many = append(many, cloudfront.Pair{Key: fmt.Sprintf("d/%016x", i), Value: "beta"})
	}
	for name, pairs := range map[string][]cloudfront.Pair{
		"many keys":    many,
		"a long key":   {{Key: strings.Repeat("k", 513), Value: "v"}},
		"a long value": {{Key: "k", Value: strings.Repeat("v", 1025)}},
	} {
		if _, err := cloudfront.Store(pairs); err == nil || !strings.Contains(err.Error(), "CloudFront takes") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if store, err := cloudfront.Store(many[:100_000]); err != nil {
		t.Errorf("100,000 devices: %v", err)
	} else {
		t.Logf("100,000 devices are %d bytes", len(store))
	}
}
