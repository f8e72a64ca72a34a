// Command bench measures cairn's speed and memory, as ratios to a floor or to
// another program that is measured in the same run, in turn: these hold on a
// machine that is shared, where times do not.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is what all measurements share.
type bench struct {
	cairn  string // the binary
	rounds int
	slice  time.Duration
	memory string // a fresh folder on a memory file system
	disk   string // another, in TMPDIR
	server *server
	edges  []*daemon
	done   chan error // what came of it
}

func main() {
	binary := flag.String("cairn", ".cache/bin/cairn", "the `program` to measure")
	answers := flag.Int("answers", 1_000_000, "buckets of version folders in the tree that is planned")
	written := flag.Int("written", 10_000, "the same, in the tree that is written")
	payload := flag.Int64("payload", 2048, "the size in MiB of the payload that is uploaded; the server takes twice that")
	rounds := flag.Int("rounds", 5, "rounds of each measurement")
	only := flag.String("only", "plan,write,first,updates,latency,large,serve", "the `measurements` to take; there is upload, too")
	memory := flag.String("memory", "/dev/shm", "a `folder` on a memory file system, for the server")
	slice := flag.Duration("slice", forever, "how long each of those that put a tree works in turn, such as 200ms where the machine is busy")
	flag.BoolVar(&verbose, "v", false, "show every single run")
	asChild := flag.Bool("command", false, "run a command and report what it took; for the program's own use, as is the next")
	loop := flag.String("loop", "", "run a bare loop of this `kind`, likewise")
	flag.Parse()
	switch {
	case *asChild:
		fail(measureCommand(flag.Args()))
		return
	case *loop != "":
		fail(runLoop(*loop, flag.Args()))
		return
	}
	b := &bench{rounds: *rounds, slice: *slice, done: make(chan error, 1)}
	var err error
	b.cairn, err = filepath.Abs(*binary)
	fail(err)
	b.memory, err = os.MkdirTemp(*memory, "cairn-bench-")
	fail(err)
	b.disk, err = os.MkdirTemp("", "cairn-bench-")
	fail(err)
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() { b.done <- b.take(strings.Split(*only, ","), *answers, *written, *payload<<20) }()
	select {
	case err = <-b.done:
	case <-interrupted:
		err = fmt.Errorf("interrupted")
	}
	if b.server != nil {
		b.server.stop()
	}
	for _, d := range b.edges {
		d.stop()
	}
	os.RemoveAll(b.memory)
	os.RemoveAll(b.disk)
	fail(err)
}

func (b *bench) take(only []string, answers, written int, payload int64) error {
	for _, m := range []struct {
		name string
		take func() error
	}{
		{"plan", func() error { return b.plan(answers) }},
		{"write", func() error { return b.write(written) }},
		{"first", b.first},
		{"updates", b.updates},
		{"latency", b.latency},
		{"large", func() error { return b.large(answers) }},
		{"serve", b.serve},
		{"upload", func() error { return b.upload(payload) }},
	} {
		if !slices.Contains(only, m.name) {
			continue
		}
		if err := m.take(); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
