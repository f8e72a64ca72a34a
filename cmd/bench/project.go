package main

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cairn/manifest"
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

// project is a project folder, and what a bench does with it.
type project struct {
	*bench
	dir string
	size
}

// size is how much a project has.
type size struct {
	targets      int // pairs of a software type and a hardware version
	versions     int // of each software type
	digits       int // of a bucket
	cohortDigits int // of a cohort shard; 0 for what is usual
	devices      int // in the cohort beta
	files        bool
}

// smallProject is one whose tree has 24,576 objects, payload files among them.
func smallProject() size {
	return size{targets: 2, versions: 8, digits: 2, devices: 91, files: true}
}

// largeProject is one that has so many answers (buckets of version folders),
// about, and whose payloads are hosted elsewhere.
func largeProject(answers, digits int) size {
	s := size{versions: 20, digits: digits, devices: 1000}
	perTarget := (s.versions + 2) * 2 * 256
	if digits == 3 {
		perTarget = (s.versions + 2) * (4096 + 890)
	}
	s.targets = max(1, (answers+perTarget/2)/perTarget)
	return s
}

// project writes the definitions of a project.
func (b *bench) project(name string, s size) *project {
	p := &project{b, filepath.Join(b.memory, name), s}
	p.publishTo("http://127.0.0.1:1")
	var beta bytes.Buffer
	for i := range p.devices {
		beta.WriteString(serial(i) + "\n")
	}
	p.file("cohorts/beta.txt", beta.Bytes())
	for v := range p.versions {
		p.release(v)
	}
	p.cohorts("")
	return p
}

// build writes the tree to a folder.
func (p *project) build(at time.Time, out string) usage {
	return p.command(nil, p.absolute(p.cairn), "-C", p.dir, "build", "--at", instant(at), "--out", out)
}

// publish brings a bucket up to date.
func (p *project) publish(at time.Time, to s3, flags ...string) usage {
	p.publishTo(to.Endpoint)
	return p.command(to.env(), append([]string{p.absolute(p.cairn), "-C", p.dir, "publish", "--allow", "time,reoffer", "--at", instant(at), "--to", "s3://" + to.Bucket}, flags...)...)
}

// publishDir brings a folder up to date.
func (p *project) publishDir(at time.Time, to string) usage {
	return p.command(nil, p.absolute(p.cairn), "-C", p.dir, "publish", "--at", instant(at), "--to", "dir:"+to)
}

// answers is how many there are: each cohort has a folder for each version, for
// _none and for _other, with the buckets that have a device.
func (p *project) answers() int {
	beta := map[string]bool{}
	for i := range p.devices {
		beta[manifest.Hash(serial(i))[:p.digits]] = true
	}
	return p.targets * (p.versions + 2) * (1<<(4*p.digits) + len(beta))
}

func serial(device int) string { return fmt.Sprintf("BETA-%06d", device) }

func (p *project) hardware(target int) string { return fmt.Sprintf("rev-%03d", target/2) }

// publishTo names the server in the definitions.
func (p *project) publishTo(endpoint string) {
	p.file("cairn.toml", fmt.Appendf(nil, `[project]
slug = %q
base_url = "https://ota.example.com"
bucket_digits = %d
cohort_digits = %d

[publish]
to = "s3://%s"
endpoint = %q
region = "eu-test-1"
`, slug, p.digits, cmp.Or(p.cohortDigits, 2), slug, endpoint))
}

// cohorts writes the cohorts; with a reason, the last main release is aborted.
func (p *project) cohorts(aborted string) {
	var b strings.Builder
	last := p.versions - 1
	for v := range last {
		fmt.Fprintf(&b, "[activate.%q]\n[activate.%q]\n", version("main", v), version("modem", v))
	}
	fmt.Fprintf(&b, "[activate.%q]\naborted = %q\nrollout = [{ at = %s, percent = 40 }, { at = %s, percent = 50 }]\n",
		version("main", last), aborted, instant(begin), instant(step))
	fmt.Fprintf(&b, "[activate.%q]\nrollout = [{ at = %s, percent = 10 }, { at = %s, percent = 50 }]\n",
		version("modem", last), instant(begin), instant(alarm))
	p.file("cohorts/default.toml", []byte(b.String()))
	p.file("cohorts/beta.toml", []byte("devices_file = \"beta.txt\"\n"+b.String()))
}

// release writes the v-th release of both software types.
func (p *project) release(v int) {
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
				p.file("releases/"+name+"/"+image, noise(uint64(t*p.versions+v)))
			} else {
				elsewhere(&b, name, image)
			}
			if v > 0 {
				fmt.Fprintf(&b, "\n[delta.%s.%s.%q]\n", software, p.hardware(t), version(software, v-1))
				elsewhere(&b, name, image+".patch")
			}
		}
		p.file("releases/"+name+"/release.toml", []byte(b.String()))
	}
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

func (p *project) file(name string, content []byte) {
	name = filepath.Join(p.dir, name)
	p.check(os.MkdirAll(filepath.Dir(name), 0o755))
	p.check(os.WriteFile(name, content, 0o644))
}
