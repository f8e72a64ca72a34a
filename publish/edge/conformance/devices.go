package conformance

import (
	"iter"
	"slices"
	"strings"

	"cairn/manifest"
	"cairn/releases"
)

// unheard is a version that no fleet knows.
const unheard = "0.0.0-unheard-of"

// ordinary are the versions that a target's devices state: known ones, none,
// and some that are not listed, below, between and above the known ones.
func (g *generator) ordinary(t manifest.Target) []string {
	known := g.tree.Known[t]
	return slices.Concat(known, manifest.Unlisted(g.fleet.Project.Order, known), []string{"", unheard})
}

// block is some devices of one target.
type block struct {
	target   manifest.Target
	serials  []string
	versions []string
}

func (b block) len() int { return len(b.serials) * len(b.versions) }

// draw goes through the devices of blocks with both questions, or where these
// are too many with one of them in turn. Neighbours differ in the device, not
// in the version, so that drawing evenly leaves out versions last.
func draw(blocks []block, most int) iter.Seq2[manifest.Device, int] {
	return func(yield func(manifest.Device, int) bool) {
		total, before, drawn := 0, 0, 0
		for _, b := range blocks {
			total += b.len()
		}
		every := total*len(forms) <= most
		for i := range spread(total, most) {
			for i-before >= blocks[0].len() {
				before += blocks[0].len()
				blocks = blocks[1:]
			}
			b, at := blocks[0], i-before
			d := manifest.Device{Serial: b.serials[at%len(b.serials)], Target: b.target, CurrentVersion: b.versions[at/len(b.serials)]}
			for form := range forms {
				if (every || form == drawn%len(forms)) && !yield(d, form) {
					return
				}
			}
			drawn++
		}
	}
}

// ask adds cases for devices of each cohort and target.
func (g *generator) ask(group string, of func(cohort, manifest.Target) (serials, versions []string), most int) {
	for d, i := range draw(g.blocks(of), most) {
		g.add(g.of(group, d, i))
	}
}

// of asks one of the questions for a device.
func (g *generator) of(group string, d manifest.Device, form int) Case {
	f := forms[form]
	name := strings.Join([]string{group, g.cohortOf(manifest.Hash(d.Serial)), releases.Escape(d.Target.SoftwareType),
		releases.Escape(d.Target.HardwareVersion), manifest.VersionSegment(d.CurrentVersion), d.Serial, f.name}, "/")
	return g.question(name, f.path+"?"+query(d), g.right(d)(f.Form))
}

// blocks are devices of each cohort and target.
func (g *generator) blocks(of func(cohort, manifest.Target) (serials, versions []string)) []block {
	var blocks []block
	for _, c := range g.cohorts {
		for _, t := range g.targets {
			serials, versions := of(c, t)
			blocks = append(blocks, block{t, serials, versions})
		}
	}
	return blocks
}

// sides are the devices on both sides of each percent edge.
func (g *generator) sides(c cohort, t manifest.Target) (serials, versions []string) {
	return c.edge, g.ordinary(t)
}

// others are the devices in the other buckets.
func (g *generator) others(c cohort, t manifest.Target) (serials, versions []string) {
	return c.rest, g.ordinary(t)
}

// between are devices with a version above the lowest that versions without a
// folder are offered in any bucket: where another bucket offers more, its
// devices take that.
func (g *generator) between(c cohort, t manifest.Target) (serials, versions []string) {
	f := g.tree.Folder(g.layout.AnswerFolder(t, c.Slug, manifest.OtherSegment))
	if f == nil {
		return nil, nil // the cohort has no devices
	}
	var offered []string
	for _, i := range f.Bodies {
		if v := g.tree.Bodies[i].Version(); v != "" {
			offered = append(offered, v)
		}
	}
	if len(offered) == 0 {
		return nil, nil
	}
	order := g.fleet.Project.Order
	unlisted := manifest.Unlisted(order, []string{slices.MinFunc(offered, order.Compare)})
	versions = slices.DeleteFunc(unlisted, func(v string) bool { return slices.Contains(g.tree.Known[t], v) })
	return c.edge, versions[max(len(versions)-1, 0):]
}

// choose finds the devices for questions about other things than devices: one
// whose answer changes with each thing that it states, and one that is up to
// date.
func (g *generator) choose() {
	best := -1
	for d := range draw(g.blocks(g.sides), mostDevices) {
		if s := g.score(d); s > best {
			best, g.update = s, d
		}
		if g.answer(d).Payload == nil && g.idle.CurrentVersion == "" {
			g.idle = d
		}
	}
	if best < 0 { // the fleet makes nothing
		g.update = manifest.Device{Serial: g.anyone, Target: manifest.Target{SoftwareType: "main", HardwareVersion: "mp"}}
	}
	if g.idle.Serial == "" {
		g.idle = g.update
	}
}

// score is how much a device's answer tells.
func (g *generator) score(d manifest.Device) int {
	key, body, _ := g.find(d)
	score := len(g.siblings(key + string(manifest.JSON)))
	if body.Payload != nil {
		score += 4
	}
	for _, v := range []string{"", unheard} {
		d.CurrentVersion = v
		if g.answer(d).Payload != body.Payload {
			score++
		}
	}
	return score
}
