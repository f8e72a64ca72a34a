package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"time"
)

// contender is one of several things that are measured in turn.
type contender struct {
	name  string
	start func() (*child, error)
	clear func() error // takes away what it made, off the clock; may be nil
}

// verbose shows every single run.
var verbose bool

// takeTurns measures things round by round. In a round each works for a slice
// of time while the others are stopped, again and again until all are done:
// whatever else the machine does, it does to all of them. Every second round
// goes backwards.
func takeTurns(rounds int, slice time.Duration, contenders ...contender) (results[usage], error) {
	all := results[usage]{}
	for range rounds {
		if err := takeRound(slice, contenders, all); err != nil {
			return nil, err
		}
		contenders = slices.Clone(contenders)
		slices.Reverse(contenders)
	}
	return all, nil
}

func takeRound(slice time.Duration, contenders []contender, all results[usage]) error {
	children := map[string]*child{}
	for _, c := range contenders {
		var err error
		if children[c.name], err = c.start(); err != nil {
			return err
		}
	}
	for len(children) > 0 {
		for _, c := range contenders {
			working, ok := children[c.name]
			if !ok {
				continue
			}
			done, err := working.work(slice)
			if err != nil {
				return err
			}
			if !done {
				continue
			}
			delete(children, c.name)
			took, err := working.took()
			if err != nil {
				return err
			}
			all[c.name] = append(all[c.name], took)
			if verbose {
				fmt.Fprintf(os.Stderr, "%-8s %9.3f s, CPU %8.3f s, peak %4.0f MiB\n", c.name, wall(took), cpu(took), peak(took))
			}
		}
	}
	for _, c := range contenders {
		if c.clear != nil {
			if err := c.clear(); err != nil {
				return err
			}
		}
	}
	return nil
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
