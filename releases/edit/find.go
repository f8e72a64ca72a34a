package edit

import (
	"fmt"
	"slices"
	"strings"

	"cairn/releases"
)

// release finds a release by its version.
func (p Project) release(version string) (*releases.Release, error) {
	if r := p.Fleet.Release(version); r != nil {
		return r, nil
	}
	var known []string
	for _, r := range p.Fleet.Releases {
		known = append(known, r.Version)
	}
	slices.Sort(known)
	return nil, fmt.Errorf("no release has version %q%s", version, meant(version, known))
}

// cohortFile is the file of a cohort, which need not be there: for the default
// cohort, or for one that is to be made.
func (p Project) cohortFile(slug string, create bool) (string, error) {
	c := p.Fleet.Cohort(slug)
	switch {
	case c != nil && c.File != "":
		return c.File, nil
	case c == nil && !releases.ValidSlug(slug):
		return "", fmt.Errorf("cohort %q: a slug is letters, digits, - and _, at most %d", slug, releases.MaxSegment)
	case c == nil && !create:
		return "", fmt.Errorf("%w\nto make it, add --create-cohort", p.noCohort(slug))
	}
	return "cohorts/" + slug + ".toml", nil
}

func (p Project) noCohort(slug string) error {
	var known []string
	for _, c := range p.Fleet.Cohorts {
		known = append(known, c.Slug)
	}
	return fmt.Errorf("there is no cohort %q%s", slug, meant(slug, known))
}

// meant tells what there is, or what was probably meant.
func meant(word string, known []string) string {
	if near := releases.Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	const most = 20
	if n := len(known); n > most {
		known = append(slices.Clone(known[n-most:]), "…")
	}
	if len(known) == 0 {
		return ""
	}
	return "; there is " + strings.Join(known, ", ")
}

func (p Project) activation(cohort, version string) (releases.Activation, bool) {
	if c := p.Fleet.Cohort(cohort); c != nil {
		for _, a := range c.Activations {
			if a.Release.Version == version {
				return a, true
			}
		}
	}
	return releases.Activation{}, false
}

// activations are those of a cohort that fit, ascending, or the one of a named
// release; there is one at least. Unfit says why one doesn't, "" where it does.
func (p Project) activations(version, cohort, otherwise string, unfit func(releases.Activation) string) ([]releases.Activation, error) {
	if p.Fleet.Cohort(cohort) == nil {
		return nil, p.noCohort(cohort)
	}
	if version != "" {
		if _, err := p.release(version); err != nil {
			return nil, err
		}
		a, ok := p.activation(cohort, version)
		if !ok {
			return nil, fmt.Errorf("cohort %s does not activate release %s", cohort, version)
		}
		if why := unfit(a); why != "" {
			return nil, fmt.Errorf("release %s in cohort %s %s", version, cohort, why)
		}
		return []releases.Activation{a}, nil
	}
	if p.Fleet.Cohort(cohort).Partial {
		return nil, fmt.Errorf("cohort %s may have another release that is meant, since faults have left some out\nname the one that is meant with --release-version", cohort)
	}
	var as []releases.Activation
	for _, a := range p.Fleet.Cohort(cohort).Activations {
		if unfit(a) == "" {
			as = append(as, a)
		}
	}
	if len(as) == 0 {
		return nil, fmt.Errorf("cohort %s has %s", cohort, otherwise)
	}
	return as, nil
}
