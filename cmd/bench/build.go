package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/dirstore"
	"cairn/releases/fleettest"

	"golang.org/x/sync/errgroup"
)

const goroutines = 8

// benchBuild writes a tree into a fresh folder. The floor is a bare loop that
// writes the same files with the same number of goroutines.
func benchBuild(answers, rounds int) error {
	site := largeSite(answers)
	root, err := os.MkdirTemp("", "cairn-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	// Nothing is removed before the end: for minutes after that ext4 takes
	// longer to make a file.
	trees := 0
	fresh := func() string { trees++; return filepath.Join(root, fmt.Sprint(trees)) }
	ours, floor, ratio, err := paired(rounds,
		func() error { return nil },
		func() error { return writeTree(site, fresh()) },
		func() error { return bareLoop(site, fresh()) })
	if err != nil {
		return err
	}
	peak, err := peakMemory("-write-once", fresh(), "-written", fmt.Sprint(answers))
	if err != nil {
		return err
	}
	n := site.Len()
	fmt.Printf("write  %d files: %.2f s (%.0f/s), %.2f times a bare loop over %d goroutines (%.2f s); peak %d MiB in a process of its own\n",
		n, ours.Seconds(), float64(n)/ours.Seconds(), ratio, goroutines, floor.Seconds(), peak>>20)
	return nil
}

func largeSite(answers int) *publish.Site {
	fleet := fleettest.Large(answers)
	return publish.NewSite(manifest.New(fleet, at), fleet.Cache, os.DirFS("/nonexistent"))
}

func writeTree(site *publish.Site, out string) error {
	store := dirstore.New(out)
	live, err := publish.Scan(context.Background(), site, store, 0)
	if err != nil {
		return err
	}
	return publish.NewPlan(site, live, false).Apply(context.Background(), store, publish.ApplyOptions{Concurrency: goroutines})
}

func bareLoop(site *publish.Site, out string) error {
	var files []publish.Object
	folders := map[string]bool{}
	for o := range site.Objects() {
		files = append(files, o)
		folders[filepath.Dir(filepath.Join(out, o.Key))] = true
	}
	for folder := range folders {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	var group errgroup.Group
	var next atomic.Int64
	for range goroutines {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return nil
				}
				if err := os.WriteFile(filepath.Join(out, files[i].Key), files[i].Content.Bytes, 0o644); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}
