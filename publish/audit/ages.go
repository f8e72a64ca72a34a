package audit

import (
	"maps"
	"slices"
	"time"
)

// Ages are how old the answers of caches were.
type Ages struct {
	count map[time.Duration]int
	n     int
}

func (a *Ages) add(age time.Duration) {
	if age < 0 {
		return
	}
	if a.count == nil {
		a.count = map[time.Duration]int{}
	}
	a.count[age]++
	a.n++
}

// Len is how many answers stated an age.
func (a *Ages) Len() int { return a.n }

// Max is the highest age, 0 where none was stated.
func (a *Ages) Max() time.Duration {
	all := a.ascending()
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1]
}

// Median is the age that half of the answers do not exceed, 0 where none was
// stated.
func (a *Ages) Median() time.Duration {
	seen := 0
	for _, age := range a.ascending() {
		if seen += a.count[age]; 2*seen >= a.n {
			return age
		}
	}
	return 0
}

func (a *Ages) ascending() []time.Duration { return slices.Sorted(maps.Keys(a.count)) }
