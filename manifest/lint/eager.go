package lint

import (
	"slices"

	"cairn/releases"
)

// eager looks for devices that get a release when they ask eagerly, and the one
// before it when they ask as usual; and for must-pass-through releases that they
// get past, since these give no head start.
func (l *linter) eager(c *releases.Cohort) {
	if !l.Project.Eager {
		return
	}
	if !c.VersionCheck && len(c.Activations) > 0 {
		l.warn("eager-goes-back", in(c.File, "version_check"), "leave version_check = false out, or write eager = false for each of the cohort's rollouts",
			"cohort %q serves lower versions, too: what a device gets by asking eagerly, the next ordinary question takes back", c.Slug)
	}
	for i, a := range c.Activations {
		if !a.NotEager || !a.Offers() || !a.Release.MustPassThrough {
			continue
		}
		above := slices.IndexFunc(c.Activations[i+1:], func(b releases.Activation) bool { return !b.NotEager && b.Offers() && b.Rollout.Final() > 0 })
		if above >= 0 {
			past := c.Activations[i+1+above].Release.Version
			l.warn("skipped-must-pass-through", in(c.File, "activate", a.Release.Version, "eager"), "write eager = false for "+past+", too, until "+a.Release.Version+" is at 100 percent",
				"devices of cohort %s that ask eagerly get %s without passing through %s, which waits for its turn", c.Slug, past, a.Release.Version)
		}
	}
}
