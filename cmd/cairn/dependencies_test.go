package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestDependencyDirections holds the packages to the directions that the README names:
// releases ← manifest ← publish ← cmd.
func TestDependencyDirections(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}: {{join .TestImports " "}} {{join .XTestImports " "}}`, "cairn/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	layers := map[string]int{"releases": 0, "manifest": 1, "publish": 2, "templates": 2, "cmd": 3}
	part := func(path string) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(path, "cairn/"), "/")
		return name
	}
	layer := func(path string) int {
		if i, ok := layers[part(path)]; ok && strings.HasPrefix(path, "cairn/") {
			return i
		}
		return -1
	}
	only := map[string]string{
		"github.com/minio/minio-go/": "cairn/publish/s3store",
		"github.com/aws/":            "cairn/publish/s3store",
		"github.com/spf13/cobra":     "cairn/cmd/cairn",
		"github.com/BurntSushi/toml": "cairn/releases/syntax",
	}
	// Logs, signals and flags are the command's.
	cmdOnly := []string{"log", "log/slog", "os/signal", "flag"}
	packages := 0
	for line := range strings.Lines(string(out)) {
		path, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		imports, tests, _ := strings.Cut(rest, ":")
		// What tests the program is not part of it.
		if layer(path) < 0 || strings.HasPrefix(path, "cairn/publish/storetest") {
			continue
		}
		packages++
		for _, i := range strings.Fields(imports) {
			if strings.HasPrefix(i, "cairn/") && part(i) != part(path) && layer(i) >= layer(path) {
				t.Errorf("%s imports %s, which is not below it", path, i)
			}
			for _, name := range cmdOnly {
				if i == name && layer(path) < 3 {
					t.Errorf("%s imports %s, which is for cmd only", path, i)
				}
			}
		}
		for _, i := range strings.Fields(imports + " " + tests) {
			for prefix, allowed := range only {
				if strings.HasPrefix(i, prefix) && path != allowed && !strings.HasPrefix(path, allowed+"/") {
					t.Errorf("%s imports %s, which is for %s only", path, i, allowed)
				}
			}
		}
	}
	if packages < 8 {
		t.Errorf("only %d packages were looked at", packages)
	}
}
