package main

import (
	"errors"
	"fmt"
	"strconv"

	"cairn/manifest"
	"cairn/releases/fleettest"

	"github.com/cespare/xxhash/v2"
)

// plan plans a tree, and makes its signed form. The floor is a loop that only writes down the key of each
// answer and hashes it.
func (b *bench) plan(answers int) {
	tree := manifest.New(fleettest.Large(answers), begin)
	n := 0
	for _, f := range tree.Folders {
		n += len(f.Buckets)
	}
	once := func(kind string) contender {
		return contender{kind, func() usage { return b.child(kind, strconv.Itoa(answers)) }}
	}
	all := b.takeTurns(b.rounds, once("plan"), once("signed"), once("hash"))
	fmt.Printf("plan     %d answers in %d folders, %d distinct: %.3f s, %.2f times a loop that hashes their keys (%.3f s); peak %.0f MiB\n",
		n, len(tree.Folders), len(tree.Bodies), all.of("plan", wall), all.ratio("plan", "hash", wall), all.of("hash", wall), all.of("plan", peak))
	signed, err := tree.Signed()
	b.check(err)
	bytes := 0
	for _, p := range signed.Parts {
		bytes += len(p.Body)
	}
	fmt.Printf("         their signed form, %d parts of %d KiB in all: %.3f s, %.2f times that loop\n",
		len(signed.Parts), bytes>>10, all.of("signed", wall), all.ratio("signed", "hash", wall))
}

func planning(kind, answers string) (func() error, error) {
	n, err := strconv.Atoi(answers)
	if err != nil {
		return nil, err
	}
	fleet := fleettest.Large(n)
	if kind == "plan" {
		return func() error { manifest.New(fleet, begin); return nil }, nil
	}
	tree := manifest.New(fleet, begin)
	if kind == "signed" {
		return func() error { _, err := tree.Signed(); return err }, nil
	}
	return func() error {
		var key []byte
		var sum uint64
		for _, f := range tree.Folders {
			for _, bucket := range f.Buckets {
				key = append(append(append(key[:0], f.Key...), tree.Layout.BucketName(int(bucket))...), ".txt"...)
				sum += xxhash.Sum64(key)
			}
		}
		if sum == 0 {
			return errors.New("nothing was hashed")
		}
		return nil
	}, nil
}
