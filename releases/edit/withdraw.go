package edit

import "fmt"

// Withdraw recalls a release from every cohort, for a reason.
func (p Project) Withdraw(version, reason string) ([]Change, error) {
	r, err := p.release(version)
	if err != nil {
		return nil, err
	}
	if r.Withdrawn != "" {
		return nil, fmt.Errorf("release %s is withdrawn already: %s", version, r.Withdrawn)
	}
	return p.change(r.File, func(d *Document) error { return d.Set(String(reason), "withdrawn") })
}
