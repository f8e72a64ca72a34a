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
func (b *bench) write(answers int) error {
	p := largeProject(filepath.Join(b.memory, "written"), answers)
	tree := filepath.Join(b.memory, "tree")
	defer os.RemoveAll(tree)
	if err := p.write(); err != nil {
		return err
	}
	if _, err := run(b.build(p, begin, tree)); err != nil {
		return err
	}
	objects, err := readTree(tree)
	if err != nil {
		return err
	}
	// Nothing is removed before the end of the program: for minutes after that
	// ext4 takes longer to make a file.
	trees := 0
	fresh := func() string { trees++; return filepath.Join(b.disk, fmt.Sprint(trees)) }
	all, err := takeTurns(b.rounds, forever,
		contender{"cairn", func() (*child, error) { return b.build(p, begin, fresh()) }, nil},
		contender{"floor", func() (*child, error) { return loop("write", tree, fresh()) }, nil})
	if err != nil {
		return err
	}
	n, took := len(objects), all.of("cairn", wall)
	fmt.Printf("write    %d files: %.2f s (%.0f/s), %.2f times a bare loop over %d goroutines (%.2f s); peak %.0f MiB\n",
		n, took, float64(n)/took, all.ratio("cairn", "floor", wall), writers, all.of("floor", wall), all.of("cairn", peak))
	return nil
}

// writeFiles makes each folder once, and writes the files.
func writeFiles(out string, objects []object) error {
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
}
