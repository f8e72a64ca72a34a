package edit

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"cairn/releases"
	"cairn/releases/syntax"
)

// Assign moves devices to a cohort: they are taken out of the lists that have
// them and, unless it is the default cohort, added to the end of its list, its
// devices_file where it has one. Serials that are there already stay.
func (p Project) Assign(serials []string, cohort string, create bool) ([]Change, error) {
	file, err := p.cohortFile(cohort, create)
	if err != nil {
		return nil, err
	}
	come := map[string]bool{}
	var faults []string
	for _, s := range serials {
		if come[s] = true; !releases.ValidSerial(s) {
			faults = append(faults, releases.Quote(s))
		}
	}
	if n := len(faults); n > 0 {
		const most = 20
		if n > most {
			faults = append(faults[:most], fmt.Sprintf("%d more", n-most))
		}
		return nil, fmt.Errorf("no device serial: %s\na serial is letters, digits, - and _, at most 128 characters", strings.Join(faults, ", "))
	}
	var changes []Change
	for _, c := range p.Fleet.Cohorts {
		gone := map[int]bool{}
		for serial := range come {
			switch i := c.Devices.Find(serial); {
			case i >= 0 && c.Slug == cohort:
				delete(come, serial)
			case i >= 0:
				gone[i] = true
			}
		}
		some, err := p.unlist(c, gone)
		if err != nil {
			return nil, err
		}
		changes = append(changes, some...)
	}
	if cohort == releases.DefaultCohort {
		return changes, nil
	}
	var add []string
	for _, s := range serials {
		if come[s] {
			add = append(add, s)
			delete(come, s) // of two that are the same, one
		}
	}
	some, err := p.enlist(file, p.Fleet.Cohort(cohort), add)
	return append(changes, some...), err
}

// unlist takes devices out of a cohort's array and its devices_file.
func (p Project) unlist(c *releases.Cohort, gone map[int]bool) (changes []Change, err error) {
	inline := false
	lines := map[int]bool{}
	devices := slices.Sorted(maps.Keys(gone))
	for i, line := range c.Devices.Lines(devices...) {
		if c.Devices.Inline(devices[i]) {
			inline = true
		} else {
			lines[line] = true
		}
	}
	if inline {
		changes, err = p.change(c.File, func(d *Document) error {
			return d.Drop(func(i int) bool { return gone[i] }, "devices")
		})
	}
	if err != nil || len(lines) == 0 {
		return changes, err
	}
	before, err := p.readList(c)
	if err != nil {
		return nil, err
	}
	after := make([]byte, 0, len(before))
	n := 0
	for line := range bytes.Lines(before) {
		if n++; !lines[n] {
			after = append(after, line...)
		}
	}
	return append(changes, Change{c.DevicesFile, before, after}), nil
}

// readList reads a devices_file that is to be changed.
func (p Project) readList(c *releases.Cohort) ([]byte, error) {
	if releases.Remote(c.DevicesFile) {
		return nil, fmt.Errorf("cohort %s lists its devices in %s, which no command changes: put the changed list beside it under another name, and name that and its digest in %s", c.Slug, c.DevicesFile, c.File)
	}
	if releases.Packed(c.DevicesFile) {
		return nil, fmt.Errorf("%s is compressed, and cohort %s lists its devices there: change it where it is made, or unpack it and name the text in %s", c.DevicesFile, c.Slug, c.File)
	}
	return fs.ReadFile(p.Files, c.DevicesFile)
}

func (p Project) enlist(file string, c *releases.Cohort, serials []string) ([]Change, error) {
	if len(serials) == 0 && c != nil {
		return nil, nil
	}
	if c != nil && c.DevicesFile != "" {
		before, err := p.readList(c)
		if err != nil {
			return nil, err
		}
		newline := "\n"
		if bytes.Contains(before, []byte("\r\n")) {
			newline = "\r\n"
		}
		after := bytes.Clone(before)
		if len(after) > 0 && after[len(after)-1] != '\n' {
			after = append(after, newline...)
		}
		return []Change{{c.DevicesFile, before, append(after, strings.Join(serials, newline)+newline...)}}, nil
	}
	return p.change(file, func(d *Document) error {
		literals := make([]string, len(serials))
		for i, s := range serials {
			literals[i] = syntax.String(s)
		}
		if !d.Has("devices") {
			if err := d.Set("[]", "devices"); err != nil {
				return err
			}
		}
		return d.Append(literals, "devices")
	})
}
