package lint

import "cairn/releases"

// eager looks for devices that get a release when they ask eagerly, and the one
// before it when they ask as usual.
func (l *linter) eager(c *releases.Cohort) {
	if l.Project.Eager && !c.VersionCheck && len(c.Activations) > 0 {
		l.warn("eager-goes-back", in(c.File, "version_check"), "leave version_check = false out, or write eager = false for each of the cohort's rollouts",
			"cohort %q serves lower versions, too: what a device gets by asking eagerly, the next ordinary question takes back", c.Slug)
	}
}
