package main

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/report"
	"cairn/manifest"
	"cairn/publish"
	"cairn/publish/audit"

	"github.com/VictoriaMetrics/metrics"
	"github.com/spf13/cobra"
)

type verifyOptions struct {
	at          cli.At
	to          string
	state       bool
	deep        bool
	sample      int
	seed        uint64
	baseURL     string
	concurrency int
	json        bool
	maxAge      cli.Age
	metrics     string // file
	head        headOptions
}

const projectURL = "project"

func verifyCommand(global *globalOptions) *cobra.Command {
	var opts verifyOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compare what is live with what should be",
		Long: `verify reads everything that is published and says what differs from the
definitions at an instant: keys that are missing or stray, bodies, headers where
the store keeps any, siblings that do not decode to their body, payloads that
are not there or not of their size; --deep reads the payloads, too. It writes
nothing. It exits with 1 where something differs.

--state compares with what the last publish recorded instead: so neither the
definitions nor the schedule may have moved on since.

--base-url asks a CDN, as a device does, and tells how old its answers are.
Nothing can be listed there, so stray keys are not looked for; nor are they with
--sample, which looks at so many answers, drawn at random, and at all payloads.
Where the project signs its answers, some devices also go the way of those that
verify.

--head looks at what is signed alone, and needs no definitions where --roots
names the keys that firmware has burned in: the signatures, whether they are
over, and each part below the head.

--max-age looks at the status alone, for an uptime checker: it fails where what
the schedule calls for is not published after so long. It takes 'status' under
[publish]; with the URL of a public one, such as
https://ota.example.com/smartfridge/v1/status.json, it needs no definitions.
--metrics writes what was found to a file, for the textfile collector of
Prometheus.

A temporary file that a kill has left in a folder is counted, and no difference:
the next publish removes it.`,
		Example: `  cairn verify
  cairn verify --state --deep
  cairn verify --base-url project --sample 500
  cairn verify --base-url project --max-age 30m --metrics ota.prom`,
		PreRunE: func(cmd *cobra.Command, _ []string) error { return opts.check(cmd) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("seed") {
				opts.seed = rand.Uint64N(1e6)
			}
			return measured(opts.metrics, func(set *metrics.Set) error {
				switch {
				case opts.head.url != "":
					return runVerifyHead(cmd, global, opts.head, opts.at.Instant())
				case opts.maxAge > 0:
					return runVerifyStatus(cmd, global, opts, set)
				}
				return global.inProject(func(cmd *cobra.Command, p *project) error { return runVerify(cmd, p, opts, set) })(cmd, args)
			})
		},
	}
	cli.AddAt(cmd, &opts.at)
	addTo(cmd, &opts.to)
	addConcurrency(cmd, &opts.concurrency)
	f := cmd.Flags()
	f.BoolVar(&opts.state, "state", false, "compare with what the last publish recorded, not with the definitions")
	f.BoolVar(&opts.deep, "deep", false, "read payloads, and compare their digests")
	f.IntVar(&opts.sample, "sample", 0, "look at `N` keys only, drawn at random, and at all payloads")
	f.Uint64Var(&opts.seed, "seed", 0, "draw the sample with this `number` again (default random)")
	f.StringVar(&opts.baseURL, "base-url", "", "look through the CDN at this `URL`; \"project\" is base_url in cairn.toml")
	f.BoolVar(&opts.json, "json", false, "write one JSON object, with all that differs")
	f.Var(&opts.maxAge, "max-age", "look at the status alone, and fail where the publish that is due is late by more than this `time`, such as 30m")
	f.StringVar(&opts.metrics, "metrics", "", "write what was found to this `file`, in the text format of Prometheus")
	f.StringVar(&opts.head.url, "head", "", "verify the signed head at this `URL`, and all below it, without definitions")
	f.StringArrayVar(&opts.head.roots, "roots", nil, "a root `key` that --head goes by, NAME+ID+BASE64 (default those of the project)")
	f.IntVar(&opts.head.threshold, "root-threshold", 1, "so many of --roots have signed the keys")
	return cmd
}

func (o *verifyOptions) check(cmd *cobra.Command) error {
	changed := cmd.Flags().Changed
	switch {
	case changed("sample") && o.sample < 1:
		return cli.Usagef("--sample %d looks at nothing", o.sample)
	case changed("seed") && !changed("sample"):
		return cli.Usagef("--seed goes with --sample")
	case o.state && changed("at"):
		return cli.Usagef("--at goes with the definitions: what a state records was decided when it was published")
	case o.head.url == "" && (changed("roots") || changed("root-threshold")):
		return cli.Usagef("--roots and --root-threshold go with --head")
	case o.maxAge > 0 && (o.state || o.deep || o.sample > 0 || o.head.url != ""):
		return cli.Usagef("--max-age looks at the status alone: it goes with --base-url, --to, --at, --json and --metrics only")
	case o.baseURL != "" && changed("to") && !o.state:
		return cli.Usagef("--base-url looks through the CDN, --to into the bucket: choose one")
	}
	return nil
}

// verification is what is compared with what.
type verification struct {
	options verifyOptions
	where   string // "s3://bucket", or a URL
	source  audit.Source
	at      time.Time
	objects iter.Seq[audit.Object]
	len     int // of the objects
	of      int // so many are there in all
	drawn   int // of the answers and cohort files, where it is a sample
	listing iter.Seq2[publish.Entry, error]
	// published is the instant of what was published last; zero where that
	// is not known.
	published time.Time
}

func runVerify(cmd *cobra.Command, p *project, opts verifyOptions, set *metrics.Set) error {
	v, err := p.verification(cmd, opts)
	if err != nil {
		return err
	}
	err = v.run(cmd, manifest.LayoutOf(p.fleet), set)
	if opts.baseURL == "" || opts.state || p.signing() == nil {
		return err
	}
	return errors.Join(err, v.walk(cmd.Context(), p, cmd.ErrOrStderr()))
}

func (p *project) verification(cmd *cobra.Command, opts verifyOptions) (*verification, error) {
	v := &verification{options: opts, at: opts.at.Instant()}
	var remote *publish.Remote
	var payloads int
	if opts.baseURL == "" || opts.state {
		store, err := p.store(opts.to, opts.concurrency)
		if err != nil {
			return nil, err
		}
		if remote, err = publish.ReadState(cmd.Context(), store, p.fleet.Project.Prefix); err != nil {
			return nil, err
		}
		if err := v.notice(cmd, remote, store); err != nil {
			return nil, err
		}
		v.where, v.source = store.String(), audit.Store(store)
		if opts.sample == 0 {
			v.listing = store.List(cmd.Context(), p.fleet.Project.Prefix+"/")
		}
	}
	if opts.baseURL != "" {
		base, err := p.baseURL(opts.baseURL)
		if err != nil {
			return nil, err
		}
		v.where, v.source, v.listing = base, audit.Web(base, webTransport()), nil
	}
	if opts.state {
		v.objects, v.len, v.at = audit.OfState(remote.State), remote.State.Live.Len(), remote.State.Done.At
		payloads = len(remote.State.Live.Payloads) + remote.State.Live.Signed.Len()
	} else {
		site := p.site(v.at, nil)
		v.objects, v.len = audit.OfSite(site), site.Len()+len(site.Tree.Stored)
		payloads = len(site.Tree.Payloads) + len(site.Tree.Stored)
		if by := p.signing(); by != nil {
			want, err := site.Tree.Signed()
			if err != nil {
				return nil, err
			}
			signed := audit.OfSigned(site.Tree.Layout, want, by, site.Cache, v.at)
			v.objects, v.len, payloads = both(v.objects, slices.Values(signed)), v.len+len(signed), payloads+len(signed)
		}
	}
	if remote != nil && opts.sample == 0 {
		status := audit.OfStatus(remote.State)
		v.objects, v.len = both(v.objects, slices.Values(status)), v.len+len(status)
	}
	if v.of = v.len; opts.sample > 0 {
		others := v.of - payloads
		v.drawn = min(opts.sample, others)
		v.len = v.drawn + payloads
		v.objects = audit.Sample(v.objects, others, v.drawn, rand.New(rand.NewPCG(opts.seed, 0)))
	}
	return v, nil
}

// both goes through one and then through the other.
func both[T any](one, other iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, all := range []iter.Seq[T]{one, other} {
			for x := range all {
				if !yield(x) {
					return
				}
			}
		}
	}
}

// notice says what makes differences likely. Without a state there is nothing
// to compare with.
func (v *verification) notice(cmd *cobra.Command, remote *publish.Remote, store publish.Store) error {
	stderr, state := cmd.ErrOrStderr(), remote.State
	held := remote.Held(time.Now())
	switch {
	case v.options.state && remote.Problem != nil:
		return fmt.Errorf("the state in %s can't be used: %w\ncompare with the definitions, without --state", store, remote.Problem)
	case v.options.state && state == nil:
		return fmt.Errorf("nothing is published in %s\nrun 'cairn publish' first", store)
	case remote.Problem != nil:
		fmt.Fprintf(stderr, "the state in %s can't be used: %v\n", store, remote.Problem)
	case held != nil:
		fmt.Fprintf(stderr, "%s has been publishing to %s since %s: until it is done, differences are to be expected\n",
			held, store, held.Began.Format(time.TimeOnly+"Z"))
	case state != nil && state.Doing != nil:
		fmt.Fprintf(stderr, "the last publish to %s did not end: 'cairn publish' goes on\n", store)
	}
	if state != nil && state.Doing == nil {
		v.published = state.Done.At
	}
	return nil
}

func (p *project) baseURL(flag string) (string, error) {
	if flag == projectURL {
		return p.fleet.Project.BaseURL, nil
	}
	u, err := url.Parse(flag)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", cli.Usagef("--base-url %q is no URL such as https://ota.example.com, nor %q", flag, projectURL)
	}
	return strings.TrimRight(flag, "/"), nil
}

// webTransport carries requests to a CDN, and leaves the answers as they are.
func webTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true
	t.MaxIdleConns = 0 // any number
	t.MaxIdleConnsPerHost = 1024
	t.ResponseHeaderTimeout = 30 * time.Second
	return t
}

// run compares, and reports.
func (v *verification) run(cmd *cobra.Command, layout manifest.Layout, set *metrics.Set) error {
	stderr := cmd.ErrOrStderr()
	if v.options.baseURL != "" {
		fmt.Fprintln(stderr, "through a CDN nothing can be listed: stray keys are not looked for")
	}
	if v.options.sample > 0 {
		fmt.Fprintf(stderr, "a sample of %s keys from %s, and %s: --seed %d draws it again\n",
			cli.Thousands(v.drawn), cli.Thousands(v.of-v.len+v.drawn), cli.Count(v.len-v.drawn, "payload"), v.options.seed)
	}
	c := report.Comparison{
		Of: v.where, Against: "definitions", At: v.at, Deep: v.options.deep, Strays: v.listing != nil, Keys: v.of,
		Cached: v.options.baseURL != "", JSON: v.options.json,
	}
	if v.options.state {
		c.Against = "state"
	}
	if v.options.sample > 0 {
		c.Seed = &v.options.seed
	}
	r := report.NewVerify(cmd.OutOrStdout(), c)
	var summary *audit.Summary
	err := cli.Follow(stderr, func(elapsed time.Duration) string {
		return cli.Pace("verifying", r.Done.Load(), int64(v.len), elapsed)
	}, func() (err error) {
		summary, err = audit.Run(cmd.Context(), v.objects, v.source, audit.Options{
			Listing: v.listing, Layout: layout, Keep: !v.options.state, Deep: v.options.deep,
			Concurrency: v.options.concurrency, Done: &r.Done,
		}, r.Add)
		return err
	})
	if e := r.End(summary, err); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	gauge(set, `cairn_verify_keys{result="right"}`, float64(summary.Right))
	gauge(set, `cairn_verify_keys{result="wrong"}`, float64(summary.Wrong))
	return v.outcome(summary, r.Hand)
}

// outcome is an error where something is wrong, with the way out.
func (v *verification) outcome(s *audit.Summary, byHand int) error {
	if s.Wrong == 0 {
		return nil
	}
	wayOut := "'cairn publish --rescan' mends that"
	switch {
	case v.options.baseURL != "":
		wayOut = "where 'cairn verify' finds the bucket right, it is the CDN that is behind: wait for as long as it may cache, or purge it"
	case byHand == s.Wrong:
		wayOut = "no publish mends that: delete what is wrong by hand, or store it again; 'cairn publish --rescan' puts back what is its own"
	case byHand > 0:
		wayOut += fmt.Sprintf(", but for %s: first delete what is wrong there by hand, or store it again", cli.Count(byHand, "key"))
	}
	if !v.options.state && !v.published.IsZero() && !v.published.Equal(v.at) {
		wayOut += fmt.Sprintf("\nthe last publish was for %s: compare with that by --state", v.published.Format(cli.TimeFormat))
	}
	verb := "differ"
	if s.Wrong == 1 {
		verb = "differs"
	}
	return fmt.Errorf("%s of %s %s\n%s", cli.Thousands(s.Wrong), cli.Count(s.Right+s.Wrong, "key"), verb, wayOut)
}
