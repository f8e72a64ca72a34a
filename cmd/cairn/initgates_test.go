package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cairn/publish"
)

// gate writes one called crashes, which goes by a file.
func (w *workflow) gate() {
	w.Helper()
	w.edit("cairn.toml", "[cache]", "[gate.crashes]\nsource = \"file\"\nfile = \"crashes.json\"\nmin_devices = 100\nmax_age = \"2000000h\"\non_fail = \"abort\"\n\n[cache]")
}

// waits rolls a release out in steps, of which the first has begun and the others
// wait for the gate.
func (w *workflow) waits(version string) {
	w.Helper()
	w.write("releases/"+version+".toml", fmt.Sprintf("version = %q\n[payload.main-fw.mp]\nfile = \"image-%[1]s.bin\"\n", version))
	w.write("releases/image-"+version+".bin", "image "+version)
	text, err := os.ReadFile(w.path("cohorts/default.toml"))
	if err != nil {
		w.Fatal(err)
	}
	w.write("cohorts/default.toml", string(text)+fmt.Sprintf(`
[activate.%q]
rollout = [
  { at = 2026-01-05T09:00:00Z, percent = 13 },
  { after = "1h", percent = 25, gate = "crashes" },
  { after = "1h", percent = 38, gate = "crashes" },
]
`, version))
}

// says writes the evidence for the gate.
func (w *workflow) says(ok bool) {
	w.Helper()
	w.write("crashes.json", fmt.Sprintf(`{"ok": %v, "devices": 1000, "at": "2026-01-05T12:00:00Z"}`, ok))
}

// main is the commit of the branch that is published, and what it did.
func (w *workflow) main() (commit, title string) {
	w.Helper()
	return w.git(w.origin, "rev-parse", "main"), w.git(w.origin, "log", "-1", "--format=%an: %s", "main")
}

// pull brings in what CI has pushed.
func (w *workflow) pull() {
	w.Helper()
	w.git(w.dir, "pull", "--quiet", "--rebase", "origin", "main")
}

// percent is what is published of a release in a cohort.
func (w *workflow) percent(cohort, version string) float64 {
	w.Helper()
	all := w.published().Rollouts
	i := slices.IndexFunc(all, func(r publish.Rollout) bool { return r.Cohort == cohort && r.Version == version })
	if i < 0 {
		return 0
	}
	return all[i].Percent
}

func (w *workflow) wantMain(title string) {
	w.Helper()
	if _, got := w.main(); got != title {
		w.Fatalf("main ends with %q, not %q", got, title)
	}
}

func (w *workflow) wantPercent(cohort, version string, want float64) {
	w.Helper()
	if got := w.percent(cohort, version); got != want {
		w.Fatalf("%s is published to %v %% of %s, not %v", version, got, cohort, want)
	}
}

// protect lets nobody push, until it is called.
func (w *workflow) protect() (lift func()) {
	w.Helper()
	hook := filepath.Join(w.origin, "hooks", "pre-receive")
	if err := os.MkdirAll(filepath.Dir(hook), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(hook, []byte("#!/bin/sh\necho 'GH013: Repository rule violations found' >&2\nexit 1\n"), 0o755); err != nil {
		w.Fatal(err)
	}
	return func() {
		if err := os.Remove(hook); err != nil {
			w.Fatal(err)
		}
	}
}

// TestGates runs the job that decides, and the one that publishes after it.
func TestGates(t *testing.T) {
	w := newWorkflow(t, "--gates")
	first, _ := w.main()
	w.succeeds("gates", first, "", "", "no rollout waits for a gate", "no cohort has a [promote] table")
	w.succeeds("publish", first, "", "", "keys right")
	if now, _ := w.main(); now != first || w.source() != first {
		t.Fatalf("without gates main is %s, and published is %s", now, w.source())
	}

	// One that passes: the next step is pushed, and published by the job for that.
	w.gate()
	w.waits("1.0.0")
	w.says(true)
	begun := w.commit("Roll out")
	w.succeeds("publish", begun, "", "", "keys right")
	w.wantPercent("default", "1.0.0", 13)
	w.succeeds("gates", begun, "", "", "goes to 25 %")
	w.wantMain("github-actions[bot]: ota(default): 1.0.0 goes to 25 %, gate crashes: 1,000 devices, and all is well")
	w.wantPercent("default", "1.0.0", 13)
	w.succeeds("publish", begun, "", "", "keys right")
	w.wantPercent("default", "1.0.0", 25)

	// One that fails, while somebody pushes: it is published at once, and both are
	// in main.
	w.pull()
	w.says(false)
	bad := w.commit("Crashes")
	w.before = map[string]func(){"Push": func() {
		w.wantPercent("default", "1.0.0", 0)
		w.write("cohorts/beta.toml", "devices = [\"A1\"]\n")
		w.commit("Meanwhile")
	}}
	w.succeeds("gates", bad, "", "", "aborted", " withdrawn, ")
	w.before = nil
	w.pull()
	if log := w.git(w.dir, "log", "--format=%s"); !strings.Contains(log, "ota(default): abort 1.0.0, gate crashes: ") || !strings.Contains(log, "Meanwhile") {
		t.Fatalf("main has\n%s", log)
	}
	if now, _ := w.main(); w.source() == now {
		t.Fatal("what somebody pushed meanwhile is published")
	}
	w.succeeds("publish", bad, "", "", "keys right")
	if now, _ := w.main(); w.source() != now {
		t.Fatalf("published %s, not %s", w.source(), now)
	}
	w.wantPercent("default", "1.0.0", 0)
}

// TestGatesCannotPush is a stop that holds although the branch doesn't have it.
func TestGatesCannotPush(t *testing.T) {
	w := newWorkflow(t, "--gates")
	w.gate()
	w.waits("1.0.0")
	w.says(false)
	first := w.commit("Roll out")
	w.succeeds("publish", first, "", "", "keys right")
	w.wantPercent("default", "1.0.0", 13)
	refused := func() {
		t.Helper()
		w.fails("gates", first, "", "::error title=Not pushed::main lacks what this run decided, and")
		w.wantPercent("default", "1.0.0", 0)
		w.fails("publish", first, "", "--allow reoffer")
		w.wantPercent("default", "1.0.0", 0)
	}

	// Somebody lets the job push.
	lift := w.protect()
	refused()
	refused()
	lift()
	w.succeeds("gates", first, "", "", "aborted")
	w.wantMain("github-actions[bot]: ota(default): abort 1.0.0, gate crashes: the evidence says no, of 1,000 devices")
	w.succeeds("publish", first, "", "", "keys right")
	w.wantPercent("default", "1.0.0", 0)

	// Somebody brings it in by hand, here into lines that the job changes.
	w.pull()
	w.waits("1.1.0")
	first = w.commit("Another")
	w.succeeds("publish", first, "", "", "keys right")
	w.before = map[string]func(){"Push": func() {
		w.edit("cohorts/default.toml", "[activate.\"1.1.0\"]\n", "[activate.\"1.1.0\"]\naborted = \"by hand\"\n")
		w.commit("Abort 1.1.0")
	}}
	w.fails("gates", first, "", "key aborted is already defined")
	w.before = nil
	w.wantMain("x: Abort 1.1.0")
	w.wantPercent("default", "1.1.0", 0)
	w.succeeds("gates", first, "", "", "no rollout waits for a gate")
	w.succeeds("publish", first, "", "", "keys right")
	w.succeeds("publish", first, "", "", " unchanged\n")

	// What only goes on is not published without being pushed.
	w.waits("1.2.0")
	w.says(true)
	first = w.commit("A good one")
	w.succeeds("publish", first, "", "", "keys right")
	w.protect()
	w.fails("gates", first, "", "OTA_PUSH_TOKEN")
	w.succeeds("publish", first, "", "", " unchanged\n")
	w.wantPercent("default", "1.2.0", 13)
}

// TestGatesPromote takes a release over from one cohort to the next.
func TestGatesPromote(t *testing.T) {
	w := newWorkflow(t, "--gates")
	w.write("cohorts/beta.toml", "devices = [\"A1\"]\n[activate.\"1.0.0\"]\nrollout = { start = 2026-01-05T09:00:00Z, duration = \"1h\" }\n")
	w.write("releases/1.0.0.toml", "version = \"1.0.0\"\n[payload.main-fw.mp]\nfile = \"image.bin\"\n")
	w.write("releases/image.bin", "an image")
	w.write("cohorts/default.toml", "[promote]\nfrom = \"beta\"\nafter = \"1h\"\nrollout = [ { percent = 20 }, { after = \"48h\", percent = 100 } ]\n")
	first := w.commit("Begin")
	w.succeeds("publish", first, "", "", "keys right")
	w.succeeds("gates", first, "", "", "promoted")
	w.wantMain("github-actions[bot]: ota(default): promote 1.0.0 from beta, offered to all of beta since 2026-01-05T10:00:00Z")
	w.succeeds("publish", first, "", "", "keys right")
	w.wantPercent("default", "1.0.0", 20)
}
