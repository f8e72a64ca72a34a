package device_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/releases"
	"cairn/templates/device"
)

var (
	warnings   = strings.Fields("-Wall -Wextra -Werror -pedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual -Wmissing-prototypes -Wunused -Wunused-macros -Wc++-compat")
	sanitizers = strings.Fields("-g1 -Og -fsanitize=address,undefined -fno-sanitize-recover=all")
)

// compared is the header as it is by default.
var compared = device.Options{MaxCohort: 63}

// asOnARM makes char unsigned.
const asOnARM = "-funsigned-char"

// fridges is a project with a path in its base_url.
var fridges = releases.Project{
	Slug: "fridges", Prefix: "acme/fridges", BaseURL: "https://ota.example.com/cdn",
	BucketDigits: 2, CohortDigits: 2, MaxSerial: 128, Order: releases.SemVer,
}

func layoutOf(p releases.Project) manifest.Layout {
	return manifest.Layout{Prefix: p.Prefix, BucketDigits: p.BucketDigits, CohortDigits: p.CohortDigits}
}

// folder makes a folder with the header and with sources from testdata.
func folder(t *testing.T, p releases.Project, o device.Options, sources ...string) string {
	t.Helper()
	header, err := device.Header(p, o)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string][]byte{"cairn_ota.h": header}
	for _, name := range sources {
		if files[name], err = os.ReadFile(filepath.Join("testdata", name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func gcc(t *testing.T, dir string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Fatal("these tests need gcc: apt-get install gcc libc6-dev")
	}
	cmd := exec.Command("gcc", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// programs are those that tests share, in a folder of their own.
var (
	programs  = map[string]string{}
	programIn string
)

func TestMain(m *testing.M) {
	var err error
	if programIn, err = os.MkdirTemp("", "cairn-device"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(programIn)
	os.Exit(code)
}

// build compiles a program from testdata, with sanitizers, once.
func build(t *testing.T, p releases.Project, o device.Options, source string, flags ...string) string {
	t.Helper()
	header, err := device.Header(p, o)
	if err != nil {
		t.Fatal(err)
	}
	key := fmt.Sprint(string(header), source, flags)
	if programs[key] == "" {
		program := filepath.Join(programIn, fmt.Sprint(len(programs)))
		gcc(t, folder(t, p, o, source), append(append([]string{"-std=c99", "-o", program, source}, sanitizers...), flags...)...)
		programs[key] = program
	}
	return programs[key]
}

// script is what testdata/driver.c is told, and what it must say.
type script struct {
	in   strings.Builder
	want []string
	told [][]string // the commands of a device up to what it must say
	last []string
}

func (s *script) tell(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if strings.HasPrefix(line, "new ") {
		s.last = nil
	}
	s.last = append(s.last, line)
	fmt.Fprintln(&s.in, line)
}

func (s *script) ask(want, format string, args ...any) {
	s.tell(format, args...)
	s.want = append(s.want, want)
	s.told = append(s.told, s.last)
}

// device tells of a new device, and begins.
func (s *script) device(size int, d manifest.Device) {
	s.tell("new %d", size)
	s.tell("set serial %x", d.Serial)
	s.tell("set hardware %x", d.Target.HardwareVersion)
	s.tell("set software %x", d.Target.SoftwareType)
	if d.CurrentVersion != "" {
		s.tell("set version %x", d.CurrentVersion)
	}
	if d.Eager {
		s.tell("eager 1")
	}
	s.ask(manifest.Hash(d.Serial), "begin")
}

// body tells of a body in parts of n bytes.
func (s *script) body(body string, n int) {
	for len(body) > 0 {
		part := body[:min(n, len(body))]
		s.tell("body %s", hex.EncodeToString([]byte(part)))
		body = body[len(part):]
	}
}

// run has a driver carry the script out.
func (s *script) run(t *testing.T, driver string) {
	t.Helper()
	cmd := exec.Command(driver)
	cmd.Stdin = strings.NewReader(s.in.String())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for i, want := range s.want {
		if i >= len(got) {
			break
		}
		if got[i] != want && want != "*" {
			t.Fatalf("%s\nsays  %s\nwant  %s", strings.Join(s.told[i], "\n"), got[i], want)
		}
	}
	if err != nil || len(got) != len(s.want) {
		t.Fatalf("%d answers of %d, %v\n%s", len(got), len(s.want), err, &stderr)
	}
}
