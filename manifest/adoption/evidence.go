package adoption

import "cairn/releases/gate"

// Evidence is what the report has for a gate, of a release in a cohort: all
// software types and hardware versions together, the worst of them for what
// fell silent. It is nil where nothing was counted.
func (r *Report) Evidence(cohort, release string) *gate.Evidence {
	if r.At.IsZero() {
		return nil
	}
	e := &gate.Evidence{At: r.At}
	for _, row := range r.Rows {
		if row.Release != release || row.Cohort != cohort {
			continue
		}
		e.Downloads += row.Downloads
		e.Arrived += row.arrivals
		s := row.Silence
		if s == nil {
			e.Devices += row.Arrived
			continue
		}
		e.Devices += s.Devices
		if e.Silent == nil || s.Low > e.Silent.Low || s.Low == e.Silent.Low && s.High > e.Silent.High {
			e.Silent = &gate.Share{Percent: s.Percent, Low: s.Low, High: s.High}
		}
	}
	return e
}
