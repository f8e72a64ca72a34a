package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif" // has the schema
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

// sarifSchema is the JSON schema of the standard, which is a constant in the
// source of a library.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), strings.TrimSpace(string(dir))+"/schema.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text, err := strconv.Unquote(file.Scope.Lookup("schema").Decl.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(sarifSchemaURI, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(sarifSchemaURI)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
