package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/releases"

	"github.com/google/go-cmp/cmp"
)

type vectors struct {
	XXH64  map[string]string   `json:"xxh64"`
	Escape map[string]string   `json:"escape"`
	Ranks  map[string][]string `json:"rollout_rank"`
}

func TestVectorsHash(t *testing.T) {
	for serial, want := range readJSON[vectors](t, "testdata/contract/vectors.json").XXH64 {
		if got := manifest.Hash(serial); got != want {
			t.Errorf("Hash(%q) = %s, want %s", serial, got, want)
		}
		l := manifest.Layout{Prefix: "x", BucketDigits: 3, CohortDigits: 1}
		if l.Bucket(want) != want[:3] || l.Shard(want) != want[:1] {
			t.Errorf("bucket %s, shard %s of %s", l.Bucket(want), l.Shard(want), want)
		}
	}
}

func TestVectorsVersionSegment(t *testing.T) {
	for version, want := range readJSON[vectors](t, "testdata/contract/vectors.json").Escape {
		if got := manifest.VersionSegment(version); got != want {
			t.Errorf("VersionSegment(%q) = %s, want %s", version, got, want)
		}
	}
	if got := manifest.VersionSegment(""); got != "_none" {
		t.Errorf("no version is %s", got)
	}
}

func TestVectorsRanks(t *testing.T) {
	for name, want := range readJSON[vectors](t, "testdata/contract/vectors.json").Ranks {
		seed, rest, _ := strings.Cut(name, " with ")
		var digits int
		if _, err := fmt.Sscanf(rest, "%d digits", &digits); err != nil {
			t.Fatal(err)
		}
		l := manifest.Layout{Prefix: "x", BucketDigits: digits, CohortDigits: 2}
		got := make([]string, l.Buckets())
		for i, rank := range l.Ranks(seed) {
			got[rank] = l.BucketName(i)
		}
		if diff := cmp.Diff(want, got[:len(want)]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestRanksAreAPermutation holds for the most buckets too.
func TestRanksAreAPermutation(t *testing.T) {
	for digits := 1; digits <= 4; digits++ {
		l := manifest.Layout{Prefix: "x", BucketDigits: digits}
		seen := map[uint16]bool{}
		for _, rank := range l.Ranks("default/1.0.0") {
			seen[rank] = true
		}
		if len(seen) != l.Buckets() {
			t.Errorf("%d digits: %d ranks of %d buckets", digits, len(seen), l.Buckets())
		}
	}
}

func TestCohortIndex(t *testing.T) {
	f := fleet("1", true)
	f.Cohorts = []*releases.Cohort{
		{Slug: "alpha", Devices: releases.DevicesOf("DEMOSERIAL", "a-b_C9")},
		{Slug: "beta", Devices: releases.DevicesOf("SN-000001", "A", strings.Repeat("x", 31))},
		{Slug: "default"},
	}
	want := map[string]string{
		"1": "13099d40d095b684 beta\n",
		"6": "60dd0d01083b99f0 beta\n6a2cd340a556813c beta\n",
		"7": "797d4deb37a25859 alpha\n",
		"d": "d7c25035382a38ef alpha\n",
	}
	tree := manifest.New(f, now)
	if tree.Layout.Shards() != 16 {
		t.Fatalf("%d shards, want 16", tree.Layout.Shards())
	}
	for i := range tree.Layout.Shards() {
		body := tree.Shard(i)
		if got := string(body); got != want[tree.Layout.ShardName(i)] {
			t.Errorf("shard %s:\n%s", tree.Layout.ShardName(i), got)
		}
	}
	f.Project.CohortDigits = 4
	if tree := manifest.New(f, now); tree.Layout.Shards() != 65536 || string(tree.Shard(0x797d)) != want["7"] {
		t.Errorf("%d shards, 797d is %q", tree.Layout.Shards(), tree.Shard(0x797d))
	}
}
