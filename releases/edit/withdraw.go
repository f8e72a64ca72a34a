package edit

import (
	"time"

	"cairn/releases"
	"cairn/releases/syntax"
)

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
	return p.change(r.File, func(d *Document) error {
		if d.Has("resumed") {
			if err := d.Remove("resumed"); err != nil {
				return err
			}
		}
		return d.Set(syntax.String(reason), "withdrawn")
	})
}

// unwithdraw ends a recall at an instant.
func (p Project) unwithdraw(r *releases.Release, at time.Time) ([]Change, error) {
	return p.change(r.File, func(d *Document) error {
		if err := d.Remove("withdrawn"); err != nil {
			return err
		}
		return resumed(d, at, "resumed")
	})
}
