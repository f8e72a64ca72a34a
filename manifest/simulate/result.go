package simulate

import (
	"cmp"
	"slices"
	"time"
)

// Result is who was where, and what failed.
type Result struct {
	Project string `json:"project"`
	Devices int    `json:"devices"`
	Seed    uint64 `json:"seed"`
	// Publishes is how many trees were published, the first included.
	Publishes int   `json:"publishes"`
	Updates   int64 `json:"updates"`        // that devices took
	Failed    int64 `json:"failed_updates"` // that failed
	Requests  int64 `json:"requests"`       // to a published tree
	// What becomes of the devices if everything stays as it is at the end.
	// They sum up to all devices.
	Settled  int64 `json:"settled"`    // nothing more is for them
	OnTheWay int64 `json:"on_the_way"` // they arrive if they poll on
	Held     int64 `json:"held"`       // unknown_version = "hold" keeps them
	Kept     int64 `json:"kept"`       // a block, a min_version or a dead end keeps them
	Lost     int64 `json:"lost"`       // they never arrive
	Bricked  int64 `json:"bricked"`    // they took an update, and were not heard of again; they count for its version

	KeptBy []KeptBy `json:"kept_by,omitempty"` // those that most are kept by first

	Versions []string  `json:"versions"` // ascending; "" for none
	Points   []Point   `json:"points"`
	Cohorts  []Cohort  `json:"cohorts"`  // those with devices
	Failures []Failure `json:"failures"` // empty where all is well
}

// Point is when devices are counted.
type Point struct {
	At    time.Time `json:"at"`
	Polls int       `json:"polls"` // of each device; 0 where it is time that passes
	Row   bool      `json:"row"`   // worth a row of a table
}

// Cohort is the devices of a cohort over time.
type Cohort struct {
	Cohort  string  `json:"cohort"`
	Eager   bool    `json:"eager,omitempty"` // those of it that ask eagerly
	Devices [][]int `json:"devices"`         // by point, then version
}

// Len is how many devices there are.
func (c Cohort) Len() int {
	n := 0
	for _, devices := range c.Devices[0] {
		n += devices
	}
	return n
}

// Whole is the devices of all cohorts over time, by point, then version.
func (r *Result) Whole() [][]int { return r.sum(func(Cohort) bool { return true }) }

// Eager is those of them that ask eagerly; nil where nobody does.
func (r *Result) Eager() [][]int {
	eager := func(c Cohort) bool { return c.Eager }
	if !slices.ContainsFunc(r.Cohorts, eager) {
		return nil
	}
	return r.sum(eager)
}

func (r *Result) sum(of func(Cohort) bool) [][]int {
	sum := make([][]int, len(r.Points))
	for i := range sum {
		sum[i] = make([]int, len(r.Versions))
		for _, c := range r.Cohorts {
			if !of(c) {
				continue
			}
			for v, n := range c.Devices[i] {
				sum[i][v] += n
			}
		}
	}
	return sum
}

func (s *simulation) result(w *walker) *Result {
	r := &Result{
		Project: s.fleet.Project.Slug, Devices: s.Devices, Seed: s.Seed,
		Publishes: len(s.publishes), Updates: w.totals.updates, Failed: w.totals.failed,
		Failures: w.findings.failed(), Bricked: w.totals.bricked,
	}
	r.setFates(w.totals.fates, w.totals.kept)
	if s.Every > 0 {
		r.Publishes = 1 + int(s.For/s.Every)
	}
	for i := range s.grid.len() {
		r.Points = append(r.Points, Point{At: s.From.Add(s.grid.at(i)), Row: i%perTable == 0 || i == s.grid.len()-1})
	}
	r.setCohorts(s.index.slugs, s.versions.names, &w.tally)
	return r
}

// KeptBy is devices that are kept where they are.
type KeptBy struct {
	Because string `json:"because"`
	Devices int64  `json:"devices"`
}

func (r *Result) setFates(n [circling + 1]int64, by map[string]int64) {
	r.Settled, r.OnTheWay, r.Held, r.Kept, r.Lost = n[settled], n[onItsWay], n[held], n[kept], n[stuck]+n[circling]
	for why, devices := range by {
		r.KeptBy = append(r.KeptBy, KeptBy{why, devices})
	}
	slices.SortFunc(r.KeptBy, func(a, b KeptBy) int {
		return cmp.Or(cmp.Compare(b.Devices, a.Devices), cmp.Compare(a.Because, b.Because))
	})
}

// setCohorts leaves out the versions that nobody ever ran.
func (r *Result) setCohorts(slugs, names []string, t *tally) {
	for i := range 2 * len(slugs) { // as [population.row] has them
		if devices := t.devices(i); devices != nil {
			r.Cohorts = append(r.Cohorts, Cohort{slugs[i%len(slugs)], i >= len(slugs), devices})
		}
	}
	used := make([]bool, len(names))
	for i := range t.changes {
		used[i%len(names)] = used[i%len(names)] || t.changes[i] != nil
	}
	for v, name := range names {
		if used[v] {
			r.Versions = append(r.Versions, name)
		}
	}
	for _, c := range r.Cohorts {
		for i := range c.Devices {
			v := -1
			c.Devices[i] = slices.DeleteFunc(c.Devices[i], func(int) bool { v++; return !used[v] })
		}
	}
}

// Label is a version for readers: "no version" where a device states none.
func Label(version string) string {
	if version == "" {
		return "no version"
	}
	return version
}
