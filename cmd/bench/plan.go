package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/releases/fleettest"

	"github.com/cespare/xxhash/v2"
)

var at = time.Date(2026, 12, 2, 12, 0, 0, 0, time.UTC)

// benchPlan plans a tree. The floor is a loop that only writes down the key of
// each answer and hashes it.
func benchPlan(answers, rounds int) error {
	fleet := fleettest.Large(answers)
	tree := manifest.New(fleet, at)
	n := 0
	for _, f := range tree.Folders {
		n += len(f.Buckets)
	}
	var sum uint64
	ours, floor, ratio, err := paired(rounds,
		func() error { runtime.GC(); return nil },
		func() error { tree = manifest.New(fleet, at); return nil },
		func() error {
			var key []byte
			for _, f := range tree.Folders {
				for _, b := range f.Buckets {
					key = append(append(append(key[:0], f.Key...), tree.Layout.BucketName(int(b))...), ".txt"...)
					sum += xxhash.Sum64(key)
				}
			}
			return nil
		})
	if err != nil {
		return err
	}
	runtime.KeepAlive(sum)
	peak, err := peakMemory("-plan-once", "-answers", fmt.Sprint(answers))
	if err != nil {
		return err
	}
	fmt.Printf("plan   %d answers in %d folders, %d distinct: %.3f s, %.2f times a loop that hashes their keys (%.3f s); peak %d MiB in a process of its own\n",
		n, len(tree.Folders), len(tree.Bodies), ours.Seconds(), ratio, floor.Seconds(), peak>>20)
	return nil
}

// peakMemory runs this program with other arguments, and gives its largest
// resident size in bytes, which it prints at its end: what the system knows of
// a child begins with the size of its parent.
func peakMemory(args ...string) (int64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(self, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	var kib int64
	_, err = fmt.Sscan(string(out), &kib)
	return kib << 10, err
}

// printPeak prints the largest resident size of this process in KiB, from
// proc(5).
func printPeak() error {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	_, err = fmt.Println(strings.Fields(rest)[0])
	return err
}
