package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// The instants at which projects are published: the last release of each of
// the two software types goes out in steps.
var (
	begin = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)
	step  = begin.Add(24 * time.Hour) // the last main release goes from 40 % to 50 %
	alarm = step.Add(24 * time.Hour)  // the last modem release goes from 10 % to 50 %
)

// slug is the projects', and what their keys begin with.
const slug = "bench"

// project is a project folder.
type project struct {
	dir      string
	targets  int // pairs of a software type and a hardware version
	versions int // of each software type
	digits   int // of a bucket
	devices  int // in the cohort beta
	files    bool
}

// smallProject is one whose tree has 24,576 objects, payload files among them.
func smallProject(dir string) *project {
	return &project{dir: dir, targets: 2, versions: 8, digits: 2, devices: 91, files: true}
}

// largeProject is one that has so many answers (buckets of version folders),
// about, and whose payloads are hosted elsewhere.
func largeProject(dir string, answers int) *project {
	p := &project{dir: dir, versions: 20, digits: 2, devices: 1000}
	perTarget := (p.versions + 2) * 2 * 256
	if answers >= 500_000 {
		p.digits, perTarget = 3, (p.versions+2)*(4096+890)
	}
	p.targets = max(1, (answers+perTarget/2)/perTarget)
	return p
}

// answers is how many there are: each cohort has a folder for each version, for
// _none and for _other, with the buckets that have a device.
func (p *project) answers() int {
	beta := map[uint64]bool{}
	for i := range p.devices {
		beta[xxhash.Sum64String(serial(i))>>(64-4*p.digits)] = true
	}
	return p.targets * (p.versions + 2) * (1<<(4*p.digits) + len(beta))
}

func serial(device int) string { return fmt.Sprintf("BETA-%06d", device) }

func (p *project) hardware(target int) string { return fmt.Sprintf("rev-%03d", target/2) }

// write writes the definitions.
func (p *project) write() error {
	if err := p.publishTo("http://127.0.0.1:1"); err != nil {
		return err
	}
	var beta bytes.Buffer
	for i := range p.devices {
		beta.WriteString(serial(i) + "\n")
	}
	if err := p.file("cohorts/beta.txt", beta.Bytes()); err != nil {
		return err
	}
	for v := range p.versions {
		if err := p.release(v); err != nil {
			return err
		}
	}
	return p.cohorts("")
}

// publishTo names the server in the definitions.
func (p *project) publishTo(endpoint string) error {
	return p.file("cairn.toml", fmt.Appendf(nil, `[project]
slug = %q
base_url = "https://ota.example.com"
bucket_digits = %d

[publish]
endpoint = %q
region = %q
`, slug, p.digits, endpoint, region))
}

// cohorts writes the cohorts; with a reason, the last main release is aborted.
func (p *project) cohorts(aborted string) error {
	var b strings.Builder
	last := p.versions - 1
	for v := range last {
		fmt.Fprintf(&b, "[activate.%q]\n[activate.%q]\n", version("main", v), version("modem", v))
	}
	fmt.Fprintf(&b, "[activate.%q]\naborted = %q\nrollout = [{ at = %s, percent = 40 }, { at = %s, percent = 50 }]\n",
		version("main", last), aborted, instant(begin), instant(step))
	fmt.Fprintf(&b, "[activate.%q]\nrollout = [{ at = %s, percent = 10 }, { at = %s, percent = 50 }]\n",
		version("modem", last), instant(begin), instant(alarm))
	if err := p.file("cohorts/default.toml", []byte(b.String())); err != nil {
		return err
	}
	return p.file("cohorts/beta.toml", []byte("devices_file = \"beta.txt\"\n"+b.String()))
}

// release writes the v-th release of both software types.
func (p *project) release(v int) error {
	for s, software := range []string{"main", "modem"} {
		var b strings.Builder
		name := version(software, v)
		fmt.Fprintf(&b, "version = %q\nnotes = \"What came with %s, in a sentence or two that compress well enough.\"\nmust_pass_through = %t\n",
			name, name, v%5 == 3 && v < p.versions-1)
		for t := s; t < p.targets; t += 2 {
			fmt.Fprintf(&b, "\n[payload.%s.%s]\n", software, p.hardware(t))
			image := fmt.Sprintf("%s-%s.bin", software, p.hardware(t))
			if p.files {
				fmt.Fprintf(&b, "file = %q\n", image)
				if err := p.file("releases/"+name+"/"+image, noise(uint64(t*p.versions+v))); err != nil {
					return err
				}
			} else {
				elsewhere(&b, name, image)
			}
			if v > 0 {
				fmt.Fprintf(&b, "\n[delta.%s.%s.%q]\n", software, p.hardware(t), version(software, v-1))
				elsewhere(&b, name, image+".patch")
			}
		}
		if err := p.file("releases/"+name+"/release.toml", []byte(b.String())); err != nil {
			return err
		}
	}
	return nil
}

func elsewhere(b *strings.Builder, version, name string) {
	fmt.Fprintf(b, "url = \"https://cdn.example.com/firmware/%s/%s\"\nsize = 250_000\nsha256 = \"%064x\"\nmd5 = \"%032x\"\n",
		version, name, len(version)+len(name), len(name))
}

// version is the name of the v-th release: a software type has numbers of its
// own, since a version is defined once.
func version(software string, v int) string {
	return fmt.Sprintf("%d.%d.0", map[string]int{"main": 1, "modem": 5}[software], v)
}

func instant(t time.Time) string { return t.Format(time.RFC3339) }

// noise is the content of a small payload, which does not compress.
func noise(seed uint64) []byte {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	b := make([]byte, 16<<10)
	r.Read(b)
	return b
}

func (p *project) file(name string, content []byte) error {
	name = filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}
