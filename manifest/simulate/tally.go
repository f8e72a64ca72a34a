package simulate

import "time"

// grid is the instants, since the start, at which devices are counted.
type grid struct {
	step time.Duration
	end  time.Duration // the last instant, on the grid or not
}

const (
	rows     = 20 // of a table, about as many at most
	perTable = 12 // instants of the grid for a row
)

// steps are the intervals between the rows of a table that read well.
var steps = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day, 28 * day,
}

const day = 24 * time.Hour

// gridOf is the grid for a period.
func gridOf(period time.Duration) grid {
	row := steps[0]
	for i := 1; period > (rows-1)*row; i++ {
		if i < len(steps) {
			row = steps[i]
		} else {
			row *= 2
		}
	}
	return grid{row / perTable, period}
}

// len is how many instants there are.
func (g grid) len() int { return g.index(g.end) + 1 }

// index is the first instant at or after another one.
func (g grid) index(t time.Duration) int { return int((t + g.step - 1) / g.step) }

// at is the i-th instant.
func (g grid) at(i int) time.Duration { return min(time.Duration(i)*g.step, g.end) }

// tally counts the devices of each cohort on each version, as changes from
// one instant of a grid to the next.
type tally struct {
	versions int
	instants int
	changes  [][]int32 // by cohort and version, then instant; nil where nobody was
}

func newTally(cohorts, versions, instants int) tally {
	return tally{versions, instants, make([][]int32, cohorts*versions)}
}

// count adds n devices from an instant on.
func (t *tally) count(cohort, version int32, instant int, n int32) {
	c := &t.changes[int(cohort)*t.versions+int(version)]
	if *c == nil {
		*c = make([]int32, t.instants)
	}
	(*c)[instant] += n
}

// move has n devices change their version.
func (t *tally) move(cohort, from, to int32, instant int, n int32) {
	t.count(cohort, from, instant, -n)
	t.count(cohort, to, instant, n)
}

func (t *tally) add(o *tally) {
	for i, changes := range o.changes {
		if t.changes[i] == nil {
			t.changes[i] = changes
			continue
		}
		for j, n := range changes {
			t.changes[i][j] += n
		}
	}
}

// devices is how many devices of a cohort are on each version at each instant;
// nil where it has none.
func (t *tally) devices(cohort int) [][]int {
	counts := make([][]int, t.instants)
	for i := range counts {
		counts[i] = make([]int, t.versions)
	}
	any := false
	for v := range t.versions {
		n := 0
		for i, change := range t.changes[cohort*t.versions+v] {
			n += int(change)
			counts[i][v] = n
			any = true
		}
	}
	if !any {
		return nil
	}
	return counts
}
