package edit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cairn/releases"
	"cairn/releases/syntax"
)

// Deployment offers a release to a cohort.
type Deployment struct {
	Version string
	Cohort  string
	Rollout releases.Rollout
	Create  bool      // the cohort, where there is none of that name
	Again   bool      // although it was aborted there, or withdrawn: that is over everywhere then
	At      time.Time // of the edit
	Eager   *bool     // whether devices that ask eagerly have a head start; nil leaves that as it is
}

// Deploy activates a release in a cohort, or gives it another rollout there. A
// pause ends with that.
func (p Project) Deploy(d Deployment) ([]Change, error) {
	r, err := p.release(d.Version)
	if err != nil {
		return nil, err
	}
	var back []Change
	switch {
	case r.Withdrawn != "" && !d.Again:
		return nil, fmt.Errorf("release %s is withdrawn: %s\nnobody is offered a withdrawn release: upload a new one; or to offer it once more, in every cohort that activates it, add --again", r.Version, r.Withdrawn)
	case r.Withdrawn != "":
		if back, err = p.unwithdraw(r, d.At); err != nil {
			return nil, err
		}
	}
	file, err := p.cohortFile(d.Cohort, d.Create)
	if err != nil {
		return nil, err
	}
	a, active := p.activation(d.Cohort, d.Version)
	if a.Aborted != "" && !d.Again {
		return nil, fmt.Errorf("release %s was aborted in cohort %s: %s\nto offer it once more, add --again", d.Version, d.Cohort, a.Aborted)
	}
	there, err := p.change(file, func(doc *Document) error {
		err := doc.Table("activate", d.Version)
		if !active {
			a.Rollout.Fixed = 100
		}
		if Rollout(a.Rollout) != Rollout(d.Rollout) {
			err = cmp.Or(err, doc.Set(Rollout(d.Rollout), "activate", d.Version, "rollout"))
		}
		err = cmp.Or(err, unset(doc, d.Version, "aborted"), unset(doc, d.Version, "paused"))
		if d.Again || !a.Paused.IsZero() {
			err = cmp.Or(err, resumed(doc, d.At, "activate", d.Version, "resumed"))
		}
		if d.Eager != nil && *d.Eager {
			err = cmp.Or(err, unset(doc, d.Version, "eager"))
		} else if d.Eager != nil {
			err = cmp.Or(err, doc.Set("false", "activate", d.Version, "eager"))
		}
		return err
	})
	return append(back, there...), err
}

// resumed says that a release is on offer again, and no accident: later than a
// stop before it and earlier than one after it, to the millisecond.
func resumed(d *Document, at time.Time, path ...any) error {
	return d.Set(at.UTC().Format("2006-01-02T15:04:05.000Z07:00"), path...)
}

// unset takes a key out of an activation, which stays though it may have stood
// there by that key only: activate."1.1.0".paused = …
func unset(d *Document, version, key string) error {
	if !d.Has("activate", version, key) {
		return nil
	}
	return cmp.Or(d.Remove("activate", version, key), d.Table("activate", version))
}

// Deactivate takes a release out of a cohort, with the comment right above it.
func (p Project) Deactivate(version, cohort string) ([]Change, error) {
	as, err := p.activations(version, cohort, "no release", func(releases.Activation) string { return "" })
	if err != nil {
		return nil, err
	}
	return p.change(p.Fleet.Cohort(cohort).File, func(d *Document) error {
		return d.Remove("activate", as[0].Release.Version)
	})
}

// Abort takes the offer of a release back from a cohort, for a reason; nothing
// changes where it is aborted already. Without a version it is the highest
// release of the cohort, if that is on offer at an instant: never the one below
// it, when an abort is run once more.
func (p Project) Abort(version, cohort, reason string, at time.Time) ([]Change, releases.Activation, error) {
	as, err := p.activations(version, cohort, "no release", func(releases.Activation) string { return "" })
	if err != nil {
		return nil, releases.Activation{}, err
	}
	a := as[len(as)-1]
	if version == "" {
		if err := p.certain(cohort, as, at); err != nil {
			return nil, a, err
		}
	}
	if a.Aborted != "" {
		return nil, a, nil
	}
	changes, err := p.change(p.Fleet.Cohort(cohort).File, func(d *Document) error {
		return cmp.Or(unset(d, a.Release.Version, "resumed"), d.Set(syntax.String(reason), "activate", a.Release.Version, "aborted"))
	})
	return changes, a, err
}

// certain is an error where a cohort's highest release may not be the one that
// is meant.
func (p Project) certain(cohort string, as []releases.Activation, at time.Time) error {
	var offered []string
	for _, a := range as {
		if a.Offers() {
			offered = append(offered, fmt.Sprintf("%s (%.3g %%)", a.Release.Version, a.Percent(at)))
		}
	}
	top := as[len(as)-1]
	why := gone(top)
	switch {
	case len(offered) == 0:
		return fmt.Errorf("cohort %s has no release on offer\nwhere that is not published yet, run 'cairn publish'", cohort)
	case why == "" && (len(offered) == 1 || top.Percent(at) > 0):
		return nil
	case why == "":
		why = "is offered to nobody yet"
	default:
		why += "\nwhere that is not published yet, run 'cairn publish'"
	}
	return fmt.Errorf("release %s, the highest of cohort %s, %s\nname the one to abort with --release-version: %s", top.Release.Version, cohort, why, strings.Join(offered, ", "))
}

// gone says why an activation offers nothing, "" where it does.
func gone(a releases.Activation) string {
	switch {
	case a.Aborted != "":
		return "is aborted already: " + a.Aborted
	case a.Release.Withdrawn != "":
		return "is withdrawn: " + a.Release.Withdrawn
	}
	return ""
}

// Pause lets the schedules of a cohort stand still from an instant: that of one
// release, or of all that are still on their way.
func (p Project) Pause(version, cohort string, at time.Time) ([]Change, []releases.Activation, error) {
	as, err := p.activations(version, cohort, "no rollout on its way", func(a releases.Activation) string {
		switch why := gone(a); {
		case why != "":
			return why
		case !a.Paused.IsZero() && !a.Paused.After(at):
			return "is paused already, from " + Time(a.Paused)
		case a.Rollout.Percent(at) >= a.Rollout.Final():
			return fmt.Sprintf("stands at %v %%: there is no schedule to pause; abort-rollout takes it back", a.Rollout.Final())
		}
		return ""
	})
	if err != nil {
		return nil, nil, err
	}
	changes, err := p.change(p.Fleet.Cohort(cohort).File, func(d *Document) error {
		for _, a := range as {
			err = cmp.Or(err, unset(d, a.Release.Version, "resumed"), d.Set(Time(at), "activate", a.Release.Version, "paused"))
		}
		return err
	})
	return changes, as, err
}

// Pass lets the next step of a rollout begin, which waits for its gate, at an
// instant.
func (p Project) Pass(version, cohort string, at time.Time) ([]Change, error) {
	a, ok := p.activation(cohort, version)
	switch {
	case !ok:
		return nil, fmt.Errorf("cohort %s does not activate release %s", cohort, version)
	case len(a.Rollout.Held) == 0:
		return nil, fmt.Errorf("release %s in cohort %s waits for no gate", version, cohort)
	}
	return p.change(p.Fleet.Cohort(cohort).File, func(d *Document) error {
		return d.Set(Time(at), "activate", version, "rollout", len(a.Rollout.Steps), "passed")
	})
}

// Resume lets paused schedules of a cohort go on at an instant, from the percent
// at which they stand. What the pause has held up comes later by as much as it
// took.
func (p Project) Resume(version, cohort string, at time.Time) ([]Change, []releases.Activation, error) {
	as, err := p.activations(version, cohort, "no rollout that is paused", func(a releases.Activation) string {
		if a.Paused.IsZero() {
			return "is not paused"
		}
		return ""
	})
	if err != nil {
		return nil, nil, err
	}
	changes, err := p.change(p.Fleet.Cohort(cohort).File, func(d *Document) error {
		for _, a := range as {
			err = cmp.Or(err, unset(d, a.Release.Version, "paused"), resumed(d, at, "activate", a.Release.Version, "resumed"))
			if a.Rollout.Percent(at) > a.Percent(at) {
				err = cmp.Or(err, delay(d, a, at.Sub(a.Paused)))
			}
		}
		return err
	})
	return changes, as, err
}

// delay puts off what a schedule has after its pause.
func delay(d *Document, a releases.Activation, by time.Duration) error {
	rollout := []any{"activate", a.Release.Version, "rollout"}
	later := func(at time.Time, path ...any) error {
		path = append(slices.Clip(rollout), path...)
		return d.Set(like(d.Literal(path...), at.Add(by)), path...)
	}
	if a.Rollout.Ramp != nil {
		return later(a.Rollout.Ramp.Start, "start")
	}
	var err error
	before := time.Time{} // when the step before begins, by what is not put off
	for i, s := range slices.Concat(a.Rollout.Steps, a.Rollout.Held) {
		switch begins := latest(s.At, s.Due); {
		case !begins.After(a.Paused):
		case !s.Passed.IsZero() && s.At.Equal(s.Passed):
			err = cmp.Or(err, later(s.Passed, i, "passed"))
		case s.After == 0:
			err = cmp.Or(err, later(begins, i, "at"))
		case !before.After(a.Paused):
			err = cmp.Or(err, d.Set(strconv.Quote(Duration(s.After+by)), append(slices.Clip(rollout), i, "after")...))
		}
		before = latest(s.At, s.Due)
	}
	return err
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// like writes an instant with the offset from UTC that a literal has.
func like(literal string, at time.Time) string {
	old, err := time.Parse(time.RFC3339, strings.Replace(strings.ToUpper(literal), " ", "T", 1))
	if err != nil {
		return Time(at)
	}
	return at.In(old.Location()).Format(time.RFC3339)
}

// Time is a TOML date-time, in UTC, to the second.
func Time(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Rollout is the literal of a rollout, as short as can be.
func Rollout(r releases.Rollout) string {
	percent := func(p float64) string { return strconv.FormatFloat(p, 'f', -1, 64) }
	switch {
	case r.Ramp != nil:
		s := fmt.Sprintf("{ start = %s, duration = %q", Time(r.Ramp.Start), Duration(r.Ramp.Duration))
		if r.Ramp.From != 1 {
			s += ", from = " + percent(r.Ramp.From)
		}
		if r.Ramp.To != 100 {
			s += ", to = " + percent(r.Ramp.To)
		}
		if r.Ramp.Linear {
			s += `, shape = "linear"`
		}
		return s + " }"
	case len(r.Steps)+len(r.Held) > 0:
		s := "[\n"
		for _, step := range slices.Concat(r.Steps, r.Held) {
			if step.After > 0 {
				s += fmt.Sprintf("  { after = %q, percent = %s", Duration(step.After), percent(step.Percent))
			} else {
				s += fmt.Sprintf("  { at = %s, percent = %s", Time(latest(step.At, step.Due)), percent(step.Percent))
			}
			if step.Gate != "" {
				s += fmt.Sprintf(", gate = %q", step.Gate)
			}
			if !step.Passed.IsZero() {
				s += ", passed = " + Time(step.Passed)
			}
			s += " },\n"
		}
		return s + "]"
	}
	return percent(r.Fixed)
}

// Duration is a time without the parts that are zero: "48h", "1h30m".
func Duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
