// Command bench measures cairn's speed and memory, as ratios to a floor or to
// another program that is measured in the same run, in turn: these hold on a
// machine that is shared, where times do not. It imports what it likes of
// cairn, and nothing of cairn imports it.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"cairn/publish/storetest"
)

// bench is what all measurements share. It ends the program at the first
// error, as a test ends, and is the [storetest.T] of the S3 server.
type bench struct {
	cairn, caddy string // the binaries
	rounds       int
	verbose      bool   // show every single run
	memory       string // a fresh folder on a memory file system
	buckets      string // another, of the S3 server
	disk         string // another, in TMPDIR
	server       *storetest.S3Server

	ending   sync.Mutex // held once the program ends
	cleanups []func()
}

func main() {
	b := &bench{}
	flag.StringVar(&b.cairn, "cairn", ".cache/bin/cairn", "the `program` to measure")
	flag.StringVar(&b.caddy, "caddy", ".cache/bin/caddy", "the `program` to compare its server with")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of each measurement")
	flag.BoolVar(&b.verbose, "v", false, "show every single run")
	answers := flag.Int("answers", 1_000_000, "buckets of version folders in the tree that is planned")
	written := flag.Int("written", 10_000, "the same, in the tree that is written")
	lines := flag.Int("lines", 2_500_000, "of the access log that adoption reads")
	payload := flag.Int64("payload", 2048, "the size in MiB of the payload that is uploaded; the server takes twice that")
	only := flag.String("only", "plan,write,first,updates,latency,large,serve", "the `measurements` to take; there are upload, fleet, partial, abort, adoption and bucket, too")
	devices := flag.Int("devices", 10_000_000, "how many devices the fleet lists")
	digits := flag.Int("digits", 4, "how many hexadecimal `digits` name a bucket of the tree in which a release is aborted")
	memory := flag.String("memory", "/dev/shm", "a `folder` on a memory file system, for the servers")
	child := flag.String("child", "", "do work of this `kind` in this process and report what it took; for the program's own use")
	flag.Parse()
	if *child != "" {
		if err := runChild(*child, flag.Args()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() { b.Fatalf("%v", <-interrupted) }()
	defer b.cleanUp()
	b.memory, b.disk = b.folder(*memory), b.folder(os.TempDir())
	measurements := map[string]func(){
		"plan":     func() { b.plan(*answers) },
		"write":    func() { b.write(*written) },
		"first":    b.first,
		"updates":  b.updates,
		"latency":  b.latency,
		"large":    func() { b.large(*answers) },
		"serve":    b.serve,
		"bucket":   b.serveBucket,
		"partial":  b.partial,
		"abort":    func() { b.abortPartial(*digits) },
		"adoption": func() { b.adoption(*lines) },
		"fleet":    func() { b.fleet(*devices) },
		"upload":   func() { b.upload(*payload << 20) },
	}
	for name := range strings.SplitSeq(*only, ",") {
		measure, ok := measurements[name]
		if !ok {
			b.Fatalf("-only %s: there is no such measurement", name)
		}
		measure()
	}
}

// folder makes a fresh folder, which is removed at the end.
func (b *bench) folder(in string) string {
	dir, err := os.MkdirTemp(in, "cairn-bench-")
	b.check(err)
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// check ends the program where there is an error.
func (b *bench) check(err error) {
	if err != nil {
		b.Fatalf("%v", err)
	}
}

// Fatalf is that of [storetest.T].
func (b *bench) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
	b.cleanUp()
	os.Exit(1)
}

// Helper is that of [storetest.T].
func (b *bench) Helper() {}

// TempDir is that of [storetest.T].
func (b *bench) TempDir() string {
	b.buckets = b.folder(filepath.Dir(b.memory))
	return b.buckets
}

// Cleanup is that of [storetest.T].
func (b *bench) Cleanup(f func()) { b.cleanups = append(b.cleanups, f) }

func (b *bench) cleanUp() {
	b.ending.Lock()
	for i := range b.cleanups {
		b.cleanups[len(b.cleanups)-1-i]()
	}
}

// installed says whether a peer is there, and if not how to get it.
func installed(peer string) bool {
	if _, err := exec.LookPath(peer); err != nil {
		fmt.Printf("         %s is not installed, its rows are left out: apt-get install %s\n", peer, peer)
		return false
	}
	return true
}

// absolute is the path of a file, whatever the working directory.
func (b *bench) absolute(name string) string {
	name, err := filepath.Abs(name)
	b.check(err)
	return name
}
