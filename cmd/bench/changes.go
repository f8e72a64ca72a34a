package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// changes are the keys that differ between two trees.
type changes struct {
	put, deleted map[string]bool
	withdrawing  map[string]bool // of both, those that offered a version
}

func changesOf(old, new []object, withdrawn string) changes {
	was, is := bodies(old), bodies(new)
	c := changes{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for key, body := range is {
		if before, ok := was[key]; !ok || !bytes.Equal(before, body) {
			c.put[key] = true
		}
	}
	for key := range was {
		if _, ok := is[key]; !ok {
			c.deleted[key] = true
		}
	}
	offer := fmt.Appendf(nil, `"version":%q`, withdrawn)
	for _, changed := range []map[string]bool{c.put, c.deleted} {
		for key := range changed {
			folder, name := path.Split(key)
			bucket, _, _ := strings.Cut(name, ".")
			if bytes.Contains(was[folder+bucket+".json"], offer) {
				c.withdrawing[key] = true
			}
		}
	}
	return c
}

func bodies(tree []object) map[string][]byte {
	m := map[string][]byte{}
	for _, o := range tree {
		m[o.key] = o.body
	}
	return m
}

// treeAfter is the tree that an update publishes.
func (b *bench) treeAfter(p *project, u update) ([]object, error) {
	out := filepath.Join(b.memory, "after")
	defer os.RemoveAll(out)
	defer func() { _ = p.cohorts("") }()
	if err := p.cohorts(u.aborted); err != nil {
		return nil, err
	}
	if _, err := run(b.build(p, u.at, out)); err != nil {
		return nil, err
	}
	return readTree(out)
}
