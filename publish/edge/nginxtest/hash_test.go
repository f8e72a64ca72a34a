//go:build unix

package nginxtest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"cairn/manifest"
	"cairn/releases"
	"cairn/templates/edge/nginx"
)

// TestHash compares the script's XXH64 and its segments with the contract's
// vectors, and with Go's over 10,000 serials of all lengths.
func TestHash(t *testing.T) {
	installed(t)
	var vectors struct {
		XXH64, Escape map[string]string
	}
	text, err := os.ReadFile("../../../manifest/testdata/contract/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	const characters = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
	random := rand.New(rand.NewPCG(1, 2))
	for i := 0; len(vectors.XXH64) < 10010; i++ {
		serial := make([]byte, 1+i%128)
		for j := range serial {
			serial[j] = characters[random.IntN(len(characters))]
		}
		vectors.XXH64[string(serial)] = manifest.Hash(string(serial))
	}
	for _, name := range []string{"ünï-2", "日本語", "🪨", "a!b~c*d'e(f)", "..", "_none", "%41", "a/b", "\u07ff\u0800\uffff"} {
		vectors.Escape[name] = releases.Escape(name)
	}
	files, err := nginx.Files(nginx.Config{Project: releases.Project{CohortDigits: 2, BucketDigits: 2}, Root: "/", Listen: ":1"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text, err = json.Marshal(vectors)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		nginx.ScriptFile: files[nginx.ScriptFile],
		"vectors.json":   text,
		"test.js": []byte(`import cairn from 'cairn.js';
import fs from 'fs';
const v = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
let n = 0;
function check(f, want) {
    Object.keys(want).forEach(k => {
        n++;
        if (f(k) !== want[k]) {
            throw new Error(k + ': ' + f(k) + ', want ' + want[k]);
        }
    });
}
check(cairn.hash, v.XXH64);
check(cairn.segment, v.Escape);
console.log(n);
`),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("njs", "-p", dir, filepath.Join(dir, "test.js"), filepath.Join(dir, "vectors.json")).CombinedOutput()
	if want := fmt.Sprintln(len(vectors.XXH64) + len(vectors.Escape)); err != nil || string(out) != want {
		t.Errorf("njs: %v: %s, want %s", err, out, want)
	}
	t.Logf("%d hashes, %d segments", len(vectors.XXH64), len(vectors.Escape))
}
