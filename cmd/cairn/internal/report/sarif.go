package report

import (
	"io"
	"net/url"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest/lint"
)

// SARIFSchema is where the schema of SARIF 2.1.0 is.
const SARIFSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// These are the parts of SARIF 2.1.0 that a finding needs
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string    `json:"id"`
	ShortDescription sarifText `json:"shortDescription"`
	Default          struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region sarifRegion `json:"region"`
	} `json:"physicalLocation"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
}

func writeSARIF(out, _ io.Writer, r Check) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	driver := sarifDriver{Name: "cairn", Version: cli.Version()}
	index := map[string]int{}
	rule := func(name, summary, level string) {
		index[name] = len(driver.Rules)
		x := sarifRule{ID: name, ShortDescription: sarifText{summary}}
		x.Default.Level = level
		driver.Rules = append(driver.Rules, x)
	}
	rule(faultRule, "Definitions that cannot be published.", "error")
	for _, x := range lint.Rules {
		level := "warning"
		if x.Fault {
			level = "error"
		}
		rule(x.Name, x.Summary, level)
	}
	run.Tool.Driver = driver
	for _, f := range r.findings() {
		text := f.Message
		if f.Hint != "" {
			text += "\nhint: " + f.Hint
		}
		var at sarifLocation
		at.Physical.Artifact.URI = (&url.URL{Path: f.File}).String()
		at.Physical.Region = sarifRegion{f.Line, f.Column}
		run.Results = append(run.Results, sarifResult{f.Rule, index[f.Rule], f.Level, sarifText{text}, []sarifLocation{at}})
	}
	return cli.WriteJSON(out, sarifLog{
		Schema:  SARIFSchema,
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}
