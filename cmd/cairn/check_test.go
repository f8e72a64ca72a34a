package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"cairn/cmd/cairn/internal/report"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestSARIFIsValid holds the output for faults, for warnings and for neither
// to the JSON schema of SARIF 2.1.0.
func TestSARIFIsValid(t *testing.T) {
	schema := sarifSchema(t)
	for _, row := range []struct {
		name, old, new string
		exit, results  int
	}{
		{"neither", "", "", exitDone, 0},
		{"warnings", "https://ota", "http://ota", exitDone, 1},
		{"faults", "slug =", "slag =", exitUsage, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("../../examples/smartfridge")); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(dir + "/cairn.toml")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir+"/cairn.toml", []byte(strings.Replace(string(text), row.old, row.new, 1)), 0o666); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			if exit := run(t.Context(), []string{"-C", dir, "check", "--format", "sarif"}, &stdout, &stderr); exit != row.exit {
				t.Errorf("exit code %d, want %d: %s", exit, row.exit, &stderr)
			}
			log, err := jsonschema.UnmarshalJSON(&stdout)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(log); err != nil {
				t.Error(err)
			}
			if n := len(log.(map[string]any)["runs"].([]any)[0].(map[string]any)["results"].([]any)); n != row.results {
				t.Errorf("%d results, want %d", n, row.results)
			}
		})
	}
}

// sarifSchema is the JSON schema of the standard, from [report.SARIFSchema].
func sarifSchema(t *testing.T) *jsonschema.Schema {
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
	if err := c.AddResource(report.SARIFSchema, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(report.SARIFSchema)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
