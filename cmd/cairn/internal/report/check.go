// Package report writes what commands have found, for people and for programs. It
// only writes: it reads neither definitions nor a store.
package report

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest/lint"
	"cairn/releases"
)

// Check is what check found: either faults or a fleet and its warnings.
type Check struct {
	Dir      string // the project folder
	Faults   releases.Faults
	Fleet    *releases.Fleet
	Warnings []*lint.Warning
}

// CheckFormat writes a report to standard output; the text tells of warnings on
// standard error, where faults are told of.
type CheckFormat func(out, errs io.Writer, r Check) error

// CheckFormats are the formats by what --format calls them.
var CheckFormats = map[string]CheckFormat{
	"text":   writeText,
	"json":   writeFindings,
	"github": writeAnnotations,
	"sarif":  writeSARIF,
}

func writeText(out, errs io.Writer, r Check) error {
	for _, w := range r.Warnings {
		fmt.Fprintln(errs, w)
	}
	_, err := fmt.Fprintf(out, "%s: %s\n", r.Fleet.Project.Slug, summary(r.Fleet, len(r.Warnings)))
	return err
}

// finding is a fault or a warning for programs.
type finding struct {
	Level   string `json:"level"` // "error" or "warning"
	Rule    string `json:"rule"`  // its name in docs/checking.md, or "fault"
	File    string `json:"file"`  // from the working directory
	Line    int    `json:"line"`
	Column  int    `json:"column"` // in characters
	Message string `json:"message"`
	Source  string `json:"source"`
	Hint    string `json:"hint"`
}

const faultRule = "fault"

// text is what is wrong, and the way out.
func (f finding) text() string {
	if f.Hint == "" {
		return f.Message
	}
	return f.Message + "\nhint: " + f.Hint
}

func (r Check) findings() []finding {
	all := []finding{}
	add := func(level, rule string, f *releases.Fault) {
		name := f.Place.File
		if r.Dir != "." && !releases.Remote(name) {
			name = path.Join(filepath.ToSlash(r.Dir), name)
		}
		all = append(all, finding{level, rule, name, f.Place.Line, max(f.Place.Column, 1), f.Message, f.Source, f.Hint})
	}
	for _, f := range r.Faults {
		add("error", cmp.Or(f.Rule, faultRule), f)
	}
	for _, w := range r.Warnings {
		add("warning", w.Name, &w.Fault)
	}
	return all
}

func writeFindings(out, _ io.Writer, r Check) error {
	return cli.WriteJSON(out, struct {
		Faults   int       `json:"faults"`
		Warnings int       `json:"warnings"`
		Findings []finding `json:"findings"`
	}{len(r.Faults), len(r.Warnings), r.findings()})
}

// writeAnnotations writes workflow commands, as
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
// has them, escaped as the runner unescapes them.
func writeAnnotations(out, _ io.Writer, r Check) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, f := range r.findings() {
		if _, err := fmt.Fprintf(out, "::%s file=%s,line=%d,col=%d,title=%s::%s\n",
			f.Level, property.Replace(f.File), f.Line, f.Column, property.Replace("cairn: "+f.Rule), data.Replace(f.text())); err != nil {
			return err
		}
	}
	return nil
}

func summary(f *releases.Fleet, warnings int) string {
	payloads, devices := 0, 0
	for range f.Payloads() {
		payloads++
	}
	for _, c := range f.Cohorts {
		devices += c.Devices.Len()
	}
	s := fmt.Sprintf("%s with %s, %s with %s listed, no fault",
		cli.Count(len(f.Releases), "release"), cli.Count(payloads, "payload"),
		cli.Count(len(f.Cohorts), "cohort"), cli.Count(devices, "device"))
	if warnings > 0 {
		s += ", " + cli.Count(warnings, "warning")
	}
	return s
}
