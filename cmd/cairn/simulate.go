package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"cairn/cmd/cairn/internal/cli"
	"cairn/cmd/cairn/internal/report"
	"cairn/manifest"
	"cairn/manifest/simulate"
	"cairn/publish/audit"
	"cairn/releases"

	"github.com/spf13/cobra"
)

// simulateOptions are the flags of simulate.
type simulateOptions struct {
	simulate.Options
	from          cli.At
	days          float64
	start, target []string
	baseURL       string
	concurrency   int
	by, gate      string
	maxLost       float64
	json          bool
	svg           string
}

func simulateCommand(global *globalOptions) *cobra.Command {
	var opts simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Run a fleet through the schedule, and show its versions over time",
		Long: `simulate runs a fleet of devices through the schedule of its rollouts. Each device
polls at its own times, looks for its answer, installs what it is offered, and
runs that from then on. Devices in the lists of cohorts are among them; the
others have random serials. It assumes a publish at each change of the schedule,
or every --publish-every. With --from, the same flags and definitions give the
same result.

It exits with 1 if a device

  - moves to a lower version, though its cohort does not say version_check = false
  - loops: comes back to a version with the same releases in its reach
  - is offered the version that it runs
  - can never reach the newest release in its reach; a device that only needs
    more time is no fault

--start and --target take shares, relative to their sum. "none" stands for a
device that states no version, "unknown" for versions that no release has. By
default 9 of 10 devices start on the highest release that is rolled out to all
of their cohort by then; the rest is spread over the known versions, none and
unknown, but for releases whose rollout has not begun. Targets are all alike.

--gate plays the gates of rollouts: all pass as soon as their time has come, or
fail, or have no evidence, which both keep a rollout where it is. Where they
pass, releases are promoted from cohort to cohort, too. With
--brick-rate a share of the updates to these releases ends a device; --max-lost
says how many percent may be lost so.

--base-url has the fleet ask what is published there, over HTTP. Time stands
still then, at --from: devices poll until nothing moves any more, each key is
asked for once, and every device must end where the definitions lead it. With
--signed each also verifies the signed head, and goes the way from there to its
answer: it must be the same one.`,
		Example: `  cairn simulate --devices 1000000 --days 14 --svg rollout.svg
  cairn simulate --from 2026-12-01T00:00:00Z --start 1.0.0=95,0.9.0-factory=4,none=1 --fail-rate 0.02
  cairn simulate --gate fail --brick-rate 0.5 --max-lost 2
  cairn simulate --base-url https://ota.example.com --devices 10000 --signed`,
		PreRunE: func(cmd *cobra.Command, _ []string) error { return opts.check(cmd) },
		RunE:    global.inProject(func(cmd *cobra.Command, p *project) error { return runSimulate(cmd, p, opts) }),
	}
	f := cmd.Flags()
	f.IntVar(&opts.Devices, "devices", 0, "`N` devices in all, those that cohorts list among them (default 10000, or twice as many as cohorts list)")
	f.Var(&opts.from, "from", "the instant of the start, such as 2026-12-01T09:00:00Z; UTC where it states no offset (default now)")
	f.Float64Var(&opts.days, "days", 14, "`N` days, or a fraction of one")
	f.DurationVar(&opts.Poll, "poll", time.Hour, "how long a device waits from one poll to the next")
	f.DurationVar(&opts.Every, "publish-every", 0, "publish so often, in whole seconds (default at each change of the schedule)")
	f.DurationVar(&opts.Install, "install-time", 0, "how long it takes from an offer until the device runs the release")
	f.Float64Var(&opts.FailRate, "fail-rate", 0, "the share of updates that fail, 0 to below 1; the device polls again")
	f.Var(cli.NewChoice(&opts.gate, "pass", "fail", "silent"), "gate", "what `all` gates say: pass, fail, or silent for no evidence (default: what waits goes on waiting)")
	f.Float64Var(&opts.Bricks, "brick-rate", 0, "the share of updates to releases with gates that brick a device, 0 to 1")
	f.Float64Var(&opts.maxLost, "max-lost", 100, "exit with 1 where more `percent` of the devices are bricked")
	f.Float64Var(&opts.Eager, "eager", 0, "the share of devices that ask eagerly at each poll, 0 to 1; they are shown apart")
	f.IntVar(&opts.MaxHops, "max-hops", 0, "exit with 1 where a device takes more than `N` updates (default any number)")
	f.StringSliceVar(&opts.start, "start", nil, "versions at the start, as `VERSION=SHARE,...`")
	f.StringSliceVar(&opts.target, "target", nil, "what the devices are, as `TYPE/HARDWARE=SHARE,...`")
	f.Uint64Var(&opts.Seed, "seed", 1, "draw other devices with another `number`")
	f.StringVar(&opts.baseURL, "base-url", "", "ask what is published at this `URL`; \"project\" is base_url in cairn.toml")
	f.BoolVar(&opts.Signed, "signed", false, "with --base-url: also ask as a device does that believes only what is signed")
	addConcurrency(cmd, &opts.concurrency)
	f.Var(cli.NewChoice(&opts.by, "cohort"), "by", "write a table for each `cohort`")
	f.BoolVar(&opts.json, "json", false, "write one JSON object")
	f.StringVar(&opts.svg, "svg", "", "draw a chart, too, into this `file`")
	return cmd
}

func (o *simulateOptions) check(cmd *cobra.Command) error {
	const century = 36_525 // days
	switch {
	case cmd.Flags().Changed("devices") && o.Devices < 1 || o.Devices > 1_000_000_000:
		return cli.Usagef("--devices %d is outside 1 to 1,000,000,000", o.Devices)
	case !(o.days > 0 && o.days <= century):
		return cli.Usagef("--days %g is outside 0 to %s", o.days, cli.Thousands(century))
	case o.Poll < time.Second:
		return cli.Usagef("--poll %s is under a second", o.Poll)
	case o.Every < 0 || o.Every%time.Second != 0:
		return cli.Usagef("--publish-every %s is no number of whole seconds", o.Every)
	case o.Install < 0:
		return cli.Usagef("--install-time %s is below 0", o.Install)
	case !(o.FailRate >= 0 && o.FailRate < 1):
		return cli.Usagef("--fail-rate %g is outside 0 to below 1", o.FailRate)
	case !(o.Bricks >= 0 && o.Bricks <= 1):
		return cli.Usagef("--brick-rate %g is outside 0 to 1", o.Bricks)
	case !(o.maxLost >= 0 && o.maxLost <= 100):
		return cli.Usagef("--max-lost %g is outside 0 to 100", o.maxLost)
	case !(o.Eager >= 0 && o.Eager <= 1):
		return cli.Usagef("--eager %g is outside 0 to 1", o.Eager)
	case o.MaxHops < 0:
		return cli.Usagef("--max-hops %d is below 0", o.MaxHops)
	}
	if o.baseURL == "" {
		if o.Signed {
			return cli.Usagef("--signed goes with --base-url: what is signed is what is published")
		}
		if cmd.Flags().Changed("concurrency") {
			return cli.Usagef("--concurrency goes with --base-url")
		}
		return nil
	}
	for _, name := range []string{"days", "poll", "publish-every", "install-time", "fail-rate", "gate", "brick-rate", "max-lost"} {
		if cmd.Flags().Changed(name) {
			return cli.Usagef("--%s does not go with --base-url: time stands still there", name)
		}
	}
	return nil
}

func runSimulate(cmd *cobra.Command, p *project, opts simulateOptions) error {
	opts.Gates = simulate.Gates(opts.gate)
	opts.From = opts.from.Instant().Truncate(time.Second)
	opts.For = time.Duration(opts.days * 24 * float64(time.Hour))
	opts.Done = new(atomic.Int64)
	if opts.Eager > 0 && !p.fleet.Project.Eager {
		return noEager("--eager")
	}
	if err := opts.population(p.fleet); err != nil {
		return err
	}
	var result *simulate.Result
	err := cli.Follow(cmd.ErrOrStderr(), func(elapsed time.Duration) string {
		if opts.Done.Load() == 0 {
			return "finding out who is offered what, and when"
		}
		return cli.Pace("simulating", opts.Done.Load(), int64(opts.Devices), elapsed)
	}, func() (err error) {
		result, err = p.simulate(cmd.Context(), opts)
		return err
	})
	if err != nil {
		return err
	}
	if err := writeSimulation(cmd, result, opts); err != nil {
		return err
	}
	if opts.svg != "" {
		if err := writeChart(opts.svg, result); err != nil {
			return err
		}
	}
	return report.SimulationError(result, opts.maxLost)
}

func (p *project) simulate(ctx context.Context, opts simulateOptions) (*simulate.Result, error) {
	if opts.baseURL == "" {
		return simulate.Run(ctx, p.fleet, opts.Options)
	}
	if opts.Signed && p.fleet.Signing == nil {
		return nil, cli.Usagef("--signed: there is no [signing] in %s; 'cairn keys init' writes it", releases.ProjectFile)
	}
	base, err := p.baseURL(opts.baseURL)
	if err != nil {
		return nil, err
	}
	const requests = 32
	n := opts.concurrency
	if n == 0 {
		n = requests
	}
	return simulate.Settle(ctx, p.fleet, opts.Options, publishedAt(base), n)
}

// population takes the flags apart that say what the devices are.
func (o *simulateOptions) population(f *releases.Fleet) error {
	n := simulate.Listed(f)
	if o.Devices == 0 {
		o.Devices = max(10_000, 2*n)
	}
	if n > o.Devices {
		return cli.Usagef("--devices %d: cohorts list %s, who are all among them", o.Devices, cli.Count(n, "device"))
	}
	targets := manifest.Targets(f)
	if len(targets) == 0 {
		return cli.Usagef("no release has a payload: there is nothing to simulate")
	}
	for _, s := range o.target {
		name, weight, err := share("target", s)
		if err != nil {
			return err
		}
		known := make([]string, len(targets))
		found := false
		for i, t := range targets {
			known[i] = t.SoftwareType + "/" + t.HardwareVersion
			if known[i] == name {
				o.Targets = append(o.Targets, simulate.Share[manifest.Target]{Of: t, Weight: weight})
				found = true
			}
		}
		if !found {
			return cli.Usagef("--target %q: no release is made for that; there are\n  %s", name, cli.List(known, 20))
		}
	}
	for _, s := range o.start {
		name, weight, err := share("start", s)
		if err != nil {
			return err
		}
		if name == "" || len(name) > 128 || len(releases.Escape(name)) > releases.MaxSegment {
			return cli.Usagef("--start %q: a version has 1 to 128 characters, at most %d where it is escaped", name, releases.MaxSegment)
		}
		o.Start = append(o.Start, simulate.Share[string]{Of: name, Weight: weight})
	}
	return nil
}

// share takes NAME=SHARE apart.
func share(flag, s string) (name string, weight float64, err error) {
	i := strings.LastIndexByte(s, '=')
	if i >= 0 {
		weight, err = strconv.ParseFloat(s[i+1:], 64)
	}
	if i < 0 || err != nil || !(weight > 0 && weight <= 1e9) {
		return "", 0, cli.Usagef("--%s %q is not NAME=SHARE with a share over 0", flag, s)
	}
	return s[:i], weight, nil
}

func writeSimulation(cmd *cobra.Command, r *simulate.Result, opts simulateOptions) error {
	if opts.json {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", cli.CompactJSON(r))
		return err
	}
	return report.Simulation{Result: r, ByCohort: opts.by != "", BaseURL: opts.baseURL, Poll: opts.Poll}.Write(cmd.OutOrStdout())
}

func writeChart(name string, r *simulate.Result) error {
	var b bytes.Buffer
	if err := r.SVG(&b); err != nil {
		return err
	}
	if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
		return fmt.Errorf("write the chart: %w", err)
	}
	return nil
}

// publishedAt is the tree below a URL, as devices see it.
func publishedAt(base string) simulate.Source {
	return publishedTree{base, audit.Web(base, webTransport())}
}

type publishedTree struct {
	base string
	web  audit.Source
}

func (t publishedTree) Get(ctx context.Context, key string) ([]byte, error) {
	var body []byte
	err := t.web.Look(ctx, key, true, func(a *audit.Answer) (err error) {
		body, err = io.ReadAll(a.Content)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("get %s/%s: %w", t.base, key, err)
	}
	return body, nil
}

func (t publishedTree) Has(ctx context.Context, key string) error {
	err := t.web.Look(ctx, key, false, func(*audit.Answer) error { return nil })
	if err != nil {
		return fmt.Errorf("head %s/%s: %w", t.base, key, err)
	}
	return nil
}
