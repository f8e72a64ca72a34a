package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// large publishes a large tree: to a bucket without the requests that write,
// of which there are millions, and to a folder.
func (b *bench) large(answers int) error {
	p := largeProject(filepath.Join(b.memory, "large"), answers)
	if err := p.write(); err != nil {
		return err
	}
	out := filepath.Join(b.disk, "large")
	if b.server == nil {
		b.server = startServer(b.memory, b.done)
	}
	planned, err := run(b.publish(p, begin, b.server.fresh(), "--dry-run"))
	if err != nil {
		return err
	}
	first, err := run(b.publishDir(p, begin, out))
	if err != nil {
		return err
	}
	again, err := run(b.publishDir(p, begin, out))
	if err != nil {
		return err
	}
	state, err := size(filepath.Join(out, slug, ".cairn"))
	if err != nil {
		return err
	}
	fmt.Printf("large    %d answers: peak %.0f MiB to plan the first publish to a bucket, %.0f MiB to do it to a folder, %.0f MiB to do it again with nothing changed (%.2f s, CPU %.2f s); the state has %d KiB\n",
		p.answers(), peak(planned), peak(first), peak(again), wall(again), cpu(again), state>>10)
	return nil
}

// size is that of all files in a folder, in bytes.
func size(folder string) (int64, error) {
	files, err := os.ReadDir(folder)
	var sum int64
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			return 0, err
		}
		sum += info.Size()
	}
	return sum, err
}
