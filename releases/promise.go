package releases

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Promise is the [promise] table of cairn.toml: what holds for every device at
// every instant of the schedule. The zero value promises nothing.
type Promise struct {
	NeverDown  bool          // no device is offered a version below its own
	NewPerDay  float64       // percent of a cohort that a release newly reaches within 24 hours; 0 for any
	EndsWithin time.Duration // from the begin of a cohort's highest release until all can get to it; 0 for any
	MaxHops    int           // updates in a row; 0 for any number
	Except     []string      // slugs of the cohorts that it is not given to
}

// To says whether it is given to a cohort.
func (p Promise) To(cohort string) bool { return !slices.Contains(p.Except, cohort) }

func (l *loader) promise(t *table) {
	p := &l.fleet.Promise
	p.NeverDown = t.boolean("never_down", false)
	const share = `write max_new_per_day = "10 %"`
	if n := t.get("max_new_per_day", share, stringKind, integerKind, floatKind); n != nil {
		of, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(n.text, "%")), 64)
		if p.NewPerDay = of; err != nil || !(of > 0 && of <= 100) {
			t.fault(n.offset, share, "max_new_per_day %q is no percentage over 0, up to 100", n.text)
		}
	}
	t.days("everyone_ends_within", &p.EndsWithin)
	if n, node := t.integer("max_hops", 0); node != nil && n < 1 {
		t.fault(node.offset, "each device may need one", "max_hops %d is under 1", n)
	} else {
		p.MaxHops = int(min(n, 1<<20))
	}
	p.Except = t.texts("except", "a cohort", `write except = ["internal"]`)
	t.rest()
}

// excepted reports cohorts that a promise is not given to, and that are not there.
func (l *loader) excepted() {
	if len(l.fleet.Promise.Except) == 0 {
		return
	}
	doc := l.fleet.documents[ProjectFile]
	m, _ := doc.node.member("promise")
	except, _ := m.value.member("except")
	for _, v := range except.value.items {
		if v.kind == stringKind && l.fleet.Cohort(v.text) == nil {
			doc.fault(v.offset, "name a cohort by its slug, the name of its file", "there is no cohort %q", v.text)
		}
	}
}
