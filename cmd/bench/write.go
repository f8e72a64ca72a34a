package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// writers is how many goroutines write files at once in the bare loop.
const writers = 8

// write writes a tree into a fresh folder. The floor is a bare loop that
// writes the same files.
func (b *bench) write(answers int) {
	p := b.project("written", largeProject(answers, 2))
	tree := filepath.Join(b.memory, "tree")
	p.build(begin, tree)
	objects, err := readTree(tree)
	b.check(err)
	// Nothing is removed before the end of the program: for minutes after that
	// ext4 takes longer to make a file.
	trees := 0
	fresh := func() string { trees++; return filepath.Join(b.disk, fmt.Sprint(trees)) }
	all := b.takeTurns(b.rounds,
		contender{"cairn", func() usage { return p.build(begin, fresh()) }},
		contender{"floor", func() usage { return b.child("write", tree, fresh()) }})
	n, took := len(objects), all.of("cairn", wall)
	fmt.Printf("write    %d files: %.2f s (%.0f/s), %.2f times a bare loop over %d goroutines (%.2f s); peak %.0f MiB\n",
		n, took, float64(n)/took, all.ratio("cairn", "floor", wall), writers, all.of("floor", wall), all.of("cairn", peak))
}

// writing makes each folder once, and writes the files.
func writing(tree, out string) (func() error, error) {
	objects, err := readTree(tree)
	if err != nil {
		return nil, err
	}
	return func() error {
		folders := map[string]bool{}
		for _, o := range objects {
			folders[filepath.Dir(filepath.Join(out, o.key))] = true
		}
		for folder := range folders {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
		return each(writers, objects, func(o object) error {
			return os.WriteFile(filepath.Join(out, o.key), o.body, 0o644)
		})
	}, nil
}
