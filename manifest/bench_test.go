package manifest_test

import (
	"runtime"
	"testing"
	"time"

	"cairn/manifest"
	"cairn/releases/fleettest"
)

// peakHeap is the most that a function has on the heap, in MiB, what was
// there before included. It looks every few milliseconds.
func peakHeap(do func()) float64 {
	runtime.GC()
	done, result := make(chan bool), make(chan uint64)
	go func() {
		var stats runtime.MemStats
		peak := uint64(0)
		for tick := time.Tick(5 * time.Millisecond); ; {
			runtime.ReadMemStats(&stats)
			peak = max(peak, stats.HeapInuse)
			select {
			case <-done:
				result <- peak
				return
			case <-tick:
			}
		}
	}()
	do()
	close(done)
	return float64(<-result) / (1 << 20)
}

func BenchmarkTree(b *testing.B) {
	f := fleettest.Large(1_000_000)
	answers, peak := 0, 0.0
	for b.Loop() {
		var tree *manifest.Tree
		peak = max(peak, peakHeap(func() { tree = manifest.New(f, now) }))
		answers = 0
		for _, folder := range tree.Folders {
			answers += len(folder.Buckets)
		}
	}
	b.ReportAllocs()
	b.ReportMetric(float64(answers), "answers")
	b.ReportMetric(float64(answers)*float64(b.N)/b.Elapsed().Seconds(), "answers/s")
	b.ReportMetric(peak, "peak-MiB")
}
