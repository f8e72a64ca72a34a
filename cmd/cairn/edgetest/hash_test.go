package edgetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/releases"
	"cairn/templates/edge/cloudflare"
	"cairn/templates/edge/cloudfront"
)

// TestHashes holds the JavaScript of the edges to the vectors of the contract,
// and to Go for serials of every length.
func TestHashes(t *testing.T) {
	var vectors struct {
		XXH64  map[string]string
		Escape map[string]string
	}
	file, err := os.ReadFile("../../../manifest/testdata/contract/vectors.json")
	if err == nil {
		err = json.Unmarshal(file, &vectors)
	}
	if err != nil {
		t.Fatal(err)
	}
	var asked, want struct {
		Serials  []string `json:"serials,omitempty"`
		Names    []string `json:"names,omitempty"`
		Hashes   []string `json:"hashes,omitempty"`
		Segments []string `json:"segments,omitempty"`
	}
	for serial, hash := range vectors.XXH64 {
		asked.Serials, want.Hashes = append(asked.Serials, serial), append(want.Hashes, hash)
	}
	for i := range 10_000 {
		serial := strings.Repeat(fmt.Sprintf("SN_%d-x", i*7919), 20)[:i%129]
		asked.Serials, want.Hashes = append(asked.Serials, serial), append(want.Hashes, manifest.Hash(serial))
	}
	for name, segment := range vectors.Escape {
		asked.Names, want.Segments = append(asked.Names, name), append(want.Segments, segment)
	}
	for c := rune(1); c < 0x800; c++ {
		name := string(c) + "a" + string(c)
		asked.Names, want.Segments = append(asked.Names, name), append(want.Segments, releases.Escape(name))
	}
	s, dir := smartfridge(t), t.TempDir()
	files, err := cloudflare.Files(s.Fleet, cloudflare.Options{Bucket: "x"})
	if err != nil {
		t.Fatal(err)
	}
	function, err := cloudfront.Function(s.Fleet)
	if err != nil {
		t.Fatal(err)
	}
	device := files[slices.IndexFunc(files, func(f cloudflare.File) bool { return f.Name == "device.js" })].Content
	for name, content := range map[string][]byte{"device.mjs": device, "function.js": function} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	names, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	installed(t, "node")
	cmd := exec.CommandContext(t.Context(), "node", "hash.mjs", filepath.Join(dir, "device.mjs"), filepath.Join(dir, "function.js"))
	cmd.Stdin, cmd.Stderr = bytes.NewReader(names), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, script := range []string{"the Worker", "the function"} {
		got := want
		got.Hashes, got.Segments = nil, nil
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Hashes, want.Hashes) {
			t.Errorf("%s hashes serials otherwise", script)
		}
		if !slices.Equal(got.Segments, want.Segments) {
			t.Errorf("%s escapes names otherwise", script)
		}
	}
}
