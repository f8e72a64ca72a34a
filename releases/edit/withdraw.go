package edit

import "cairn/releases/syntax"

// Withdraw recalls a release from every cohort, for a reason; nothing changes
// where it is withdrawn already.
func (p Project) Withdraw(version, reason string) ([]Change, error) {
	r, err := p.release(version)
	if err != nil {
		return nil, err
	}
	if r.Withdrawn != "" {
		return nil, nil
	}
	return p.change(r.File, func(d *Document) error { return d.Set(syntax.String(reason), "withdrawn") })
}
