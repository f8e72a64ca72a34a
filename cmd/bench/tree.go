package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"cairn/manifest"
	"cairn/publish"
	"cairn/releases"

	"golang.org/x/sync/errgroup"
)

// object is a file of a tree as a bare loop puts it, with all that can be
// known before the clock starts.
type object struct {
	key    string
	body   []byte
	header publish.Header
}

// readTree reads what "cairn build" wrote, and leaves out what cairn keeps for
// itself.
func readTree(dir string) ([]object, error) {
	layout := manifest.Layout{Prefix: slug, BucketDigits: 2, CohortDigits: 2}
	var objects []object
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		key, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		at, ok := layout.Parse(key)
		if !ok {
			return nil
		}
		body, err := os.ReadFile(name)
		cache := releases.Cache{Answers: time.Minute, Cohorts: 5 * time.Minute}
		objects = append(objects, object{key, body, publish.HeaderOf(at, cache)})
		return err
	})
	return objects, err
}

// each does something with all of some objects, so many at once.
func each(concurrency int, objects []object, do func(object) error) error {
	var group errgroup.Group
	var next atomic.Int64
	for range concurrency {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(len(objects)); i = next.Add(1) - 1 {
				if err := do(objects[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
