package report

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/publish/edge/conformance"
)

// Conformance is what came of a run.
type Conformance struct {
	Base   string
	At     time.Time
	Result *conformance.Result
	Err    error // why not all was asked
}

// Write shows some failures of each kind, and sums up.
func (r Conformance) Write(w io.Writer) {
	out := bufio.NewWriter(w)
	defer out.Flush()
	failed := r.Result.Failed
	of := map[string]int{}
	for _, f := range failed {
		if of[group(f)]++; of[group(f)] <= examples {
			fmt.Fprintf(out, "%s\n\n", f)
		}
	}
	for _, g := range slices.Sorted(maps.Keys(of)) {
		if of[g] > examples {
			fmt.Fprintf(out, "and %s more of %s: --json lists them\n\n", cli.Thousands(of[g]-examples), g)
		}
	}
	if r.Err != nil && r.Result.Passed+len(failed) == 0 {
		return
	}
	fmt.Fprintf(out, "%s: %s passed", r.Base, cli.Count(r.Result.Passed, "case"))
	if len(failed) > 0 {
		fmt.Fprintf(out, ", %s failed", cli.Thousands(len(failed)))
	}
	for _, f := range slices.Sorted(maps.Keys(r.Result.LeftOut)) {
		fmt.Fprintf(out, "\nleft out: %s that %s %s", cli.Count(r.Result.LeftOut[f], "case"), verb(r.Result.LeftOut[f], "need"), f)
	}
	fmt.Fprintln(out)
}

// examples is how many failures of a kind are shown.
const examples = 3

// group is the kind of a failure: "api/key".
func group(f conformance.Failure) string {
	area, rest, _ := strings.Cut(f.Case.Name, "/")
	kind, _, _ := strings.Cut(rest, "/")
	return area + "/" + kind
}

// WriteJSON writes one JSON object with all failures.
func (r Conformance) WriteJSON(w io.Writer) {
	type failure struct {
		Name    string   `json:"name"`
		Request string   `json:"request"` // a curl command
		Wrong   []string `json:"wrong"`
		Got     string   `json:"got"`
	}
	report := struct {
		BaseURL string                      `json:"base_url"`
		At      string                      `json:"at"`
		Passed  int                         `json:"passed"`
		LeftOut map[conformance.Feature]int `json:"left_out"`
		Failed  []failure                   `json:"failed"`
		Error   string                      `json:"error,omitempty"` // why it is not complete
	}{r.Base, r.At.Format(cli.TimeFormat), r.Result.Passed, r.Result.LeftOut, []failure{}, ""}
	for _, f := range r.Result.Failed {
		report.Failed = append(report.Failed, failure{f.Case.Name, f.Request, f.Wrong, f.Got})
	}
	if r.Err != nil {
		report.Error = r.Err.Error()
	}
	fmt.Fprintf(w, "%s\n", cli.CompactJSON(report))
}

// Outcome is an error where something is wrong, with the way out.
func (r Conformance) Outcome() error {
	failed := len(r.Result.Failed)
	switch {
	case r.Err != nil:
		return fmt.Errorf("%s: %w", r.Base, r.Err)
	case failed > 0:
		return fmt.Errorf("%s of %s failed\nthe answers should be those of the definitions at %s: publish for that instant, or name another one with --at",
			cli.Thousands(failed), cli.Count(r.Result.Passed+failed, "case"), r.At.Format(cli.TimeFormat))
	}
	return nil
}

// verb is that of a noun of which there are so many.
func verb(n int, plural string) string {
	if n == 1 {
		return plural + "s"
	}
	return plural
}
