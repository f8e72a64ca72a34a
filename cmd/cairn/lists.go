package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/outfile"
	"cairn/releases"
)

// lists reads lists of devices out of buckets. It keeps them in a folder of the
// user's, each under its digest: what is there needs no bucket.
type lists struct {
	ctx    context.Context
	stderr io.Writer
	dir    string
	noDir  error
	read   map[releases.List]fetched // what is not kept
}

type fetched struct {
	packed []byte // nil where it has another digest than the one that is stated
	sha256 string
	err    error
}

// unusedFor is how long a list is kept that nothing reads.
const unusedFor = 30 * 24 * time.Hour

func newLists(ctx context.Context, stderr io.Writer) *lists {
	dir, err := os.UserCacheDir()
	return &lists{ctx, stderr, filepath.Join(dir, "cairn", "lists"), err, map[releases.List]fetched{}}
}

// get is a [releases.Lists].
func (l *lists) get(list releases.List) (packed []byte, sum string, err error) {
	if packed := l.kept(list.SHA256); packed != nil {
		return packed, list.SHA256, nil
	}
	f, ok := l.read[list]
	if !ok {
		if f = l.fetch(list); f.packed == nil || !l.keep(list, f.packed) {
			l.read[list] = f
		}
	}
	return f.packed, f.sha256, f.err
}

// kept is a list that was kept, nil for none.
func (l *lists) kept(sum string) []byte {
	if l.noDir != nil {
		return nil
	}
	name := filepath.Join(l.dir, sum)
	packed, err := os.ReadFile(name)
	if err != nil || digestOf(packed) != sum {
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(name, now, now) // it is read: see unusedFor
	return packed
}

// keep says whether a list is kept from now on.
func (l *lists) keep(list releases.List, packed []byte) bool {
	err := l.noDir
	if err == nil {
		err = os.MkdirAll(l.dir, 0o700)
	}
	if err == nil {
		l.removeUnused()
		err = outfile.Replace(filepath.Join(l.dir, list.SHA256), packed)
	}
	if err != nil {
		fmt.Fprintf(l.stderr, "%s is not kept for the next run, which has to read it from the bucket again: %v\n", list, err)
	}
	return err == nil
}

// removeUnused removes what was not read for long, and what a write that was
// cut off has left.
func (l *lists) removeUnused() {
	entries, _ := os.ReadDir(l.dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > unusedFor {
			_ = os.Remove(filepath.Join(l.dir, e.Name()))
		}
	}
}

func (l *lists) fetch(list releases.List) (f fetched) {
	store, err := bucketAt(list.Endpoint, list.Region, list.Bucket, 0)
	if err != nil {
		return fetched{err: err}
	}
	stored, err := store.Get(l.ctx, list.Key)
	if err != nil {
		return fetched{err: err}
	}
	defer stored.Close()
	if stored.Size > releases.MaxText {
		return fetched{err: fmt.Errorf("it has over %d bytes", releases.MaxText)}
	}
	f.packed = make([]byte, stored.Size)
	var done atomic.Int64
	f.err = cli.Follow(l.stderr, func(time.Duration) string {
		return fmt.Sprintf("reading %s  %s/%s MiB", list, cli.Thousands(int(done.Load()>>20)), cli.Thousands(int(stored.Size>>20)))
	}, func() error {
		for at := 0; at < len(f.packed); {
			n, err := stored.Read(f.packed[at:])
			if err != nil && !(errors.Is(err, io.EOF) && at+n == len(f.packed)) {
				return err
			}
			at += n
			done.Store(int64(at))
		}
		return nil
	})
	if f.sha256 = digestOf(f.packed); f.err != nil || f.sha256 != list.SHA256 {
		f.packed = nil
	}
	return f
}

func digestOf(packed []byte) string {
	sum := sha256.Sum256(packed)
	return hex.EncodeToString(sum[:])
}
