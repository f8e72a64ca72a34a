package formats

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cairn/manifest"
	"cairn/releases"
)

// Check finds what is wrong with the templates of a fleet. It renders each for
// every whole payload that there is, and for nothing on offer. Nil is right.
func Check(f *releases.Fleet) releases.Faults {
	if len(f.Formats) == 0 {
		return nil
	}
	var faults releases.Faults
	offers := everyOffer(f)
	for _, format := range f.Formats {
		if err := try(f, format, offers); err != nil {
			faults = append(faults, fault(f, format, err))
		}
	}
	return faults
}

func try(f *releases.Fleet, format releases.Format, offers []Data) error {
	t, err := compile(format)
	if err != nil {
		return err
	}
	for _, d := range offers {
		d.Project, d.Organization, d.BaseURL = f.Project.Slug, f.Project.Organization, f.Project.BaseURL
		if format.Scope == releases.BucketScope {
			d.Bucket = "00"
		}
		if _, err := execute(t, d); err != nil {
			return err
		}
	}
	return nil
}

// everyOffer is nothing, and each whole payload.
func everyOffer(f *releases.Fleet) []Data {
	tree := manifest.New(&releases.Fleet{Project: f.Project}, time.Time{})
	all := []Data{{SoftwareType: "type", HardwareVersion: "hardware", Cohort: releases.DefaultCohort}}
	nodes := map[manifest.Target][]Offer{}
	for r, p := range f.Payloads() {
		if p.Delta() {
			continue
		}
		t := manifest.Target{SoftwareType: p.SoftwareType, HardwareVersion: p.HardwareVersion}
		o := newOffer(tree, r, p)
		nodes[t] = append(nodes[t], o)
		d := Data{SoftwareType: t.SoftwareType, HardwareVersion: t.HardwareVersion, Cohort: releases.DefaultCohort, Latest: &o, Newest: &o, Nodes: nodes[t]}
		for i := range len(d.Nodes) - 1 {
			d.Edges = append(d.Edges, Edge{i, len(d.Nodes) - 1})
		}
		all = append(all, d)
	}
	return all
}

// inTemplate is how text/template names a place.
var inTemplate = regexp.MustCompile(`^template: :(\d+)(?::\d+)?: (?:executing "[^"]*" at )?(.*)`)

// fault is an error of a template at its place: in its own file, or at the key in
// cairn.toml that has it.
func fault(f *releases.Fleet, format releases.Format, err error) *releases.Fault {
	if errors.Is(err, errNoTemplate) {
		place, source := f.Place(releases.ProjectFile, "format", format.Name, "template")
		return &releases.Fault{
			Place: place, Source: source, Message: fmt.Sprintf("no template is called %q", format.Builtin),
			Hint: "these come with cairn: " + strings.Join(Builtin(), ", ") + `; for one of your own write template = "formats/x.tmpl"`,
		}
	}
	message, line := err.Error(), 0
	if m := inTemplate.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = m[2]
	}
	if errors.Is(err, errSize) {
		message = errSize.Error()
	}
	if endless := (*endlessError)(nil); errors.As(err, &endless) {
		message, line = endless.Error(), endless.line
	}
	const hint = "docs/formats.md has what a template sees, and what it may call"
	if format.File != "" {
		lines := strings.Split(format.Text, "\n")
		return &releases.Fault{
			Place: releases.Place{File: format.File, Line: max(line, 1)}, Source: strings.TrimSpace(lines[min(max(line, 1), len(lines))-1]),
			Message: "template of format " + format.Name + ": " + message, Hint: hint,
		}
	}
	place, source := f.Place(releases.ProjectFile, "format", format.Name, "template")
	if line > 1 {
		message = fmt.Sprintf("line %d: %s", line, message)
	}
	return &releases.Fault{Place: place, Source: source, Message: "template of format " + format.Name + ": " + message, Hint: hint}
}
