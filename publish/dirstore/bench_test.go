package dirstore_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/publish"
	"cairn/publish/dirstore"
)

// BenchmarkPut compares Put with a bare loop that makes each folder once and
// calls os.WriteFile: a line of text answers, half of them up to date, in
// folders of 256. Ask for -benchtime=50x or so, where nothing was deleted for
// five minutes: until then ext4 doesn't reuse an inode, but searches.
func BenchmarkPut(b *testing.B) {
	dir, trees := b.TempDir(), 0
	for _, parallel := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(parallel), func(b *testing.B) {
			var took [2]time.Duration
			for i := range b.N {
				for j := range 2 {
					// Each goes first as often as the other.
					which := (i + j) % 2
					trees++
					write := []func(root string) writer{bareWriter, putWriter}[which]
					took[which] += writeTree(b, parallel, write(filepath.Join(dir, fmt.Sprint(trees))))
				}
			}
			b.ReportMetric(float64(took[0].Nanoseconds())/float64(b.N*treeFiles), "bare-ns/file")
			b.ReportMetric(float64(took[1].Nanoseconds())/float64(b.N*treeFiles), "put-ns/file")
			b.ReportMetric(float64(took[1])/float64(took[0]), "put/bare")
		})
	}
}

type writer func(key string, content publish.Content) error

const treeFiles = 10 * 256

var (
	url   = publish.BytesContent(bytes.Repeat([]byte("x"), 100))
	empty = publish.BytesContent(nil)
)

func putWriter(root string) writer {
	store := dirstore.New(root)
	return func(key string, content publish.Content) error {
		return store.Put(context.Background(), key, content, publish.Header{})
	}
}

func bareWriter(root string) writer {
	var made sync.Map
	return func(key string, content publish.Content) error {
		name := filepath.Join(root, key)
		dir := filepath.Dir(name)
		if _, ok := made.Load(dir); !ok {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			made.Store(dir, nil)
		}
		return os.WriteFile(name, content.Bytes, 0o644)
	}
}

// writeTree takes the time to write all files of a tree.
func writeTree(b *testing.B, parallel int, write writer) time.Duration {
	b.Helper()
	start := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range parallel {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < treeFiles; i = next.Add(1) - 1 {
				content := url
				if i%2 == 0 {
					content = empty
				}
				if err := write(fmt.Sprintf("smartfridge/v1/latest/stm32-fw/mp/default/1.%d.0/%02x.txt", i/256, i%256), content); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}
