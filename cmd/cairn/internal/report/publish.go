package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish"
)

// Publish says what a publish does, or has done.
func Publish(w io.Writer, p *publish.Proposal, asJSON, dryRun bool) error {
	out := bufio.NewWriter(w)
	switch {
	case asJSON:
		writeOperations(out, p, dryRun)
	case dryRun:
		for o := range p.Ops() {
			fmt.Fprintf(out, "%-6s  %-16s  %s\n", action(o), o.Why(), o.Object.Key)
		}
		fmt.Fprintf(out, "%s: would be %s\n", p.Store, outcome(p.Plan))
	default:
		fmt.Fprintf(out, "%s: %s\n", p.Store, outcome(p.Plan))
	}
	return out.Flush()
}

func action(o publish.Op) string {
	if o.Delete() {
		return "delete"
	}
	return "put"
}

type operationJSON struct {
	Action string `json:"action"`
	Key    string `json:"key"`
	Phase  string `json:"phase"`
	Reason string `json:"reason"`
	Size   int64  `json:"size"`
}

// writeOperations writes one object. The operations may be millions, so they are
// written one by one.
func writeOperations(out *bufio.Writer, p *publish.Proposal, dryRun bool) {
	counts := map[string]int{}
	for r, n := range p.Counts() {
		counts[r.String()] = n
	}
	head, err := json.Marshal(struct {
		To        string         `json:"to"`
		At        string         `json:"at"`
		DryRun    bool           `json:"dry_run"`
		Counts    map[string]int `json:"counts"`
		Unchanged int            `json:"unchanged"`
		Kept      int            `json:"kept_payloads"`
		Foreign   []string       `json:"foreign"`
	}{p.Store.String(), p.Edition.At.Format(cli.TimeFormat), dryRun, counts, p.Unchanged(), p.Kept(), append([]string{}, p.Live.Foreign...)})
	if err != nil {
		panic(err) // strings and numbers
	}
	out.Write(head[:len(head)-1])
	out.WriteString(`,"operations":[`)
	comma := ""
	for o := range p.Ops() {
		row := operationJSON{action(o), o.Object.Key, o.Phase.String(), o.Why(), 0}
		if o.Object.Content != nil {
			row.Size = o.Object.Content.Size
		}
		text, err := json.Marshal(row)
		if err != nil {
			panic(err)
		}
		out.WriteString(comma + "\n")
		comma = ","
		out.Write(text)
	}
	out.WriteString("]}\n")
}

// outcome sums a plan up: "3 new, 4 changed, 120 unchanged".
func outcome(p *publish.Plan) string {
	var parts []string
	for r, n := range p.Counts() {
		word := r.String()
		if r == publish.Withdraws {
			word = "withdrawn"
		}
		parts = append(parts, cli.Thousands(n)+" "+word)
	}
	parts = append(parts, cli.Thousands(p.Unchanged())+" unchanged")
	s := strings.Join(parts, ", ")
	if n := p.Kept(); n > 0 {
		s += fmt.Sprintf("; %s that no release names kept", cli.Count(n, "payload"))
	}
	return s
}
