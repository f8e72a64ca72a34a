package edit

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cairn/releases"
	"cairn/releases/fleettest"
	"cairn/releases/syntax"

	"github.com/google/go-cmp/cmp"
)

// said is what definitions say, but for where.
type said struct {
	Withdrawn map[string]string
	Devices   map[string][]string                       // by cohort
	Checks    map[string]bool                           // likewise
	Active    map[string]map[string]releases.Activation // likewise, by version
	Promotes  map[string]releases.Promotion             // likewise
}

func say(f *releases.Fleet) said {
	s := said{map[string]string{}, map[string][]string{}, map[string]bool{}, map[string]map[string]releases.Activation{}, map[string]releases.Promotion{}}
	for _, r := range f.Releases {
		s.Withdrawn[r.Version] = r.Withdrawn
	}
	for _, c := range f.Cohorts {
		s.Checks[c.Slug] = c.VersionCheck
		if c.Devices.Len() > 0 {
			s.Devices[c.Slug] = slices.Collect(c.Devices.Serials())
		}
		if c.Promote != nil {
			s.Promotes[c.Slug] = *c.Promote
		}
		s.Active[c.Slug] = map[string]releases.Activation{}
		for _, a := range c.Activations {
			v := a.Release.Version
			a.Release = nil
			s.Active[c.Slug][v] = a
		}
	}
	return s
}

var errRefused = errors.New("refused")

// command is one at random: how it is run, what definitions say after it, and
// what of a cohort file it may touch.
func command(r *rand.Rand, p Project) (name string, run func() ([]Change, error), after func(*said) error, touched func(of string) bool) {
	v := oddVersions[r.IntN(len(oddVersions))]
	at := time.Date(2026, 12, 1, r.IntN(250), 0, 0, 0, time.UTC)
	was, active := p.activation("beta", v)
	withdrawn := say(p.Fleet).Withdrawn
	keys := func(names ...string) func(string) bool {
		return func(of string) bool {
			return slices.ContainsFunc(names, func(n string) bool { return of == v+"/"+n })
		}
	}
	change := func(s *said, edit func(*releases.Activation)) error {
		if !active {
			return errRefused
		}
		a := s.Active["beta"][v]
		edit(&a)
		s.Active["beta"][v] = a
		return nil
	}
	switch r.IntN(8) {
	case 0:
		d := Deployment{Version: v, Cohort: "beta", Again: was.Aborted != "" || r.IntN(2) == 0, At: at, Rollout: releases.Rollout{Fixed: float64(r.IntN(101))}}
		switch r.IntN(3) {
		case 0:
			d.Rollout = releases.Rollout{Ramp: &releases.Ramp{Start: at, Duration: 90 * time.Minute, From: 1.5, To: 100, Linear: r.IntN(2) == 0}}
		case 1:
			d.Rollout = releases.Rollout{Steps: []releases.Step{{At: at, Percent: 1}, {At: at.Add(time.Hour), Percent: 100}}}
		}
		return "deploy", func() ([]Change, error) { return p.Deploy(d) }, func(s *said) error {
			if withdrawn[v] != "" && !d.Again {
				return errRefused
			}
			s.Withdrawn[v] = ""
			seed := "beta/" + v
			if active {
				seed = was.Seed
			}
			resumed := at
			if !d.Again && was.Paused.IsZero() {
				resumed = was.Resumed
			}
			s.Active["beta"][v] = releases.Activation{Rollout: d.Rollout, Seed: seed, Resumed: resumed}
			return nil
		}, keys("rollout", "paused", "aborted", "resumed")
	case 1:
		return "deactivate", func() ([]Change, error) { return p.Deactivate(v, "beta") }, func(s *said) error {
			if !active {
				return errRefused
			}
			delete(s.Active["beta"], v)
			return nil
		}, func(of string) bool { return of == v || strings.HasPrefix(of, v+"/") }
	case 2:
		return "abort", func() ([]Change, error) {
				changes, _, err := p.Abort(v, "beta", "it's \"hot\"\t", at)
				return changes, err
			}, func(s *said) error {
				return change(s, func(a *releases.Activation) {
					if a.Aborted == "" {
						a.Aborted, a.Resumed = "it's \"hot\"", time.Time{}
					}
				})
			}, keys("aborted", "resumed")
	case 3:
		return "pause", func() ([]Change, error) {
				changes, _, err := p.Pause(v, "beta", at)
				return changes, err
			}, func(s *said) error {
				stands := was.Aborted != "" || withdrawn[v] != "" || was.Rollout.Percent(at) >= was.Rollout.Final() || !was.Paused.IsZero() && !was.Paused.After(at)
				if !active || stands {
					return errRefused
				}
				return change(s, func(a *releases.Activation) { a.Paused, a.Resumed = at, time.Time{} })
			}, keys("paused", "resumed")
	case 4:
		return "resume", func() ([]Change, error) {
				changes, _, err := p.Resume(v, "beta", at)
				return changes, err
			}, func(s *said) error {
				if was.Paused.IsZero() {
					return errRefused
				}
				return change(s, func(a *releases.Activation) {
					a.Resumed = at
					if a.Paused = (time.Time{}); was.Rollout.Percent(at) <= was.Percent(at) {
						return
					}
					by := at.Sub(was.Paused)
					if ramp := a.Rollout.Ramp; ramp != nil {
						later := *ramp
						later.Start = ramp.Start.Add(by)
						a.Rollout.Ramp = &later
						return
					}
					a.Rollout.Steps = slices.Clone(a.Rollout.Steps)
					for i, step := range a.Rollout.Steps {
						if step.At.After(was.Paused) {
							a.Rollout.Steps[i].At = step.At.Add(by)
						}
					}
				})
			}, keys("paused", "rollout", "resumed")
	case 5:
		return "withdraw", func() ([]Change, error) { return p.Withdraw(v, "bricks") }, func(s *said) error {
			if s.Withdrawn[v] == "" {
				s.Withdrawn[v] = "bricks"
			}
			return nil
		}, func(string) bool { return false }
	case 6:
		c := p.Fleet.Cohort("beta")
		t := Takeover{Cohort: "beta", At: at, Again: r.IntN(2) == 0, Not: []string{v, "1.0.0+b"}}
		if t.Promote = v; active || r.IntN(2) == 0 {
			t.Promote = ""
		}
		return "promote", func() ([]Change, error) { return p.Promote(t) }, func(s *said) error {
				if c.Promote == nil {
					return errRefused
				}
				table := *c.Promote
				for _, not := range t.Not {
					if !slices.Contains(table.Not, not) {
						table.Not = append(slices.Clip(table.Not), not)
					}
				}
				x := p.Fleet.Candidate(c, at, t.Again)
				if table.Since = nil; !x.Note.IsZero() && !slices.Contains(t.Not, x.Release.Version) {
					table.Since = map[string]time.Time{x.Release.Version: x.Note}
				}
				switch {
				case t.Promote != "":
					table.Promoted = v
					s.Active["beta"][v] = releases.Activation{Rollout: table.Rollout.BeginAt(at), Seed: "beta/" + v}
				case t.Again:
					table.Promoted = ""
				}
				s.Promotes["beta"] = table
				return nil
			}, func(of string) bool {
				return slices.Contains([]string{"promote/not", "promote/promoted", "promote/since"}, of) || keys("rollout")(of)
			}
	}
	serials := []string{"A", "D4", "NEW", "D0", "NEW", "D2", "N2", "N3", "N4"}
	r.Shuffle(len(serials), func(i, j int) { serials[i], serials[j] = serials[j], serials[i] })
	serials = serials[:1+r.IntN(len(serials))]
	to := []string{"beta", "default", "other", "filed", "fresh"}[r.IntN(5)]
	return "assign", func() ([]Change, error) { return p.Assign(serials, to, true) }, func(s *said) error {
		for slug, devices := range s.Devices {
			if slug != to {
				s.Devices[slug] = slices.DeleteFunc(devices, func(d string) bool { return slices.Contains(serials, d) })
			}
			if len(s.Devices[slug]) == 0 {
				delete(s.Devices, slug)
			}
		}
		for _, d := range serials {
			if to != "default" && !slices.Contains(s.Devices[to], d) {
				s.Devices[to] = append(s.Devices[to], d)
			}
		}
		if to == "fresh" {
			s.Checks[to], s.Active[to] = true, map[string]releases.Activation{}
		}
		return nil
	}, func(of string) bool { return of == "devices" }
}

// TestRandomCommands runs commands on cohorts of all styles: definitions say
// then what the command means, and nothing else of the file is touched.
func TestRandomCommands(t *testing.T) {
	done := map[string]int{}
	for seed := range uint64(fleettest.Rounds(2500, 5000)) {
		randomCommand(t, seed, done)
	}
	for _, name := range []string{"deploy", "deactivate", "abort", "pause", "resume", "withdraw", "assign", "promote"} {
		if done[name] < fleettest.Rounds(10, 20) {
			t.Errorf("only %d times: %s", done[name], name)
		}
	}
}

func FuzzCommands(f *testing.F) {
	f.Fuzz(func(t *testing.T, seed uint64) { randomCommand(t, seed, map[string]int{}) })
}

func randomCommand(t *testing.T, seed uint64, done map[string]int) {
	r := rand.New(rand.NewPCG(seed, 3))
	a := &cohortAuthor{Rand: r}
	a.newline = a.one("\n", "\n", "\r\n")
	text := a.cohort([]string{"D0", "D1", "D2", "D3", "D4"}[:r.IntN(6)])
	last := len(a.pieces) - 1
	if a.pieces[last].text == a.newline && r.IntN(3) == 0 {
		text = strings.TrimSuffix(text, a.newline)
		a.pieces = a.pieces[:last]
	}
	mark := a.one("", "", "\uFEFF")
	files := fstest.MapFS{
		"cairn.toml":         {Data: []byte("[project]\nslug = \"fridge\"\nbase_url = \"https://ota.example.com\"\nversion_order = \"natural\"\n")},
		"cohorts/beta.toml":  {Data: []byte(mark + text)},
		"cohorts/other.toml": {Data: []byte("devices = [\"A\", \"B\"]\n[activate.\"1.0.0\"]\n[activate.\"über\"]\n")},
		"cohorts/filed.toml": {Data: []byte("devices_file = \"filed.txt\"\n")},
		"cohorts/filed.txt":  {Data: []byte("N2 # two" + a.newline + "\tF1\n\nN3")},
	}
	for i, v := range oddVersions {
		head := "version = " + syntax.String(v) + "\n"
		if r.IntN(8) == 0 {
			head += "withdrawn = \"cold\"\n"
		}
		files[fmt.Sprintf("releases/%d.toml", i)] = &fstest.MapFile{Data: []byte(head + strings.TrimPrefix(release("1"), "version = \"1\"\n"))}
	}
	fleet, err := releases.Load(files)
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, text)
	}
	p := Project{Fleet: fleet, Source: releases.Source{Files: files}}
	name, run, meant, touched := command(r, p)
	want := say(fleet)
	refused := meant(&want)
	changes, err := run()
	if (err != nil) != (refused != nil) {
		t.Fatalf("seed %d: %s: error %v, want %v\n%s", seed, name, err, refused, text)
	}
	if err != nil {
		return
	}
	done[name]++
	edited, err := p.Check(changes)
	if err != nil {
		t.Fatalf("seed %d: %s: %v\n%s", seed, name, err, text)
	}
	if diff := cmp.Diff(want, say(edited.Fleet)); diff != "" {
		t.Fatalf("seed %d: %s says\n%s\n%s", seed, name, diff, text)
	}
	for _, c := range changes {
		if c.File != "cohorts/beta.toml" {
			continue
		}
		rest, marked := strings.CutPrefix(string(c.After), mark)
		if !marked {
			t.Fatalf("seed %d: %s lost the byte order mark", seed, name)
		}
		if a.newline == "\r\n" && strings.Count(rest, "\n") != strings.Count(rest, "\r\n") {
			t.Fatalf("seed %d: %s mixed line breaks: %q", seed, name, rest)
		}
		for _, piece := range a.pieces {
			if strings.TrimSpace(piece.text) == "" || piece.of == separator || touched(piece.of) {
				continue
			}
			_, after, found := strings.Cut(rest, piece.text)
			if !found {
				t.Fatalf("seed %d: %s touched %q:\n%s\nfrom\n%s", seed, name, piece.text, c.After, text)
			}
			rest = after
		}
	}
}
