package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"cairn/manifest/lint"
	"cairn/releases"

	"github.com/spf13/cobra"
)

// report is what check found: either faults or a fleet and its warnings.
type report struct {
	dir      string // the project folder
	faults   releases.Faults
	fleet    *releases.Fleet
	warnings []*lint.Warning
}

type checkFormat func(*cobra.Command, report) error

var checkFormats = map[string]checkFormat{
	"text":   writeText,
	"json":   writeFindings,
	"github": writeAnnotations,
	"sarif":  writeSARIF,
}

// writeText tells of warnings where faults are told of.
func writeText(cmd *cobra.Command, r report) error {
	for _, w := range r.warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), w)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", r.fleet.Project.Slug, summary(r.fleet, len(r.warnings)))
	return err
}

// finding is a fault or a warning for programs.
type finding struct {
	Level   string `json:"level"` // "error" or "warning"
	Rule    string `json:"rule"`  // the name of a warning, or "fault"
	File    string `json:"file"`  // from the working directory
	Line    int    `json:"line"`
	Column  int    `json:"column"` // in characters
	Message string `json:"message"`
	Source  string `json:"source"`
	Hint    string `json:"hint"`
}

const faultRule = "fault"

func (r report) findings() []finding {
	all := []finding{}
	add := func(level, rule string, f *releases.Fault) {
		name := f.Place.File
		if r.dir != "." {
			name = path.Join(filepath.ToSlash(r.dir), name)
		}
		all = append(all, finding{level, rule, name, f.Place.Line, max(f.Place.Column, 1), f.Message, f.Source, f.Hint})
	}
	for _, f := range r.faults {
		add("error", faultRule, f)
	}
	for _, w := range r.warnings {
		add("warning", w.Name, &w.Fault)
	}
	return all
}

func writeFindings(cmd *cobra.Command, r report) error {
	return writeJSON(cmd.OutOrStdout(), struct {
		Faults   int       `json:"faults"`
		Warnings int       `json:"warnings"`
		Findings []finding `json:"findings"`
	}{len(r.faults), len(r.warnings), r.findings()})
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeAnnotations writes workflow commands, as
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
// has them, escaped as the runner unescapes them.
func writeAnnotations(cmd *cobra.Command, r report) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, f := range r.findings() {
		message := f.Message
		if f.Hint != "" {
			message += "\nhint: " + f.Hint
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "::%s file=%s,line=%d,col=%d,title=%s::%s\n",
			f.Level, property.Replace(f.File), f.Line, f.Column, property.Replace("cairn: "+f.Rule), data.Replace(message)); err != nil {
			return err
		}
	}
	return nil
}
