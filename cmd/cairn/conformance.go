package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/report"
	"cairn/publish/edge/conformance"

	"github.com/spf13/cobra"
)

type conformanceOptions struct {
	at          cli.At
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
		fmt.Fprintf(&features, "\n    %-12s %s", f, f.About())
	}
	cmd := &cobra.Command{
		Use:   "conformance",
		Short: "Ask an edge all that a device may ask, and check its answers",
		Long: `conformance asks a running edge (cairn serve, a web server, a CDN) some thousands
of questions, which it makes from the definitions: every cohort and version,
devices on both sides of a percentage, malformed parameters, keys, methods,
encodings, ranges, hostile paths. The answers must be those of the definitions
at an instant, so publish for that instant first. It exits with 1 if one is wrong.

It connects directly, in HTTP/1.1 and 1.0, through no proxy.

--without leaves out a feature that your edge need not have:
` + features.String(),
		Example: `  cairn conformance --base-url http://127.0.0.1:8080
  cairn conformance --base-url project --without api,negotiation
  cairn conformance --base-url project --only '^api/plus'
  cairn conformance --list --json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runConformance(cmd, global, &opts) },
	}
	cli.AddAt(cmd, &opts.at)
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
			return cli.Usagef("--without: %w", err)
		}
		without = append(without, f)
	}
	only, err := regexp.Compile(opts.only)
	switch {
	case err != nil:
		return cli.Usagef("--only: %w", err)
	case opts.baseURL == "" && !opts.list:
		return cli.Usagef("conformance needs --base-url, or --list")
	case opts.concurrency < 1 || opts.concurrency > 256:
		return cli.Usagef("--concurrency %d is outside 1 to 256", opts.concurrency)
	}
	p, err := global.open(cmd.Context())
	if err != nil {
		return err
	}
	defer p.close()
	at := opts.at.Instant()
	cases := slices.DeleteFunc(conformance.Cases(p.fleet, at), func(c conformance.Case) bool { return !only.MatchString(c.Name) })
	if len(cases) == 0 {
		return cli.Usagef("--only %q: no case has such a name; --list shows them", opts.only)
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
	err = cli.Follow(cmd.ErrOrStderr(), func(elapsed time.Duration) string {
		return cli.Pace("asking", done.Load(), int64(len(cases)), elapsed)
	}, func() (err error) {
		result, err = conformance.Run(cmd.Context(), base, cases, conformance.Options{
			Without: without, Concurrency: opts.concurrency, Done: &done,
		})
		return err
	})
	r := report.Conformance{Base: base, At: at, Result: result, Err: err}
	if opts.json {
		r.WriteJSON(cmd.OutOrStdout())
	} else {
		r.Write(cmd.OutOrStdout())
	}
	return r.Outcome()
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
		fmt.Fprintf(out, "%c\n%s", "[,"[min(i, 1)], cli.CompactJSON(c))
	}
	fmt.Fprintln(out, "\n]")
}
