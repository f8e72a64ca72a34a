package manifest_test

import (
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/releases"

	"github.com/google/go-cmp/cmp"
)

const sha32 = "ba7816bf8f01cfea414140de5dae2223"

var ota = manifest.Layout{Prefix: "ota/fridges", BucketDigits: 3, CohortDigits: 1}

func TestKeys(t *testing.T) {
	answer := manifest.Location{
		Class: manifest.Answer, Target: manifest.Target{SoftwareType: "nrf:app", HardwareVersion: "dvt_2"},
		Cohort: "beta_1", VersionSegment: "1.0.0_2bb", Bucket: "0af", Form: manifest.Text,
	}
	none, other, compressed := answer, answer, answer
	none.VersionSegment, none.Form = manifest.NoneSegment, manifest.JSON
	other.VersionSegment, other.Encoding = manifest.OtherSegment, manifest.Gzip
	compressed.Encoding = manifest.Brotli
	for key, want := range map[string]manifest.Location{
		"ota/fridges/v1/latest/nrf_3aapp/dvt_5f2/beta_1/1.0.0_2bb/0af.txt":    answer,
		"ota/fridges/v1/latest/nrf_3aapp/dvt_5f2/beta_1/_none/0af.json":       none,
		"ota/fridges/v1/latest/nrf_3aapp/dvt_5f2/beta_1/_other/0af.txt.gz":    other,
		"ota/fridges/v1/latest/nrf_3aapp/dvt_5f2/beta_1/1.0.0_2bb/0af.txt.br": compressed,

		"ota/fridges/v1/cohorts/f.txt":    {Class: manifest.CohortIndex, Shard: "f"},
		"ota/fridges/v1/cohorts/0.txt.gz": {Class: manifest.CohortIndex, Shard: "0", Encoding: manifest.Gzip},

		"ota/fridges/v1/payloads/" + sha32 + "/a_20b.bin": {Class: manifest.Payload, SHA256: sha32, Name: "a b.bin"},
		"ota/fridges/v1/payloads/" + sha32 + "/x.txt.br":  {Class: manifest.Payload, SHA256: sha32, Name: "x.txt.br"},
		"ota/fridges/v1/payloads/" + sha32 + "/_2e.":      {Class: manifest.Payload, SHA256: sha32, Name: ".."},

		"ota/fridges/v1/signed/head.txt": {Class: manifest.SignedHead},
		"ota/fridges/v1/signed/keys.txt": {Class: manifest.SignedKeys},
		"ota/fridges/v1/signed/" + sha32: {Class: manifest.SignedPart, SHA256: sha32},
	} {
		got, ok := ota.Parse(key)
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: %v (-want +got):\n%s", key, ok, diff)
		}
		if got := ota.Key(want); got != key {
			t.Errorf("Key gives %s, want %s", got, key)
		}
	}
}

// TestNoKeys has keys that no tree of the layout can have.
func TestNoKeys(t *testing.T) {
	long := strings.Repeat("a", releases.MaxSegment+1)
	for _, key := range []string{
		"", "/", "ota/fridges", "ota/fridges/", "ota/fridges/v1/", "ota/fridges/v1/cohorts/", "ota/fridges/v1/payloads/",
		"ota/fridges/.cairn/state", "ota/fridges/v1/index.html", "ota/fridges/v2/cohorts/f.txt",

		// Other prefixes.
		"ota/fridges2/v1/cohorts/f.txt", "ota/v1/cohorts/f.txt", "fridges/v1/cohorts/f.txt", "v1/cohorts/f.txt",
		"xota/fridges/v1/cohorts/f.txt", "/ota/fridges/v1/cohorts/f.txt", "ota//fridges/v1/cohorts/f.txt",
		"OTA/fridges/v1/cohorts/f.txt", "ota/fridges/ota/fridges/v1/cohorts/f.txt",

		// Shards.
		"ota/fridges/v1/cohorts/ff.txt", "ota/fridges/v1/cohorts/.txt", "ota/fridges/v1/cohorts/F.txt", "ota/fridges/v1/cohorts/g.txt",
		"ota/fridges/v1/cohorts/f.json", "ota/fridges/v1/cohorts/f", "ota/fridges/v1/cohorts/f.txt.zst",
		"ota/fridges/v1/cohorts/f.txt.br.gz", "ota/fridges/v1/cohorts//f.txt", "ota/fridges/v1/cohorts/../cohorts/f.txt",
		"ota/fridges/v1/cohorts/%66.txt", "ota/fridges/v1/cohorts/f.txt/", "ota/fridges/v1/cohorts/f.txt ",

		// Answers.
		"ota/fridges/v1/latest/a/b/c/1.0/0af", "ota/fridges/v1/latest/a/b/c/1.0/0af.html", "ota/fridges/v1/latest/a/b/c/1.0/af.txt",
		"ota/fridges/v1/latest/a/b/c/1.0/00af.txt", "ota/fridges/v1/latest/a/b/c/1.0/0AF.txt", "ota/fridges/v1/latest/a/b/c/1.0/0af.txt.json",
		"ota/fridges/v1/latest/a/b/c/1.0/x/0af.txt", "ota/fridges/v1/latest/a/b/c/0af.txt", "ota/fridges/v1/latest/a/b/c//0af.txt",
		"ota/fridges/v1/latest//b/c/1.0/0af.txt", "ota/fridges/v1/latest/a/b//1.0/0af.txt", "ota/fridges/v1/latest/a/b/c.d/1.0/0af.txt",
		"ota/fridges/v1/latest/a/b/c/../0af.txt", "ota/fridges/v1/latest/../../../secret/0af.txt", "ota/fridges/v1/latest/a/../c/1.0/0af.txt",
		"ota/fridges/v1/latest/a/b/c/%2e%2e/0af.txt", "ota/fridges/v1/latest/a/b/c/%2e/0af.txt", "ota/fridges/v1/latest/a/b/c/.hidden/0af.txt",
		"ota/fridges/v1/latest/a/b/c/1_2e0/0af.txt", "ota/fridges/v1/latest/a/b/c/_NONE/0af.txt", "ota/fridges/v1/latest/a/b/c/_x/0af.txt",
		"ota/fridges/v1/latest/_none/b/c/1.0/0af.txt", "ota/fridges/v1/latest/a/b/c/1+0/0af.txt", "ota/fridges/v1/latest/a/b/c/1\\0/0af.txt",
		"ota/fridges/v1/latest/" + long + "/b/c/1.0/0af.txt", "ota/fridges/v1/latest/a/b/" + long + "/1.0/0af.txt",

		// Payloads.
		"ota/fridges/v1/payloads/" + sha32, "ota/fridges/v1/payloads/" + sha32 + "/", "ota/fridges/v1/payloads/" + sha32 + "00/a.bin",
		"ota/fridges/v1/payloads/" + strings.ToUpper(sha32) + "/a.bin", "ota/fridges/v1/payloads/" + sha32[1:] + "/a.bin",
		"ota/fridges/v1/payloads/" + sha32 + "/../x", "ota/fridges/v1/payloads/" + sha32 + "/a/b", "ota/fridges/v1/payloads/" + sha32 + "//a",
		"ota/fridges/v1/payloads/" + sha32 + "/..", "ota/fridges/v1/payloads/" + sha32 + "/a b", "ota/fridges/v1/payloads/" + sha32 + "/%2e",
		"ota/fridges/v1/payloads/" + sha32 + "/" + long,

		// The signed form.
		"ota/fridges/v1/signed/", "ota/fridges/v1/signed/head.txt.gz", "ota/fridges/v1/signed/keys.txt.br", "ota/fridges/v1/signed/head",
		"ota/fridges/v1/signed/" + sha32 + ".br", "ota/fridges/v1/signed/" + sha32[1:], "ota/fridges/v1/signed/" + sha32 + "00",
		"ota/fridges/v1/signed/" + strings.ToUpper(sha32), "ota/fridges/v1/signed/" + sha32 + "/", "ota/fridges/v1/signed//" + sha32,
	} {
		if at, ok := ota.Parse(key); ok {
			t.Errorf("%q is taken for %+v", key, at)
		}
	}
}

// TestPrefixesApart has one prefix begin another.
func TestPrefixesApart(t *testing.T) {
	one, two := manifest.Layout{Prefix: "ota", BucketDigits: 2, CohortDigits: 2}, manifest.Layout{Prefix: "ota2", BucketDigits: 2, CohortDigits: 2}
	for _, key := range []string{two.CohortKey("00"), two.PayloadKey(sha32, "a"), two.AnswerFolder(mp, "c", "1") + "00.txt"} {
		if _, ok := one.Parse(key); ok {
			t.Errorf("%s is taken for a key of %s", key, one.Prefix)
		}
		if _, ok := two.Parse(key); !ok {
			t.Errorf("%s is no key of %s", key, two.Prefix)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ota/fridges/v1/latest/nrf_3aapp/dvt_5f2/beta_1/1.0.0_2bb/0af.txt.br")
	f.Add("ota/fridges/v1/cohorts/0.txt.gz")
	f.Add("ota/fridges/v1/payloads/" + sha32 + "/_2e.")
	f.Add("ota/fridges/v1/latest/a/b/c/_none/0af.json")
	f.Fuzz(func(t *testing.T, key string) {
		at, ok := ota.Parse(key)
		if ok && (ota.Key(at) != key || strings.Contains(key, "//") || strings.Contains(key, "/.") || strings.Contains(key, "%")) {
			t.Errorf("%q is taken for %+v", key, at)
		}
	})
}

func FuzzKey(f *testing.F) {
	f.Add(uint8(0), "main", "mp", "1.0.0", "beta", uint16(0xaf), "a.bin")
	f.Add(uint8(7), "..", ".", "_none", "default", uint16(0xfff), "x.br")
	f.Fuzz(func(t *testing.T, how uint8, software, hardware, version, cohort string, n uint16, name string) {
		want := manifest.Location{Class: manifest.Class(how % 6)}
		encoding := []manifest.Encoding{manifest.Identity, manifest.Brotli, manifest.Gzip}[how/6%3]
		switch want.Class {
		case manifest.CohortIndex:
			want.Shard, want.Encoding = ota.ShardName(int(n%16)), encoding
		case manifest.Answer:
			want.Target = manifest.Target{SoftwareType: software, HardwareVersion: hardware}
			want.Cohort, want.VersionSegment, want.Bucket = cohort, manifest.VersionSegment(version), ota.BucketName(int(n%4096))
			want.Form, want.Encoding = []manifest.Form{manifest.JSON, manifest.Text}[how/18%2], encoding
		case manifest.Payload:
			want.SHA256, want.Name = sha32, name
		case manifest.SignedPart:
			want.SHA256 = sha32
		}
		sound := func(s string) bool { return s != "" && len(releases.Escape(s)) <= releases.MaxSegment }
		valid := want.Class == manifest.CohortIndex || want.Class >= manifest.SignedHead || want.Class == manifest.Payload && sound(name) ||
			want.Class == manifest.Answer && sound(software) && sound(hardware) && len(releases.Escape(version)) <= releases.MaxSegment && releases.ValidSlug(cohort)
		got, ok := ota.Parse(ota.Key(want))
		if ok != valid || ok && got != want {
			t.Errorf("%+v has key %s, which is %v, %+v", want, ota.Key(want), ok, got)
		}
	})
}

// TestNames names every bucket of every number of digits, in order.
func TestNames(t *testing.T) {
	for digits := 1; digits <= 4; digits++ {
		l := manifest.Layout{Prefix: "x", BucketDigits: digits, CohortDigits: digits}
		last := ""
		for i := range l.Buckets() {
			name := l.BucketName(i)
			if manifest.Index(name) != i || len(name) != digits || name <= last || name != l.ShardName(i) {
				t.Fatalf("bucket %d of %d digits is %q, after %q", i, digits, name, last)
			}
			last = name
		}
		if l.Buckets() != l.Shards() || last != strings.Repeat("f", digits) {
			t.Errorf("the last bucket is %q", last)
		}
	}
}
