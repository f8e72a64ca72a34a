package report

import (
	"io"
	"net/url"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/manifest/lint"
	"cairn/releases"
)

// sarifSchema is where the schema of SARIF 2.1.0 is.
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// writeSARIF writes what a finding needs of SARIF 2.1.0
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
func writeSARIF(out, _ io.Writer, r Check) error {
	type object map[string]any
	rules, results, index := []object{}, []object{}, map[string]int{}
	rule := func(name, summary string, fault bool) {
		level := map[bool]string{true: "error", false: "warning"}[fault]
		index[name] = len(rules)
		rules = append(rules, object{"id": name, "shortDescription": object{"text": summary}, "defaultConfiguration": object{"level": level}})
	}
	rule(faultRule, "Definitions that cannot be published.", true)
	for _, x := range lint.Rules {
		rule(x.Name, x.Summary, x.Fault)
	}
	for _, f := range r.findings() {
		results = append(results, object{
			"ruleId": f.Rule, "ruleIndex": index[f.Rule], "level": f.Level, "message": object{"text": f.text()},
			"locations": []object{{"physicalLocation": object{
				"artifactLocation": object{"uri": uri(f.File)},
				"region":           object{"startLine": f.Line, "startColumn": f.Column},
			}}},
		})
	}
	return cli.WriteJSON(out, object{
		"$schema": sarifSchema, "version": "2.1.0",
		"runs": []object{{
			"tool":       object{"driver": object{"name": "cairn", "version": cli.Version(), "rules": rules}},
			"columnKind": "unicodeCodePoints", "results": results,
		}},
	})
}

// uri is that of a file, or of a list in a bucket.
func uri(name string) string {
	u := &url.URL{Path: name}
	if scheme, rest, remote := strings.Cut(name, "://"); remote && releases.Remote(name) {
		u.Scheme = scheme
		u.Host, u.Path, _ = strings.Cut(rest, "/")
	}
	return u.String()
}
