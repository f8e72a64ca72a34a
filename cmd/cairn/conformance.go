package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cairn/publish/edge/conformance"

	"github.com/spf13/cobra"
)

type conformanceOptions struct {
	at          atFlag
	baseURL     string
	without     []string
	only        string
	concurrency int
	list, json  bool
}

func conformanceCommand(global *globalOptions) *cobra.Command {
	var opts conformanceOptions
	var features strings.Builder
	for _, f := range conformance.Features() {
		fmt.Fprintf(&features, "\n  %-12s %s", f, f.About())
	}
	cmd := &cobra.Command{
		Use:   "conformance",
		Short: "Ask an edge everything that a device may ask, and check the answers",
		Long: `conformance asks a running edge (cairn serve, a web server, a CDN) some thousands
of questions that it makes from the definitions: every cohort, version and side
of a percent edge, parameters in every state, keys, methods, encodings, ranges,
paths that lead astray. The answers must be those of the definitions at an
instant, so publish for that one before. It exits with 1 where one is wrong.

It connects by itself, in HTTP/1.1 and 1.0, through no proxy.

Where an edge rightly lacks something, leave that out with --without:` + features.String(),
		Example: `  cairn conformance --base-url http://127.0.0.1:8080
  cairn conformance --base-url project --without api,negotiation
  cairn conformance --base-url project --only '^api/plus'
  cairn conformance --list --json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runConformance(cmd, global, &opts) },
	}
	addAt(cmd, &opts.at)
	f := cmd.Flags()
	f.StringVar(&opts.baseURL, "base-url", "", "the edge's `URL`, below which are both the query API and the tree; \"project\" is base_url in cairn.toml")
	f.StringSliceVar(&opts.without, "without", nil, "leave out the cases that need these `features`, comma-separated")
	f.StringVar(&opts.only, "only", "", "ask only for cases whose name matches this regular `expression`")
	f.IntVar(&opts.concurrency, "concurrency", 8, "how many `connections` at once, 1 to 256")
	f.BoolVar(&opts.list, "list", false, "list the cases, and ask nothing; with --json, as data for other programs")
	f.BoolVar(&opts.json, "json", false, "write JSON")
	return cmd
}

func runConformance(cmd *cobra.Command, global *globalOptions, opts *conformanceOptions) error {
	var without []conformance.Feature
	for _, name := range opts.without {
		f, err := conformance.ParseFeature(name)
		if err != nil {
			return usagef("--without: %w", err)
		}
		without = append(without, f)
	}
	only, err := regexp.Compile(opts.only)
	switch {
	case err != nil:
		return usagef("--only: %w", err)
	case opts.baseURL == "" && !opts.list:
		return usagef("conformance needs --base-url, or --list")
	case opts.concurrency < 1 || opts.concurrency > 256:
		return usagef("--concurrency %d is outside 1 to 256", opts.concurrency)
	}
	p, err := global.open(cmd.Context())
	if err != nil {
		return err
	}
	defer p.close()
	at := opts.at.instant()
	cases := slices.DeleteFunc(conformance.Cases(p.fleet, at), func(c conformance.Case) bool { return !only.MatchString(c.Name) })
	if len(cases) == 0 {
		return usagef("--only %q: no case has such a name; --list shows them", opts.only)
	}
	if opts.list {
		cases = slices.DeleteFunc(cases, func(c conformance.Case) bool { return c.Lacks(without) != "" })
		listCases(cmd.OutOrStdout(), cases, opts.json)
		return nil
	}
	base, err := p.baseURL(opts.baseURL)
	if err != nil {
		return err
	}
	var done atomic.Int64
	var result *conformance.Result
	err = follow(cmd.ErrOrStderr(), func(elapsed time.Duration) string {
		return pace("asking", done.Load(), int64(len(cases)), elapsed)
	}, func() (err error) {
		result, err = conformance.Run(cmd.Context(), base, cases, conformance.Options{
			Without: without, Concurrency: opts.concurrency, Done: &done,
		})
		return err
	})
	report := conformanceReport{base, at, result, err}
	if opts.json {
		report.writeJSON(cmd.OutOrStdout())
	} else {
		report.write(cmd.OutOrStdout())
	}
	return report.outcome()
}

// listCases lists names, or an array with a case on each line.
func listCases(w io.Writer, cases []conformance.Case, asJSON bool) {
	out := bufio.NewWriter(w)
	defer out.Flush()
	if !asJSON {
		for _, c := range cases {
			fmt.Fprintln(out, c.Name)
		}
		return
	}
	for i, c := range cases {
		fmt.Fprintf(out, "%c\n%s", "[,"[min(i, 1)], plain(c))
	}
	fmt.Fprintln(out, "\n]")
}

// plain is JSON without the escapes that only HTML needs.
func plain(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // strings and numbers always marshal
	}
	return bytes.TrimSpace(b.Bytes())
}

// conformanceReport is what came of a run.
type conformanceReport struct {
	base   string
	at     time.Time
	result *conformance.Result
	err    error // why not all was asked
}

func (r conformanceReport) write(w io.Writer) {
	out := bufio.NewWriter(w)
	defer out.Flush()
	failed := r.result.Failed
	of := map[string]int{}
	for _, f := range failed {
		if of[group(f)]++; of[group(f)] <= examples {
			fmt.Fprintf(out, "%s\n\n", f)
		}
	}
	for _, g := range slices.Sorted(maps.Keys(of)) {
		if of[g] > examples {
			fmt.Fprintf(out, "and %s more of %s: --json lists them\n\n", thousands(of[g]-examples), g)
		}
	}
	if r.err != nil && r.result.Passed+len(failed) == 0 {
		return
	}
	fmt.Fprintf(out, "%s: %s passed", r.base, count(r.result.Passed, "case"))
	if len(failed) > 0 {
		fmt.Fprintf(out, ", %s failed", thousands(len(failed)))
	}
	for _, f := range slices.Sorted(maps.Keys(r.result.LeftOut)) {
		fmt.Fprintf(out, "\nleft out: %s that %s %s", count(r.result.LeftOut[f], "case"), verb(r.result.LeftOut[f], "need"), f)
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

func (r conformanceReport) writeJSON(w io.Writer) {
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
	}{r.base, r.at.Format(timeFormat), r.result.Passed, r.result.LeftOut, []failure{}, ""}
	for _, f := range r.result.Failed {
		report.Failed = append(report.Failed, failure{f.Case.Name, f.Request, f.Wrong, f.Got})
	}
	if r.err != nil {
		report.Error = r.err.Error()
	}
	fmt.Fprintf(w, "%s\n", plain(report))
}

// outcome is an error where something is wrong, with the way out.
func (r conformanceReport) outcome() error {
	failed := len(r.result.Failed)
	switch {
	case r.err != nil:
		return fmt.Errorf("%s: %w", r.base, r.err)
	case failed > 0:
		return fmt.Errorf("%s of %s failed\nthe answers should be those of the definitions at %s: publish for that instant, or name another one with --at",
			thousands(failed), count(r.result.Passed+failed, "case"), r.at.Format(timeFormat))
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
