package edit

import (
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/releases"

	"github.com/google/go-cmp/cmp"
)

func release(version string) string {
	return `version = "` + version + `"

[payload.fw.mp]
url = "https://example.com/fw"
size = 1
sha256 = "` + strings.Repeat("0", 64) + `"
`
}

func project(t *testing.T, files map[string]string) Project {
	t.Helper()
	all := map[string]string{
		"cairn.toml":          "[project]\nslug = \"fridge\"\nbase_url = \"https://ota.example.com\"\n",
		"releases/1.0.0.toml": release("1.0.0"),
		"releases/1.1.0.toml": release("1.1.0"),
		"releases/1.2.0.toml": release("1.2.0"),
	}
	maps.Copy(all, files)
	fsys := fstest.MapFS{}
	for name, text := range all {
		fsys[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	source := releases.Source{Files: fsys, Lists: func(list releases.List) ([]byte, string, error) { return []byte("LISTED\n"), list.SHA256, nil }}
	fleet, err := source.Load()
	if err != nil {
		t.Fatal(err)
	}
	return Project{Fleet: fleet, Source: source}
}

func instant(s string) time.Time {
	at, err := releases.ParseInstant(s)
	if err != nil {
		panic(err)
	}
	return at
}

const beta = `# Friends.
devices = ["A", "B"] # two

[activate."1.0.0"]
[activate."1.1.0"]
rollout = [
  { at = 2026-12-01T09:00:00Z, percent = 1 },
  { at = 2026-12-02T09:00:00+01:00, percent = 10 }, # slowly
]
`

const blocked = `
[blocked.radio]
from = ["1.0.0"]
reason = "hot"
`

func versions(texts ...string) (all []releases.Versions) {
	for _, text := range texts {
		all = append(all, releases.Versions{Text: text})
	}
	return all
}

func TestProject(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string // cohorts/beta.toml is there
		edit  func(p Project) ([]Change, error)
		want  map[string]string // what the changed files hold
		err   string
	}{
		{
			name: "deploy a new release",
			edit: func(p Project) ([]Change, error) {
				return p.Deploy(Deployment{Version: "1.2.0", Cohort: "beta", Rollout: releases.Rollout{Ramp: &releases.Ramp{Start: instant("2026-12-01T09:00:00Z"), Duration: 36 * time.Hour, From: 2, To: 100}}})
			},
			want: map[string]string{"cohorts/beta.toml": beta + "\n[activate.\"1.2.0\"]\nrollout = { start = 2026-12-01T09:00:00Z, duration = \"36h\", from = 2 }\n"},
		},
		{
			name: "deploy to all",
			edit: func(p Project) ([]Change, error) {
				return p.Deploy(Deployment{Version: "1.2.0", Cohort: "beta", Rollout: releases.Rollout{Fixed: 100}})
			},
			want: map[string]string{"cohorts/beta.toml": beta + "\n[activate.\"1.2.0\"]\n"},
		},
		{
			name: "deploy what is deployed",
			edit: func(p Project) ([]Change, error) {
				return p.Deploy(Deployment{Version: "1.0.0", Cohort: "beta", Rollout: releases.Rollout{Fixed: 100}})
			},
		},
		{
			name: "deploy to a default cohort without a file",
			edit: func(p Project) ([]Change, error) {
				return p.Deploy(Deployment{Version: "1.2.0", Cohort: "default", Rollout: releases.Rollout{Fixed: 0.5}})
			},
			want: map[string]string{"cohorts/default.toml": "[activate.\"1.2.0\"]\nrollout = 0.5\n"},
		},
		{
			name: "deploy a release that is not there",
			edit: func(p Project) ([]Change, error) { return p.Deploy(Deployment{Version: "1.20", Cohort: "beta"}) },
			err:  `no release has version "1.20"; did you mean "1.2.0"?`,
		},
		{
			name: "deploy to a cohort that is not there",
			edit: func(p Project) ([]Change, error) { return p.Deploy(Deployment{Version: "1.2.0", Cohort: "betta"}) },
			err:  "there is no cohort \"betta\"; did you mean \"beta\"?\nto make it, add --create-cohort",
		},
		{
			name: "deploy to a cohort that is made",
			edit: func(p Project) ([]Change, error) {
				return p.Deploy(Deployment{Version: "1.2.0", Cohort: "new", Rollout: releases.Rollout{Fixed: 100}, Create: true})
			},
			want: map[string]string{"cohorts/new.toml": "[activate.\"1.2.0\"]\n"},
		},
		{
			name:  "deploy what was aborted",
			files: map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\naborted = \"hot\"\n"},
			edit:  func(p Project) ([]Change, error) { return p.Deploy(Deployment{Version: "1.0.0", Cohort: "beta"}) },
			err:   "release 1.0.0 was aborted in cohort beta: hot\nto offer it once more, add --again",
		},
		{
			name:  "deploy again what was aborted",
			files: map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\naborted = \"hot\"\npaused = 2026-01-01T00:00:00Z\n"},
			edit: func(p Project) ([]Change, error) {
				return p.Deploy(Deployment{Version: "1.0.0", Cohort: "beta", Rollout: releases.Rollout{Fixed: 5}, Again: true, At: instant("2026-12-01T12:00:00Z")})
			},
			want: map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\nrollout = 5\nresumed = 2026-12-01T12:00:00.000Z\n"},
		},
		{
			name:  "deploy what is withdrawn",
			files: map[string]string{"releases/1.2.0.toml": "withdrawn = \"hot\"\n" + release("1.2.0")},
			edit:  func(p Project) ([]Change, error) { return p.Deploy(Deployment{Version: "1.2.0", Cohort: "beta"}) },
			err:   "release 1.2.0 is withdrawn: hot\nnobody is offered a withdrawn release: upload a new one; or to offer it once more, in every cohort that activates it, add --again",
		},
		{
			name: "deactivate",
			edit: func(p Project) ([]Change, error) { return p.Deactivate("1.1.0", "beta") },
			want: map[string]string{"cohorts/beta.toml": "# Friends.\ndevices = [\"A\", \"B\"] # two\n\n[activate.\"1.0.0\"]\n"},
		},
		{
			name: "deactivate what is not active",
			edit: func(p Project) ([]Change, error) { return p.Deactivate("1.2.0", "beta") },
			err:  "cohort beta does not activate release 1.2.0",
		},
		{
			name: "abort the highest",
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Abort("", "beta", `too "hot"`, instant("2026-12-02T00:00:00Z"))
				return changes, err
			},
			want: map[string]string{"cohorts/beta.toml": beta + "aborted = \"too \\\"hot\\\"\"\n"},
		},
		{
			name:  "abort what is aborted",
			files: map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\naborted = \"hot\"\n"},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Abort("1.0.0", "beta", "cold", instant("2026-12-02T00:00:00Z"))
				return changes, err
			},
		},
		{
			name:  "abort where nothing is offered",
			files: map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\naborted = \"hot\"\n"},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Abort("", "beta", "cold", instant("2026-12-02T00:00:00Z"))
				return changes, err
			},
			err: "cohort beta has no release on offer\nwhere that is not published yet, run 'cairn publish'",
		},
		{
			name:  "abort once more",
			files: map[string]string{"cohorts/beta.toml": beta + "aborted = \"hot\"\n"},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Abort("", "beta", "hot", instant("2026-12-02T00:00:00Z"))
				return changes, err
			},
			err: "release 1.1.0, the highest of cohort beta, is aborted already: hot\nwhere that is not published yet, run 'cairn publish'\nname the one to abort with --release-version: 1.0.0 (100 %)",
		},
		{
			name: "abort what is on offer, with a higher one to come",
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Abort("", "beta", "hot", instant("2026-12-01T00:00:00Z"))
				return changes, err
			},
			err: "release 1.1.0, the highest of cohort beta, is offered to nobody yet\nname the one to abort with --release-version: 1.0.0 (100 %), 1.1.0 (0 %)",
		},
		{
			name:  "abort the only one before it begins",
			files: map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\nrollout = 0\n"},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Abort("", "beta", "hot", instant("2026-12-01T00:00:00Z"))
				return changes, err
			},
			want: map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\nrollout = 0\naborted = \"hot\"\n"},
		},
		{
			name:  "withdraw what is withdrawn",
			files: map[string]string{"releases/1.0.0.toml": "withdrawn = \"cold\"\n" + release("1.0.0")},
			edit:  func(p Project) ([]Change, error) { return p.Withdraw("1.0.0", "hot") },
		},
		{
			name:  "pause before a pause that is to come",
			files: map[string]string{"cohorts/beta.toml": beta + "paused = 2026-12-01T18:00:00Z # then\n"},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Pause("", "beta", instant("2026-12-01T12:00:00Z"))
				return changes, err
			},
			want: map[string]string{"cohorts/beta.toml": beta + "paused = 2026-12-01T12:00:00Z # then\n"},
		},
		{
			name:  "steps in a file with line breaks of Windows",
			files: map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\r\n"},
			edit: func(p Project) ([]Change, error) {
				return p.Deploy(Deployment{Version: "1.0.0", Cohort: "beta", Rollout: releases.Rollout{Steps: []releases.Step{{At: instant("2026-12-01T09:00:00Z"), Percent: 1}}}})
			},
			want: map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\r\nrollout = [\r\n  { at = 2026-12-01T09:00:00Z, percent = 1 },\r\n]\r\n"},
		},
		{
			name:  "resume what stands there by its pause only",
			files: map[string]string{"cohorts/beta.toml": "activate.\"1.0.0\".paused = 2026-12-01T09:00:00Z\n"},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Resume("", "beta", instant("2026-12-02T09:00:00Z"))
				return changes, err
			},
			want: map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\nresumed = 2026-12-02T09:00:00.000Z\n"},
		},
		{
			name: "pause what is on its way",
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Pause("", "beta", instant("2026-12-01T12:00:00Z"))
				return changes, err
			},
			want: map[string]string{"cohorts/beta.toml": beta + "paused = 2026-12-01T12:00:00Z\n"},
		},
		{
			name: "pause what has arrived",
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Pause("1.0.0", "beta", instant("2026-12-01T12:00:00Z"))
				return changes, err
			},
			err: "release 1.0.0 in cohort beta stands at 100 %: there is no schedule to pause; abort-rollout takes it back",
		},
		{
			name:  "resume steps that were held up",
			files: map[string]string{"cohorts/beta.toml": beta + "paused = 2026-12-01T12:00:00Z\n"},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Resume("", "beta", instant("2026-12-03T12:00:00Z"))
				return changes, err
			},
			want: map[string]string{"cohorts/beta.toml": strings.Replace(beta, "2026-12-02T09:00:00+01:00", "2026-12-04T09:00:00+01:00", 1) + "resumed = 2026-12-03T12:00:00.000Z\n"},
		},
		{
			name:  "resume before anything is held up",
			files: map[string]string{"cohorts/beta.toml": beta + "paused = 2026-12-01T12:00:00Z\n"},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Resume("", "beta", instant("2026-12-01T13:00:00Z"))
				return changes, err
			},
			want: map[string]string{"cohorts/beta.toml": beta + "resumed = 2026-12-01T13:00:00.000Z\n"},
		},
		{
			name: "block",
			edit: func(p Project) ([]Change, error) {
				return p.Block("1.1.0", releases.Block{From: versions("1.0.0"), Reason: "It eats, and more than that: calibrations"})
			},
			want: map[string]string{"releases/1.1.0.toml": release("1.1.0") + "\n[blocked.it-eats-and-more]\nfrom = [\"1.0.0\"]\nreason = \"It eats, and more than that: calibrations\"\n"},
		},
		{
			name:  "say of a block where it is fixed, and more versions",
			files: map[string]string{"releases/1.1.0.toml": release("1.1.0") + blocked},
			edit: func(p Project) ([]Change, error) {
				return p.Block("1.1.0", releases.Block{From: versions("1.0.0", "0.9.0"), FixedIn: "1.2.0"})
			},
			want: map[string]string{"releases/1.1.0.toml": release("1.1.0") + strings.Replace(blocked, "\"1.0.0\"", "\"1.0.0\", \"0.9.0\"", 1) + "fixed_in = \"1.2.0\"\n"},
		},
		{
			name:  "block what is blocked",
			files: map[string]string{"releases/1.1.0.toml": release("1.1.0") + blocked},
			edit: func(p Project) ([]Change, error) {
				return p.Block("1.1.0", releases.Block{Name: "radio", From: versions("1.0.0"), Reason: "hot"})
			},
		},
		{
			name: "block without a reason",
			edit: func(p Project) ([]Change, error) {
				return p.Block("1.1.0", releases.Block{From: versions("1.0.0")})
			},
			err: "release 1.1.0 has no [blocked] table: begin one with --from VERSIONS and --reason REASON",
		},
		{
			name:  "block by another name without versions",
			files: map[string]string{"releases/1.1.0.toml": release("1.1.0") + blocked},
			edit:  func(p Project) ([]Change, error) { return p.Block("1.1.0", releases.Block{Name: "x", Reason: "hot"}) },
			err:   "release 1.1.0 has no block \"x\": say with --from from which versions it is blocked",
		},
		{
			name:  "unblock",
			files: map[string]string{"releases/1.1.0.toml": release("1.1.0") + blocked},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Unblock("1.1.0", "")
				return changes, err
			},
			want: map[string]string{"releases/1.1.0.toml": release("1.1.0")},
		},
		{
			name:  "unblock one of several",
			files: map[string]string{"releases/1.1.0.toml": release("1.1.0") + blocked + strings.Replace(blocked, "radio", "flash", 1)},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Unblock("1.1.0", "")
				return changes, err
			},
			err: "release 1.1.0 has the blocks flash, radio: name one with --name",
		},
		{
			name: "deploy to those who ask eagerly no sooner",
			edit: func(p Project) ([]Change, error) {
				return p.Deploy(Deployment{Version: "1.0.0", Cohort: "beta", Rollout: releases.Rollout{Fixed: 100}, Eager: new(bool)})
			},
			want: map[string]string{"cohorts/beta.toml": strings.Replace(beta, "[activate.\"1.0.0\"]\n", "[activate.\"1.0.0\"]\neager = false\n", 1)},
		},
		{
			name: "withdraw",
			edit: func(p Project) ([]Change, error) { return p.Withdraw("1.1.0", "hot") },
			want: map[string]string{"releases/1.1.0.toml": strings.Replace(release("1.1.0"), "\n", "\nwithdrawn = \"hot\"\n", 1)},
		},
		{
			name:  "assign between lists and files",
			files: map[string]string{"cohorts/vip.toml": "devices_file = \"vip.txt\"\n", "cohorts/vip.txt": "# VIPs\r\nC # ann\r\nD"},
			edit:  func(p Project) ([]Change, error) { return p.Assign([]string{"A", "E", "D", "E"}, "vip", false) },
			want: map[string]string{
				"cohorts/beta.toml": strings.Replace(beta, `"A", `, "", 1),
				"cohorts/vip.txt":   "# VIPs\r\nC # ann\r\nD\r\nA\r\nE\r\n",
			},
		},
		{
			name:  "assign to a list",
			files: map[string]string{"cohorts/vip.toml": "devices_file = \"vip.txt\"\n", "cohorts/vip.txt": "C # ann\nD"},
			edit:  func(p Project) ([]Change, error) { return p.Assign([]string{"D"}, "beta", false) },
			want: map[string]string{
				"cohorts/beta.toml": strings.Replace(beta, `"B"]`, `"B", "D"]`, 1),
				"cohorts/vip.txt":   "C # ann\n",
			},
		},
		{
			name: "assign to default",
			edit: func(p Project) ([]Change, error) { return p.Assign([]string{"A", "B", "Z"}, "default", false) },
			want: map[string]string{"cohorts/beta.toml": strings.Replace(beta, `"A", "B"`, "", 1)},
		},
		{
			name:  "assign to a list that is compressed",
			files: map[string]string{"cohorts/vip.toml": "devices_file = \"vip.txt.gz\"\n", "cohorts/vip.txt.gz": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x73\xe6\x02\x00\x27\xe7\x58\x7a\x02\x00\x00\x00"},
			edit:  func(p Project) ([]Change, error) { return p.Assign([]string{"D"}, "vip", false) },
			err:   "cohorts/vip.txt.gz is compressed, and cohort vip lists its devices there: change it where it is made, or unpack it and name the text in cohorts/vip.toml",
		},
		{
			name:  "assign to a list in a bucket",
			files: map[string]string{"cohorts/vip.toml": "devices_file = \"s3://fleet-lists/vip.txt\"\ndevices_sha256 = \"" + digest("0") + "\"\n"},
			edit:  func(p Project) ([]Change, error) { return p.Assign([]string{"D"}, "vip", false) },
			err:   "cohort vip lists its devices in s3://fleet-lists/vip.txt, which no command changes: put the changed list beside it under another name, and name that and its digest in cohorts/vip.toml",
		},
		{
			name:  "assign from a list in a bucket",
			files: map[string]string{"cohorts/vip.toml": "devices = [\"D\"]\ndevices_file = \"s3://fleet-lists/vip.txt\"\ndevices_sha256 = \"" + digest("0") + "\"\n"},
			edit:  func(p Project) ([]Change, error) { return p.Assign([]string{"LISTED"}, "beta", false) },
			err:   "cohort vip lists its devices in s3://fleet-lists/vip.txt, which no command changes: put the changed list beside it under another name, and name that and its digest in cohorts/vip.toml",
		},
		{
			name: "assign what is no serial",
			edit: func(p Project) ([]Change, error) { return p.Assign([]string{"a b"}, "beta", false) },
			err:  "no device serial: \"a b\"\na serial is letters, digits, - and _, at most 128 characters",
		},
		{
			name:  "a byte order mark",
			files: map[string]string{"cohorts/beta.toml": "\uFEFF[activate.\"1.0.0\"]\n"},
			edit: func(p Project) ([]Change, error) {
				changes, _, err := p.Abort("", "beta", "hot", instant("2026-12-02T00:00:00Z"))
				return changes, err
			},
			want: map[string]string{"cohorts/beta.toml": "\uFEFF[activate.\"1.0.0\"]\naborted = \"hot\"\n"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{"cohorts/beta.toml": beta}
			maps.Copy(files, tt.files)
			p := project(t, files)
			changes, err := tt.edit(p)
			if err != nil || tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Fatalf("error %v, want %s", err, tt.err)
				}
				return
			}
			var got map[string]string
			for _, c := range changes {
				if got == nil {
					got = map[string]string{}
				}
				before, err := fs.ReadFile(p.Files, c.File)
				if (c.Before == nil) != (err != nil) || string(before) != string(c.Before) {
					t.Errorf("%s is said to have been %q", c.File, c.Before)
				}
				got[c.File] = string(c.After)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			after, err := p.Check(changes)
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range tt.want {
				if read, err := fs.ReadFile(after.Files, name); err != nil || string(read) != text {
					t.Errorf("%s reads %q, %v", name, read, err)
				}
			}
		})
	}
}

// TestResume holds any schedule up for any time: it goes on from the percentage
// at which it stood, as it would have gone on without.
func TestResume(t *testing.T) {
	epoch := instant("2026-12-01T00:00:00Z")
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		hour := func(n int) time.Time { return epoch.Add(time.Duration(r.IntN(n)) * time.Hour) }
		var rollout releases.Rollout
		if r.IntN(2) == 0 {
			rollout.Ramp = &releases.Ramp{Start: hour(50), Duration: time.Duration(1+r.IntN(50)) * time.Hour, From: 1 + r.Float64()*20, To: 100, Linear: r.IntN(2) == 0}
		} else {
			at := hour(30)
			for i := range 1 + r.IntN(4) {
				rollout.Steps = append(rollout.Steps, releases.Step{At: at, Percent: float64(5 + 30*i)})
				at = at.Add(time.Duration(1+r.IntN(30)) * time.Hour)
			}
		}
		paused := hour(100)
		p := project(t, map[string]string{"cohorts/beta.toml": "[activate.\"1.0.0\"]\nrollout = " + Rollout(rollout) + "\npaused = " + Time(paused) + "\n"})
		at := paused.Add(time.Duration(r.IntN(100)) * time.Hour)
		changes, _, err := p.Resume("", "beta", at)
		if err != nil {
			t.Fatal(err)
		}
		after, err := p.Check(changes)
		if err != nil {
			t.Fatal(err)
		}
		a := after.Fleet.Cohort("beta").Activations[0]
		if got, want := a.Percent(at), rollout.Percent(paused); !near(got, want) || !a.Paused.IsZero() {
			t.Fatalf("seed %d: resumes at %v %%, stood at %v %%", seed, got, want)
		}
		held := at.Sub(paused)
		if near(rollout.Percent(at), rollout.Percent(paused)) && slices.Equal(a.Rollout.Steps, rollout.Steps) {
			held = 0
		}
		for h := range 200 {
			then := at.Add(time.Duration(h) * time.Hour)
			if got, want := a.Percent(then), rollout.Percent(then.Add(-held)); !near(got, want) {
				t.Fatalf("seed %d: %v %% at %s, want %v %%", seed, got, then, want)
			}
		}
	}
}

func near(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
