package edit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cairn/releases"
	"cairn/releases/syntax"
)

// Block keeps devices on some versions from a release, and from those above it. A
// block of that name that is there gets the versions in addition, and what else
// is not empty. Without a name it is called after its reason.
func (p Project) Block(version string, b releases.Block) ([]Change, error) {
	r, err := p.release(version)
	if err != nil {
		return nil, err
	}
	if b.Name, err = blockFor(r, b); err != nil {
		return nil, err
	}
	var there releases.Block
	if i := slices.IndexFunc(r.Blocked, func(of releases.Block) bool { return of.Name == b.Name }); i >= 0 {
		there = r.Blocked[i]
	}
	var from []string
	for _, v := range b.From {
		if !slices.ContainsFunc(there.From, func(of releases.Versions) bool { return of.Text == v.Text }) {
			from = append(from, syntax.String(v.Text))
		}
	}
	return p.change(r.File, func(d *Document) error {
		err := error(nil)
		switch {
		case there.Name == "":
			err = d.Set("["+strings.Join(from, ", ")+"]", "blocked", b.Name, "from")
		case len(from) > 0:
			err = d.Append(from, "blocked", b.Name, "from")
		}
		for _, k := range []struct{ key, want, there string }{{"reason", b.Reason, there.Reason}, {"url", b.URL, there.URL}, {"fixed_in", b.FixedIn, there.FixedIn}} {
			if k.want != "" && k.want != k.there {
				err = cmp.Or(err, d.Set(syntax.String(k.want), "blocked", b.Name, k.key))
			}
		}
		return err
	})
}

// blockFor is the name of the block that is meant, or of the new one.
func blockFor(r *releases.Release, b releases.Block) (string, error) {
	if len(r.Blocked) == 0 && (len(b.From) == 0 || b.Reason == "") {
		return "", fmt.Errorf("release %s has no [blocked] table: begin one with --from VERSIONS and --reason REASON", r.Version)
	}
	if b.Name == "" && b.Reason == "" {
		return onlyBlock(r, "")
	}
	name := cmp.Or(b.Name, blockName(b.Reason))
	there := slices.ContainsFunc(r.Blocked, func(of releases.Block) bool { return of.Name == name })
	switch {
	case name == "":
		return "", fmt.Errorf("the reason %q gives no name: add --name", b.Reason)
	case !there && len(b.From) == 0:
		return "", fmt.Errorf("release %s has no block %q: say with --from from which versions it is blocked", r.Version, name)
	case !there && b.Reason == "":
		return "", fmt.Errorf("release %s has no block %q: say with --reason why it is blocked", r.Version, name)
	}
	return name, nil
}

// Unblock takes a block out of a release: the one of that name, or the only one.
// It gives its name.
func (p Project) Unblock(version, name string) ([]Change, string, error) {
	r, err := p.release(version)
	if err != nil {
		return nil, "", err
	}
	if name, err = onlyBlock(r, name); err != nil {
		return nil, "", err
	}
	changes, err := p.change(r.File, func(d *Document) error { return d.Remove("blocked", name) })
	return changes, name, err
}

// onlyBlock is the name of the block that is meant.
func onlyBlock(r *releases.Release, name string) (string, error) {
	var names []string
	for _, b := range r.Blocked {
		names = append(names, b.Name)
	}
	switch {
	case len(names) == 0:
		return "", fmt.Errorf("release %s has no [blocked] table", r.Version)
	case name == "" && len(names) == 1:
		return names[0], nil
	case name == "":
		return "", fmt.Errorf("release %s has the blocks %s: name one with --name", r.Version, strings.Join(names, ", "))
	case !slices.Contains(names, name):
		return "", fmt.Errorf("release %s has no block %q%s", r.Version, name, meant("", names))
	}
	return name, nil
}

// blockName is a reason as a name: its first words, with hyphens.
func blockName(reason string) string {
	words := strings.FieldsFunc(strings.ToLower(reason), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	return strings.Join(words[:min(len(words), 4)], "-")
}
