package manifest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases"
	"cairn/releases/fleettest"

	"github.com/google/go-cmp/cmp"
)

func signed(t testing.TB, tree *manifest.Tree) *manifest.Signed {
	t.Helper()
	s, err := tree.Signed()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range s.Parts {
		if sha256.Sum256(p.Body) != p.Digest {
			t.Fatalf("the digest of part %x is another", p.Digest)
		}
		if i > 0 && bytes.Compare(s.Parts[i-1].Digest[:], p.Digest[:]) >= 0 {
			t.Fatalf("part %x is out of order", p.Digest)
		}
	}
	return s
}

// signedVector is what the signed form of a fleet has at an instant.
type signedVector struct {
	Latest  string         `json:"latest"`  // base64
	Cohorts string         `json:"cohorts"` // likewise
	Parts   map[string]int `json:"parts"`   // sizes in bytes, by the 64 hex digits of the digest
}

func vectorOf(s *manifest.Signed) signedVector {
	v := signedVector{base64.StdEncoding.EncodeToString(s.Latest[:]), base64.StdEncoding.EncodeToString(s.Cohorts[:]), map[string]int{}}
	for _, p := range s.Parts {
		v.Parts[hex.EncodeToString(p.Digest[:])] = len(p.Body)
	}
	return v
}

// TestSignedVectors holds the signed form of the contract's fleets to what an
// independent implementation has made of them.
func TestSignedVectors(t *testing.T) {
	for _, name := range []string{"fleet-a", "fleet-b", "fleet-c"} {
		folder := filepath.Join("testdata/contract", name)
		fleet := load(t, folder)
		for at, want := range readJSON[map[string]signedVector](t, filepath.Join(folder, "signed.json")) {
			if diff := cmp.Diff(want, vectorOf(signed(t, manifest.New(fleet, instant(t, at))))); diff != "" {
				t.Errorf("%s at %s (-want +got):\n%s", name, at, diff)
			}
		}
	}
}

// TestSignedExample has the parts that a device meets in the example.
func TestSignedExample(t *testing.T) {
	s := signed(t, manifest.New(load(t, "../examples/smartfridge"), instant(t, "2026-12-08T12:00:00Z")))
	v := vectorOf(s)
	if v.Latest != "wOqp8wU71W6sln8svASPNTmKfFLoz+FGedqT2ppDvLU=" || v.Cohorts != "JcTQcttkPyJZROHNno9YJN0HjxOUuuvDJrNZ9JoQkpE=" || len(v.Parts) != 25 {
		t.Errorf("latest %s, cohorts %s, %d parts", v.Latest, v.Cohorts, len(v.Parts))
	}
	sizes := map[string]int{}
	for digest, size := range v.Parts {
		sizes[digest[:32]] = size
	}
	for name, size := range map[string]int{"25c4d072db643f225944e1cd9e8f5824": 281, "4f82d2d4702d95b60ed4e752df221c56": 2} {
		if sizes[name] != size {
			t.Errorf("part %s has %d bytes, want %d", name, sizes[name], size)
		}
	}
}

// rewritten makes the signed form a second time: from the bodies of a tree, as
// devices read them, after the contract's words.
type rewritten struct {
	tree  *manifest.Tree
	parts map[string]string // by digest
}

func (r *rewritten) part(body string) string {
	sum := sha256.Sum256([]byte(body))
	r.parts[string(sum[:])] = body
	return string(sum[:])
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return string(sum[:])
}

type leaf struct{ place, key, digest string }

func (r *rewritten) top(leaves []leaf, depth int) string {
	places := map[string]bool{}
	for _, l := range leaves {
		places[l.place] = true
	}
	if len(leaves) <= 64 || len(places) == 1 {
		var entries []string
		for _, l := range leaves {
			entries = append(entries, l.key+l.digest)
		}
		slices.Sort(entries)
		return r.part("B" + strings.Join(entries, ""))
	}
	node := "I"
	for _, digit := range "0123456789abcdef" {
		var below []leaf
		for _, l := range leaves {
			if rune(hex.EncodeToString([]byte(l.place))[depth]) == digit {
				below = append(below, l)
			}
		}
		if len(below) == 0 {
			node += strings.Repeat("\x00", 32)
		} else {
			node += r.top(below, depth+1)
		}
	}
	return r.part(node)
}

// line is that of an answer, from what its key says in JSON and text.
func (r *rewritten) line(t *testing.T, f *manifest.Folder, bucket string) string {
	at := manifest.Location{Class: manifest.Answer, Target: f.Target, Cohort: f.Cohort, VersionSegment: f.VersionSegment, Bucket: bucket, Form: manifest.JSON}
	body, err := r.tree.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	if len(body) == 0 {
		return ""
	}
	e := essentials(t, body)
	line := fmt.Sprint(e.SHA256, " ", e.Size, " ", e.URL)
	if at.Form = manifest.Below; f.VersionSegment == "_other" {
		below, err := r.tree.Get(at)
		if err != nil {
			t.Fatal(err)
		}
		if version, _, _ := strings.Cut(string(below), "\n"); version != "" {
			line += " " + releases.Escape(version)
		}
	}
	return line
}

func (r *rewritten) row(answers []string) string {
	var lines []string
	for _, a := range answers {
		if a != "" && !slices.Contains(lines, a) {
			lines = append(lines, a)
		}
	}
	planes := 0
	for 1<<planes <= len(lines) {
		planes++
	}
	row := []byte{'R', byte(planes)}
	for plane := range planes {
		bits := make([]byte, (len(answers)+7)/8)
		for b, a := range answers {
			if i := slices.Index(lines, a) + 1; i>>plane&1 == 1 {
				bits[b/8] |= 1 << (b % 8)
			}
		}
		row = append(row, bits...)
	}
	for _, l := range lines {
		row = append(row, l+"\n"...)
	}
	return string(row)
}

func rewrite(t *testing.T, tree *manifest.Tree) signedVector {
	r := &rewritten{tree, map[string]string{}}
	l := tree.Layout
	var latest, cohorts []leaf
	for i := range tree.Folders {
		f := &tree.Folders[i]
		answers := make([]string, l.Buckets())
		for _, b := range f.Buckets {
			answers[b] = r.line(t, f, l.BucketName(int(b)))
		}
		track := "latest/" + releases.Escape(f.Target.SoftwareType) + "/" + releases.Escape(f.Target.HardwareVersion) + "/" + f.Cohort
		question := track + "/" + f.VersionSegment
		if tree.Fleet.Project.Eager {
			alike := slices.Repeat([]string{r.line(t, f, "_eager")}, min(l.Buckets(), 4096))
			latest = append(latest, leaf{digestOf(track), digestOf(question + "/_eager")[:8], r.part(r.row(alike))})
		}
		if l.BucketDigits < 4 {
			latest = append(latest, leaf{digestOf(track), digestOf(question)[:8], r.part(r.row(answers))})
			continue
		}
		for digit := range 16 {
			of := fmt.Sprintf("%s/%x", question, digit)
			latest = append(latest, leaf{digestOf(track), digestOf(of)[:8], r.part(r.row(answers[digit<<12 : (digit+1)<<12]))})
		}
	}
	for i := range tree.Layout.Shards() {
		shard := tree.Shard(i)
		if len(shard) > 0 {
			question := "cohorts/" + l.ShardName(i)
			cohorts = append(cohorts, leaf{digestOf(question), digestOf(question)[:8], r.part(string(shard))})
		}
	}
	v := signedVector{Parts: map[string]int{}}
	v.Latest = base64.StdEncoding.EncodeToString([]byte(r.top(latest, 0)))
	v.Cohorts = base64.StdEncoding.EncodeToString([]byte(r.top(cohorts, 0)))
	for digest, body := range r.parts {
		v.Parts[hex.EncodeToString([]byte(digest))] = len(body)
	}
	return v
}

// TestSignedTwice compares the signed form of random fleets with one that was
// made after the contract's words: all its parts have the same digests.
func TestSignedTwice(t *testing.T) {
	agree := func(name string, f *releases.Fleet, at time.Time) {
		tree := manifest.New(f, at)
		if diff := cmp.Diff(rewrite(t, tree), vectorOf(signed(t, tree))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	randomFleets(uint64(fleettest.Rounds(8, 40)), agree)
	agree("large", fleettest.Large(30_000), now)
	four := fleet("1 2! 3 4<2", true)
	four.Project.BucketDigits = 4
	for i := range four.Cohorts[0].Activations {
		four.Cohorts[0].Activations[i].Rollout.Fixed = float64(30 * (i + 1))
	}
	agree("four digits", four, now)
	agree("nothing", fleet("", true), now)
}

// depthOf is how many parts lie between a root and an entry, root and bin
// included, at most.
func depthOf(s *manifest.Signed, root [32]byte) int {
	body := s.Part(root).Body
	if body[0] != 'I' {
		return 1
	}
	deepest := 0
	for child := range slices.Chunk(body[1:], 32) {
		if c := [32]byte(child); c != [32]byte{} {
			deepest = max(deepest, depthOf(s, c))
		}
	}
	return 1 + deepest
}

// TestSignedChange changes one answer in large fleets. At most its row and the
// nodes above it become others.
func TestSignedChange(t *testing.T) {
	for _, answers := range []int{2_000, 100_000} {
		tree := manifest.New(fleettest.Large(answers), now)
		before := signed(t, tree)
		r := rand.New(rand.NewPCG(uint64(answers), 0))
		deepest := 0
		for range fleettest.Rounds(30, 300) {
			f := &tree.Folders[r.IntN(len(tree.Folders))]
			i := r.IntN(len(f.Bodies))
			was := f.Bodies[i]
			for f.Bodies[i] == was {
				f.Bodies[i] = uint32(r.IntN(len(tree.Bodies)))
			}
			after := signed(t, tree)
			f.Bodies[i] = was
			added := 0
			for _, p := range after.Parts {
				if before.Part(p.Digest) == nil {
					added++
				}
			}
			depth := depthOf(after, after.Latest)
			deepest = max(deepest, depth)
			if after.Latest == before.Latest || after.Cohorts != before.Cohorts || added < depthOf(before, before.Latest)-1 || added > depth+1 {
				t.Fatalf("%d answers, %s, bucket %d: %d parts are new at depth %d", answers, f.Key, i, added, depth)
			}
		}
		if answers == 100_000 && deepest < 2 {
			t.Errorf("the tree of %d answers has depth %d: nothing was tried", answers, deepest)
		}
	}
}

// TestSignedFullIndex has a device in every one of 65,536 shards.
func TestSignedFullIndex(t *testing.T) {
	f := fleet("1", true)
	f.Project.CohortDigits = 4
	beta := &releases.Cohort{Slug: "beta", VersionCheck: true}
	full := map[string]bool{}
	var serials []string
	for i := 0; len(full) < 1<<16; i++ {
		serial := fmt.Sprint("SN-", i)
		full[manifest.Hash(serial)[:4]] = true
		serials = append(serials, serial)
	}
	beta.Devices = releases.DevicesOf(serials...)
	f.Cohorts = append([]*releases.Cohort{beta}, f.Cohorts...)
	tree := manifest.New(f, now)
	s := signed(t, tree)
	if n := len(s.Parts); n < 1<<16 || depthOf(s, s.Cohorts) != 4 {
		t.Errorf("%d parts, depth %d", n, depthOf(s, s.Cohorts))
	}
	for i := range tree.Layout.Shards() {
		shard := tree.Shard(i)
		place := digestOf("cohorts/" + tree.Layout.ShardName(i))
		part := s.Part(s.Cohorts).Body
		for depth := 0; part[0] == 'I'; depth++ {
			digit := manifest.Index(hex.EncodeToString([]byte(place))[depth : depth+1])
			part = s.Part([32]byte(part[1+32*digit:])).Body
		}
		found := -1
		for j, entry := range slices.Collect(slices.Chunk(part[1:], 40)) {
			if string(entry[:8]) == place[:8] {
				found = 1 + 40*j + 8
			}
		}
		if found < 0 || !bytes.Equal(s.Part([32]byte(part[found:])).Body, shard) {
			t.Fatalf("shard %d is not found below the root", i)
		}
	}
}

// TestSignedRefuses has what the format has no room for.
func TestSignedRefuses(t *testing.T) {
	must := func(name string, err error, phrase string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), phrase) {
			t.Errorf("%s: %v, want %q", name, err, phrase)
		}
	}
	tree := manifest.New(fleet("1 2 3 4~", true), now)

	calls := 0
	_, err := tree.SignedBy(func(b []byte) (sum [32]byte) {
		sum = sha256.Sum256(b)
		if strings.HasPrefix(string(b), "latest/") && strings.Count(string(b), "/") == 4 {
			sum = sha256.Sum256(nil)
			calls++
			sum[8] = byte(calls)
		}
		return sum
	})
	must("two questions with one entry key", err, "latest/main/mp/default/3 and latest/main/mp/default/4 cannot be told apart")

	_, err = tree.SignedBy(func(b []byte) (sum [32]byte) {
		sum = sha256.Sum256(b)
		if b[0] == 'R' {
			clear(sum[:16])
		}
		return sum
	})
	must("two parts with one key", err, "have one key")

	large := fleet("1 2", true)
	large.Releases[1].Payloads[0].Size = 1 << 32
	_, err = manifest.New(large, now).Signed()
	must("a payload of 4 GiB", err, "2- has 4294967296 bytes")

	var sketch []string
	for i := range 129 {
		sketch = append(sketch, fmt.Sprint(i+1))
	}
	many := fleet(strings.Join(sketch, " "), true)
	many.Project.BucketDigits = 2
	for i := range many.Cohorts[0].Activations {
		many.Cohorts[0].Activations[i].Seed, many.Cohorts[0].Activations[i].Rollout.Fixed = "one", 100-0.7*float64(i)
	}
	_, err = manifest.New(many, now).Signed()
	must("a row of too many answers", err, "at most 127")
}

// BenchmarkSigned makes the signed form of a million answers.
func BenchmarkSigned(b *testing.B) {
	tree := manifest.New(fleettest.Large(1_000_000), now)
	for b.Loop() {
		if _, err := tree.Signed(); err != nil {
			b.Fatal(err)
		}
	}
}
