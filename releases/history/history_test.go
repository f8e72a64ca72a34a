package history_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/releases"
	"cairn/releases/history"
)

// TestEditsInWords edits the example, and reads what is told of it.
func TestEditsInWords(t *testing.T) {
	at := time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)
	const cohort, beta, release, old = "cohorts/default.toml", "cohorts/beta.txt", "releases/1.1.0/release.toml", "releases/1.0.0/release.toml"
	edits := map[string]struct {
		file, from, to string
		want           []string
	}{
		"a step":          {cohort, "percent = 10 ", "percent = 25 ", []string{"1.1.0, default: 10 → 25 %"}},
		"a later step":    {cohort, "percent = 50 ", "percent = 60 ", []string{"1.1.0, default: another schedule"}},
		"an abort":        {cohort, "[activate.\"1.1.0\"]\n", "[activate.\"1.1.0\"]\naborted = \"gets hot\"\n", []string{"1.1.0, default: 10 → 0 %", "1.1.0, default: aborted: gets hot"}},
		"a pause":         {cohort, "[activate.\"1.1.0\"]\n", "[activate.\"1.1.0\"]\npaused = 2026-12-02T10:00:00Z\n", []string{"1.1.0, default: paused"}},
		"no activation":   {cohort, "[activate.\"1.0.0\"]\n", "", []string{"1.0.0, default: 100 → 0 %", "1.0.0, default: no longer activated"}},
		"a device":        {beta, "FRIDGE-", "NEW-1\nFRIDGE-", []string{"beta: 4 → 5 devices"}},
		"a list":          {"cohorts/beta.toml", `"beta.txt"`, "\"s3://fleet-lists/beta.txt\"\ndevices_sha256 = \"" + strings.Repeat("0", 64) + "\"", []string{"beta: another list of devices, s3://fleet-lists/beta.txt"}},
		"a recall":        {release, "version =", "withdrawn = \"bad flash\"\nversion =", []string{"1.1.0 withdrawn everywhere: bad flash"}},
		"no must-pass":    {old, "must_pass_through = true", "must_pass_through = false", []string{"1.0.0 need not be passed through any more"}},
		"another payload": {release, "stm32-fw-evt.bin", "stm32-fw-mp.bin", []string{"the payloads of 1.1.0 change"}},
		"a note":          {release, "notes = \"", "notes = \"Really: ", nil},
		"a cohort":        {"cohorts/new.toml", "", "devices = [\"N-1\"]\n[activate.\"1.0.0\"]\n", []string{"cohort new comes", "1.0.0, new: 0 → 100 %"}},
		"settings":        {"cairn.toml", "\"acme\"", "\"Acme\"", []string{"the project's settings change"}},
	}
	before := load(t, "", "", "")
	for name, e := range edits {
		t.Run(name, func(t *testing.T) {
			after := load(t, e.file, e.from, e.to)
			got := history.Changes(before, after, at)
			for _, want := range e.want {
				if !slices.Contains(got, want) {
					t.Errorf("%q is not told: %q", want, got)
				}
			}
			if e.want == nil && got != nil {
				t.Errorf("told %q of what changes no answer", got)
			}
			if back := history.Changes(after, before, at); (back == nil) != (got == nil) {
				t.Errorf("back: %q", back)
			}
		})
	}
	if got := history.Changes(before, before, at); got != nil {
		t.Errorf("nothing changed, and %q is told", got)
	}
}

// load reads the example with an edit of one file.
func load(t *testing.T, file, from, to string) *releases.Fleet {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../examples/smartfridge")); err != nil {
		t.Fatal(err)
	}
	if file != "" {
		text, err := os.ReadFile(dir + "/" + file)
		if err != nil && from != "" {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), from) {
			t.Fatalf("%s has no %q", file, from)
		}
		if err := os.WriteFile(dir+"/"+file, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := releases.Outline(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
