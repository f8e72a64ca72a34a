package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
)

// contender is one of several things that are measured in turn.
type contender struct {
	name string
	run  func() usage
}

// takeTurns measures things round by round, every second round backwards:
// whatever else the machine does, it does to all of them.
func (b *bench) takeTurns(rounds int, contenders ...contender) results[usage] {
	all := results[usage]{}
	for range rounds {
		for _, c := range contenders {
			took := c.run()
			all[c.name] = append(all[c.name], took)
			if b.verbose {
				fmt.Fprintf(os.Stderr, "%-8s %9.3f s, CPU %8.3f s, peak %4.0f MiB\n", c.name, wall(took), cpu(took), peak(took))
			}
		}
		slices.Reverse(contenders)
	}
	return all
}

// results are what was measured of each contender, round by round.
type results[T any] map[string][]T

// of is the median of a contender.
func (r results[T]) of(name string, what func(T) float64) float64 {
	var values []float64
	for _, u := range r[name] {
		values = append(values, what(u))
	}
	return median(values)
}

// ratio is the median of the ratios of two contenders, round by round.
func (r results[T]) ratio(a, b string, what func(T) float64) float64 {
	var ratios []float64
	for i := range r[a] {
		ratios = append(ratios, what(r[a][i])/what(r[b][i]))
	}
	return median(ratios)
}

func median[T cmp.Ordered](values []T) T {
	s := slices.Sorted(slices.Values(values))
	return s[len(s)/2]
}
