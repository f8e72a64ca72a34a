package report

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"cairn/manifest/lint"
	"cairn/releases"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestSARIFIsValid holds the output for faults, for warnings and for neither
// to the JSON schema of SARIF 2.1.0.
func TestSARIFIsValid(t *testing.T) {
	standard := schema(t)
	for _, row := range []struct {
		name, old, new string
		results        int
	}{
		{"neither", "", "", 0},
		{"warnings", "https://ota", "http://ota", 1},
		{"faults", "slug =", "slag =", 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := CheckFormats["sarif"](&out, io.Discard, checked(t, row.old, row.new)); err != nil {
				t.Fatal(err)
			}
			log, err := jsonschema.UnmarshalJSON(&out)
			if err != nil {
				t.Fatal(err)
			}
			if err := standard.Validate(log); err != nil {
				t.Error(err)
			}
			if n := len(log.(map[string]any)["runs"].([]any)[0].(map[string]any)["results"].([]any)); n != row.results {
				t.Errorf("%d results, want %d", n, row.results)
			}
		})
	}
}

// checked is what check finds in the example, with a text of its cairn.toml
// replaced.
func checked(t *testing.T, old, new string) Check {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../../../examples/smartfridge")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(dir + "/cairn.toml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/cairn.toml", []byte(strings.Replace(string(text), old, new, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	r := Check{Dir: dir}
	r.Fleet, err = releases.Load(os.DirFS(dir), lint.Names()...)
	switch {
	case err == nil:
		r.Warnings = lint.Check(r.Fleet, lint.Options{At: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)})
	case !errors.As(err, &r.Faults):
		t.Fatal(err)
	}
	return r
}

// schema is the JSON schema of the standard, from [sarifSchema].
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	doc, err := jsonschema.UnmarshalJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(sarifSchema, doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(sarifSchema)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}
