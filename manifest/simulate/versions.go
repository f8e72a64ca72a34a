package simulate

import (
	"maps"
	"slices"

	"cairn/manifest"
	"cairn/releases"
)

// versions are all that devices can run: "" for none first, then those that
// have no place in the order, then the others, ascending.
type versions struct {
	names   []string
	of      map[string]int32 // the inverse
	ordered int32            // the first that has a place in the order
}

func versionsOf(f *releases.Fleet, known map[manifest.Target][]string, starts []Share[string]) versions {
	all := map[string]bool{}
	for _, names := range known {
		for _, name := range names {
			all[name] = true
		}
	}
	order := f.Project.Order
	named := maps.Clone(all)
	loose := map[string]bool{}
	for _, s := range starts {
		switch {
		case s.Of == "" || (s.Of == None || s.Of == Unknown) && !named[s.Of]:
		case named[s.Of] || order.Check(s.Of) == nil:
			all[s.Of] = true
		default:
			loose[s.Of] = true
		}
	}
	for _, known := range known {
		for _, name := range manifest.Unlisted(order, known) {
			all[name] = true
		}
	}
	v := versions{names: append([]string{""}, slices.Sorted(maps.Keys(loose))...), of: map[string]int32{}}
	v.ordered = int32(len(v.names))
	v.names = append(v.names, slices.SortedFunc(maps.Keys(all), order.Compare)...)
	for i, name := range v.names {
		v.of[name] = int32(i)
	}
	return v
}

// start is the version that one at the start means.
func (v *versions) start(name string) int32 {
	if i, ok := v.of[name]; ok {
		return i
	}
	return 0 // None
}

// add adds a version that only a published tree knows, wherever.
func (v *versions) add(name string) {
	if _, ok := v.of[name]; !ok {
		v.of[name] = int32(len(v.names))
		v.names = append(v.names, name)
	}
}

// below says whether a version is under another one, as far as both have a
// place in the order.
func (v *versions) below(a, b int32) bool { return a < b && a >= v.ordered }
