// Command bench measures cairn's speed and memory, as ratios to a floor that
// is measured in the same run, in turn: these hold on a machine that is
// shared, where times do not.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"cairn/manifest"
	"cairn/releases/fleettest"
)

func main() {
	answers := flag.Int("answers", 1_000_000, "buckets of version folders in the tree that is planned")
	written := flag.Int("written", 10_000, "the same, in the tree that is written")
	rounds := flag.Int("rounds", 5, "rounds of each measurement")
	planOnce := flag.Bool("plan-once", false, "plan a tree once, and nothing else: for the peak memory")
	writeOnce := flag.String("write-once", "", "write a tree to this `folder` once, and nothing else: likewise")
	flag.Parse()
	if *planOnce {
		manifest.New(fleettest.Large(*answers), at)
		fail(printPeak())
		return
	}
	if *writeOnce != "" {
		fail(writeTree(largeSite(*written), *writeOnce))
		fail(printPeak())
		return
	}
	for _, bench := range []func() error{
		func() error { return benchPlan(*answers, *rounds) },
		func() error { return benchBuild(*written, *rounds) },
	} {
		fail(bench())
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// paired measures two things in turn, and gives the median of each and of
// their ratio, round by round. What reset does is not measured.
func paired(rounds int, reset, a, b func() error) (x, y time.Duration, ratio float64, err error) {
	var xs, ys []time.Duration
	var ratios []float64
	for range rounds {
		for _, m := range []struct {
			work func() error
			all  *[]time.Duration
		}{{a, &xs}, {b, &ys}} {
			if err := reset(); err != nil {
				return 0, 0, 0, err
			}
			start := time.Now()
			if err := m.work(); err != nil {
				return 0, 0, 0, err
			}
			*m.all = append(*m.all, time.Since(start))
		}
		ratios = append(ratios, float64(xs[len(xs)-1])/float64(ys[len(ys)-1]))
	}
	return median(xs), median(ys), median(ratios), nil
}

func median[T float64 | time.Duration](values []T) T {
	s := slices.Sorted(slices.Values(values))
	return s[len(s)/2]
}
